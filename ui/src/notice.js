// Short messages in the live region at the top of the page; refusals stay until the next action, the rest leaves by itself.

export function say(text, { kind = 'success', nextStep = '' } = {}) {
  const region = document.getElementById('notices');
  const notice = document.createElement('div');
  notice.className = `alert alert-${kind}`;
  const sentence = document.createElement('p');
  sentence.className = 'alert-title';
  sentence.textContent = text;
  notice.append(sentence);
  if (nextStep) {
    const hint = document.createElement('p');
    hint.textContent = nextStep;
    notice.append(hint);
  }
  region.replaceChildren(notice);
  if (kind === 'success') setTimeout(() => notice.remove(), 6000);
}

// Tells every part of the page that data has moved on: lists reload themselves, diagrams paint anew.
export function changed(done) {
  document.body.dispatchEvent(new CustomEvent('ordercraft:changed', { bubbles: true, detail: { done } }));
}
