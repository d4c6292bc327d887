// Small pieces of a page that islands build.

let count = 0;

export function element(tag, { children = [], ...properties } = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A control with its label, and what may be typed into it.
export function labelled(control, label, hint = '') {
  control.id ||= `field-${(count += 1)}`;
  const parts = [element('label', { className: 'field-label', htmlFor: control.id, textContent: label }), control];
  if (hint) {
    parts.push(element('span', { className: 'field-hint', id: `${control.id}-hint`, textContent: hint }));
    control.setAttribute('aria-describedby', `${control.id}-hint`);
  }
  return element('div', { className: 'field', children: parts });
}

// A refusal as a person reads it: what is wrong, and what to do.
export function alert({ detail, next_step: nextStep = '' }) {
  const said = element('div', { className: 'alert alert-error', children: [element('p', { className: 'alert-title', textContent: detail })] });
  if (nextStep) said.append(element('p', { textContent: nextStep }));
  return said;
}

export function link(text, press) {
  const button = element('button', { type: 'button', className: 'link-button', textContent: text });
  button.addEventListener('click', press);
  return button;
}

// A small table; each cell is text or a node.
export function table(heads, rows) {
  const head = element('tr', { children: heads.map((text) => element('th', { scope: 'col', textContent: text })) });
  const body = rows.map((cells) => element('tr', { children: cells.map((cell) => element('td', { children: [cell] })) }));
  const made = element('table', { className: 'table table-short', children: [element('thead', { children: [head] }), element('tbody', { children: body })] });
  return element('div', { className: 'table-frame', children: [made] });
}
