// Outlines of a mask as smooth lines: a light blur, then marching squares at the half level.

/** Means of 3 x 3 pixels weighted 1 2 1; what lies beyond the edge counts as the edge. */
function blurred(mask, rows, columns) {
  const along = (from, count, step, lines, stride) => {
    const found = new Float32Array(from.length);
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < count; i++) {
        const at = line * stride + i * step;
        const before = i > 0 ? at - step : at;
        const after = i < count - 1 ? at + step : at;
        found[at] = (from[before] + 2 * from[at] + from[after]) / 4;
      }
    }
    return found;
  };
  return along(along(mask, columns, 1, rows, columns), rows, columns, columns, 1);
}

// Corners a b / d c carry the bits 1 2 / 8 4. Each case lists the pairs of sides that a line joins.
const LINES = [
  [], ["LT"], ["TR"], ["LR"], ["RB"], ["LT", "RB"], ["TB"], ["LB"],
  ["LB"], ["TB"], ["TR", "LB"], ["RB"], ["LR"], ["TR"], ["LT"], [],
];

/** The border of `mask` (0 or 1 per pixel) as a path in pixels; pixel centres lie at halves. */
export function outline(mask, rows, columns) {
  const field = blurred(mask, rows, columns);
  const path = new Path2D();
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const at = row * columns + column;
      const [a, b, c, d] = [field[at], field[at + 1], field[at + columns + 1], field[at + columns]];
      const kind = (a > 0.5) + 2 * (b > 0.5) + 4 * (c > 0.5) + 8 * (d > 0.5);
      if (kind === 0 || kind === 15) continue;
      const [x, y] = [column + 0.5, row + 0.5];
      const between = (p, q) => (0.5 - p) / (q - p);
      const sides = {
        T: () => [x + between(a, b), y],
        R: () => [x + 1, y + between(b, c)],
        B: () => [x + between(d, c), y + 1],
        L: () => [x, y + between(a, d)],
      };
      for (const [from, to] of LINES[kind]) {
        path.moveTo(...sides[from]());
        path.lineTo(...sides[to]());
      }
    }
  }
  return path;
}
