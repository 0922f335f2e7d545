import { displace } from './displace.ts';
import { smoothstep } from './ease.ts';
import { smoothNoise } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { createVeil, fillVeil } from './veil.ts';

/** Largest displacement in pixels of a 720-line frame; own choice, judged on motion. */
const PIXELS: Record<Density, number> = { light: 1.6, normal: 2.8, heavy: 4.4 };
const CELL = 8;

/** Hot air over the ground: what is seen through it wavers, small waves rise fast; strongest in the lower middle, none at the top. */
export function createHeat(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const [across, down] = [createVeil(size, CELL), createVeil(size, CELL)];
  const scratch = new Uint8Array((size.width * size.height * 3) / 2);
  const reach = (PIXELS[density] * size.height) / 720;
  return (frame, { timeSeconds: time }) => {
    const wave = (salt: number, x: number, y: number) => {
      const coarse = smoothNoise(seed + salt, x * 9, y * 17 + time * 1.9) - 0.5;
      const fine = smoothNoise(seed + salt + 1, x * 23 + time * 0.4, y * 40 + time * 4.2) - 0.5;
      // Gusts: the shimmer comes and goes.
      const gust = 0.5 + smoothNoise(seed + salt + 2, x * 1.4, y * 2 + time * 0.7);
      return reach * (1.35 * coarse + 0.65 * fine) * gust * smoothstep((y - 0.2) / 0.35) * smoothstep((1.08 - y) / 0.25);
    };
    fillVeil(across, size.height, (x, y) => wave(0, x, y));
    fillVeil(down, size.height, (x, y) => 0.6 * wave(10, x, y));
    displace(frame, across, down, scratch);
  };
}
