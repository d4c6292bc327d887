// Reads and writes what stands in extension elements of ours. Each function that writes answers commands for one step of undo.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

// What settings are of: the process itself, where the pool stands for it.
export function owner(element) {
  const subject = getBusinessObject(element);
  return is(element, 'bpmn:Participant') ? subject.processRef : subject;
}

const values = (subject) => subject?.extensionElements?.values ?? [];

export const extension = (subject, type) => values(subject).find((each) => each.$type === type);

const properties = (subject) => extension(subject, 'spiffworkflow:Properties');

export const settings = (subject) => properties(subject)?.properties ?? [];

export const setting = (subject, name) => settings(subject).find((each) => each.name === name)?.value ?? '';

export const operator = (subject) => extension(subject, 'spiffworkflow:ServiceTaskOperator');

// What a step made in Camunda Modeler runs: an external task's topic is the name of a service task. It gives way to an operator of ours.
export const topic = (subject) => (!operator(subject) && subject.get('camunda:type') === 'external' ? (subject.get('camunda:topic') ?? '') : '');

const TAKEN_OVER = { 'camunda:type': undefined, 'camunda:topic': undefined, 'camunda:modelerTemplate': undefined, 'camunda:modelerTemplateVersion': undefined };

export const parameters = (subject) => operator(subject)?.parameterList?.parameters ?? [];

export class Writer {
  constructor(modeling, commandStack, bpmnFactory) {
    Object.assign(this, { modeling, commandStack, bpmnFactory });
  }

  // Several changes are one step: what is undone is the whole of it.
  run(commands) {
    if (commands.length === 1) this.commandStack.execute(commands[0].cmd, commands[0].context);
    else if (commands.length) this.commandStack.execute('properties-panel.multi-command-executor', commands);
  }

  update(element, moddleElement, changed) {
    return { cmd: 'element.updateModdleProperties', context: { element, moddleElement, properties: changed } };
  }

  attributes(element, changed) {
    return { cmd: 'element.updateProperties', context: { element, properties: changed } };
  }

  create(type, attrs, parent) {
    const made = this.bpmnFactory.create(type, attrs);
    made.$parent = parent;
    return made;
  }

  // The container of extensions, and the command that makes it where there is none.
  #container(element, subject, commands) {
    if (subject.extensionElements) return subject.extensionElements;
    const container = this.create('bpmn:ExtensionElements', { values: [] }, subject);
    commands.push(this.update(element, subject, { extensionElements: container }));
    return container;
  }

  // Add an extension, or take one away; an empty container goes too.
  #extend(element, subject, added, removed) {
    const commands = [];
    const container = this.#container(element, subject, commands);
    const rest = (container.values ?? []).filter((each) => each !== removed);
    if (added) {
      added.$parent = container;
      rest.push(added);
    }
    if (!rest.length) return [this.update(element, subject, { extensionElements: undefined })];
    return [...commands, this.update(element, container, { values: rest })];
  }

  // An extension that is nothing but a text, such as the decision that is called.
  text(element, subject, type, body) {
    const found = extension(subject, type);
    if (!body) return found ? this.#extend(element, subject, null, found) : [];
    if (found) return [this.update(element, found, { body })];
    return this.#extend(element, subject, this.create(type, { body }), null);
  }

  setting(element, subject, name, value) {
    const container = properties(subject);
    const found = settings(subject).find((each) => each.name === name);
    if (!value) return found ? this.#withoutSetting(element, subject, container, found) : [];
    if (found) return [this.update(element, found, { value })];
    const made = this.create('spiffworkflow:Property', { name, value }, container);
    if (container) return [this.update(element, container, { properties: [...settings(subject), made] })];
    const list = this.create('spiffworkflow:Properties', { properties: [made] });
    made.$parent = list;
    return this.#extend(element, subject, list, null);
  }

  #withoutSetting(element, subject, container, found) {
    const rest = settings(subject).filter((each) => each !== found);
    return rest.length || container.others?.length
      ? [this.update(element, container, { properties: rest })]
      : this.#extend(element, subject, null, container);
  }

  renameSetting(element, subject, name, to) {
    const found = settings(subject).find((each) => each.name === name);
    return found ? [this.update(element, found, { name: to })] : [];
  }

  serviceTask(element, subject, changed) {
    const found = operator(subject);
    if (found) return [this.update(element, found, changed)];
    const made = this.create('spiffworkflow:ServiceTaskOperator', changed);
    made.parameterList = this.create('spiffworkflow:Parameters', { parameters: [] }, made);
    if (!topic(subject)) return this.#extend(element, subject, made, null);
    const given = extension(subject, 'camunda:InputOutput');
    return [this.attributes(element, TAKEN_OVER), ...this.#extend(element, subject, made, given ?? null)];
  }

  parameter(element, subject, name, value) {
    const list = operator(subject)?.parameterList;
    const found = parameters(subject).find((each) => each.id === name);
    if (value === undefined) return found ? [this.update(element, list, { parameters: parameters(subject).filter((each) => each !== found) })] : [];
    if (found) return [this.update(element, found, { value })];
    const made = this.create('spiffworkflow:Parameter', { id: name, type: 'str', value }, list);
    if (list) return [this.update(element, list, { parameters: [...parameters(subject), made] })];
    const fresh = this.create('spiffworkflow:Parameters', { parameters: [made] }, operator(subject));
    made.$parent = fresh;
    return operator(subject) ? [this.update(element, operator(subject), { parameterList: fresh })] : [];
  }

  renameParameter(element, subject, name, to) {
    const found = parameters(subject).find((each) => each.id === name);
    return found ? [this.update(element, found, { id: to })] : [];
  }

  condition(flow, body) {
    const subject = getBusinessObject(flow);
    if (!body) return [this.attributes(flow, { conditionExpression: undefined })];
    if (subject.conditionExpression) return [this.update(flow, subject.conditionExpression, { body })];
    return [this.attributes(flow, { conditionExpression: this.create('bpmn:FormalExpression', { body }, subject) })];
  }

  // A default flow is one without a condition.
  defaultFlow(step, flow) {
    const commands = [this.attributes(step, { default: flow ? getBusinessObject(flow) : undefined })];
    if (flow && getBusinessObject(flow).conditionExpression) commands.push(...this.condition(flow, ''));
    return commands;
  }

  // Modelers keep a reference to a variable only where the process declares it.
  declare(element, process, name) {
    const declared = (process.properties ?? []).find((each) => each.id === name || each.name === name);
    if (declared) return { commands: [], property: declared };
    const property = this.create('bpmn:Property', { id: name, name }, process);
    return { commands: [this.update(element, process, { properties: [...(process.properties ?? []), property] })], property };
  }
}

Writer.$inject = ['modeling', 'commandStack', 'bpmnFactory'];

export function processOf(subject) {
  let current = subject;
  while (current && !is(current, 'bpmn:Process')) current = current.$parent;
  return current;
}
