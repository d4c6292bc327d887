// The groups of what happens beside the flow: timers, refusals that are caught, and repeated steps.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { check, choice, formula, text, textOrFormula, times } from './entries.jsx';
import { operator, processOf } from './extensions.js';

const TIMERS = [
  { value: 'timeDuration', label: 'Duration', hint: 'PT4H is four hours, P1D a day, or FEEL behind =.' },
  { value: 'timeDate', label: 'Date', hint: '2027-03-30T09:00 in the company’s zone, or FEEL behind =.' },
  { value: 'timeCycle', label: 'Cycle', hint: 'R3/PT1H is three times, R/P1D for ever, or cron such as 0 6 * * mon-fri.' },
];

export function timerGroup({ write }, element) {
  const definition = getBusinessObject(element).eventDefinitions?.find((each) => is(each, 'bpmn:TimerEventDefinition'));
  if (!definition) return null;
  const now = TIMERS.find(({ value }) => definition[value]);
  const read = () => (now ? (definition[now.value]?.body ?? '') : '');
  const expression = (body) => write.create('bpmn:FormalExpression', { body }, definition);
  const chooseKind = (kind) => {
    const cleared = { timeDuration: undefined, timeDate: undefined, timeCycle: undefined };
    write.run([write.update(element, definition, kind ? { ...cleared, [kind]: expression(read()) } : cleared)]);
  };
  const change = (body) =>
    write.run([definition[now.value] ? write.update(element, definition[now.value], { body }) : write.update(element, definition, { [now.value]: expression(body) })]);
  const entries = [choice('timer-kind', 'Kind', () => now?.value ?? '', chooseKind, () => TIMERS, { none: '(choose)' })];
  if (now) entries.push(textOrFormula('timer-text', now.label, read, change, { hint: now.hint }), times('timer-times', now.value, read));
  return { id: 'timer', label: 'Timer', entries };
}

// A boundary event catches a refusal: the codes of the service task it sits on are on offer, and an error is declared for the chosen one.
export function refusalGroup({ write, workbench }, element) {
  const subject = getBusinessObject(element);
  const definition = subject.eventDefinitions?.find((each) => is(each, 'bpmn:ErrorEventDefinition'));
  if (!definition || !subject.attachedToRef) return null;
  const task = workbench.vocabulary.service_tasks.find((each) => each.name === operator(subject.attachedToRef)?.id);
  const definitions = definitionsOf(subject);
  const declared = () => definitions.rootElements.filter((each) => is(each, 'bpmn:Error'));
  const codes = () => [...new Set([...(task?.errors ?? []).map(({ code }) => code), ...declared().map((each) => each.errorCode)])].filter(Boolean);
  const meanings = new Map((task?.errors ?? []).map(({ code, meaning }) => [code, meaning]));
  const choose = (code) => {
    const found = declared().find((each) => each.errorCode === code);
    const error = code ? (found ?? write.create('bpmn:Error', { id: freeId(definitions, code), name: code, errorCode: code }, definitions)) : undefined;
    const added = error && !found ? [write.update(element, definitions, { rootElements: [...definitions.rootElements, error] })] : [];
    write.run([...added, write.update(element, definition, { errorRef: error })]);
  };
  const read = () => definition.errorRef?.errorCode ?? '';
  const options = () => codes().map((code) => ({ value: code, label: code }));
  const hint = meanings.get(read()) || (task ? `${task.name} may refuse with ${[...meanings.keys()].join(', ') || 'nothing'}.` : '');
  return { id: 'refusal', label: 'What is caught', entries: [choice('refusal', 'Refusal', read, choose, options, { none: '(any)', hint })] };
}

function definitionsOf(subject) {
  let current = subject;
  while (current && !is(current, 'bpmn:Definitions')) current = current.$parent;
  return current;
}

function freeId(definitions, code) {
  const taken = new Set(definitions.rootElements.map((each) => each.id));
  const wanted = `error_${code.toLowerCase().replace(/[^a-z0-9_]/g, '_')}`;
  let id = wanted;
  for (let number = 2; taken.has(id); number += 1) id = `${wanted}_${number}`;
  return id;
}

export function repeatGroup(context, element) {
  const loop = getBusinessObject(element).loopCharacteristics;
  if (is(loop, 'bpmn:StandardLoopCharacteristics')) return standardLoop(context, element, loop);
  return is(loop, 'bpmn:MultiInstanceLoopCharacteristics') ? multiInstance(context, element, loop) : null;
}

function expressionEntry({ write }, element, loop, [id, name, label, hint]) {
  const change = (body) => {
    if (body && loop[name]) return write.run([write.update(element, loop[name], { body })]);
    return write.run([write.update(element, loop, { [name]: body ? write.create('bpmn:FormalExpression', { body }, loop) : undefined })]);
  };
  return formula(id, label, () => loop[name]?.body ?? '', change, { hint });
}

function standardLoop(context, element, loop) {
  const { write } = context;
  const maximum = (value) => write.run([write.update(element, loop, { loopMaximum: /^\d+$/.test(value) ? Number(value) : undefined })]);
  return {
    id: 'loop',
    label: 'Loop',
    entries: [
      expressionEntry(context, element, loop, ['loop-condition', 'loopCondition', 'Again while', 'The step runs again while it is true.']),
      text('loop-maximum', 'At most, times', () => String(loop.loopMaximum ?? ''), maximum),
    ],
  };
}

// A collection is a variable, declared as a property of the process so that every modeler keeps the reference.
function collectionEntry({ write }, element, loop, [id, name, label, hint]) {
  const change = (variable) => {
    if (!variable) return write.run([write.update(element, loop, { [name]: undefined })]);
    const { commands, property } = write.declare(element, processOf(getBusinessObject(element)), variable);
    return write.run([...commands, write.update(element, loop, { [name]: property })]);
  };
  return text(id, label, () => loop[name]?.name ?? loop[name]?.id ?? '', change, { hint });
}

function itemEntry({ write }, element, loop, [id, name, label, hint]) {
  const change = (variable) => {
    const type = name === 'inputDataItem' ? 'bpmn:DataInput' : 'bpmn:DataOutput';
    if (variable && loop[name]) return write.run([write.update(element, loop[name], { id: variable, name: variable })]);
    return write.run([write.update(element, loop, { [name]: variable ? write.create(type, { id: variable, name: variable }, loop) : undefined })]);
  };
  return text(id, label, () => loop[name]?.name ?? loop[name]?.id ?? '', change, { hint });
}

function multiInstance(context, element, loop) {
  const { write } = context;
  const sequential = (on) => write.run([write.update(element, loop, { isSequential: on })]);
  return {
    id: 'multi-instance',
    label: 'For each',
    entries: [
      collectionEntry(context, element, loop, ['collection', 'loopDataInputRef', 'Collection', 'The variable with the list: one turn for each item.']),
      itemEntry(context, element, loop, ['item', 'inputDataItem', 'Item', 'The variable that each turn finds its item in.']),
      expressionEntry(context, element, loop, ['cardinality', 'loopCardinality', 'Or how many turns', 'A number, where there is no collection.']),
      collectionEntry(context, element, loop, ['results', 'loopDataOutputRef', 'List of results', 'The variable that takes what the turns gave.']),
      itemEntry(context, element, loop, ['result-item', 'outputDataItem', 'Result of a turn', 'The variable that each turn adds to the list.']),
      expressionEntry(context, element, loop, ['completion', 'completionCondition', 'Enough when', 'No further turn once it is true.']),
      check('sequential', 'One after the other', () => Boolean(loop.isSequential), sequential),
    ],
  };
}
