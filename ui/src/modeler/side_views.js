// The tables below the canvas: the variables with who writes and who reads them, and the steps, by which a keyboard reaches each element.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

const words = (type) => type.replace(/^bpmn:/, '').replace(/(\B[A-Z])/g, ' $1').toLowerCase();

function cell(row, tag, content) {
  const made = document.createElement(tag);
  if (tag === 'th') made.scope = 'row';
  made.append(content);
  row.append(made);
}

function button(label, act, pressed) {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'link-button';
  made.textContent = label;
  if (pressed !== undefined) made.setAttribute('aria-pressed', String(pressed));
  made.addEventListener('click', act);
  return made;
}

export class Variables {
  #modeler;
  #body;
  #chosen = '';
  #marked = [];
  #found = null;
  #here = null;
  #at = null;

  constructor(modeler, body) {
    this.#modeler = modeler;
    this.#body = body;
  }

  // Which of them are there at the selected element is said in a column of its own.
  about(id) {
    this.#at = id;
    if (this.#found) this.show(this.#found);
  }

  show(found) {
    this.#found = found;
    const reach = found.variables.find((each) => each.at[this.#at]);
    this.#here = reach ? new Set(reach.at[this.#at]) : null;
    const all = found.variables.flatMap((reach) => reach.variables);
    const drawn = (ids) => ids.filter((id) => this.#modeler.get('elementRegistry').get(id));
    const here = all.filter((each) => drawn([...each.written_by, ...each.read_by]).length || !each.written_by.length);
    this.#body.replaceChildren(...here.map((each) => this.#row(each)));
    this.#mark(here.find((each) => each.name === this.#chosen));
  }

  #row(variable) {
    const row = document.createElement('tr');
    const toggle = () => {
      this.#chosen = this.#chosen === variable.name ? '' : variable.name;
      for (const other of this.#body.querySelectorAll('[aria-pressed]')) other.setAttribute('aria-pressed', 'false');
      row.querySelector('button').setAttribute('aria-pressed', String(Boolean(this.#chosen)));
      this.#mark(this.#chosen ? variable : null);
    };
    cell(row, 'th', button(variable.name, toggle, variable.name === this.#chosen));
    cell(row, 'td', this.#here ? (this.#here.has(variable.name) ? 'yes' : 'not yet') : '');
    cell(row, 'td', variable.entries.length ? `${variable.type || 'context'}: ${variable.entries.join(', ')}` : variable.type);
    cell(row, 'td', this.#names(variable.written_by) || 'nothing here');
    cell(row, 'td', this.#names(variable.read_by) || 'nothing');
    return row;
  }

  #names(ids) {
    const elements = this.#modeler.get('elementRegistry');
    return ids.map((id) => (elements.get(id) && getBusinessObject(elements.get(id)).name) || id).join(', ');
  }

  // Who writes and who reads the chosen one, on the canvas.
  #mark(variable) {
    const canvas = this.#modeler.get('canvas');
    const elements = this.#modeler.get('elementRegistry');
    for (const [id, marker] of this.#marked) if (elements.get(id)) canvas.removeMarker(id, marker);
    this.#marked = variable
      ? [...variable.written_by.map((id) => [id, 'writes-variable']), ...variable.read_by.map((id) => [id, 'reads-variable'])].filter(([id]) => elements.get(id))
      : [];
    for (const [id, marker] of this.#marked) canvas.addMarker(id, marker);
  }
}

export class Steps {
  #modeler;
  #body;
  #select;

  constructor(modeler, body, select) {
    this.#modeler = modeler;
    this.#body = body;
    this.#select = select;
  }

  show() {
    const steps = this.#modeler.get('elementRegistry').filter((each) => is(each, 'bpmn:FlowNode') && each.type !== 'label');
    steps.sort((one, other) => one.x - other.x || one.y - other.y);
    this.#body.replaceChildren(...steps.map((step) => this.#row(step)));
  }

  #row(step) {
    const row = document.createElement('tr');
    const subject = getBusinessObject(step);
    cell(row, 'th', button(subject.name || step.id, () => this.#select(step.id)));
    cell(row, 'td', words(step.type));
    cell(row, 'td', (subject.lanes ?? []).map((lane) => lane.name).join(', '));
    const after = step.outgoing.filter((flow) => is(flow, 'bpmn:SequenceFlow'));
    cell(row, 'td', after.map((flow) => `${flow.businessObject.name ? `${flow.businessObject.name}: ` : ''}${flow.target?.businessObject.name || flow.target?.id || ''}`).join('; '));
    return row;
  }
}
