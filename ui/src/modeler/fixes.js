// Applies the typed fixes of the server (engine/models/fixes.py), each as one step that can be taken back.
import { getBusinessObject } from 'bpmn-js/lib/util/ModelUtil';
import { owner } from './extensions.js';

const TRUTH = { true: true, false: false };

const CHANGES = {
  'set-default': ({ write, elements }, step, fix) => write.defaultFlow(step, fix.value && elements.get(fix.value)),
  'set-condition': ({ write }, flow, fix) => write.condition(flow, fix.value ?? ''),
  'set-service-task': ({ write }, step, fix) => write.serviceTask(step, getBusinessObject(step), { id: fix.value }),
  'set-parameter': ({ write }, step, fix) => write.parameter(step, getBusinessObject(step), fix.name, fix.value ?? undefined),
  'rename-parameter': ({ write }, step, fix) => write.renameParameter(step, getBusinessObject(step), fix.name, fix.value),
  'set-setting': ({ write }, step, fix) => write.setting(step, owner(step), fix.name, fix.value ?? ''),
  'rename-setting': ({ write }, step, fix) => write.renameSetting(step, owner(step), fix.name, fix.value),
  'set-attribute': ({ write }, step, fix) => [write.update(step, owner(step), { [fix.name]: TRUTH[fix.value] ?? fix.value })],
  'set-decision': ({ write }, step, fix) => write.text(step, getBusinessObject(step), 'spiffworkflow:CalledDecisionId', fix.value),
  'declare-variable': ({ write }, pool, fix) => write.declare(pool, owner(pool), fix.value).commands,
};

// The element of a finding: itself, or the pool that stands for its process.
export function placeOf(elements, id) {
  return elements.get(id) ?? elements.find((each) => each.businessObject?.processRef?.id === id);
}

export function applyFix(modeler, fix) {
  const elements = modeler.get('elementRegistry');
  const write = modeler.get('writer');
  const place = placeOf(elements, fix.element_id);
  if (place) write.run(CHANGES[fix.change]({ write, elements }, place, fix));
}
