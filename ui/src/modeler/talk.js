// Where people talk about an element: a badge with the number of open comments, on the canvas.
const TYPE = 'talk';

export function showTalk(modeler, counts) {
  const overlays = modeler.get('overlays');
  const elements = modeler.get('elementRegistry');
  overlays.remove({ type: TYPE });
  for (const [id, count] of counts) {
    const element = elements.get(id);
    if (element?.parent && element.width) overlays.add(id, TYPE, { position: { top: -10, right: 10 }, html: badge(count) });
  }
}

function badge(count) {
  const made = document.createElement('span');
  made.className = 'talk';
  made.title = `${count} open ${count > 1 ? 'comments' : 'comment'}`;
  made.textContent = String(count);
  return made;
}
