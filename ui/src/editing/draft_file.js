// One file of a draft: read once, saved after each pause, never over what somebody else wrote.
import { csrfToken } from '../api.js';

const PAUSE = 800;
const FIRST_RETRY = 2000;
const LAST_RETRY = 30000;

// States: saved, changed, saving, offline (kept in this browser), conflict (somebody else was faster), refused (the server says why).
// Every change of state is told as the event `state`; a lost race as `conflict` with what the other one wrote.
export class DraftFile extends EventTarget {
  state = 'saved';
  problem = null;
  theirs = null;
  #url;
  #key;
  #revision = null;
  #text = null;
  #timer = 0;
  #retry = FIRST_RETRY;
  #busy = null;

  constructor(url) {
    super();
    this.#url = url;
    this.#key = `draft:${url}`;
    addEventListener('online', () => this.state === 'offline' && this.flush());
  }

  // The text to open: what the server has, or what was kept here when it could not be saved.
  async load() {
    const response = await fetch(this.#url, { credentials: 'same-origin', cache: 'no-store' });
    if (!response.ok) throw new Error((await problemOf(response)).detail);
    this.#revision = revisionOf(response.headers.get('ETag'));
    const saved = await response.text();
    const kept = this.#kept();
    if (!kept || kept.text === saved) {
      this.#forget();
      return saved;
    }
    this.#text = kept.text;
    if (kept.revision === this.#revision) this.#to('changed');
    else this.#to('conflict', { theirs: { text: saved, revision: this.#revision } });
    return kept.text;
  }

  get unsaved() {
    return this.state !== 'saved';
  }

  change(text) {
    this.#text = text;
    if (this.state === 'conflict') return this.#keep();
    this.#to('changed');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
  }

  // Save what is there now; answers when it is saved or cannot be.
  async flush() {
    clearTimeout(this.#timer);
    while (this.#busy) await this.#busy;
    if (this.#text === null || this.state === 'conflict') return;
    this.#busy = this.#save(this.#text);
    await this.#busy;
    this.#busy = null;
    if (this.#text !== null && this.state === 'changed') await this.flush();
  }

  // After a lost race: write ours over what the other one wrote, having seen it.
  async keepOurs() {
    this.#revision = this.theirs.revision;
    this.theirs = null;
    this.#to('changed');
    await this.flush();
  }

  // After a lost race: go on with what the other one wrote; answers their text.
  takeTheirs() {
    const { text, revision } = this.theirs;
    this.#revision = revision;
    this.#text = null;
    this.theirs = null;
    this.#forget();
    this.#to('saved');
    return text;
  }

  async #save(text) {
    this.#to('saving');
    const headers = { 'X-CSRF-Token': csrfToken(), Accept: 'application/json', 'Content-Type': 'application/octet-stream' };
    if (this.#revision !== null) headers['If-Match'] = `"${this.#revision}"`;
    let response;
    try {
      response = await fetch(this.#url, { method: 'PUT', credentials: 'same-origin', headers, body: text });
    } catch {
      return this.#later(text);
    }
    if (response.ok) return this.#saved(text, revisionOf(response.headers.get('ETag')));
    if (response.status >= 500) return this.#later(text);
    const problem = await problemOf(response);
    if (response.status === 409 && problem.code === 'edited_meanwhile') return this.#lost(problem);
    this.#keep();
    this.#to('refused', { problem });
  }

  #saved(text, revision) {
    this.#revision = revision;
    this.#retry = FIRST_RETRY;
    if (this.#text === text) {
      this.#text = null;
      this.#forget();
      this.#to('saved');
    } else {
      this.#to('changed');
    }
  }

  #later(text) {
    this.#text ??= text;
    this.#keep();
    this.#to('offline');
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), this.#retry);
    this.#retry = Math.min(this.#retry * 2, LAST_RETRY);
  }

  #lost({ current }) {
    this.#keep();
    const theirs = current
      ? { text: textOf(current.content), revision: current.revision, by: current.changed_by, at: current.changed_at }
      : { text: null, revision: null };
    this.#to('conflict', { theirs });
  }

  #to(state, { problem = null, theirs = this.theirs } = {}) {
    this.state = state;
    this.problem = problem;
    this.theirs = theirs;
    this.dispatchEvent(new Event('state'));
    if (state === 'conflict') this.dispatchEvent(new Event('conflict'));
  }

  #kept() {
    try {
      return JSON.parse(localStorage.getItem(this.#key));
    } catch {
      return null;
    }
  }

  #keep() {
    try {
      localStorage.setItem(this.#key, JSON.stringify({ text: this.#text, revision: this.#revision }));
    } catch {
      // A full or forbidden store: the page still has the text, and leaving it asks first.
    }
  }

  #forget() {
    try {
      localStorage.removeItem(this.#key);
    } catch {
      // Nothing is kept where nothing may be.
    }
  }
}

const revisionOf = (etag) => Number((etag ?? '').replace(/^W\//, '').replaceAll('"', ''));

const problemOf = (response) => response.json().catch(() => ({ detail: `The server answered ${response.status}.` }));

const textOf = (base64) => new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
