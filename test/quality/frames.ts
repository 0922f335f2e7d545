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

const TEXTURE = 512;
/** Smooth texture larger than a frame, without a period that block matching could mistake for a movement. */
const texture = (() => {
  const random = seeded(11);
  const knots = Array.from({ length: 65 * 65 }, () => 40 + 175 * random());
  return Float32Array.from({ length: TEXTURE * TEXTURE }, (_, i) => {
    const [x, y] = [(i % TEXTURE) / 8, Math.floor(i / TEXTURE) / 8];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const row = (at: number) => knots[at * 65 + left] * (left + 1 - x) + knots[at * 65 + left + 1] * (x - left);
    return row(top) * (top + 1 - y) + row(top + 1) * (y - top);
  });
})();

/** A luma frame of the texture, moved left by dx px (0..380) and brightened by `gain`. */
export function lumaFrame(dx: number, gain = 1): Uint8Array {
  const [whole, part] = [Math.floor(dx), dx - Math.floor(dx)];
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const at = Math.floor(i / SIDE) * TEXTURE + (i % SIDE) + whole;
    return Math.min(255, Math.round(gain * (texture[at] * (1 - part) + texture[at + 1] * part)));
  });
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
