import type { RawImage } from '../ports/pictures.ts';
import { luma } from './appearance.ts';
import { createKernel, type Kernel } from './kernel.ts';
import type { RegionMap } from './regions.ts';
import { smallest } from './statistics.ts';

const BLOCK = 16;
/** How far a block may have moved, pixels. */
const REACH = 6;
/** Standard deviation of luma under which a block has nothing to compare. */
const FLAT = 5;

/** At most this part of a block's variance is taken for noise: fine texture looks like it. */
const MOST_NOISE = 0.75;

/**
 * Correlation of blocks of 16 pixels of two pictures of the same view, both scaled to a square, each with the best place within 6 pixels; 1 where
 * there is nothing to compare. What grain alone takes from it is given back: each picture's noise is subtracted from the variance of its blocks.
 */
export function detailMap(frame: RawImage, part: RawImage, side: number): RegionMap {
  const both = pairOf(side);
  fill(both.a, frame);
  fill(both.b, part);
  const count = side / BLOCK;
  const data = new Float32Array(count * count);
  for (let y = 0; y < count; y++) for (let x = 0; x < count; x++) data[y * count + x] = bestCorrelation(both, x * BLOCK, y * BLOCK);
  return { width: count, height: count, data };
}

/** A square picture with running sums, so that mean and spread of any block cost nothing. */
interface Plane {
  side: number;
  luma: Float32Array;
  sums: Float64Array;
  squares: Float64Array;
  /** For measuring the noise. */
  edges: Float32Array;
  /** Variance of its noise. */
  noise: number;
}

/** Two pictures whose lumas lie one after the other in a kernel's memory. */
interface Pair {
  kernel: Kernel;
  a: Plane;
  b: Plane;
}

let pair: Pair | undefined;

/** The same at each call: together they are as large as the pictures of a whole report. */
function pairOf(side: number): Pair {
  if (pair?.a.side === side) return pair;
  const kernel = createKernel(2 * bytesOf(side));
  const plane = (at: number): Plane => {
    const sums = () => new Float64Array((side + 1) ** 2);
    const values = new Float32Array(kernel.memory.buffer, at, side * side);
    return { side, luma: values, edges: new Float32Array((side - 2) ** 2), sums: sums(), squares: sums(), noise: 0 };
  };
  pair = { kernel, a: plane(0), b: plane(bytesOf(side)) };
  return pair;
}

const bytesOf = (side: number): number => side * side * Float32Array.BYTES_PER_ELEMENT;

function fill(plane: Plane, image: RawImage): void {
  average(image, plane);
  plane.noise = noiseOf(plane);
  for (let y = 0; y < plane.side; y++) addRow(plane, y);
}

function addRow({ side, luma, sums, squares }: Plane, y: number): void {
  for (let x = 0; x < side; x++) {
    const value = luma[y * side + x];
    const at = (y + 1) * (side + 1) + x + 1;
    sums[at] = value + sums[at - 1] + sums[at - side - 1] - sums[at - side - 2];
    squares[at] = value * value + squares[at - 1] + squares[at - side - 1] - squares[at - side - 2];
  }
}

/** Luma, each point the mean of the pixels that it stands for (the nearest one where it is enlarged). */
function average(image: RawImage, { side, luma: values }: Plane): void {
  const source = luma(image);
  const [columns, rows] = [starts(image.width, side), starts(image.height, side)];
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      values[i] = meanOf(source, image.width, { left: columns[2 * x], right: columns[2 * x + 1], top: rows[2 * y], bottom: rows[2 * y + 1] });
    }
  }
}

function meanOf(source: Float32Array, width: number, { left, right, top, bottom }: { left: number; right: number; top: number; bottom: number }): number {
  let sum = 0;
  for (let row = top; row < bottom; row++) for (let column = left; column < right; column++) sum += source[row * width + column];
  return sum / ((bottom - top) * (right - left));
}

/** First and, behind it, last pixel of each of `side` parts of a length. */
function starts(length: number, side: number): Int32Array {
  const found = new Int32Array(2 * side);
  for (let i = 0; i < side; i++) {
    found[2 * i] = Math.floor((i * length) / side);
    found[2 * i + 1] = Math.max(found[2 * i] + 1, Math.floor(((i + 1) * length) / side));
  }
  return found;
}

/** Variance of white noise by the Laplacian difference that flat and linear parts have none of (Immerkaer, CVIU 1996), of its median, so that edges do not count. */
function noiseOf({ luma: values, side, edges: found }: Plane): number {
  for (let y = 1; y < side - 1; y++) addEdges(values, side, y, found);
  // The kernel has 36 times the noise's variance; the median of a normal distribution's absolute values is 0.6745 of its standard deviation.
  return (smallest(found, found.length >> 1) / (6 * 0.6745)) ** 2;
}

function addEdges(values: Float32Array, side: number, y: number, found: Float32Array): void {
  for (let x = 1; x < side - 1; x++) {
    const at = y * side + x;
    const corners = values[at - side - 1] + values[at - side + 1] + values[at + side - 1] + values[at + side + 1];
    const edges = values[at - side] + values[at - 1] + values[at + 1] + values[at + side];
    found[(y - 1) * (side - 2) + x - 1] = Math.abs(corners - 2 * edges + 4 * values[at]);
  }
}

/** Mean and standard deviation, without the noise, of the block whose top left corner is at (x, y). */
function statistics({ side, sums, squares, noise }: Plane, x: number, y: number): { mean: number; deviation: number } {
  const [from, to] = [y * (side + 1) + x, (y + BLOCK) * (side + 1) + x];
  const mean = (sums[to + BLOCK] - sums[to] - sums[from + BLOCK] + sums[from]) / BLOCK ** 2;
  const variance = (squares[to + BLOCK] - squares[to] - squares[from + BLOCK] + squares[from]) / BLOCK ** 2 - mean * mean;
  return { mean, deviation: Math.sqrt(Math.max(0, variance - Math.min(noise, MOST_NOISE * variance))) };
}

function bestCorrelation({ kernel, a, b }: Pair, left: number, top: number): number {
  const own = statistics(a, left, top);
  const from = placeOf(a, left, top);
  let best = -1;
  let textured = own.deviation >= FLAT;
  for (let v = Math.max(0, top - REACH); v <= Math.min(b.side - BLOCK, top + REACH); v += 2) {
    for (let u = Math.max(0, left - REACH); u <= Math.min(b.side - BLOCK, left + REACH); u += 2) {
      const other = statistics(b, u, v);
      if (other.deviation >= FLAT) textured = true;
      const product = kernel.product(from, placeOf(b, u, v), a.side * Float32Array.BYTES_PER_ELEMENT);
      const covariance = product / BLOCK ** 2 - own.mean * other.mean;
      best = Math.max(best, covariance / (Math.max(FLAT, own.deviation) * Math.max(FLAT, other.deviation)));
    }
  }
  return textured ? Math.min(1, best) : 1;
}

/** Address of a pixel's luma in the kernel's memory. */
const placeOf = ({ luma, side }: Plane, x: number, y: number): number => luma.byteOffset + (y * side + x) * Float32Array.BYTES_PER_ELEMENT;
