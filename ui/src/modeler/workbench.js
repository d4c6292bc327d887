// What the panel knows beside the diagram: the server's vocabulary, what the last check found, when timers go off.
import { post } from '../api.js';

export class Workbench {
  vocabulary = { settings: {}, events: {}, service_tasks: [], groups: [] };
  found = null;
  timeZone = 'UTC';
  #eventBus;
  #suggested = new Map();
  #times = new Map();

  constructor(eventBus) {
    this.#eventBus = eventBus;
  }

  // The panel is drawn anew only where what it offers is different.
  learn(found) {
    const before = this.#offered();
    this.found = found;
    this.#suggested.clear();
    if (this.#offered() !== before) this.#eventBus.fire('propertiesPanel.providersChanged');
  }

  #offered() {
    const { forms, decisions, processes, variables } = this.found ?? {};
    return JSON.stringify([forms, decisions, processes, variables]);
  }

  // The process whose variables an element may read: by its id, or else any that the file has.
  #reach(id) {
    return this.found?.variables.find((each) => each.at[id]) ?? null;
  }

  // The variables in reach of an element, as the FEEL editor takes them.
  suggestions(element) {
    if (!this.#suggested.has(element.id)) this.#suggested.set(element.id, this.#suggest(element.id));
    return this.#suggested.get(element.id);
  }

  #suggest(id) {
    const reach = this.#reach(id);
    const names = new Set(reach?.at[id] ?? []);
    return (reach?.variables ?? [])
      .filter((each) => names.has(each.name))
      .map(({ name, type, entries, written_by: writers }) => ({
        name,
        detail: type,
        info: writers.length ? `Written by ${writers.join(', ')}` : 'There from the beginning',
        entries: entries.map((entry) => ({ name: entry })),
      }));
  }

  async times(tag, text) {
    const key = `${tag} ${text}`;
    if (!this.#times.has(key)) {
      this.#times.set(key, post('/api/v1/modeling/timer', { tag, text }).catch(() => null));
    }
    return this.#times.get(key);
  }

  moment(time) {
    const words = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: this.timeZone });
    return words.format(new Date(time));
  }
}

Workbench.$inject = ['eventBus'];
