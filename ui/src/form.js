import { Form } from '@bpmn-io/form-js-viewer';
import '@bpmn-io/form-js-viewer/dist/assets/form-js.css';
import './css/form.css';
import { newKey, post } from './api.js';
import { showErrors } from './forms/errors.js';
import { changed, say } from './notice.js';

// How long after the last stroke a draft is kept, in milliseconds.
const KEPT_AFTER = 1500;

// <task-form url="/api/v1/user-tasks/…" version="3" readonly>: a form-js schema and its data come in two JSON script elements.
// <task-form into="…">: what was filled in goes into the hidden field of that id, whose form is sent; `errors` are those of the last try.
class TaskForm extends HTMLElement {
  #form;
  #key = newKey();
  #timer;
  #keeping = Promise.resolve();

  async connectedCallback() {
    const container = this.querySelector('.task-form-canvas');
    this.#form = new Form({ container });
    this.#form.on('submit', (event) => this.#submitted(event));
    this.#form.on('changed', () => (this.#key = newKey()));
    this.addEventListener('input', () => this.#keepSoon());
    this.addEventListener('change', () => this.#keepSoon());
    try {
      await this.#form.importSchema(withoutButtons(this.#json('schema')), this.#json('data'));
      if (this.hasAttribute('into')) showErrors(this.#form, this.#json('errors'));
      if (this.hasAttribute('readonly')) this.#form.setProperty('readOnly', true);
      this.addEventListener('click', (event) => this.#onClick(event));
      this.addEventListener('keydown', (event) => this.#onKey(event));
      this.dataset.ready = 'true';
    } catch (error) {
      say(`The form cannot be shown: ${error.message}`, { kind: 'error', nextStep: 'Tell the person who keeps this process; the task is unchanged.' });
      this.dataset.ready = 'failed';
    }
  }

  disconnectedCallback() {
    if (this.#timer) this.#keep();
    this.#form?.destroy();
  }

  #json(role) {
    return JSON.parse(this.querySelector(`script[data-role="${role}"]`).textContent);
  }

  #onClick(event) {
    const action = event.target.closest('[data-action]')?.dataset.action;
    if (action === 'complete') this.#form.submit();
    if (action === 'draft') this.#saveDraft();
  }

  #onKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !this.hasAttribute('readonly')) this.#form.submit();
  }

  #submitted({ data, errors }) {
    if (this.hasAttribute('readonly')) return undefined;
    if (Object.keys(errors).length) return this.#focusFirstError();
    if (this.hasAttribute('into')) return this.#handOn(data);
    return this.#send('complete', data, 'Done. The process has moved on.');
  }

  // A dry run takes what was filled in with the form of the page around, which carries all that was done before.
  #handOn(data) {
    const field = document.getElementById(this.getAttribute('into'));
    field.value = JSON.stringify(data);
    field.form.requestSubmit();
  }

  // What is typed is kept by itself, a moment after the last stroke: reload, leave, come back, and it is there.
  #keepSoon() {
    if (this.hasAttribute('readonly') || this.hasAttribute('into')) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), KEPT_AFTER);
  }

  // One at a time, so that none overtakes a later one; whatever comes of it is said when the person acts, not while they type.
  #keep() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const data = this.#form._getSubmitData();
    this.#keeping = this.#keeping
      .then(() => post(`${this.getAttribute('url')}/draft`, { data }))
      .then((answer) => answer.version && this.setAttribute('version', answer.version))
      .catch(() => undefined);
  }

  #saveDraft() {
    // A draft may break rules, so it must not go through submit(), which stops at the first breach.
    return this.#send('draft', this.#form._getSubmitData(), 'Draft saved.');
  }

  async #send(verb, data, done) {
    this.#busy(true);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#keeping;
    try {
      const body = verb === 'complete' ? { data, version: Number(this.getAttribute('version')), hold: this.hasAttribute('hold') } : { data };
      const answer = await post(`${this.getAttribute('url')}/${verb}`, body, this.#key);
      this.#key = newKey();
      say({ accepted: 'Accepted. The process moves on as soon as the worker that is busy with it is done.', held: 'Decided. You can undo it for a moment.' }[answer.state] || done);
      if (answer.version) this.setAttribute('version', answer.version);
      else changed();
    } catch (refusal) {
      this.#refused(refusal);
    } finally {
      this.#busy(false);
    }
  }

  #refused(refusal) {
    if (refusal.status) this.#key = newKey();
    say(refusal.message, { kind: 'error', nextStep: refusal.nextStep });
    if (refusal.status === 409) changed();
    if (refusal.status === 422) {
      showErrors(this.#form, refusal.errors);
      this.#focusFirstError();
    }
  }

  #focusFirstError() {
    requestAnimationFrame(() => {
      const error = this.querySelector('.fjs-has-errors, .fjs-form-field-error');
      error?.closest('.fjs-form-field')?.querySelector('input,textarea,select,[tabindex]')?.focus();
    });
  }

  #busy(busy) {
    for (const button of this.querySelectorAll('[data-action]')) button.disabled = busy;
  }
}

// The task page has its own buttons, with states and a keyboard shortcut; those in the schema would be a second set.
function withoutButtons(schema) {
  const keep = (components) =>
    components
      .filter((component) => component.type !== 'button')
      .map((component) => (component.components ? { ...component, components: keep(component.components) } : component));
  return { ...schema, components: keep(schema.components ?? []) };
}

customElements.define('task-form', TaskForm);
