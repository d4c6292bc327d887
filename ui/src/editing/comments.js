// What people said about elements: written, read and resolved beside the canvas.
import { post } from '../api.js';
import { say } from '../notice.js';

export class Comments {
  #root;
  #given;
  #all = [];
  #about = null;

  constructor(root, given) {
    this.#root = root;
    this.#given = given;
    root.querySelector('form')?.addEventListener('submit', (event) => this.#write(event));
    root.addEventListener('click', (event) => this.#onClick(event));
  }

  async load() {
    const { url, path } = this.#given;
    const response = await fetch(`${url}?path=${encodeURIComponent(path)}`, { credentials: 'same-origin' });
    if (!response.ok) return;
    this.#all = (await response.json()).items;
    this.#show();
  }

  // The element that is selected; without one, those of all are shown.
  about(id) {
    this.#about = id;
    this.#show();
  }

  #show() {
    const { name } = this.#given;
    const shown = this.#all.filter((each) => !this.#about || each.element_id === this.#about);
    this.#root.querySelector('[data-about]').textContent = this.#about ? `About ${name(this.#about)}` : 'Of all elements. Select one to comment on it.';
    const form = this.#root.querySelector('form');
    if (form) form.hidden = !this.#about;
    this.#root.querySelector('ol').replaceChildren(...shown.map((each) => this.#item(each)));
    const badge = document.querySelector('[data-tab="comments"] .count');
    const open = this.#all.filter((each) => !each.resolved_by);
    badge.textContent = String(open.length);
    const counts = new Map();
    for (const each of open) counts.set(each.element_id, (counts.get(each.element_id) ?? 0) + 1);
    this.#given.shown(counts);
  }

  #item(comment) {
    const item = document.createElement('li');
    item.className = `comment${comment.resolved_by ? ' comment-resolved' : ''}`;
    const head = document.createElement('p');
    head.className = 'comment-head';
    const place = document.createElement('button');
    place.type = 'button';
    place.className = 'link-button';
    place.dataset.place = comment.element_id;
    place.textContent = this.#given.name(comment.element_id);
    const when = new Date(comment.written_at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
    head.append(place, ` ${comment.author}, ${when}`);
    const text = document.createElement('p');
    text.textContent = comment.text;
    item.append(head, text);
    if (comment.resolved_by) item.append(Object.assign(document.createElement('p'), { className: 'comment-head', textContent: `Resolved by ${comment.resolved_by}` }));
    else if (this.#root.querySelector('form')) item.append(resolveButton(comment.id));
    return item;
  }

  async #write(event) {
    event.preventDefault();
    const field = event.target.elements.text;
    await this.#send(this.#given.url, { path: this.#given.path, element_id: this.#about, text: field.value }, () => (field.value = ''));
  }

  async #onClick(event) {
    const { place, resolve } = event.target.dataset;
    if (place) this.#given.select(place);
    if (resolve) await this.#send(`${this.#given.url}/${resolve}/resolve`, {}, () => {});
  }

  async #send(url, body, done) {
    try {
      await post(url, body);
      done();
      await this.load();
    } catch (refusal) {
      say(refusal.message, { kind: 'error', nextStep: refusal.nextStep });
    }
  }
}

function resolveButton(id) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button';
  button.dataset.resolve = id;
  button.textContent = 'Resolve';
  return button;
}
