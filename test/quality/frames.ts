import type { RawImage } from '../../src/ports/pictures.ts';

/** Side of the luma frames that the pixel checks take. */
export const SIDE = 128;

/** Seeded numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A smooth texture far larger than a frame: sums of waves, so that shifted copies are exact and every block has detail. */
export function textureAt(x: number, y: number): number {
  const value = 128 + 40 * Math.sin(x * 0.31 + 2 * Math.sin(y * 0.11)) + 40 * Math.sin(y * 0.27 + 2 * Math.sin(x * 0.13)) + 20 * Math.sin((x + y) * 0.71);
  return Math.max(0, Math.min(255, value));
}

/** A luma frame of the texture, moved by (dx, dy) px and brightened by `gain`. */
export function lumaFrame(dx: number, dy = 0, gain = 1): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => Math.min(255, Math.round(gain * textureAt((i % SIDE) + dx, Math.floor(i / SIDE) + dy))));
}

/** Unrelated noise in blocks of 4 px. */
export function noiseFrame(seed: number): Uint8Array {
  const random = seeded(seed);
  const values = Array.from({ length: 32 * 32 }, () => Math.floor(random() * 256));
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => values[Math.floor(i / SIDE / 4) * 32 + Math.floor((i % SIDE) / 4)]);
}

export function flatImage(width: number, height: number, rgb: [number, number, number]): RawImage {
  return { width, height, channels: 3, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => rgb[i % 3]) };
}
