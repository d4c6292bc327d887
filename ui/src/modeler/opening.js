// Opens a file so that nothing of it is lost when it is saved again, whatever tool made it; answers what people should know of it.
import { read } from '../editing/faithful.js';
import { withPicture } from '../editing/layout.js';

const LOOPS = new Set(['bpmn:loopDataInputRef', 'bpmn:loopDataOutputRef', 'loopDataInputRef', 'loopDataOutputRef']);
// Without their ends these cannot be drawn; the editor has to leave them out.
const DRAWN = new Set(['sourceRef', 'targetRef', 'attachedToRef', 'processRef', 'flowNodeRef', 'bpmnElement']);
// An attribute that no description knows is written back as it was read.
const KEPT = /^unknown attribute/;

export async function open(modeler, xml) {
  const drawn = await withPicture(xml);
  const { warnings } = await read(modeler, drawn.xml);
  const said = drawn.laid ? ['The file has no picture. This one was laid out for you; it is saved with your first change.'] : [];
  for (const warning of warnings) {
    if (!KEPT.test(warning.message) && !keepReference(modeler, warning)) said.push(warning.message);
  }
  if (xml.includes('<!--')) said.push('The file has comments between its elements, which no BPMN editor keeps.');
  return said;
}

// What refers to something that is not in the file would go on saving: it is kept as it was written.
function keepReference(modeler, { element, property, value }) {
  if (!element || !property || !value) return false;
  const name = property.split(':').at(-1);
  if (DRAWN.has(name)) return false;
  if (LOOPS.has(property)) element.set(name, declared(modeler, element, value));
  else if (element.$descriptor.propertiesByName[property]?.isMany) element.get(property).push({ id: value });
  else element.set(property, { id: value });
  return true;
}

// A collection of a loop is a variable; as a property of the process every modeler keeps it.
function declared(modeler, element, name) {
  let process = element;
  while (process && process.$type !== 'bpmn:Process') process = process.$parent;
  const found = process?.properties?.find((each) => each.id === name);
  if (found) return found;
  const property = modeler.get('bpmnFactory').create('bpmn:Property', { id: name, name });
  if (process) {
    property.$parent = process;
    process.get('properties').push(property);
  }
  return property;
}
