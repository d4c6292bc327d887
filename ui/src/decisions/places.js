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

function holds(element, id) {
  const left = [element];
  const seen = new Set();
  while (left.length) {
    const part = left.pop();
    if (seen.has(part)) continue;
    seen.add(part);
    if (part.id === id) return true;
    for (const [name, value] of Object.entries(part)) {
      if (name.startsWith('$')) continue;
      for (const each of Array.isArray(value) ? value : [value]) if (each?.$type) left.push(each);
    }
  }
  return false;
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
