// The form as a person would see it, on data that are typed or taken from an open task, judged by the server as completing the task would.
import { Form } from '@bpmn-io/form-js-viewer';
import { ask, base64Of, getJson } from '../api.js';
import { alert, element, table } from '../elements.js';
import { showErrors } from './errors.js';

const PAUSE = 300;

export class Preview {
  #root;
  #given;
  #form;
  #schema = null;
  #timer = 0;

  // `given.file()` is the file's text as it is now, `given.formKey` what tasks call the form.
  constructor(root, given) {
    this.#root = root;
    this.#given = given;
    this.#form = new Form({ container: root.querySelector('.form-preview') });
    this.#area.addEventListener('input', () => this.#soon());
    root.querySelector('[data-judge]').addEventListener('click', () => this.#judge());
    this.#tasks.addEventListener('change', () => this.#take());
  }

  get #area() {
    return this.#root.querySelector('textarea');
  }

  get #tasks() {
    return this.#root.querySelector('select');
  }

  async load() {
    const address = `/api/v1/user-tasks?limit=50&form_key=${encodeURIComponent(this.#given.formKey)}`;
    const tasks = await getJson(address).catch(() => []);
    const first = tasks.length ? 'Choose a task' : 'No open task of this form is yours to see';
    this.#tasks.replaceChildren(new Option(first, ''), ...tasks.map(({ id, title, business_key: key }) => new Option(key ? `${title} (${key})` : title, id)));
    this.#tasks.disabled = !tasks.length;
  }

  // The form has been changed.
  change(schema) {
    this.#schema = schema;
    this.#soon();
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#form.destroy();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#show(), PAUSE);
  }

  async #show() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const data = this.#data();
    if (!data) return;
    this.#say();
    try {
      await this.#form.importSchema(structuredClone(this.#schema), data);
      this.#root.dataset.shown = String(Number(this.#root.dataset.shown ?? 0) + 1);
    } catch (error) {
      this.#say(alert({ detail: `The form cannot be shown: ${error.message}` }));
    }
  }

  // What is typed as data; null, and said beside the field, where it is no object.
  #data() {
    const note = this.#root.querySelector('.field-error');
    note.textContent = '';
    this.#area.removeAttribute('aria-invalid');
    try {
      const data = JSON.parse(this.#area.value.trim() || '{}');
      if (data === null || typeof data !== 'object' || Array.isArray(data)) throw new Error('It is no object.');
      return data;
    } catch (error) {
      this.#area.setAttribute('aria-invalid', 'true');
      note.textContent = `The data are no JSON object: ${error.message}`;
      return null;
    }
  }

  async #take() {
    if (!this.#tasks.value) return;
    try {
      const { form_data: data } = await getJson(`/api/v1/user-tasks/${this.#tasks.value}`);
      this.#area.value = JSON.stringify(data, null, 2);
      await this.#show();
    } catch (refusal) {
      this.#say(alert({ detail: refusal.message, next_step: refusal.nextStep }));
    }
  }

  async #judge() {
    if (this.#timer) await this.#show();
    const given = this.#data();
    if (!given) return;
    try {
      const submitted = this.#form._getSubmitData();
      const found = await ask('/api/v1/forms/try', { content: base64Of(this.#given.file()), given, submitted });
      showErrors(this.#form, found.errors);
      this.#say(...(found.ok ? taken(found.data) : [refused(found.errors)]));
    } catch (refusal) {
      this.#say(alert({ detail: refusal.message, next_step: refusal.nextStep }));
    }
  }

  #say(...parts) {
    this.#root.querySelector('[data-answer]').replaceChildren(...parts);
  }
}

function taken(data) {
  const code = element('pre', { className: 'code', tabIndex: 0, textContent: JSON.stringify(data, null, 2) });
  return [element('p', { className: 'trial-value', textContent: 'It would be taken over:' }), code];
}

function refused(errors) {
  const said = element('div', { className: 'alert alert-error', children: [element('p', { className: 'alert-title', textContent: 'The server would refuse it.' })] });
  said.append(table(['Field', 'What is wrong'], Object.entries(errors).map(([field, messages]) => [field, messages.join(' ')])));
  return said;
}
