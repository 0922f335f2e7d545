import type { Pause } from './chunks.ts';

/** Sums over squares of 2 radius + 1, in place. */
export function boxSum(values: Float32Array, width: number, height: number, radius: number): void {
  const line = new Float32Array(Math.max(width, height) + 1);
  const along = (start: number, step: number, length: number): void => {
    for (let i = 0; i < length; i++) line[i + 1] = line[i] + values[start + i * step];
    for (let i = 0; i < length; i++) values[start + i * step] = line[Math.min(length, i + radius + 1)] - line[Math.max(0, i - radius)];
  };
  for (let y = 0; y < height; y++) along(y * width, 1, width);
  for (let x = 0; x < width; x++) along(x, width, height);
}

/** Means of the known RGB pixels in a square of 2 radius + 1 around each pixel; 0 where none is known. `hole` is over 0 where unknown. */
export async function localMeans(
  pixels: Uint8Array,
  hole: Uint8Array,
  size: { width: number; height: number },
  radius: number,
  pause: Pause,
): Promise<Uint8Array> {
  const { width, height } = size;
  const out = new Uint8Array(pixels.length);
  const known = new Float32Array(hole.length);
  for (let at = 0; at < known.length; at++) known[at] = hole[at] > 0 ? 0 : 1;
  const count = known.slice();
  boxSum(count, width, height, radius);
  await pause();
  const sums = new Float32Array(hole.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < sums.length; at++) sums[at] = known[at] * pixels[at * 3 + channel];
    await pause();
    boxSum(sums, width, height, radius);
    await pause();
    for (let at = 0; at < sums.length; at++) out[at * 3 + channel] = count[at] > 0 ? Math.round(sums[at] / count[at]) : 0;
  }
  return out;
}
