// Lists by keyboard (<table data-keys>): j and k go down and up, Enter or o opens, x ticks, d decides what is ticked;
// c claims the open task, f goes to the first field of its form.

const typing = 'input:not([type=checkbox]),textarea,select,[contenteditable]';
const rows = () => [...document.querySelectorAll('[data-keys] tbody tr')];

function current(list) {
  const focused = list.findIndex((row) => row.contains(document.activeElement));
  return focused >= 0 ? focused : list.findIndex((row) => row.getAttribute('aria-current') === 'true');
}

function go(step) {
  const list = rows();
  if (!list.length) return;
  const at = current(list);
  const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + step));
  const link = list[next].querySelector('a');
  link?.focus();
  link?.scrollIntoView({ block: 'nearest' });
}

function press(selector) {
  const button = document.querySelector(selector);
  if (button && !button.disabled && !button.hidden) button.click();
}

const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  o: () => rows()[current(rows())]?.querySelector('a')?.click(),
  x: () => rows()[Math.max(0, current(rows()))]?.querySelector('input[type=checkbox]')?.click(),
  d: () => press('[data-select-acts] [formaction="/worklist/decide"]'),
  f: () => document.querySelector('#task task-form :is(input,textarea,select):not([readonly],[disabled])')?.focus(),
  c: () => press('#task [data-post$="/claim"]'),
};

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !document.querySelector('[data-keys]')) return;
  if (event.target.closest(typing) || document.querySelector('dialog[open]') || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});

// Ctrl+K searches everything, from every page.
document.addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const link = document.querySelector('[data-search-all]');
  if (!link) return;
  event.preventDefault();
  link.click();
});
