import './css/feel.css';
import { ask } from './api.js';
import { alert, element, link, table } from './elements.js';

const PAUSE = 300;

// <feel-playground>: a text, what it may read, and at once what the engine makes of it.
class FeelPlayground extends HTMLElement {
  #timer = 0;
  #running = null;

  connectedCallback() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#evaluate();
    });
    this.#form.addEventListener('input', () => this.#soon());
    this.addEventListener('click', (event) => this.#onClick(event));
    this.#kind();
    this.#evaluate();
    this.dataset.ready = 'true';
  }

  get #form() {
    return this.querySelector('form');
  }

  get #fields() {
    return this.#form.elements;
  }

  #soon() {
    this.#kind();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#evaluate(), PAUSE);
  }

  #kind() {
    this.querySelector('[data-tested]').hidden = this.#fields.kind.value !== 'unary tests';
  }

  #onClick(event) {
    const example = event.target.closest('[data-example]');
    if (!example) return;
    const { text, kind, value, context } = JSON.parse(example.dataset.example);
    this.#fields.text.value = text;
    this.#fields.kind.value = kind ?? 'expression';
    this.#fields.value.value = value ?? '';
    this.#fields.context.value = context ?? '';
    this.#soon();
  }

  async #evaluate() {
    clearTimeout(this.#timer);
    this.#running?.abort();
    const text = this.#fields.text.value;
    const [context, value] = [this.#json('context', {}), this.#json('value', null)];
    if (context === undefined || value === undefined) return;
    if (!text.trim()) return this.#say(element('p', { className: 'panel-body soft', textContent: 'Type an expression, or choose an example.' }));
    const running = (this.#running = new AbortController());
    try {
      this.#show(await ask('/api/v1/feel/try', { text, kind: this.#fields.kind.value, context, value }, running.signal));
    } catch (refusal) {
      if (refusal.name !== 'AbortError') this.#refused(refusal);
    }
  }

  // What is typed as JSON; undefined, and said beside the field, where it is none.
  #json(name, otherwise) {
    const field = this.#fields[name];
    const note = document.getElementById(`${name}-error`);
    note.textContent = '';
    field.removeAttribute('aria-invalid');
    try {
      return field.value.trim() ? JSON.parse(field.value) : otherwise;
    } catch (error) {
      field.setAttribute('aria-invalid', 'true');
      note.textContent = `No JSON: ${error.message}`;
      return undefined;
    }
  }

  #show({ text, type, variables, diagnostics }) {
    const parts = [element('pre', { className: 'code feel-value', tabIndex: 0, textContent: text }), facts({ Type: type, Reads: variables.join(', ') || 'nothing' })];
    if (diagnostics.length) {
      const rows = diagnostics.map((each) => [link(each.text, () => this.#select(each.position, each.text.length)), `Line ${each.line}, column ${each.column}`, each.reason]);
      parts.push(element('h3', { className: 'panel-body', textContent: 'What was null, and why' }), table(['Part', 'Where', 'Why'], rows));
    }
    this.#say(...parts);
  }

  #refused({ message, nextStep, problem }) {
    const said = alert({ detail: message, next_step: nextStep });
    if (problem?.position !== undefined) said.append(link(`Show line ${problem.line}, column ${problem.column}`, () => this.#select(problem.position, 1)));
    this.#say(element('div', { className: 'panel-body', children: [said] }));
  }

  #select(start, length) {
    this.#fields.text.focus();
    this.#fields.text.setSelectionRange(start, start + length);
  }

  #say(...parts) {
    this.querySelector('[data-answer]').replaceChildren(...parts);
    this.dataset.answered = String(Number(this.dataset.answered ?? 0) + 1);
  }
}

function facts(found) {
  const rows = Object.entries(found).map(([name, value]) =>
    element('div', { children: [element('dt', { textContent: name }), element('dd', { textContent: value })] }),
  );
  return element('dl', { className: 'panel-body facts facts-rows', children: rows });
}

customElements.define('feel-playground', FeelPlayground);
