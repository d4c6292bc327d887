// The inputs of a decision as fields, by the types that the server says; what was typed stays while the table is changed.
import { labelled } from '../elements.js';

export class Wanted {
  #root;
  #typed = new Map();

  constructor(root) {
    this.#root = root;
    root.addEventListener('input', ({ target }) => this.#typed.set(target.name, target.value));
  }

  offer(inputs) {
    const wanted = JSON.stringify(inputs);
    if (this.#root.dataset.offered === wanted) return;
    this.#root.dataset.offered = wanted;
    this.#root.replaceChildren(...inputs.map((input) => this.#field(input)));
    if (!inputs.length) this.#root.append(Object.assign(document.createElement('p'), { className: 'soft', textContent: 'It reads nothing: press the button to see what it says.' }));
  }

  // The values that were given; throws with the name of the field that cannot be read.
  values() {
    const found = {};
    for (const field of this.#root.querySelectorAll('[name]')) {
      const text = field.value.trim();
      field.removeAttribute('aria-invalid');
      if (!text) continue;
      try {
        found[field.name] = read(text, field.dataset.type);
      } catch {
        field.setAttribute('aria-invalid', 'true');
        field.focus();
        throw new Error(`${field.name} is no ${field.dataset.type || 'value'}.`);
      }
    }
    return found;
  }

  #field({ name, type, options }) {
    const choices = type === 'boolean' ? ['true', 'false'] : options.map((option) => (typeof option === 'string' ? option : JSON.stringify(option)));
    const control = document.createElement(choices.length ? 'select' : 'input');
    control.className = 'input';
    control.name = name;
    control.dataset.type = type;
    if (choices.length) control.append(new Option('not given', ''), ...choices.map((choice) => new Option(choice, choice)));
    else control.autocomplete = 'off';
    if (type === 'number') control.inputMode = 'decimal';
    control.value = this.#typed.get(name) ?? '';
    return labelled(control, name, HINTS[type] ?? type);
  }
}

const HINTS = { '': 'any value', list: 'list, as JSON', context: 'context, as JSON', date: 'date, 2026-03-31' };

function read(text, type) {
  if (type === 'string' || !(type in READERS)) return text;
  return READERS[type](text);
}

const READERS = {
  number: (text) => {
    const number = Number(text);
    if (!Number.isFinite(number)) throw new Error(text);
    return number;
  },
  boolean: (text) => text === 'true',
  list: (text) => JSON.parse(text),
  context: (text) => JSON.parse(text),
  '': (text) => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  },
};
