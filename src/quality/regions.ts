import type { Box } from '../ports/pictures.ts';
import type { RegionFeatures } from '../ports/vision.ts';

/** Agreement of two pictures of the same view, cell by cell, -1..1, row by row. */
export interface RegionMap {
  width: number;
  height: number;
  data: Float32Array;
}

/** How far a thing may have moved between the two pictures, cells. */
const REACH = 1;

/**
 * Cosine of each cell with the best of the 3 x 3 cells around it in the other picture, the lesser of both ways round: what was added and what
 * was taken away both show. Cells are compared by how they differ from the mean cell of the two pictures.
 */
export function compareRegions(a: RegionFeatures, b: RegionFeatures): RegionMap {
  const [first, second] = centred(a, b);
  const { there, back } = bestAround(first, second, a);
  return { width: a.width, height: a.height, data: there.map((value, i) => Math.min(value, back[i])) };
}

/** Cells of both pictures as unit vectors, cell after cell. */
function centred(a: RegionFeatures, b: RegionFeatures): [Float32Array, Float32Array] {
  const cells = a.width * a.height;
  const means = new Float32Array(a.channels);
  for (let c = 0; c < a.channels; c++) {
    let sum = 0;
    for (let i = 0; i < cells; i++) sum += a.data[c * cells + i] + b.data[c * cells + i];
    means[c] = sum / (2 * cells);
  }
  return [unitCells(a, means), unitCells(b, means)];
}

function unitCells({ width, height, channels, data }: RegionFeatures, means: Float32Array): Float32Array {
  const cells = width * height;
  const out = new Float32Array(cells * channels);
  for (let i = 0; i < cells; i++) {
    let squares = 0;
    for (let c = 0; c < channels; c++) {
      const value = data[c * cells + i] - means[c];
      out[i * channels + c] = value;
      squares += value * value;
    }
    const length = Math.sqrt(squares) || 1;
    for (let c = 0; c < channels; c++) out[i * channels + c] /= length;
  }
  return out;
}

/** For each cell of the first picture the best of the cells around it in the second, and for each of the second the best in the first. */
function bestAround(first: Float32Array, second: Float32Array, { width, height, channels }: RegionFeatures): { there: Float32Array; back: Float32Array } {
  const there = new Float32Array(width * height).fill(-1);
  const back = there.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      for (let v = Math.max(0, y - REACH); v <= Math.min(height - 1, y + REACH); v++) {
        for (let u = Math.max(0, x - REACH); u <= Math.min(width - 1, x + REACH); u++) {
          const j = v * width + u;
          const agreement = dot(first, i * channels, second, j * channels, channels);
          if (agreement > there[i]) there[i] = agreement;
          if (agreement > back[j]) back[j] = agreement;
        }
      }
    }
  }
  return { there, back };
}

function dot(a: Float32Array, from: number, b: Float32Array, to: number, length: number): number {
  let sum = 0;
  for (let c = 0; c < length; c++) sum += a[from + c] * b[to + c];
  return sum;
}

/** The region of 3 x 3 cells that agrees least, and its box in fractions of the picture. */
export function leastRegion({ width, height, data }: RegionMap): { agreement: number; box: Box } {
  let least = { agreement: Number.POSITIVE_INFINITY, x: 0, y: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const agreement = meanAround(data, { x, y, width, height });
      if (agreement < least.agreement) least = { agreement, x, y };
    }
  }
  const left = Math.max(0, least.x - 1) / width;
  const top = Math.max(0, least.y - 1) / height;
  const box = { x: left, y: top, width: Math.min(1, (least.x + 2) / width) - left, height: Math.min(1, (least.y + 2) / height) - top };
  return { agreement: least.agreement, box };
}

function meanAround(data: Float32Array, { x, y, width, height }: { x: number; y: number; width: number; height: number }): number {
  let sum = 0;
  let count = 0;
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
      sum += data[v * width + u];
      count++;
    }
  }
  return sum / count;
}
