// Which part of the diagram is seen at first: below a scale no label can be read.
import { is } from 'bpmn-js/lib/util/ModelUtil';
import { besidePalette, fitting, showWhole as whole } from '../editing/frame.js';

const READABLE = 0.45;
const CLOSE = 0.75;

export const showWhole = (modeler) => whole(modeler.get('canvas'));

// A long process as a whole is unreadable: then its beginning is shown.
export function showBeginning(modeler) {
  const canvas = modeler.get('canvas');
  const starts = modeler.get('elementRegistry').filter((each) => is(each, 'bpmn:StartEvent') && each.type !== 'label');
  if (fitting(canvas) >= READABLE || !starts.length) return showWhole(modeler);
  const { outer } = canvas.viewbox();
  const first = starts.sort((one, other) => one.x - other.x)[0];
  const size = { width: outer.width / CLOSE, height: outer.height / CLOSE };
  return canvas.viewbox({ ...size, x: first.x - (besidePalette(canvas) + 40) / CLOSE, y: first.y + first.height / 2 - size.height / 2 });
}
