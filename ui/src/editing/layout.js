// A file without a picture is laid out, so that it can be looked at and drawn further; every other part of it stays as it is.

const DRAWN = /<(?:[\w-]+:)?BPMNShape[\s>]/;
const PICTURE = /<((?:[\w-]+:)?)BPMNDiagram[\s>][^]*<\/\1BPMNDiagram>|<(?:[\w-]+:)?BPMNDiagram[^>]*\/>/;
const PREFIXES = /\sxmlns:(?:bpmndi|dc|di)="[^"]*"/g;
const END = /<\/(?:[\w-]+:)?definitions>\s*$/;

// The text with a picture, and whether it was laid out here.
export async function withPicture(xml) {
  if (DRAWN.test(xml)) return { xml, laid: false };
  const { layoutProcess } = await import('bpmn-auto-layout');
  const bare = xml.replace(PICTURE, '');
  let laid;
  try {
    laid = await layoutProcess(withEnds(bare));
  } catch {
    return { xml, laid: false }; // nothing in it can be laid out: the reader says what is wrong
  }
  const root = laid.slice(0, laid.indexOf('>', laid.indexOf('definitions')));
  const picture = laid.match(PICTURE)?.[0];
  if (!picture || !DRAWN.test(picture)) return { xml, laid: false };
  const named = picture.replace('BPMNDiagram', () => `BPMNDiagram${(root.match(PREFIXES) ?? []).join('')}`);
  return { xml: bare.replace(END, (end) => `${named}\n${end}`), laid: true };
}

// The layout follows what each step says of its flows, which BPMN lets a file leave out: the flows say it too.
function withEnds(xml) {
  const file = new DOMParser().parseFromString(xml, 'application/xml');
  for (const flow of file.getElementsByTagNameNS('*', 'sequenceFlow')) {
    for (const [end, side] of [['sourceRef', 'outgoing'], ['targetRef', 'incoming']]) {
      const step = file.querySelector(`[id="${CSS.escape(flow.getAttribute(end))}"]`);
      const told = [...(step?.children ?? [])].some((each) => each.localName === side && each.textContent.trim() === flow.getAttribute('id'));
      if (!step || told) continue;
      const name = [flow.prefix, side].filter(Boolean).join(':');
      const said = Object.assign(file.createElementNS(flow.namespaceURI, name), { textContent: flow.getAttribute('id') });
      const extensions = [...step.children].findLast((each) => ['documentation', 'extensionElements'].includes(each.localName));
      if (extensions) extensions.after(said);
      else step.prepend(said);
    }
  }
  return new XMLSerializer().serializeToString(file);
}
