// Which part of the diagram is seen: the palette covers the left edge, and below the first scale no label can be read.
import { is } from 'bpmn-js/lib/util/ModelUtil';

const PALETTE = 120;
const MARGIN = 20;
const READABLE = 0.45;
const CLOSE = 0.75;

export function showWhole(modeler) {
  const canvas = modeler.get('canvas');
  const { outer, inner } = canvas.viewbox();
  const scale = fitting(outer, inner);
  canvas.viewbox({
    x: inner.x - PALETTE / scale,
    y: inner.y - (outer.height / scale - inner.height) / 2,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}

// A long process as a whole is unreadable: then its beginning is shown.
export function showBeginning(modeler) {
  const canvas = modeler.get('canvas');
  const { outer, inner } = canvas.viewbox();
  const starts = modeler.get('elementRegistry').filter((each) => is(each, 'bpmn:StartEvent') && each.type !== 'label');
  if (fitting(outer, inner) >= READABLE || !starts.length) return showWhole(modeler);
  const first = starts.sort((one, other) => one.x - other.x)[0];
  const size = { width: outer.width / CLOSE, height: outer.height / CLOSE };
  return canvas.viewbox({ ...size, x: first.x - (PALETTE + 60) / CLOSE, y: first.y + first.height / 2 - size.height / 2 });
}

const fitting = (outer, inner) => Math.min(1, (outer.width - PALETTE - MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
