// The list of what is wrong: each finding leads to its place, and a certain fix is one button.

const ICONS = { error: '✕', warning: '!', info: 'i' };
const WORDS = { error: 'Error', warning: 'Warning', info: 'Hint' };

// `select(finding)` shows the place; `fix(finding)` applies the fix, where the editor can. Findings of other files name theirs.
export function showProblems(list, findings, path, { select, fix }) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : '';
  list.replaceChildren(...findings.map((finding) => item(finding, path, { select, fix })));
  if (!findings.length) list.append(calm());
  if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

export function countProblems(tab, findings) {
  const count = (severity) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const badge = tab.querySelector('.count');
  badge.textContent = String(errors + warnings);
  badge.classList.toggle('count-bad', errors > 0);
  badge.setAttribute('aria-label', `${errors} errors, ${warnings} warnings`);
}

// Without an answer nothing is known: what stood there before says nothing of the file as it is now.
export function uncheckedProblems(list) {
  const row = document.createElement('li');
  row.className = 'finding-none';
  row.textContent = 'The check did not answer. It is asked again at the next change.';
  list.replaceChildren(row);
}

function item(finding, path, { select, fix }) {
  const row = document.createElement('li');
  row.className = `finding finding-${finding.severity}`;
  const mark = document.createElement('span');
  mark.className = 'finding-mark';
  mark.textContent = ICONS[finding.severity];
  mark.setAttribute('role', 'img');
  mark.setAttribute('aria-label', WORDS[finding.severity]);
  const place = document.createElement('button');
  place.type = 'button';
  place.className = 'finding-place';
  place.dataset.key = `${finding.rule} ${finding.element_id}`;
  place.append(line('finding-message', finding.message), line('finding-step', finding.next_step));
  if (finding.path && finding.path !== path) place.append(line('finding-step', `In ${finding.path}`));
  place.addEventListener('click', () => select(finding));
  row.append(mark, place, why(finding));
  if (finding.fix && finding.path === path && fix) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button finding-fix';
    button.textContent = finding.fix.label;
    button.addEventListener('click', () => fix(finding));
    row.append(button);
  }
  return row;
}

// In a page of its own: what is drawn and not yet saved stays.
function why(finding) {
  const link = document.createElement('a');
  link.className = 'finding-why';
  link.href = `/processes/rules?name=${encodeURIComponent(finding.rule)}`;
  link.target = '_blank';
  link.rel = 'noopener';
  link.textContent = 'Why?';
  link.setAttribute('aria-label', `Why? The rule ${finding.rule}, in a page of its own`);
  return link;
}

function line(kind, text) {
  const span = document.createElement('span');
  span.className = kind;
  span.textContent = text;
  return span;
}

function calm() {
  const row = document.createElement('li');
  row.className = 'finding-none';
  row.textContent = 'Nothing is wrong: it may be deployed as it is.';
  return row;
}
