// Tabs by the pattern of ARIA: arrows move, the chosen panel shows.
export function tabs(root) {
  const list = [...root.querySelectorAll('[role="tab"]')];
  const choose = (tab, focus) => {
    for (const each of list) {
      const chosen = each === tab;
      each.setAttribute('aria-selected', String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      document.getElementById(each.getAttribute('aria-controls')).hidden = !chosen;
    }
    if (focus) tab.focus();
  };
  root.addEventListener('click', (event) => {
    const tab = event.target.closest('[role="tab"]');
    if (tab) choose(tab);
  });
  root.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = list.indexOf(event.target.closest('[role="tab"]'));
    if (!step || at < 0) return;
    event.preventDefault();
    choose(list[(at + step + list.length) % list.length], true);
  });
}
