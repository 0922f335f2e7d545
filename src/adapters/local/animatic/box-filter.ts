/** Values on a grid, row by row. */
export interface Grid {
  width: number;
  height: number;
  data: Float32Array;
}

/** Mean over the square of 2 * radius + 1 around each value; at the edges over what of it lies inside. Two passes of running sums. */
export function boxMean({ width, height, data }: Grid, radius: number): Grid {
  const across = new Float32Array(data.length);
  for (let y = 0; y < height; y++) runAlong(data, across, y * width, 1, width, radius);
  const out = new Float32Array(data.length);
  meanOfRows(across, out, width, height, radius);
  return { width, height, data: out };
}

function runAlong(from: Float32Array, to: Float32Array, start: number, step: number, count: number, radius: number): void {
  let sum = 0;
  for (let at = 0; at < Math.min(radius, count); at++) sum += from[start + at * step];
  for (let at = 0; at < count; at++) {
    if (at + radius < count) sum += from[start + (at + radius) * step];
    if (at - radius - 1 >= 0) sum -= from[start + (at - radius - 1) * step];
    to[start + at * step] = sum / (Math.min(count - 1, at + radius) - Math.max(0, at - radius) + 1);
  }
}

/** Row by row instead of column by column, which would jump through memory. */
function meanOfRows(from: Float32Array, to: Float32Array, width: number, height: number, radius: number): void {
  const sums = new Float64Array(width);
  const add = (row: number, sign: number) => {
    for (let x = 0; x < width; x++) sums[x] += sign * from[row * width + x];
  };
  for (let y = 0; y < Math.min(radius, height); y++) add(y, 1);
  for (let y = 0; y < height; y++) {
    if (y + radius < height) add(y + radius, 1);
    if (y - radius - 1 >= 0) add(y - radius - 1, -1);
    const share = 1 / (Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1);
    for (let x = 0; x < width; x++) to[y * width + x] = sums[x] * share;
  }
}

/** A grid with each value made from those of others at the same place. */
export function combine(grids: readonly Grid[], value: (at: number) => number): Grid {
  const [{ width, height }] = grids;
  const data = new Float32Array(width * height);
  for (let at = 0; at < data.length; at++) data[at] = value(at);
  return { width, height, data };
}
