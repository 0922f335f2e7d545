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
  for (let y = 0; y < count; y++) for (let x = 0; x < count; x++) data[y * count + x] = bestCorrelation(a, b, x * BLOCK, y * BLOCK, side);
  return { width: count, height: count, data };
}

function squared(image: RawImage, side: number): Float32Array {
  const source = luma(image);
  const out = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    const sy = Math.min(image.height - 1, ((y + 0.5) * image.height) / side);
    const row = Math.floor(sy) * image.width;
    for (let x = 0; x < side; x++) out[y * side + x] = source[row + Math.min(image.width - 1, Math.floor(((x + 0.5) * image.width) / side))];
  }
  return out;
}

function bestCorrelation(a: Float32Array, b: Float32Array, left: number, top: number, side: number): number {
  const own = block(a, left, top, side);
  let best = -1;
  let textured = own.deviation >= FLAT;
  for (let dy = -REACH; dy <= REACH; dy += 2) {
    for (let dx = -REACH; dx <= REACH; dx += 2) {
      const [u, v] = [left + dx, top + dy];
      if (u < 0 || v < 0 || u + BLOCK > side || v + BLOCK > side) continue;
      const other = block(b, u, v, side);
      if (other.deviation >= FLAT) textured = true;
      let sum = 0;
      for (let i = 0; i < own.values.length; i++) sum += own.values[i] * other.values[i];
      const scale = BLOCK * BLOCK * Math.max(FLAT, own.deviation) * Math.max(FLAT, other.deviation);
      best = Math.max(best, sum / scale);
    }
  }
  return textured ? best : 1;
}

function block(data: Float32Array, left: number, top: number, side: number): { values: Float32Array; deviation: number } {
  const values = new Float32Array(BLOCK * BLOCK);
  let sum = 0;
  for (let j = 0; j < BLOCK; j++)
    for (let i = 0; i < BLOCK; i++) {
      const value = data[(top + j) * side + left + i];
      values[j * BLOCK + i] = value;
      sum += value;
    }
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] -= mean;
    squares += values[i] * values[i];
  }
  return { values, deviation: Math.sqrt(squares / values.length) };
}
