import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor.css';
import './css/form.css';
import './css/editor.css';
import './css/form-editor.css';
import { FormEditor } from '@bpmn-io/form-js-editor';
import { Checking } from './editing/checking.js';
import { Comments } from './editing/comments.js';
import { DraftFile } from './editing/draft_file.js';
import { countProblems, showProblems } from './editing/problems.js';
import { showSaveState } from './editing/save_state.js';
import { tabs } from './editing/tabs.js';
import { Preview } from './forms/preview.js';
import { say } from './notice.js';

// <form-file-editor file="…" check="…" path="…" form-key="…">: one form of a draft, drawn, previewed, and judged by the server.
class FormFileEditor extends HTMLElement {
  #editor;
  #file;
  #checking;
  #preview;
  #comments;
  #opening = false;
  #talk = new Map();

  async connectedCallback() {
    this.#editor = new FormEditor({ container: this.querySelector('.form-edit-canvas') });
    this.#file = new DraftFile(this.getAttribute('file'));
    this.#checking = new Checking(this.getAttribute('check'), this.getAttribute('path'));
    this.#preview = new Preview(this.querySelector('[data-preview]'), { formKey: this.getAttribute('form-key'), file: () => this.text() });
    this.#comments = new Comments(this.querySelector('[data-comments]'), {
      url: this.getAttribute('comments'),
      path: this.getAttribute('path'),
      name: (id) => this.#nameOf(id),
      select: (id) => this.select(id),
      shown: (counts) => this.#showTalk(counts),
    });
    this.#editor.on('selection.changed', ({ selection }) => this.#comments.about(selection && selection.type !== 'default' ? selection.id : null));
    this.#checking.addEventListener('found', () => this.#found(this.#checking.found.findings));
    this.#editor.on('commandStack.changed', () => this.#changed());
    tabs(this.querySelector('.editor-views'));
    document.addEventListener('click', this.#onClick);
    try {
      await this.open(await this.#file.load());
      this.dataset.ready = 'true';
    } catch (error) {
      say(`The form cannot be opened: ${error.message}`, { kind: 'error', nextStep: 'Open the file as text, or take the deployed version again.' });
      this.dataset.ready = 'failed';
      return;
    }
    showSaveState(this.#file, {
      tag: document.querySelector('[data-save-state]'),
      dialog: this.querySelector('[data-conflict]'),
      show: (theirs, dialog) => {
        dialog.querySelector('[data-side="theirs"]').textContent = theirs ?? 'They have removed the file.';
        dialog.querySelector('[data-side="ours"]').textContent = this.text();
      },
      reopen: (theirs) => this.open(theirs),
    });
    this.#comments.load();
    this.#preview.load();
    if (location.hash) this.select(decodeURIComponent(location.hash.slice(1)));
  }

  disconnectedCallback() {
    document.removeEventListener('click', this.#onClick);
    this.#preview.destroy();
    this.#editor.destroy();
  }

  // Show a text of the file; nothing of it is saved before somebody changes it.
  async open(text) {
    this.#opening = true;
    try {
      await this.#editor.importSchema(JSON.parse(text));
    } finally {
      this.#opening = false;
    }
    this.#buttons();
    this.#checking.change(text);
    this.#preview.change(this.#editor.saveSchema());
    this.#showTalk();
  }

  // The file as it would be saved.
  text() {
    return `${JSON.stringify(this.#editor.saveSchema(), null, 2)}\n`;
  }

  // Where people talk about a field: the number of open comments at its corner. The editor draws its fields anew after each change.
  #showTalk(counts = this.#talk) {
    this.#talk = counts;
    for (const field of this.querySelectorAll('.form-edit-canvas [data-id]')) {
      const count = counts.get(field.dataset.id);
      if (count) field.dataset.talk = String(count);
      else delete field.dataset.talk;
    }
  }

  #nameOf(id) {
    const field = this.#editor.get('formFieldRegistry').getAll().find((each) => each.id === id);
    return field?.label || field?.key || id;
  }

  // Applies a fix of the server (engine/models/fixes.py), as one step that can be taken back.
  #mend({ change, element_id: id, name, value }) {
    const field = this.#field(id);
    if (change !== 'rename-property' || !field) return;
    this.#editor.get('modeling').editFormField(field, { [value]: field[name], [name]: undefined });
  }

  // A finding names a field by its key or its id.
  #field(name) {
    return this.#editor.get('formFieldRegistry').getAll().find((each) => each.id === name || each.key === name || each.path === name);
  }

  select(name) {
    const field = this.#field(name);
    if (!field) return;
    this.#editor.get('selection').set(field);
    this.querySelector(`[data-id="${CSS.escape(field.id)}"]`)?.scrollIntoView({ block: 'nearest' });
  }

  #changed() {
    if (this.#opening) return;
    this.#buttons();
    const text = this.text();
    this.#file.change(text);
    this.#checking.change(text);
    this.#preview.change(this.#editor.saveSchema());
    requestAnimationFrame(() => this.#showTalk());
  }

  #found(findings) {
    const path = this.getAttribute('path');
    const own = findings.filter((finding) => finding.path === path);
    showProblems(this.querySelector('[data-problems]'), own, path, {
      select: ({ element_id: name }) => name && this.select(name),
      fix: ({ fix }) => this.#mend(fix),
    });
    countProblems(this.querySelector('[data-tab="problems"]'), own);
    this.dataset.checked = String(Number(this.dataset.checked ?? 0) + 1);
  }

  #onClick = (event) => {
    const act = event.target.closest('[data-act]')?.dataset.act;
    if (act === 'undo' || act === 'redo') this.#editor.get('commandStack')[act]();
  };

  #buttons() {
    const stack = this.#editor.get('commandStack');
    document.querySelector('[data-act="undo"]').disabled = !stack.canUndo();
    document.querySelector('[data-act="redo"]').disabled = !stack.canRedo();
  }
}

customElements.define('form-file-editor', FormFileEditor);
