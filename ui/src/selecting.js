// Lists with check boxes: <form data-select>. One box ticks all of the page; what is said of the choice and its acts follow the ticks.
// Hidden fields with data-all say the filter of the list; they are sent only where no row is ticked, and then all that fit it are meant.

const rowBoxes = (form) => [...form.querySelectorAll('input[type=checkbox][name]')];

function show(form) {
  const boxes = rowBoxes(form);
  const ticked = boxes.filter((box) => box.checked).length;
  const all = form.querySelector('[data-select-all]');
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  const text = form.querySelector('[data-select-count]');
  text.dataset.none ??= text.textContent;
  text.textContent = ticked ? `${ticked} ticked` : text.dataset.none;
  for (const field of form.querySelectorAll('[data-all]')) field.disabled = ticked > 0;
  for (const act of form.querySelectorAll('[data-select-acts] [data-ticked]')) act.hidden = ticked === 0;
}

document.addEventListener('change', (event) => {
  const form = event.target.closest('[data-select]');
  if (!form || event.target.type !== 'checkbox') return;
  if (event.target.matches('[data-select-all]')) for (const box of rowBoxes(form)) box.checked = event.target.checked;
  show(form);
});

export function showSelections() {
  for (const form of document.querySelectorAll('[data-select]')) show(form);
}

showSelections();
document.addEventListener('htmx:after:swap', showSelections);
// A browser that goes back shows the ticks again that were there.
window.addEventListener('pageshow', showSelections);
