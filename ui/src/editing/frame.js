// Which part of a diagram is seen beside the palette, which covers the left edge.
const MARGIN = 20;

export function besidePalette(canvas) {
  const palette = canvas.getContainer().querySelector('.djs-palette');
  return palette?.offsetWidth ? palette.offsetLeft + palette.offsetWidth + MARGIN : MARGIN;
}

// The scale at which all of it is seen; never larger than drawn.
export function fitting(canvas) {
  const { outer, inner } = canvas.viewbox();
  return Math.min(1, (outer.width - besidePalette(canvas) - MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
}

export function showWhole(canvas) {
  const { outer, inner } = canvas.viewbox();
  const scale = fitting(canvas);
  const left = besidePalette(canvas);
  const spare = Math.max(outer.width - left - MARGIN - inner.width * scale, 0) / 2;
  canvas.viewbox({
    x: inner.x - (left + spare) / scale,
    y: inner.y - (outer.height / scale - inner.height) / 2,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}

// A part of it at a scale, around a point of it; nothing is shown beyond its edges where it is larger than what is seen.
export function showAround(canvas, scale, { x, y }) {
  const { outer, inner } = canvas.viewbox();
  const size = { width: outer.width / scale, height: outer.height / scale };
  const margin = MARGIN / scale;
  const within = (middle, seen, from, whole) => {
    if (whole + 2 * margin <= seen) return from - (seen - whole) / 2;
    return Math.min(Math.max(middle - seen / 2, from - margin), from + whole + margin - seen);
  };
  canvas.viewbox({ ...size, x: within(x, size.width, inner.x, inner.width), y: within(y, size.height, inner.y, inner.height) });
}
