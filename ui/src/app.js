import '@fontsource/ibm-plex-sans/latin-400.css';
import '@fontsource/ibm-plex-sans/latin-600.css';
import '@fontsource/ibm-plex-sans/latin-ext-400.css';
import '@fontsource/ibm-plex-sans/latin-ext-600.css';
import './css/tokens.css';
import './css/layout.css';
import './css/components.css';
import './css/case.css';
import './css/charts.css';
import './css/findings.css';
import './css/dry-run.css';
import './css/many.css';
import './css/operate.css';
import './css/comments.css';
import './css/print.css';
import 'htmx.org';
import { newKey, post } from './api.js';
import { changed, say } from './notice.js';
import './following.js';
import './selecting.js';
import './keys.js';
import './passkey.js';

const YEAR = 60 * 60 * 24 * 365;

// The theme lives in a cookie, so that the server paints the right one at once and no inline script is needed.
function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=${YEAR}; samesite=lax`;
}

async function act(button) {
  button.disabled = true;
  try {
    await post(button.dataset.post, JSON.parse(button.dataset.body || '{}'), (button.dataset.key ||= newKey()));
    changed(button.dataset.done);
  } catch (refusal) {
    if (refusal.status) delete button.dataset.key;
    say(refusal.message, { kind: 'error', nextStep: refusal.nextStep });
    if (refusal.status === 409) changed();
  } finally {
    button.disabled = false;
  }
}

document.addEventListener('click', (event) => {
  const pressed = event.target.closest('[data-theme-toggle],[data-open],[data-close],[data-post],[data-copy]');
  if (!pressed) return;
  if ('themeToggle' in pressed.dataset) toggleTheme();
  if (pressed.dataset.open) document.getElementById(pressed.dataset.open).showModal();
  if ('close' in pressed.dataset) pressed.closest('dialog').close();
  if (pressed.dataset.post) act(pressed);
  if (pressed.dataset.copy) navigator.clipboard?.writeText(pressed.dataset.copy).then(() => say('Copied.'));
});

// On a phone the current tab may lie beyond the edge.
for (const tab of document.querySelectorAll('.tabs [aria-current], .shell-nav [aria-current]')) {
  tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;
}

// The secret of a one-time link stands behind the #, where no server and no log sees it: it goes into the form and out of the address.
const code = document.querySelector('input#code');
if (code && location.hash.length > 1) {
  code.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
}

// A dialog whose form was refused comes back open, with what was typed and what is wrong.
document.querySelector('dialog[data-opened]')?.showModal();

// A select in a filter bar applies itself; the button beside it is for keyboards and for text fields.
document.addEventListener('change', (event) => {
  if (event.target.matches('[data-apply]')) event.target.form.requestSubmit();
});

// On a phone the filters stand behind a button; opened they stay so, also when the list is brought up to date.
let filtersOpen = false;
const showFilters = () => {
  for (const toggle of document.querySelectorAll('[data-filters]')) toggle.setAttribute('aria-expanded', String(filtersOpen));
};
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-filters]')) return;
  filtersOpen = !filtersOpen;
  showFilters();
});
document.addEventListener('htmx:after:swap', showFilters);

// An answer that is no page (a refusal from below the pages) must not replace any part of this one.
document.addEventListener('htmx:before:swap', (event) => {
  // A dialog that a morph takes out of the page while it is open would keep the whole page inert; one elsewhere stays open.
  const { target } = event.detail.ctx;
  const place = typeof target === 'string' ? document.querySelector(target) : target;
  for (const dialog of document.querySelectorAll('dialog[open]')) {
    if (!(place instanceof Node) || (place !== dialog && place.contains(dialog))) dialog.close();
  }
  const { response, text } = event.detail.ctx;
  if (response?.headers.get('Content-Type')?.includes('json')) {
    event.preventDefault();
    const problem = JSON.parse(text);
    say(problem.detail, { kind: 'error', nextStep: problem.next_step });
  }
});

document.addEventListener('htmx:error', () => {
  say('The server could not be reached.', { kind: 'error', nextStep: 'Check the connection and try again.' });
});

// After a swap the list shows which task is open, and the keyboard goes where the eye goes.
document.addEventListener('htmx:after:swap', (event) => {
  const task = document.querySelector('[data-task]');
  const open = task?.dataset.task;
  if (task) document.title = `${task.dataset.title} · Ordercraft`;
  for (const row of document.querySelectorAll('[data-row]')) {
    if (row.dataset.row === open) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
  }
  const { target } = event.detail.ctx;
  const place = typeof target === 'string' ? document.querySelector(target) : target;
  place?.querySelector?.('[data-focus-after-swap]')?.focus({ preventScroll: true });
});

document.addEventListener('ordercraft:changed', (event) => {
  if (event.detail?.done) say(event.detail.done);
});

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input,textarea,select,[contenteditable]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
    const search = document.querySelector('[data-search]');
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

// A table that is wider than its frame is moved by keys too; one that fits is no stop on the way.
const reachFrames = () => {
  for (const frame of document.querySelectorAll('.table-frame, .djs-palette')) {
    if (frame.scrollWidth > frame.clientWidth) frame.tabIndex = 0;
    else frame.removeAttribute('tabindex');
  }
};
reachFrames();
addEventListener('resize', reachFrames);
document.addEventListener('htmx:after:swap', reachFrames);
