// The extensions of ours and of Camunda 7 and 8, so that what other tools wrote is copied and kept with its element.
import camunda from 'camunda-bpmn-moddle/resources/camunda.json';
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';
import spiffworkflow from './spiffworkflow.json';

// Both of Camunda's extend the same elements by attributes of the same name. An attribute that no description knows is kept all the same.
const taken = new Set(zeebe.types.filter((type) => type.extends).flatMap((type) => (type.properties ?? []).map(({ name }) => name)));
const apart = (type) => (type.extends ? { ...type, properties: (type.properties ?? []).filter(({ name }) => !taken.has(name)) } : type);

export const namespaces = { spiffworkflow, zeebe, camunda: { ...camunda, types: camunda.types.map(apart) } };
