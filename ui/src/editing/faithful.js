// What the readers and writers of bpmn.io would lose of a file, kept: values that are said though a default says them too, and carriage returns.

// The writer leaves out every value that equals a default. An element that says nothing still has its default, from the prototype of its type.
export function keepDefaults({ factory }) {
  const createType = factory.createType;
  factory.createType = function (descriptor) {
    const type = createType.call(this, descriptor);
    descriptor.properties = descriptor.properties.map((each) => (each.default === undefined ? each : Object.create(each, { default: { value: undefined } })));
    return type;
  };
}

// XML reads every end of a line as a line feed (XML 1.0, 2.11), the reader does not; a carriage return that is left is meant.
const LINE_ENDS = /\r\n?/g;
const MEANT = /<!\[CDATA\[[^]*?\]\]>|\r/g;

export const read = (modeler, xml) => modeler.importXML(xml.replace(LINE_ENDS, '\n'));

// The file as it would be saved.
export async function write(modeler) {
  const { xml } = await modeler.saveXML({ format: true });
  return xml.replace(MEANT, (found) => (found === '\r' ? '&#13;' : found));
}
