import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css';
import '@bpmn-io/properties-panel/assets/properties-panel.css';
import 'bpmn-js-color-picker/colors/color-picker.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import './css/diagram.css';
import './css/editor.css';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import { getJson } from './api.js';
import { Checking } from './editing/checking.js';
import { Comments } from './editing/comments.js';
import { DraftFile } from './editing/draft_file.js';
import { write } from './editing/faithful.js';
import { countProblems, showProblems, uncheckedProblems } from './editing/problems.js';
import { showSaveState } from './editing/save_state.js';
import { tabs } from './editing/tabs.js';
import { makeModeler } from './modeler/canvas.js';
import { applyFix, placeOf } from './modeler/fixes.js';
import { open } from './modeler/opening.js';
import { Simulating } from './modeler/simulating.js';
import { showBeginning, showWhole } from './modeler/viewport.js';
import { Steps, Variables } from './modeler/side_views.js';
import { showTalk } from './modeler/talk.js';
import { say } from './notice.js';

// <diagram-editor file="…" check="…" comments="…" path="…" time-zone="…">: one diagram of a draft, saved and checked while it is drawn.
class DiagramEditor extends HTMLElement {
  #modeler;
  #file;
  #checking;
  #variables;
  #steps;
  #comments;
  #simulating;
  #marked = [];
  #opening = false;

  async connectedCallback() {
    this.#file = new DraftFile(this.getAttribute('file'));
    // Asked for before the modeler is made: the server answers while this page is busy with that.
    const asked = Promise.all([this.#file.load(), getJson('/api/v1/modeling/vocabulary')]);
    asked.catch(() => {});
    this.#modeler = makeModeler(this.querySelector('.modeler-canvas'), this.querySelector('.modeler-panel'));
    this.#checking = new Checking(this.getAttribute('check'), this.getAttribute('path'));
    this.#variables = new Variables(this.#modeler, this.querySelector('[data-variables]'));
    this.#steps = new Steps(this.#modeler, this.querySelector('[data-steps]'), (id) => this.select(id, true));
    this.#comments = new Comments(this.querySelector('[data-comments]'), {
      url: this.getAttribute('comments'),
      path: this.getAttribute('path'),
      select: (id) => this.select(id),
      shown: (counts) => showTalk(this.#modeler, counts),
      name: (id) => placeOf(this.#modeler.get('elementRegistry'), id)?.businessObject.name || id,
    });
    this.#simulating = new Simulating(this.querySelector('[data-simulation]'), document.querySelector('[data-act="simulate"]'), [
      this.querySelector('.modeler-canvas'),
      this.querySelector('.modeler-panel'),
    ]);
    tabs(this.querySelector('.editor-views'));
    document.addEventListener('click', (event) => this.#onClick(event));
    try {
      await this.#begin(asked);
      this.dataset.ready = 'true';
      dispatchEvent(new Event('resize')); // what has come to be scrolled is reached by keys
    } catch (error) {
      say(`The diagram cannot be opened: ${error.message}`, { kind: 'error', nextStep: 'Open the file as text, or take the deployed version again.' });
      this.dataset.ready = 'failed';
    }
  }

  async #begin(asked) {
    const workbench = this.#modeler.get('workbench');
    workbench.timeZone = this.getAttribute('time-zone');
    const [xml, vocabulary] = await asked;
    workbench.vocabulary = vocabulary;
    this.#checking.addEventListener('found', () => this.#found(this.#checking.found));
    this.#checking.addEventListener('failed', () => uncheckedProblems(this.querySelector('[data-problems]')));
    const bus = this.#modeler.get('eventBus');
    bus.on('commandStack.changed', () => this.#changed());
    bus.on('selection.changed', ({ newSelection }) => {
      const id = newSelection.length === 1 ? newSelection[0].id : null;
      this.#comments.about(id);
      this.#variables.about(id);
    });
    await this.open(xml);
    showSaveState(this.#file, {
      tag: document.querySelector('[data-save-state]'),
      dialog: this.querySelector('[data-conflict]'),
      show: (theirs, dialog) => this.#showBoth(theirs, dialog),
      reopen: (theirs) => this.open(theirs),
    });
    this.#comments.load();
    // The panel listens only once it is painted.
    if (location.hash) requestAnimationFrame(() => setTimeout(() => this.select(decodeURIComponent(location.hash.slice(1)))));
  }

  // Show a text of the file; nothing of it is saved before somebody changes it.
  async open(xml) {
    this.#opening = true;
    this.#simulating.stop();
    const said = await open(this.#modeler, xml);
    this.#opening = false;
    const notes = this.querySelector('[data-opened]');
    notes.hidden = !said.length;
    notes.querySelector('ul').replaceChildren(...said.slice(0, 8).map((sentence) => Object.assign(document.createElement('li'), { textContent: sentence })));
    showBeginning(this.#modeler);
    this.#buttons();
    this.#steps.show();
    this.#checking.change(xml);
  }

  async #changed() {
    if (this.#opening) return;
    this.#buttons();
    const xml = await this.xml();
    this.#file.change(xml);
    this.#checking.change(xml);
    this.#steps.show();
  }

  // The file as it would be saved.
  xml() {
    return write(this.#modeler);
  }

  #found(found) {
    this.#modeler.get('workbench').learn(found);
    this.#variables.show(found);
    const path = this.getAttribute('path');
    showProblems(this.querySelector('[data-problems]'), found.findings, path, {
      select: (finding) => this.#goTo(finding),
      fix: ({ fix }) => applyFix(this.#modeler, fix),
    });
    countProblems(this.querySelector('[data-tab="problems"]'), found.findings);
    this.#mark(found.findings.filter((finding) => finding.path === path));
    this.dataset.checked = String(Number(this.dataset.checked ?? 0) + 1);
  }

  // Errors and warnings are seen on the canvas too; the worst of an element counts.
  #mark(findings) {
    const canvas = this.#modeler.get('canvas');
    const elements = this.#modeler.get('elementRegistry');
    for (const [id, marker] of this.#marked) if (elements.get(id)) canvas.removeMarker(id, marker);
    const worst = new Map();
    for (const { element_id: id, severity } of findings) {
      if (severity !== 'info' && elements.get(id) && worst.get(id) !== 'error') worst.set(id, severity);
    }
    this.#marked = [...worst].map(([id, severity]) => [id, `has-${severity}`]);
    for (const [id, marker] of this.#marked) canvas.addMarker(id, marker);
  }

  // With `focus` the keys of the canvas work on what is selected.
  select(id, focus = false) {
    const place = placeOf(this.#modeler.get('elementRegistry'), id);
    if (!place) return;
    this.#modeler.get('selection').select(place);
    if (focus) this.#modeler.get('canvas').focus();
    if (!place.parent) return;
    this.#modeler.get('canvas').scrollToElement(place, { top: 80, bottom: 120, left: 160, right: 180 });
  }

  #goTo({ path, element_id: id }) {
    if (path === this.getAttribute('path')) this.select(id);
    else if (path) location.assign(`${this.getAttribute('draft')}/${path}#${encodeURIComponent(id ?? '')}`);
  }

  #onClick(event) {
    const act = event.target.closest('[data-act]')?.dataset.act;
    if (!act) return;
    if (act === 'simulate') this.#simulate();
    else if (act === 'undo' || act === 'redo') this.#modeler.get('commandStack')[act]();
    else if (act === 'fit') showWhole(this.#modeler);
    else if (act === 'map') this.#modeler.get('minimap').toggle();
    else if (act === 'find') this.#modeler.get('searchPad').toggle();
    else if (act === 'keys') this.querySelector('[data-keys]').showModal();
  }

  async #simulate() {
    const toggled = this.#simulating.toggle(async () => ({ xml: await this.xml(), viewbox: this.#modeler.get('canvas').viewbox() }));
    this.#buttons();
    await toggled;
    this.#buttons();
  }

  // While it simulates, nothing is drawn and nothing taken back.
  #buttons() {
    const stack = this.#modeler.get('commandStack');
    const rests = this.#simulating.on;
    document.querySelector('[data-act="undo"]').disabled = rests || !stack.canUndo();
    document.querySelector('[data-act="redo"]').disabled = rests || !stack.canRedo();
    for (const act of ['find', 'fit', 'map']) document.querySelector(`[data-act="${act}"]`).disabled = rests;
  }

  // Theirs and ours side by side, in two viewers that go with the dialog.
  async #showBoth(theirs, dialog) {
    const xml = await this.xml();
    for (const [side, content] of [['theirs', theirs], ['ours', xml]]) {
      const place = dialog.querySelector(`[data-side="${side}"]`);
      place.replaceChildren();
      if (!content) {
        place.textContent = 'They have removed the file.';
        continue;
      }
      const viewer = new NavigatedViewer({ container: place });
      await viewer.importXML(content).then(() => viewer.get('canvas').zoom('fit-viewport'), (error) => (place.textContent = error.message));
      dialog.addEventListener('close', () => viewer.destroy(), { once: true });
    }
  }
}

customElements.define('diagram-editor', DiagramEditor);
