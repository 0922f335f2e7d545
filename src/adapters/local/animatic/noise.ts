import { hash } from './random.ts';

const fade = (t: number) => t * t * t * (t * (6 * t - 15) + 10);

/** Value noise with quintic interpolation (Perlin 2002), in [0, 1]. */
export function smoothNoise(seed: number, x: number, y: number): number {
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [fade(x - ix), fade(y - iy)];
  const upper = hash(seed, ix, iy) + (hash(seed, ix + 1, iy) - hash(seed, ix, iy)) * fx;
  const lower = hash(seed, ix, iy + 1) + (hash(seed, ix + 1, iy + 1) - hash(seed, ix, iy + 1)) * fx;
  return upper + (lower - upper) * fy;
}

/** The same along a line. */
export function noiseAlong(seed: number, x: number): number {
  const index = Math.floor(x);
  return hash(seed, index, 0) + (hash(seed, index + 1, 0) - hash(seed, index, 0)) * fade(x - index);
}
