import type { RawImage } from '../../../ports.ts';
import { THUMBNAIL_SIDE, thumbnail } from '../thumbnail.ts';

/** Sides of the thumbnail and of the block of low frequencies that is kept. */
const SIDE = 32;
const KEPT = 8;

/**
 * Coefficients weaker than this are rounding of 8-bit values, not structure (a step of one grey value in one of the 1024 pixels weighs at
 * most 1/16): a flat picture has the hash 0.
 */
const LEAST_COEFFICIENT = 0.5;

/** Rows 1..8 of the orthonormal DCT-II matrix of 32 points; row 0 would be the mean. */
const COSINES = Array.from({ length: KEPT }, (_, row) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.sqrt(2 / SIDE) * Math.cos((Math.PI * (row + 1) * (2 * x + 1)) / (2 * SIDE))),
);

/**
 * See `Images.fingerprint`. The hash is pHash's DCT hash: luma scaled to 32 x 32, its 8 x 8 lowest frequencies without the first row and
 * column, one bit each for being above their median (C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
 * thesis, Hagenberg 2010, section 3.2.1; phash.org, `ph_dct_imagehash`, read 2026-11). The scaling filters as pHash's mean filter does.
 * Luma is that of ITU-R BT.601, as there.
 */
export async function fingerprint(image: RawImage): Promise<{ brightness: number; perceptualHash: string }> {
  const luma = await lumaThumbnail(image);
  const brightness = luma.reduce((sum, value) => sum + value, 0) / luma.length / 255;
  return { brightness, perceptualHash: hashOf(lowFrequencies(luma)) };
}

async function lumaThumbnail(image: RawImage): Promise<Float64Array> {
  const rgb = await thumbnail(image);
  const factor = THUMBNAIL_SIDE / SIDE;
  const luma = new Float64Array(SIDE * SIDE);
  for (let y = 0; y < THUMBNAIL_SIDE; y++) {
    for (let x = 0; x < THUMBNAIL_SIDE; x++) {
      const at = 3 * (y * THUMBNAIL_SIDE + x);
      const value = 0.299 * rgb[at] + 0.587 * rgb[at + 1] + 0.114 * rgb[at + 2];
      luma[Math.floor(y / factor) * SIDE + Math.floor(x / factor)] += value / factor ** 2;
    }
  }
  return luma;
}

/** The 64 coefficients, row by row. */
function lowFrequencies(luma: Float64Array): number[] {
  const columns = COSINES.map((cosines) => {
    const column = new Float64Array(SIDE);
    for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) column[y] += cosines[x] * luma[y * SIDE + x];
    return column;
  });
  return COSINES.flatMap((cosines) => columns.map((column) => dot(cosines, column)));
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}

function hashOf(coefficients: number[]): string {
  const strong = coefficients.map((value) => (Math.abs(value) < LEAST_COEFFICIENT ? 0 : value));
  const sorted = strong.toSorted((a, b) => a - b);
  const median = (sorted[31] + sorted[32]) / 2;
  const bits = strong.map((value) => (value > median ? '1' : '0')).join('');
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0');
}
