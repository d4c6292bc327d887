// Where an element of a decision model is seen: in which view, and on which node of the page.

// The view that shows the element of this id; undefined for what is only written, such as a type.
export function viewOf(modeler, id) {
  const views = modeler.getViews();
  const own = views.find((view) => view.element.id === id && view.type !== 'drd');
  if (own) return own;
  const inside = views.find((view) => view.type !== 'drd' && holds(view.element, id));
  if (inside) return inside;
  const definitions = modeler.getDefinitions();
  const drawn = (definitions.drgElement ?? []).some((element) => element.id === id || holds(element, id));
  return drawn || definitions.id === id ? views.find((view) => view.type === 'drd') : undefined;
}

export const titleOf = (modeler, id) => (modeler.getDefinitions()?.drgElement ?? []).find((element) => element.id === id)?.name || id;

// A part as people call it: a decision by its name, a rule by its number.
export function nameOf(modeler, id) {
  for (const element of modeler.getDefinitions()?.drgElement ?? []) {
    const rule = element.decisionLogic?.rule?.findIndex((each) => each.id === id) ?? -1;
    if (rule >= 0) return `rule ${rule + 1} of ${element.name || element.id}`;
  }
  return titleOf(modeler, id);
}

// What is selected in a view: the shape of the drawing, the rule of the table; without any the decision that is shown.
export function selectedIn(view, { newSelection, selection }) {
  if (view?.type === 'drd') return newSelection?.[0]?.id ?? null;
  return selection?.row?.id ?? view?.element.id ?? null;
}

const holds = (element, id) => Boolean(partOf(element, id));

// The part of this id within an element; undefined where there is none.
function partOf(element, id) {
  const left = [element];
  const seen = new Set();
  while (left.length) {
    const part = left.pop();
    if (seen.has(part)) continue;
    seen.add(part);
    if (part.id === id) return part;
    for (const [name, value] of Object.entries(part)) {
      if (name.startsWith('$')) continue;
      for (const each of Array.isArray(value) ? value : [value]) if (each?.$type) left.push(each);
    }
  }
  return undefined;
}

// Applies a fix of the server (engine/models/fixes.py) to the text of a cell or expression, as one step that can be taken back.
export async function mend(modeler, canvas, fix) {
  if (fix.change !== 'set-text' || !(await goTo(modeler, canvas, fix.element_id))) return;
  const element = partOf(modeler.getActiveView().element, fix.element_id);
  const stack = modeler.getActiveViewer().get('commandStack');
  if (element) stack.execute('element.updateProperties', { element, properties: { text: fix.value } });
}

// Show the element's place and put the keyboard there; answers false where it has none.
export async function goTo(modeler, canvas, id) {
  const view = viewOf(modeler, id);
  if (!view) return false;
  if (view !== modeler.getActiveView()) await modeler.open(view);
  if (view.type === 'drd') return selectDrawn(modeler.getActiveViewer(), id);
  const node = canvas.querySelector(`[data-element-id="${CSS.escape(id)}"]`);
  if (!node) return true;
  node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  (node.querySelector('[contenteditable="true"]') ?? node).focus({ preventScroll: true });
  return true;
}

function selectDrawn(viewer, id) {
  const shape = viewer.get('elementRegistry').get(id);
  if (!shape?.parent) return true;
  viewer.get('selection').select(shape);
  viewer.get('canvas').scrollToElement(shape);
  return true;
}

const FRAME = (colour) => `box-shadow: inset 0 0 0 2px ${colour} !important;`;
const LOOKS = {
  error: { cell: FRAME('#da1e28'), drawn: 'stroke: #da1e28 !important; stroke-width: 3px !important;' },
  warning: { cell: FRAME('#b28600'), drawn: 'stroke: #b28600 !important; stroke-width: 3px !important;' },
  comment: { cell: FRAME('#4589ff'), drawn: 'stroke: #4589ff !important; stroke-width: 3px !important;', row: FRAME('#4589ff') },
  matched: { row: 'background: #defbe6 !important;' },
  refusing: { cell: `${FRAME('#a2191f')} background: #fff1f1 !important;` },
};

// Marks by element, as a style sheet: the table draws its cells anew on each key, and no class put on one would stay.
export class Marks {
  #sheet = new CSSStyleSheet();
  #kinds = new Map();

  constructor() {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.#sheet];
  }

  show(kind, ids) {
    this.#kinds.set(kind, [...new Set(ids)].filter(Boolean));
    this.#sheet.replaceSync([...this.#kinds].map(([name, marked]) => rules(LOOKS[name], marked)).join('\n'));
  }

  remove() {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
  }
}

function rules({ cell, drawn, row }, ids) {
  const on = (before, attribute, after) => ids.map((id) => `.decision-canvas ${before}[${attribute}="${CSS.escape(id)}"]${after}`).join(', ');
  if (!ids.length) return '';
  return [
    cell && `${on(':is(td, th)', 'data-element-id', '')} { ${cell} }`,
    drawn && `${on('g', 'data-element-id', ' .djs-visual > :first-child')} { ${drawn} }`,
    row && `${on('td', 'data-row-id', '')} { ${row} }`,
  ]
    .filter(Boolean)
    .join('\n');
}
