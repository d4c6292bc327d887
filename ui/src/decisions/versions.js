// dmn-js reads DMN 1.3. What it reads is the same in 1.2, 1.4 and 1.5 under other names, so a file is shown under those of 1.3 and saved under its own.
const SHOWN = { model: 'https://www.omg.org/spec/DMN/20191111/MODEL/', drawing: 'https://www.omg.org/spec/DMN/20191111/DMNDI/' };
const OTHERS = {
  1.2: { model: 'http://www.omg.org/spec/DMN/20180521/MODEL/', drawing: 'http://www.omg.org/spec/DMN/20180521/DMNDI/' },
  1.4: { model: 'https://www.omg.org/spec/DMN/20211108/MODEL/', drawing: 'https://www.omg.org/spec/DMN/20211108/DMNDI/' },
  1.5: { model: 'https://www.omg.org/spec/DMN/20230324/MODEL/', drawing: 'https://www.omg.org/spec/DMN/20230324/DMNDI/' },
};
// Parts that came after 1.3: the reader would drop them, and saving would lose them.
const NEWER = /<(?:[\w.-]+:)?(conditional|for|every|some|filter|typeConstraint)[\s/>]/;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const declared = (name) => new RegExp(`(\\sxmlns(?::[\\w.-]+)?\\s*=\\s*["'])${escaped(name)}(?=["'])`, 'g');

function renamed(xml, from, to) {
  let text = xml;
  for (const part of ['model', 'drawing']) text = text.replace(declared(from[part]), `$1${to[part]}`);
  return text;
}

// The file as the editor reads it, and how to write it under its own names again. Throws where it says more than can be kept.
export function shownAs13(xml) {
  const [version, names] = Object.entries(OTHERS).find(([, each]) => declared(each.model).test(xml)) ?? [];
  if (!names) return { xml, back: (text) => text };
  const newer = NEWER.exec(xml);
  if (newer) throw new Error(`it is of DMN ${version} and has a ${newer[1]}, which this editor of DMN 1.3 would lose.`);
  return { xml: renamed(xml, names, SHOWN), back: (text) => renamed(text, SHOWN, names) };
}
