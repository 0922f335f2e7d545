import type { Frame } from './frames.ts';
import { hash } from './random.ts';

/** A grid over the frame for what is soft: computed at each `cell`-th pixel, drawn with even steps between. */
export interface Veil {
  cell: number;
  columns: number;
  rows: number;
  data: Float32Array;
}

/** `cell` is a multiple of 2. */
export function createVeil(size: { width: number; height: number }, cell: number): Veil {
  const columns = Math.ceil(size.width / cell) + 2;
  const rows = Math.ceil(size.height / cell) + 2;
  return { cell, columns, rows, data: new Float32Array(columns * rows) };
}

/** Sets every value; `x` and `y` are in frame heights from the top left corner. */
export function fillVeil(veil: Veil, height: number, value: (x: number, y: number) => number): void {
  const step = veil.cell / height;
  for (let row = 0; row < veil.rows; row++) {
    for (let column = 0; column < veil.columns; column++) veil.data[row * veil.columns + column] = value(column * step, row * step);
  }
}

/** Half a level of fixed noise hides the steps of 8 bits in soft gradients. */
const DITHER = Float32Array.from({ length: 256 }, (_, index) => hash(7, index, 1) - 0.5);

/** Calls `row` for each even-stepped piece of each line that is not empty. */
function eachPiece(veil: Veil, frame: Frame, draw: (y: number, from: number, to: number, left: number, step: number) => void): void {
  const { cell, columns, data } = veil;
  for (let y = 0; y < frame.height; y++) {
    const row = Math.floor(y / cell);
    const down = y / cell - row;
    const at = (column: number) => {
      const upper = data[row * columns + column];
      return upper + (data[(row + 1) * columns + column] - upper) * down;
    };
    for (let column = 0; column * cell < frame.width; column++) {
      const [left, right] = [at(column), at(column + 1)];
      if (Math.abs(left) + Math.abs(right) > 0.004) draw(y, column * cell, Math.min(frame.width, (column + 1) * cell), left, (right - left) / cell);
    }
  }
}

/** Blends a colour over the frame: values of the veil are its share, 0 to 1. */
export function coverVeil(veil: Veil, frame: Frame, colour: { y: number; u: number; v: number }): void {
  eachPiece(veil, frame, (y, from, to, left, step) => {
    let alpha = left;
    for (let x = from, at = y * frame.width + x; x < to; x++, at++, alpha += step) {
      frame.y[at] += (colour.y - frame.y[at]) * alpha + DITHER[(y & 15) * 16 + (x & 15)];
    }
    if (y & 1) return;
    alpha = left;
    for (let x = from, at = (y >> 1) * (frame.width >> 1) + (x >> 1); x < to; x += 2, at++, alpha += 2 * step) {
      frame.u[at] += (colour.u - frame.u[at]) * alpha;
      frame.v[at] += (colour.v - frame.v[at]) * alpha;
    }
  });
}

/** Adds light: values of the veil are levels of luma; `u` and `v` are what one level brings with it. Bright parts take less, so that nothing burns out. */
export function lightVeil(veil: Veil, frame: Frame, colour: { u: number; v: number }): void {
  eachPiece(veil, frame, (y, from, to, left, step) => {
    let light = left;
    for (let x = from, at = y * frame.width + x; x < to; x++, at++, light += step) {
      frame.y[at] += light * (1 - (frame.y[at] - 16) / 260) + DITHER[(y & 15) * 16 + (x & 15)];
    }
    if (y & 1) return;
    light = left;
    for (let x = from, at = (y >> 1) * (frame.width >> 1) + (x >> 1); x < to; x += 2, at++, light += 2 * step) {
      frame.u[at] += light * colour.u;
      frame.v[at] += light * colour.v;
    }
  });
}

/** Brightens or darkens: values of the veil are the share by which light grows; `u` and `v` are what each level of luma that is added brings with it. */
export function gainVeil(veil: Veil, frame: Frame, colour: { u: number; v: number }): void {
  eachPiece(veil, frame, (y, from, to, left, step) => {
    let gain = left;
    for (let x = from, at = y * frame.width + x; x < to; x++, at++, gain += step) {
      frame.y[at] += (frame.y[at] - 16) * gain * (1 - frame.y[at] / 320) + DITHER[(y & 15) * 16 + (x & 15)];
    }
    if (y & 1) return;
    gain = left;
    for (let x = from, at = (y >> 1) * (frame.width >> 1) + (x >> 1); x < to; x += 2, at++, gain += 2 * step) {
      const added = (frame.y[y * frame.width + x] - 16) * gain;
      frame.u[at] += added * colour.u;
      frame.v[at] += added * colour.v;
    }
  });
}
