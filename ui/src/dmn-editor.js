import 'dmn-js/dist/assets/diagram-js.css';
import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-drd.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-js-literal-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression.css';
import 'dmn-js/dist/assets/dmn-js-boxed-expression-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn-embedded.css';
import './css/editor.css';
import './css/decisions.css';
import Modeler from 'dmn-js/lib/Modeler';
import { goTo, Marks, mend, nameOf, selectedIn, titleOf } from './decisions/places.js';
import { Trial } from './decisions/trial.js';
import { shownAs13 } from './decisions/versions.js';
import { Checking } from './editing/checking.js';
import { Comments } from './editing/comments.js';
import { DraftFile } from './editing/draft_file.js';
import { keepDefaults, read, write } from './editing/faithful.js';
import { showWhole } from './editing/frame.js';
import { countProblems, showProblems } from './editing/problems.js';
import { showSaveState } from './editing/save_state.js';
import { tabs } from './editing/tabs.js';
import { say } from './notice.js';

// <decision-editor file="…" check="…" draft="…" path="…">: the tables, expressions and requirements of one decision model of a draft.
class DecisionEditor extends HTMLElement {
  #modeler;
  #file;
  #checking;
  #trial;
  #comments;
  #canvas;
  #marks = new Marks();
  // Writes what is saved under the names of the file's own version.
  #back = (xml) => xml;

  async connectedCallback() {
    this.#canvas = this.querySelector('.decision-canvas');
    this.#modeler = new Modeler({ container: this.#canvas });
    keepDefaults(this.#modeler._moddle); // all its views write by this one, and it has no other way to it
    this.#file = new DraftFile(this.getAttribute('file'));
    this.#checking = new Checking(this.getAttribute('check'), this.getAttribute('path'));
    this.#trial = new Trial(this.querySelector('[data-trial]'), {
      go: (id) => this.select(id),
      title: (id) => titleOf(this.#modeler, id),
      mark: (kind, ids) => this.#marks.show(kind, ids),
    });
    this.#comments = new Comments(this.querySelector('[data-comments]'), {
      url: this.getAttribute('comments'),
      path: this.getAttribute('path'),
      name: (id) => nameOf(this.#modeler, id),
      select: (id) => this.select(id),
      shown: (counts) => this.#marks.show('comment', [...counts.keys()]),
    });
    this.#checking.addEventListener('found', () => this.#found(this.#checking.found.findings));
    this.#modeler.on('viewer.created', ({ viewer }) => {
      viewer.on('commandStack.changed', ({ trigger }) => this.#changed(trigger));
      viewer.on('selection.changed', (event) => this.#comments.about(selectedIn(this.#modeler.getActiveView(), event)));
    });
    this.#modeler.on('views.changed', () => this.#showViews());
    this.#modeler.on('import.render.complete', ({ view, error }) => view.type === 'drd' && !error && showWhole(this.#modeler.getActiveViewer().get('canvas')));
    tabs(this.querySelector('.editor-views'));
    document.addEventListener('click', this.#onClick);
    try {
      await this.open(await this.#file.load());
      this.dataset.ready = 'true';
    } catch (error) {
      say(`The decision model cannot be opened: ${error.message}`, { kind: 'error', nextStep: 'Open the file as text, or take the deployed version again.' });
      this.dataset.ready = 'failed';
      return;
    }
    showSaveState(this.#file, {
      tag: document.querySelector('[data-save-state]'),
      dialog: this.querySelector('[data-conflict]'),
      show: (theirs, dialog) => this.#showBoth(theirs, dialog),
      reopen: (theirs) => this.open(theirs),
    });
    this.#comments.load();
    if (location.hash) this.select(decodeURIComponent(location.hash.slice(1)));
  }

  disconnectedCallback() {
    document.removeEventListener('click', this.#onClick);
    this.#marks.remove();
    this.#modeler.destroy();
  }

  // Show a text of the file; nothing of it is saved before somebody changes it. A table is where most people want to be.
  async open(xml) {
    const shown = shownAs13(xml);
    const { warnings } = await read(this.#modeler, shown.xml);
    this.#back = shown.back;
    const notes = this.querySelector('[data-opened]');
    notes.hidden = !warnings.length;
    notes.querySelector('ul').replaceChildren(...warnings.slice(0, 8).map(({ message }) => Object.assign(document.createElement('li'), { textContent: message })));
    const first = this.#modeler.getViews().filter((view) => view.type !== 'drd');
    if (first.length === 1) await this.#modeler.open(first[0]);
    this.#buttons();
    this.#learn(xml);
  }

  // The file as it would be saved.
  async xml() {
    return this.#back(await write(this.#modeler));
  }

  async select(id) {
    if (!(await goTo(this.#modeler, this.#canvas, id))) say('It has no place on the page: open the file as text.', { kind: 'error' });
  }

  async #changed(trigger) {
    this.#buttons();
    if (trigger === 'clear') return;
    const xml = await this.xml();
    this.#file.change(xml);
    this.#learn(xml);
  }

  // The check waits for a pause, and what it found is the signal that one may try anew.
  #learn(xml) {
    this.#checking.change(xml);
  }

  async #found(findings) {
    const path = this.getAttribute('path');
    const own = findings.filter((finding) => finding.path === path);
    showProblems(this.querySelector('[data-problems]'), own, path, {
      select: ({ element_id: id }) => id && this.select(id),
      fix: ({ fix }) => mend(this.#modeler, this.#canvas, fix),
    });
    countProblems(this.querySelector('[data-tab="problems"]'), own);
    for (const severity of ['warning', 'error']) this.#marks.show(severity, own.filter((finding) => finding.severity === severity).map((finding) => finding.element_id));
    await this.#trial.learn(await this.xml());
    this.#chooseShown();
    this.dataset.checked = String(Number(this.dataset.checked ?? 0) + 1);
  }

  #chooseShown() {
    const view = this.#modeler.getActiveView();
    if (view && view.type !== 'drd') this.#trial.choose(view.element.id);
  }

  #showViews() {
    const active = this.#modeler.getActiveView();
    const buttons = this.#modeler.getViews().map((view) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'view-button';
      button.textContent = view.type === 'drd' ? 'Requirements' : view.name || view.id;
      if (view === active) button.setAttribute('aria-current', 'true');
      button.addEventListener('click', () => this.#modeler.open(view));
      return button;
    });
    this.querySelector('[data-views]').replaceChildren(...buttons);
    // dmn-js leaves the head above the numbers of the rules empty.
    const head = this.#canvas.querySelector('th.index-column');
    if (head && !head.textContent) head.append('Rule');
    this.#chooseShown();
    this.#comments.about(selectedIn(active, {}));
    this.#buttons();
  }

  #onClick = (event) => {
    const act = event.target.closest('[data-act]')?.dataset.act;
    if (act === 'undo' || act === 'redo') this.#stack?.[act]();
  };

  get #stack() {
    return this.#modeler.getActiveViewer()?.get('commandStack', false);
  }

  #buttons() {
    document.querySelector('[data-act="undo"]').disabled = !this.#stack?.canUndo();
    document.querySelector('[data-act="redo"]').disabled = !this.#stack?.canRedo();
  }

  async #showBoth(theirs, dialog) {
    dialog.querySelector('[data-side="theirs"]').textContent = theirs ?? 'They have removed the file.';
    dialog.querySelector('[data-side="ours"]').textContent = await this.xml();
  }
}

customElements.define('decision-editor', DecisionEditor);
