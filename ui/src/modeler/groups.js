// The groups of the panel by what an element is: steps, settings, conditions. Settings come from the server's one list.
import { getBusinessObject, is, isAny } from 'bpmn-js/lib/util/ModelUtil';
import { area, check, choice, formula, note, text, textOrFormula } from './entries.jsx';
import { extension, operator, owner, parameters, setting, topic } from './extensions.js';

const DECIDING = ['bpmn:ExclusiveGateway', 'bpmn:InclusiveGateway'];
const TITLES = {
  'bpmn:Process': 'Process', 'bpmn:Participant': 'Process', 'bpmn:StartEvent': 'Start', 'bpmn:UserTask': 'Who does it, and how',
  'bpmn:ManualTask': 'Who does it, and how', 'bpmn:BusinessRuleTask': 'Decision', 'bpmn:SendTask': 'What is sent', 'bpmn:ReceiveTask': 'What is awaited',
}; // prettier-ignore
const ACRONYMS = { Id: 'id' };

const plain = (name) => name.replace(/([A-Z])/g, ' $1').split(' ').map((word, index) => ACRONYMS[word] ?? (index ? word.toLowerCase() : word[0].toUpperCase() + word.slice(1))).join(' '); // prettier-ignore
const asOptions = (names) => names.map((name) => ({ value: name, label: name }));

// The key of an element in the server's list of settings: its tag, and of events the kind behind it.
function keysOf(element) {
  const subject = owner(element);
  const tag = subject.$type.replace('bpmn:', '');
  const name = tag[0].toLowerCase() + tag.slice(1);
  const kind = subject.eventDefinitions?.[0]?.$type.replace(/^bpmn:(.*)EventDefinition$/, '$1').toLowerCase();
  return kind ? [`${name}:${kind}`, name] : [name];
}

export function settingsGroup(context, element) {
  const subject = owner(element);
  if (!subject?.$type) return null;
  const { vocabulary } = context.workbench;
  const key = keysOf(element).find((each) => vocabulary.settings[each]);
  const entries = (vocabulary.settings[key] ?? [])
    .filter((each) => !(is(element, 'bpmn:ServiceTask') && hidden(subject).includes(each.name) && !setting(subject, each.name)))
    .flatMap((each) => settingEntry(context, element, each));
  if (is(element, 'bpmn:BusinessRuleTask')) entries.unshift(decisionEntry(context, element));
  if (isAny(element, ['bpmn:UserTask', 'bpmn:ManualTask'])) entries.push(instructions(context, element));
  if (!entries.length) return null;
  const title = is(element, 'bpmn:ServiceTask') ? null : (TITLES[element.type] ?? (key?.includes(':') ? 'Data and correlation' : 'Settings'));
  return { id: 'settings', label: title, entries };
}

// Settings of a service task that are given elsewhere, or mean something of a topic only.
const hidden = (subject) => (operator(subject)?.id?.startsWith(OUTSIDE) ? ['resultVariable'] : ['resultVariable', 'priority']);

function settingEntry({ write, workbench }, element, { name, written, meaning }) {
  const subject = owner(element);
  const id = `setting-${name}`;
  const label = plain(name);
  const read = () => setting(owner(element), name);
  const change = (value) => write.run(write.setting(element, subject, name, value));
  const more = { hint: meaning };
  if (name === 'formKey') return choice(id, 'Form', read, change, () => asOptions(workbench.found?.forms ?? []), more);
  if (name === 'owner') return choice(id, 'Owner', read, change, () => asOptions(workbench.vocabulary.groups), more);
  if (name === 'candidateGroups') return groupEntries({ id, label, read, change, meaning }, workbench.vocabulary.groups);
  if (written === 'feel') return formula(id, label, read, change, { ...more, signed: true });
  if (['name', 'variable', 'retry', 'whole'].includes(written)) return text(id, label, read, change, more);
  return textOrFormula(id, label, read, change, more);
}

// Names with commas, or a formula; a group that is there is chosen rather than typed.
function groupEntries({ id, label, read, change, meaning }, groups) {
  const named = () => read().split(',').map((each) => each.trim()).filter(Boolean); // prettier-ignore
  const unknown = () => (read().startsWith('=') ? [] : named().filter((each) => !groups.includes(each)));
  const hint = unknown().length ? `${meaning} There is no group ${unknown().join(', ')}.` : meaning;
  const written = textOrFormula(id, label, read, change, { hint });
  if (read().startsWith('=')) return [written];
  const left = () => asOptions(groups.filter((each) => !named().includes(each)));
  const add = (value) => value && change([...named(), value].join(', '));
  return [written, choice(`${id}-add`, 'Add a group', () => '', add, left, { none: '(choose)' })];
}

function decisionEntry({ write, workbench }, element) {
  const subject = getBusinessObject(element);
  const read = () => extension(subject, 'spiffworkflow:CalledDecisionId')?.body ?? '';
  const change = (value) => write.run(write.text(element, subject, 'spiffworkflow:CalledDecisionId', value));
  return choice('decision', 'Decision', read, change, () => asOptions(workbench.found?.decisions ?? []), {
    hint: 'A decision of the same draft, by its id.',
  });
}

function instructions({ write }, element) {
  const subject = getBusinessObject(element);
  const read = () => extension(subject, 'spiffworkflow:InstructionsForEndUser')?.body ?? '';
  const change = (value) => write.run(write.text(element, subject, 'spiffworkflow:InstructionsForEndUser', value));
  return area('instructions', 'Instructions', read, change, { hint: 'What the person reads above the form.' });
}

export function serviceTaskGroup(context, element) {
  if (!is(element, 'bpmn:ServiceTask')) return null;
  const { write, workbench } = context;
  const subject = getBusinessObject(element);
  const tasks = workbench.vocabulary.service_tasks;
  const outside = () => operator(subject)?.id?.startsWith(OUTSIDE) ?? false;
  const name = () => (outside() ? OUTSIDE : (operator(subject)?.id ?? topic(subject)));
  const task = tasks.find((each) => each.name === name());
  const choose = (value) => write.run(write.serviceTask(element, subject, { id: value }));
  const offered = () => [{ value: OUTSIDE, label: 'A worker outside, by topic' }, ...asOptions(tasks.map((each) => each.name))];
  const entries = [choice('service-task', 'Service task', name, choose, offered, { none: '(choose)' })];
  if (outside()) {
    const read = () => operator(subject).id.slice(OUTSIDE.length);
    entries.push(text('topic', 'Topic', read, (value) => choose(OUTSIDE + value.trim()), { hint: 'What workers outside fetch: letters, digits and - . _ : /' }));
  }
  if (task) entries.push(note('service-task-says', said(task)));
  if (topic(subject)) entries.push(note('service-task-topic', BY_TOPIC));
  if (operator(subject)) {
    entries.push(...parameterEntries(context, element, task));
    const read = () => operator(subject)?.resultVariable ?? '';
    const change = (value) => write.run(write.serviceTask(element, subject, { resultVariable: value || undefined }));
    entries.push(text('result', 'Result variable', read, change, { hint: result(task) }));
  }
  const settings = settingsGroup(context, element)?.entries ?? [];
  return { id: 'service-task', label: 'Service task', entries: [...entries, ...settings] };
}

// How a diagram names a topic that workers outside fetch, instead of a service task of ours.
const OUTSIDE = 'topic:';

const BY_TOPIC =
  'Made in Camunda Modeler: it runs the service task that its topic names, and its parameters are edited there. ' +
  'Choose a service task here, and the step is taken over: its parameters are then given here.';

const said = (task) => [task.summary, task.errors.length ? `May refuse with ${task.errors.map((each) => each.code ?? each).join(', ')}.` : ''].filter(Boolean).join(' ');

const result = (task) => {
  const names = (task?.result ?? []).map((each) => each.name);
  return names.length ? `A context with ${names.join(', ')}.` : 'The variable that takes what the service task answers.';
};

function parameterEntries({ write }, element, task) {
  const subject = getBusinessObject(element);
  const known = task?.parameters ?? [];
  const others = parameters(subject).filter((each) => !known.some(({ name }) => name === each.id));
  const entry = (name, label, hint) =>
    formula(
      `parameter-${name}`,
      label,
      () => parameters(subject).find((each) => each.id === name)?.value ?? '',
      (value) => write.run(write.parameter(element, subject, name, value || undefined)),
      { hint },
    );
  return [
    ...known.map((each) => entry(each.name, `${each.name}${each.required ? '' : ' (optional)'}`, [each.meaning, each.said && `(${each.said})`].filter(Boolean).join(' '))),
    ...others.map((each) => entry(each.id, each.id, task ? `${task.name} has no such parameter.` : '')),
  ];
}

export function conditionGroup({ write }, element) {
  if (!is(element, 'bpmn:SequenceFlow')) return null;
  const subject = getBusinessObject(element);
  const source = element.source;
  if (!source || !isAny(source, [...DECIDING, 'bpmn:Activity'])) return null;
  const isDefault = () => getBusinessObject(source).default === subject;
  const entries = [];
  if (!isDefault() || subject.conditionExpression) {
    entries.push(
      formula('condition', 'Condition', () => subject.conditionExpression?.body ?? '', (value) => write.run(write.condition(element, value)), {
        hint: 'This way is taken when it is true.',
      }),
    );
  }
  const change = (on) => write.run(write.defaultFlow(source, on ? element : null));
  entries.push(check('default-flow', 'Default flow', isDefault, change, { hint: 'Taken when no other condition holds.' }));
  return { id: 'condition', label: 'Condition', entries };
}

export function gatewayGroup({ write }, element) {
  if (!isAny(element, DECIDING) || element.outgoing.length < 2) return null;
  const subject = getBusinessObject(element);
  const flows = element.outgoing.filter((flow) => is(flow, 'bpmn:SequenceFlow'));
  const options = () => flows.map((flow) => ({ value: flow.id, label: getBusinessObject(flow).name || flow.id }));
  const change = (id) => write.run(write.defaultFlow(element, flows.find((flow) => flow.id === id)));
  return {
    id: 'default',
    label: 'Decision',
    entries: [choice('default', 'Default flow', () => subject.default?.id ?? '', change, options, { hint: 'Taken when no condition holds.' })],
  };
}

export function scriptGroup({ write }, element) {
  if (!is(element, 'bpmn:ScriptTask')) return null;
  const subject = getBusinessObject(element);
  const change = (value) => write.run([write.attributes(element, { script: value || undefined })]);
  return {
    id: 'script',
    label: 'Script',
    entries: [
      formula('script', 'Assignments', () => subject.script ?? '', change, { hint: 'A context: each entry becomes a variable, { total: price * quantity }.' }),
    ],
  };
}

export function callGroup({ write, workbench }, element) {
  if (!is(element, 'bpmn:CallActivity')) return null;
  const subject = getBusinessObject(element);
  const change = (value) => write.run([write.attributes(element, { calledElement: value || undefined })]);
  return {
    id: 'call',
    label: 'Called process',
    entries: [
      choice('called-process', 'Process', () => subject.calledElement ?? '', change, () => asOptions(workbench.found?.processes ?? []), {
        hint: 'A process of the same draft. It shares the variables of this one.',
      }),
    ],
  };
}
