import './css/editor.css';
import { Checking } from './editing/checking.js';
import { DraftFile } from './editing/draft_file.js';
import { countProblems, showProblems, uncheckedProblems } from './editing/problems.js';
import { showSaveState } from './editing/save_state.js';
import { say } from './notice.js';

// <text-editor file="…" check="…" path="…">: a file of a draft as plain text, with the saving and checking of the diagrams.
class TextEditor extends HTMLElement {
  #file;
  #checking;
  #area;

  async connectedCallback() {
    this.#area = this.querySelector('textarea');
    this.#file = new DraftFile(this.getAttribute('file'));
    this.#checking = new Checking(this.getAttribute('check'), this.getAttribute('path'));
    this.#checking.addEventListener('found', () => this.#found(this.#checking.found.findings));
    this.#checking.addEventListener('failed', () => uncheckedProblems(this.querySelector('[data-problems]')));
    try {
      this.#area.value = await this.#file.load();
    } catch (error) {
      say(`The file cannot be opened: ${error.message}`, { kind: 'error' });
      this.dataset.ready = 'failed';
      return;
    }
    this.#area.addEventListener('input', () => {
      this.#file.change(this.#area.value);
      this.#checking.change(this.#area.value);
    });
    showSaveState(this.#file, {
      tag: document.querySelector('[data-save-state]'),
      dialog: this.querySelector('[data-conflict]'),
      show: (theirs, dialog) => {
        dialog.querySelector('[data-side="theirs"]').textContent = theirs ?? 'They have removed the file.';
        dialog.querySelector('[data-side="ours"]').textContent = this.#area.value;
      },
      reopen: (theirs) => (this.#area.value = theirs),
    });
    this.#checking.change(this.#area.value);
    this.dataset.ready = 'true';
  }

  #found(findings) {
    const path = this.getAttribute('path');
    const own = findings.filter((finding) => finding.path === path);
    showProblems(this.querySelector('[data-problems]'), own, path, { select: (finding) => this.#goTo(finding.line) });
    countProblems(this.querySelector('[data-tab="problems"]'), own);
    this.dataset.checked = String(Number(this.dataset.checked ?? 0) + 1);
  }

  #goTo(line) {
    if (!line) return;
    const start = this.#area.value.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    this.#area.focus();
    this.#area.setSelectionRange(start, start + (this.#area.value.slice(start).split('\n')[0]?.length ?? 0));
  }
}

customElements.define('text-editor', TextEditor);
