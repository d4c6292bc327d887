// Parts of a page that ask again by themselves (data-follow) wait while somebody types in them or has a dialog open,
// and what was said about the act before goes with the next one.

const typing = 'input:not([type=checkbox]),textarea,select,[contenteditable]';

export function busyIn(place) {
  if (document.querySelector('dialog[open]')) return true;
  const { activeElement } = document;
  return Boolean(activeElement?.matches(typing) && place?.contains(activeElement));
}

const asElement = (target) => (typeof target === 'string' ? document.querySelector(target) : target);

document.addEventListener('htmx:before:request', (event) => {
  const { sourceElement, target, request } = event.detail.ctx;
  if (sourceElement.matches('[data-follow]')) {
    if (document.hidden || busyIn(asElement(target))) event.preventDefault();
    return;
  }
  if (request?.method?.toUpperCase() !== 'GET' || sourceElement.matches('a,button')) document.getElementById('notices')?.replaceChildren();
});
