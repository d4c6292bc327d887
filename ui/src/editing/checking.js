// Asks the server after each pause what deployment would say of the draft with the file as it is in the editor now.
import { csrfToken } from '../api.js';

const PAUSE = 350;

export class Checking extends EventTarget {
  found = null;
  #url;
  #timer = 0;
  #running = null;

  constructor(url, path) {
    super();
    this.#url = `${url}?path=${encodeURIComponent(path)}`;
  }

  change(text) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(text), PAUSE);
  }

  async #ask(text) {
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        credentials: 'same-origin',
        headers: { 'X-CSRF-Token': csrfToken(), Accept: 'application/json', 'Content-Type': 'application/octet-stream' },
        body: text,
        signal: running.signal,
      });
      if (!response.ok) throw new Error(`The check answered ${response.status}.`);
      this.found = await response.json();
      this.dispatchEvent(new Event('found'));
    } catch (error) {
      if (error.name !== 'AbortError') this.dispatchEvent(new Event('failed'));
    }
  }
}
