// Says in the page's head how the file stands, guards against leaving with unsaved work, and asks when somebody else was faster.

const SAID = {
  saved: ['good', 'Saved'],
  changed: ['', 'Not saved yet'],
  saving: ['busy', 'Saving'],
  offline: ['warn', 'Not saved: no connection, kept in this browser'],
  conflict: ['bad', 'Somebody else changed it: see both'],
  refused: ['bad', 'Not saved'],
};

// `file` is a DraftFile; `tag` the element that says its state; `ask` a dialog with the buttons [data-ours] and [data-theirs].
export function showSaveState(file, { tag, dialog, show, reopen }) {
  const say = () => {
    const [look, words] = SAID[file.state];
    tag.className = `tag${look ? ` tag-${look}` : ''}`;
    tag.dataset.state = file.state;
    tag.textContent = file.problem ? `${words}: ${file.problem.detail}` : words;
    tag.title = file.problem?.next_step ?? '';
  };
  const ask = () => {
    dialog.querySelector('[data-by]').textContent = file.theirs.by ?? 'Somebody';
    dialog.querySelector('[data-theirs]').disabled = file.theirs.text === null;
    show(file.theirs.text, dialog);
    if (!dialog.open) dialog.showModal();
  };
  file.addEventListener('state', say);
  file.addEventListener('conflict', ask);
  tag.addEventListener('click', () => file.state === 'conflict' && ask());
  dialog.querySelector('[data-ours]').addEventListener('click', () => {
    dialog.close();
    file.keepOurs();
  });
  dialog.querySelector('[data-theirs]').addEventListener('click', () => {
    dialog.close();
    reopen(file.takeTheirs());
  });
  addEventListener('beforeunload', (event) => {
    if (file.unsaved) event.preventDefault();
  });
  addEventListener('visibilitychange', () => document.hidden && file.state === 'changed' && file.flush());
  say();
  if (file.state === 'conflict') ask();
}
