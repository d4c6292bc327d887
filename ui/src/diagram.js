import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './css/diagram.css';
import { getJson, getText } from './api.js';
import { showAround, showWhole } from './editing/frame.js';
import { withPicture } from './editing/layout.js';
import { Heat } from './heat.js';

const LABELS = { active: 'waiting here', completed: 'passed', failed: 'failed' };
// What stands between two versions: a sign and a word, never the colour alone.
const MARKS = {
  added: ['+', 'added'], removed: ['−', 'removed'], changed: ['≠', 'changed'], moved: ['↔', 'moved'], unreached: ['○', 'not reached'],
};
const STEP = 1.25;
// Below the first scale no label can be read; the second is comfortable.
const READABLE = 0.45;
const CLOSE = 0.7;
// Heat is looked at as a whole, also where labels are too small to read.
const OVERVIEW = 0.22;

// <process-diagram model="…" tokens="…">: the diagram as deployed. With `tokens`, an address or a JSON script element, where an instance stands is painted on it; with a JSON
// script element of the role `marks`, what differs from another version, or a link to what a step names; of the role `heat`, what happened, by the
// measure and variant chosen in the section around. Its own table of rows says the same.
class ProcessDiagram extends HTMLElement {
  #viewer;
  #painted = [];
  #chosen;
  #heat;
  #refresh = () => this.#paint();

  async connectedCallback() {
    const canvas = this.querySelector('.diagram-canvas');
    this.#viewer = new NavigatedViewer({ container: canvas });
    this.addEventListener('click', (event) => this.#onClick(event));
    document.addEventListener('ordercraft:changed', this.#refresh);
    try {
      await this.#viewer.importXML((await withPicture(await getText(this.getAttribute('model')))).xml);
      await this.#paint();
      this.#mark();
      this.#heatUp();
      this.#show();
      this.#followChoice();
      this.#followNeighbour();
      this.dataset.ready = 'true';
    } catch (error) {
      this.querySelector('.diagram-fault').textContent = `The diagram cannot be shown: ${error.message} The table of steps below says the same.`;
      this.dataset.ready = 'failed';
    }
  }

  disconnectedCallback() {
    document.removeEventListener('ordercraft:changed', this.#refresh);
    document.removeEventListener('htmx:after:swap', this.#markChosen);
    this.#viewer?.destroy();
  }

  // A long process on a narrow screen is unreadable as a whole: then the part is shown where something happens, or its beginning.
  #show() {
    const canvas = this.#viewer.get('canvas');
    const elements = this.#viewer.get('elementRegistry');
    showWhole(canvas);
    if (canvas.zoom() >= (this.#heat || this.hasAttribute('tokens') ? OVERVIEW : READABLE)) return;
    const spot = this.#heat?.hottest ?? this.#painted.find((token) => !['completed', 'passed'].includes(token.state)) ?? this.#painted.at(-1);
    const element = spot ? elements.get(spot.element_id) : beginning(elements);
    if (element) showAround(canvas, CLOSE, { x: element.x + element.width / 2, y: element.y + element.height / 2 });
  }

  // What is chosen on the diagram or in its table of steps is told of in the panel below, and marked here.
  #followChoice() {
    if (!this.hasAttribute('tokens')) return;
    this.#viewer.on('element.click', ({ element }) => stepLink(element.id)?.click());
    document.addEventListener('htmx:after:swap', this.#markChosen);
    this.#markChosen();
  }

  #markChosen = (event) => {
    const canvas = this.#viewer.get('canvas');
    const elements = this.#viewer.get('elementRegistry');
    const chosen = document.querySelector('[data-chosen-element]')?.dataset.chosenElement;
    if (elements.get(this.#chosen)) canvas.removeMarker(this.#chosen, 'token-chosen');
    this.#chosen = chosen;
    if (elements.get(chosen)) canvas.addMarker(chosen, 'token-chosen');
    if (event) document.querySelector('[data-focus-after-swap]:focus')?.scrollIntoView({ block: 'nearest' });
  };

  // Two versions beside each other are looked at in the same place.
  #followNeighbour() {
    const pair = this.closest('.compared-pair');
    if (!pair) return;
    const canvas = this.#viewer.get('canvas');
    const sides = ['x', 'y', 'width', 'height'];
    this.#viewer.on('canvas.viewbox.changed', () => this.#tellPlace());
    // Who is shown last takes the place of the first.
    pair.addEventListener('diagram:shown', () => {
      if (pair.querySelector('process-diagram') === this) this.#tellPlace();
    });
    pair.addEventListener('diagram:moved', ({ target, detail }) => {
      const here = canvas.viewbox();
      // Who is there already does not move, and so the answer to a move ends it.
      if (target !== this && sides.some((side) => Math.abs(here[side] - detail[side]) > 1)) canvas.viewbox(detail);
    });
    this.dispatchEvent(new CustomEvent('diagram:shown', { bubbles: true }));
  }

  #tellPlace() {
    const { x, y, width, height } = this.#viewer.get('canvas').viewbox();
    this.dispatchEvent(new CustomEvent('diagram:moved', { bubbles: true, detail: { x, y, width, height } }));
  }

  #mark() {
    const marks = JSON.parse(this.querySelector('script[data-role="marks"]')?.textContent || '[]');
    const canvas = this.#viewer.get('canvas');
    const overlays = this.#viewer.get('overlays');
    const elements = this.#viewer.get('elementRegistry');
    for (const mark of marks.filter(({ element_id: id }) => elements.get(id))) {
      const element = elements.get(mark.element_id);
      if (mark.state === 'passed') {
        canvas.addMarker(mark.element_id, 'mark-passed');
        continue;
      }
      if (mark.state !== 'link') canvas.addMarker(mark.element_id, `mark-${mark.state}`);
      const position = element.waypoints ? { top: -10, left: -10 } : mark.state === 'link' ? { bottom: 12, right: 14 } : { top: -14, left: -12 };
      if (mark.state === 'link') overlays.add(mark.element_id, { position, show: { minZoom: CLOSE }, html: jump(mark) });
      else overlays.add(mark.element_id, { position, html: sign(mark, element) });
    }
    this.#painted.push(...marks.filter(({ element_id: id, state }) => state !== 'link' && elements.get(id) && !elements.get(id).waypoints));
  }

  #heatUp() {
    const told = this.querySelector('script[data-role="heat"]');
    if (!told) return;
    const around = this.closest('[data-heat]');
    this.#heat = new Heat(this.#viewer, JSON.parse(told.textContent), around.dataset.heat);
    around.addEventListener('heat:measure', ({ detail }) => this.#heat.paint(detail));
    around.addEventListener('heat:way', ({ detail }) => this.#heat.show(detail));
  }

  async #paint() {
    const told = this.querySelector('script[data-role="tokens"]');
    if (!told && !this.hasAttribute('tokens')) return;
    const tokens = told ? JSON.parse(told.textContent) : await getJson(this.getAttribute('tokens'));
    const canvas = this.#viewer.get('canvas');
    const overlays = this.#viewer.get('overlays');
    const elements = this.#viewer.get('elementRegistry');
    overlays.clear();
    for (const { element_id: id, state } of this.#painted) canvas.removeMarker(id, `token-${state}`);
    this.#painted = tokens.filter((token) => elements.get(token.element_id));
    for (const token of this.#painted) {
      canvas.addMarker(token.element_id, `token-${token.state}`);
      if (token.state !== 'passed') overlays.add(token.element_id, { position: { top: -14, left: -12 }, html: badge(token, elements.get(token.element_id), told ? 'Show it in the table of steps' : 'Show what happened there') });
    }
  }

  #onClick(event) {
    const zoom = event.target.closest('[data-zoom]')?.dataset.zoom;
    if (zoom === 'fit') showWhole(this.#viewer.get('canvas'));
    else if (zoom === 'full') this.#fullScreen();
    else if (zoom) this.#viewer.get('zoomScroll').stepZoom(zoom === 'in' ? STEP : -STEP);
    const token = event.target.closest('[data-step]');
    if (!token) return;
    if (this.hasAttribute('tokens')) stepLink(token.dataset.step)?.click();
    else showRow(this, token.dataset.step);
  }

  async #fullScreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.requestFullscreen();
    this.#viewer.get('canvas').resized();
    showWhole(this.#viewer.get('canvas'));
  }
}

function beginning(elements) {
  const starts = elements.filter((each) => each.type === 'bpmn:StartEvent');
  return starts.sort((one, other) => one.x - other.x)[0];
}

function badge({ element_id: id, state, count }, element, leads) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = `token token-${state}`;
  button.dataset.step = id;
  button.textContent = state === 'failed' ? '!' : String(count);
  const name = element.businessObject.name || id;
  button.setAttribute('aria-label', `${name}: ${LABELS[state]}, ${count} ${count > 1 ? 'times' : 'time'}. ${leads}`);
  return button;
}

function sign({ element_id: id, state }, element) {
  const [symbol, word] = MARKS[state];
  const button = document.createElement('button');
  button.type = 'button';
  button.className = `token sign-${state}`;
  button.dataset.step = id;
  button.textContent = symbol;
  button.setAttribute('aria-label', `${element.businessObject.name || id}: ${word}. Show it in the table of changes`);
  return button;
}

function jump({ href, label }) {
  const link = document.createElement('a');
  link.className = 'jump';
  link.href = href;
  link.textContent = '↗';
  link.setAttribute('aria-label', label);
  link.title = label;
  return link;
}

// The link in the table of steps that opens an element's panel.
function stepLink(id) {
  return document.querySelector(`a[data-element="${CSS.escape(id)}"]`);
}

// Beside two versions the table of changes has a row for each difference; elsewhere each step has its own.
function showRow(diagram, id) {
  const row = diagram.hasAttribute('rows') ? diagram.closest('section').querySelector(`tr[data-element="${CSS.escape(id)}"]`) : document.getElementById(`step-${id}`);
  if (!row) return;
  row.scrollIntoView({ block: 'center' });
  row.focus();
}

customElements.define('process-diagram', ProcessDiagram);
