// "Try these inputs": what the decision says, which rules matched, and of each other rule the first cell that said no.
import { ask, base64Of } from '../api.js';
import { alert, element, link, table } from '../elements.js';
import { Wanted } from './wanted.js';

export class Trial {
  #root;
  #form;
  #wanted;
  #given;
  #decisions = [];
  #xml = '';
  #tried = false;
  #running = null;

  // `go(id)` leads to an element, `title(id)` is what people call it; `mark(kind, ids)` marks rows and cells of the table.
  constructor(root, given) {
    this.#root = root;
    this.#given = given;
    this.#form = root.querySelector('form');
    this.#wanted = new Wanted(root.querySelector('[data-inputs]'));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#try();
    });
    this.#form.elements.decision.addEventListener('change', () => this.#offer());
  }

  // The model as it is now: what its decisions want is offered, and what was tried is tried again.
  async learn(xml) {
    this.#xml = xml;
    try {
      this.#decisions = (await ask('/api/v1/decisions/inputs', { content: base64Of(xml) })).decisions;
    } catch (refusal) {
      this.#say(alert({ detail: refusal.message, next_step: refusal.nextStep }));
      return;
    }
    const choice = this.#form.elements.decision;
    const chosen = choice.value;
    choice.replaceChildren(...this.#decisions.map(({ id }) => new Option(this.#given.title(id), id)));
    this.choose(chosen);
    if (this.#tried) await this.#try();
    else if (!this.#decisions.length) this.#say(element('p', { className: 'view-note', textContent: 'There is no decision yet. Draw one, and give it a table.' }));
    else this.#say();
  }

  choose(id) {
    const choice = this.#form.elements.decision;
    if (this.#decisions.some((decision) => decision.id === id)) choice.value = id;
    this.#offer();
  }

  #offer() {
    const found = this.#decisions.find(({ id }) => id === this.#form.elements.decision.value);
    this.#wanted.offer(found?.inputs ?? []);
    this.#form.querySelector('.button').disabled = !found;
  }

  async #try() {
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    try {
      const body = { content: base64Of(this.#xml), decision: this.#form.elements.decision.value, inputs: this.#wanted.values() };
      this.#tried = true;
      this.#show(await ask('/api/v1/decisions/try', body, running.signal));
    } catch (refusal) {
      if (refusal.name !== 'AbortError') this.#say(alert({ detail: refusal.message, next_step: refusal.nextStep }));
    }
  }

  #show(found) {
    const matched = found.tables.flatMap(({ rules }) => rules.filter((rule) => rule.verdict === 'matched').map((rule) => rule.rule_id));
    const refusing = found.tables.flatMap(({ rules }) => rules.map((rule) => rule.cell?.element_id));
    this.#say(this.#outcome(found), ...found.tables.map((asked) => this.#asked(asked, found.matched)), ...this.#nulls(found.diagnostics));
    this.#given.mark('matched', matched);
    this.#given.mark('refusing', refusing);
  }

  #outcome({ problem, text }) {
    if (problem) {
      const said = alert(problem);
      if (problem.element_id) said.append(link('Show where', () => this.#given.go(problem.element_id)));
      return said;
    }
    return element('p', { className: 'trial-value', children: [element('span', { className: 'soft', textContent: 'It says' }), element('code', { textContent: text })] });
  }

  #asked({ decision_id: id, inputs, rules }, spoke) {
    const shown = inputs.map((input) => `${input.label} = ${input.value}`).join(', ');
    const rows = rules.map((rule) => [
      link(`Rule ${rule.index}`, () => this.#given.go(rule.cell?.element_id || rule.rule_id)),
      verdict(rule, spoke.some((each) => each.decision_id === id && each.index === rule.index)),
      why(rule),
    ]);
    return element('section', {
      className: 'trial-table',
      children: [element('h3', { textContent: this.#given.title(id) }), element('p', { className: 'soft', textContent: shown }), table(['Rule', 'It says', 'Because'], rows)],
    });
  }

  #nulls(diagnostics) {
    if (!diagnostics.length) return [];
    const rows = diagnostics.map((each) => [link(each.text || each.element_id, () => this.#given.go(each.element_id)), each.reason]);
    return [element('section', { className: 'trial-table', children: [element('h3', { textContent: 'What was null, and why' }), table(['Part', 'Why'], rows)] })];
  }

  #say(...parts) {
    this.#root.querySelector('[data-answer]').replaceChildren(...parts);
    this.#given.mark('matched', []);
    this.#given.mark('refusing', []);
  }
}

function verdict({ verdict: said }, spoke) {
  const [look, words] = { matched: ['good', spoke ? 'Yes' : 'Yes, but another speaks'], refused: ['', 'No'], 'not asked': ['', 'Not asked'] }[said];
  return element('span', { className: `tag${look && ` tag-${look}`}`, textContent: words });
}

function why({ verdict: said, cell }) {
  if (said === 'not asked') return 'A rule above it matched, and the first one decides.';
  if (!cell) return 'Every cell lets it pass.';
  return element('span', { children: [`${cell.label} is `, element('code', { textContent: cell.value }), ', the cell asks for ', element('code', { textContent: cell.test })] });
}
