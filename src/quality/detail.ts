import type { RawImage } from '../ports/pictures.ts';
import { luma } from './appearance.ts';
import type { RegionMap } from './regions.ts';

const BLOCK = 16;
/** How far a block may have moved, pixels. */
const REACH = 6;
/** Standard deviation of luma under which a block has nothing to compare. */
const FLAT = 5;

/** Correlation of blocks of 16 pixels of two pictures of the same view, both scaled to a square, each with the best place within 6 pixels; 1 where there is nothing to compare. */
export function detailMap(frame: RawImage, part: RawImage, side: number): RegionMap {
  const a = squared(frame, side);
  const b = squared(part, side);
  const count = side / BLOCK;
  const data = new Float32Array(count * count);
  for (let y = 0; y < count; y++) for (let x = 0; x < count; x++) data[y * count + x] = bestCorrelation(a, b, x * BLOCK, y * BLOCK);
  return { width: count, height: count, data };
}

/** A square picture with running sums, so that mean and spread of any block cost nothing. */
interface Plane {
  side: number;
  luma: Float32Array;
  sums: Float64Array;
  squares: Float64Array;
}

function squared(image: RawImage, side: number): Plane {
  const source = luma(image);
  const plane = { side, luma: new Float32Array(side * side), sums: new Float64Array((side + 1) ** 2), squares: new Float64Array((side + 1) ** 2) };
  for (let y = 0; y < side; y++) {
    const row = Math.min(image.height - 1, Math.floor(((y + 0.5) * image.height) / side)) * image.width;
    for (let x = 0; x < side; x++) {
      const value = source[row + Math.min(image.width - 1, Math.floor(((x + 0.5) * image.width) / side))];
      const at = (y + 1) * (side + 1) + x + 1;
      plane.luma[y * side + x] = value;
      plane.sums[at] = value + plane.sums[at - 1] + plane.sums[at - side - 1] - plane.sums[at - side - 2];
      plane.squares[at] = value * value + plane.squares[at - 1] + plane.squares[at - side - 1] - plane.squares[at - side - 2];
    }
  }
  return plane;
}

/** Mean and standard deviation of the block whose top left corner is at (x, y). */
function statistics({ side, sums, squares }: Plane, x: number, y: number): { mean: number; deviation: number } {
  const [from, to] = [y * (side + 1) + x, (y + BLOCK) * (side + 1) + x];
  const mean = (sums[to + BLOCK] - sums[to] - sums[from + BLOCK] + sums[from]) / BLOCK ** 2;
  const square = (squares[to + BLOCK] - squares[to] - squares[from + BLOCK] + squares[from]) / BLOCK ** 2;
  return { mean, deviation: Math.sqrt(Math.max(0, square - mean * mean)) };
}

function bestCorrelation(a: Plane, b: Plane, left: number, top: number): number {
  const own = statistics(a, left, top);
  let best = -1;
  let textured = own.deviation >= FLAT;
  for (let v = Math.max(0, top - REACH); v <= Math.min(b.side - BLOCK, top + REACH); v += 2) {
    for (let u = Math.max(0, left - REACH); u <= Math.min(b.side - BLOCK, left + REACH); u += 2) {
      const other = statistics(b, u, v);
      if (other.deviation >= FLAT) textured = true;
      const covariance = product(a, b, { left, top, u, v }) / BLOCK ** 2 - own.mean * other.mean;
      best = Math.max(best, covariance / (Math.max(FLAT, own.deviation) * Math.max(FLAT, other.deviation)));
    }
  }
  return textured ? best : 1;
}

/** Four sums side by side: one after the other each addition would wait for the last. */
function product(a: Plane, b: Plane, { left, top, u, v }: { left: number; top: number; u: number; v: number }): number {
  const [x, y] = [a.luma, b.luma];
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let j = 0; j < BLOCK; j++) {
    const first = (top + j) * a.side + left;
    const second = (v + j) * b.side + u;
    for (let i = 0; i < BLOCK; i += 4) {
      s0 += x[first + i] * y[second + i];
      s1 += x[first + i + 1] * y[second + i + 1];
      s2 += x[first + i + 2] * y[second + i + 2];
      s3 += x[first + i + 3] * y[second + i + 3];
    }
  }
  return s0 + s1 + s2 + s3;
}
