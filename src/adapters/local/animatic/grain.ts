import type { Density, Overlay } from './overlay.ts';
import { hash, randomFrom } from './random.ts';

const TILE = 512;
/** Standard deviation in luma levels; own choice: visible, but not noise. */
const DEVIATION: Record<Density, number> = { light: 2, normal: 3.2, heavy: 5.5 };

/** Film grain in luma: a fixed noise tile laid at another place in each frame. */
export function createGrain(_size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const random = randomFrom(seed);
  const raw = Float32Array.from({ length: TILE * TILE }, () => random() + random() + random() + random() - 2);
  const tile = new Int8Array(TILE * TILE);
  // Each grain covers about 1.5 pixels: neighbours are mixed in. The sum of four uniforms has a deviation of .577, the mix .577 * 1.225.
  const gain = DEVIATION[density] / (0.577 * 1.225);
  for (let at = 0; at < raw.length; at++) tile[at] = Math.round(gain * (raw[at] + 0.5 * raw[(at + 1) % raw.length] + 0.5 * raw[(at + TILE) % raw.length]));
  return (frame, { index }) => {
    const offsetX = Math.floor(hash(seed, index, 21) * TILE);
    const offsetY = Math.floor(hash(seed, index, 22) * TILE);
    for (let y = 0, to = 0; y < frame.height; y++) {
      const row = ((y + offsetY) & (TILE - 1)) * TILE;
      for (let x = 0; x < frame.width; x++, to++) frame.y[to] += tile[row + ((x + offsetX) & (TILE - 1))];
    }
  };
}
