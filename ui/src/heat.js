import './css/heat.css';

// What happened, painted on a diagram: how often or how long by colour and number, and on demand the way of one variant.
// `told.measures` holds by measure what stands at each step and flow as [level, text, words]; `told.ways` the steps and flows of variants.
const LEVELS = 5;
const APART = 14;
// Numbers stay readable where the diagram is small.
const SCALE = { min: 0.65 };

export class Heat {
  #viewer;
  #told;
  #painted = [];
  #way = [];
  #measure;

  constructor(viewer, told, measure) {
    this.#viewer = viewer;
    this.#told = told;
    this.paint(measure);
  }

  paint(measure) {
    const canvas = this.#viewer.get('canvas');
    const overlays = this.#viewer.get('overlays');
    for (const [id, marker] of this.#painted) canvas.removeMarker(id, marker);
    overlays.remove({ type: 'heat' });
    this.#measure = measure;
    this.#painted = [];
    const { elements = {}, flows = {} } = this.#told.measures[measure] ?? {};
    for (const [id, figure] of Object.entries(elements)) this.#element(id, figure);
    for (const [id, figure] of Object.entries(flows)) this.#flow(id, figure);
  }

  // The way of one variant; what it does not touch steps back.
  show(id) {
    const canvas = this.#viewer.get('canvas');
    const elements = this.#viewer.get('elementRegistry');
    for (const [element, marker] of this.#way) canvas.removeMarker(element, marker);
    this.#way = [];
    const way = this.#told.ways[id];
    if (!way) return;
    const passed = new Set([...way.elements, ...way.flows]);
    for (const element of elements.getAll()) {
      const named = element.labelTarget ?? element;
      if (!named.waypoints && !isNode(named)) continue;
      const marker = passed.has(named.id) ? 'way-passed' : 'way-beside';
      canvas.addMarker(element.id, marker);
      this.#way.push([element.id, marker]);
    }
  }

  // Where the eye should go on a narrow screen.
  get hottest() {
    const found = Object.entries(this.#told.measures[this.#measure]?.elements ?? {}).filter(([id]) => this.#viewer.get('elementRegistry').get(id));
    const [id] = found.reduce((best, each) => (each[1][0] > best[1][0] ? each : best), found[0] ?? []);
    return id && { element_id: id };
  }

  #element(id, [level, text, words]) {
    const element = this.#viewer.get('elementRegistry').get(id);
    if (!element) return;
    this.#mark(id, level);
    this.#viewer.get('overlays').add(id, 'heat', { position: { top: APART / 2, left: 2 - APART }, scale: SCALE, html: badge(element, text, words) });
  }

  #flow(id, [level, text]) {
    const flow = this.#viewer.get('elementRegistry').get(id);
    if (!flow) return;
    this.#mark(id, level);
    if (!text) return;
    const label = document.createElement('span');
    label.className = 'heat-flow';
    label.textContent = text;
    this.#viewer.get('overlays').add(id, 'heat', { position: middle(flow), html: label });
  }

  #mark(id, level) {
    const marker = `heat-${this.#measure}-${Math.min(level, LEVELS)}`;
    this.#viewer.get('canvas').addMarker(id, marker);
    this.#painted.push([id, marker]);
  }
}

function isNode({ businessObject }) {
  return businessObject?.$instanceOf?.('bpmn:FlowNode');
}

function badge(element, text, words) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'token heat-badge';
  button.dataset.step = element.id;
  button.textContent = text;
  button.setAttribute('aria-label', `${element.businessObject.name || element.id}: ${words}. Show it in the table of steps`);
  return button;
}

// Overlays of a flow are placed from the corner of the box around it: the middle of its first stretch lies beside what it leaves.
function middle({ waypoints }) {
  const left = Math.min(...waypoints.map(({ x }) => x));
  const top = Math.min(...waypoints.map(({ y }) => y));
  const [from, to] = waypoints;
  return { left: (from.x + to.x) / 2 - left - APART / 2, top: (from.y + to.y) / 2 - top - APART / 2 };
}

// <heat-map data-heat="frequency">: the section around diagrams with heat. Its radio buttons choose the measure, its variants the way, for all of them.
class HeatMap extends HTMLElement {
  connectedCallback() {
    this.addEventListener('change', ({ target }) => target.matches('input[name="measure"]') && this.#measure(target.value));
    this.addEventListener('click', ({ target }) => {
      const button = target.closest('[data-way]');
      if (button) this.#way(button);
    });
  }

  #measure(measure) {
    this.dataset.heat = measure;
    for (const legend of this.querySelectorAll('[data-legend]')) legend.hidden = legend.dataset.legend !== measure;
    this.dispatchEvent(new CustomEvent('heat:measure', { detail: measure }));
    const address = new URL(window.location);
    address.searchParams.set('measure', measure);
    window.history.replaceState(window.history.state, '', address);
  }

  #way(button) {
    const shown = button.getAttribute('aria-pressed') === 'true';
    for (const each of this.querySelectorAll('[data-way]')) each.setAttribute('aria-pressed', String(each === button && !shown));
    this.dispatchEvent(new CustomEvent('heat:way', { detail: shown ? '' : button.dataset.way }));
    this.querySelector('[data-way-told]').textContent = shown ? 'All ways are shown again.' : `Painted on the diagram: ${button.dataset.told}`;
    if (!shown) this.querySelector('process-diagram')?.scrollIntoView({ block: 'nearest' });
  }
}

customElements.define('heat-map', HeatMap);
