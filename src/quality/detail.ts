import type { RawImage } from '../ports/pictures.ts';
import { createPictureKernel, type PictureKernel } from './kernel.ts';
import { luma } from './luma.ts';
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
  fill(both, both.a, frame);
  fill(both, both.b, part);
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
  /** Variance of its noise. */
  noise: number;
}

/** Two pictures in a kernel's memory, and behind them room for what is made of each in turn. */
interface Pair {
  kernel: PictureKernel;
  a: Plane;
  b: Plane;
  /** Absolute values of the Laplacian difference. */
  edges: Float32Array;
  columns: Int32Array;
  /** Rows of a picture as it is. */
  rows: Float32Array;
}

let pair: Pair | undefined;

/** Floats that rows of a picture take at most: those of one point of a picture of 8192 x 8192 pixels. */
const ROW_FLOATS = 38 * 8192;

/** The same at each call: together they are as large as the pictures of a whole report. */
function pairOf(side: number): Pair {
  if (pair?.a.side === side) return pair;
  const points = side * side;
  // Running sums first, so that their doubles lie where doubles must.
  const bytes = [...Array(4).fill(8 * (side + 1) ** 2), ...Array(3).fill(4 * points), 8 * side, 4 * ROW_FLOATS];
  const at = bytes.map((_, i) => bytes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const kernel = createPictureKernel(at[8] + bytes[8]);
  const { buffer } = kernel.memory;
  const sums = (part: number) => new Float64Array(buffer, at[part], (side + 1) ** 2);
  const floats = (part: number) => new Float32Array(buffer, at[part], bytes[part] / 4);
  const plane = (part: number): Plane => ({ side, luma: floats(4 + part), sums: sums(2 * part), squares: sums(2 * part + 1), noise: 0 });
  pair = { kernel, a: plane(0), b: plane(1), edges: floats(6), columns: new Int32Array(buffer, at[7], 2 * side), rows: floats(8) };
  return pair;
}

function fill(both: Pair, plane: Plane, image: RawImage): void {
  average(both, plane, image);
  plane.noise = noiseOf(both, plane);
  both.kernel.totals(plane.luma.byteOffset, plane.side, plane.sums.byteOffset, plane.squares.byteOffset);
}

/** Luma, each point the mean of the pixels that it stands for (the nearest one where it is enlarged). */
function average({ kernel, columns, rows }: Pair, { side, luma: values }: Plane, image: RawImage): void {
  const source = luma(image);
  const borders = starts(image.height, side);
  const width = Math.ceil(image.width / 4) * 4;
  columns.set(starts(image.width, side));
  for (let y = 0; y < side; y++) {
    const [top, bottom] = [borders[2 * y], borders[2 * y + 1]];
    for (let row = top; row < bottom; row++) rows.set(source.subarray(row * image.width, (row + 1) * image.width), (row - top) * width);
    kernel.means(rows.byteOffset, width, bottom - top, columns.byteOffset, side, values.byteOffset + 4 * y * side);
  }
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
function noiseOf({ kernel, edges }: Pair, { luma: values, side }: Plane): number {
  kernel.edges(values.byteOffset, side, edges.byteOffset);
  const count = (side - 2) ** 2;
  // The kernel has 36 times the noise's variance; the median of a normal distribution's absolute values is 0.6745 of its standard deviation.
  return (smallest(edges.subarray(0, count), count >> 1) / (6 * 0.6745)) ** 2;
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
