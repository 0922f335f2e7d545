import { smoothNoise } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { coverVeil, createVeil, fillVeil } from './veil.ts';

const STRENGTH: Record<Density, number> = { light: 0.5, normal: 0.78, heavy: 0.92 };
/** Fog in daylight; own choice, judged on stills. */
const COLOUR = { y: 200, u: 129, v: 127 };
/** Share of the height, from the top, without fog; own choice. */
const CLEAR_ABOVE = 0.3;
/** Grid in output pixels: fog is soft. */
const CELL = 16;

/** Low fog: drifting banks, thick near the ground (lower part of the frame), gone above. */
export function createFog(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const veil = createVeil(size, CELL);
  return (frame, { timeSeconds: time, shiftX, shiftY }) => {
    const [moveX, moveY] = [shiftX / size.height, shiftY / size.height];
    fillVeil(veil, size.height, (x, y) => {
      const ground = Math.min(Math.max((y - CLEAR_ABOVE) / 0.5, 0), 1);
      if (ground === 0) return 0;
      const low = ground * ground * (3 - 2 * ground);
      const [u, v] = [x - moveX, y - moveY];
      // Banks are wider than high; the layers drift against each other.
      const slow = smoothNoise(seed, u * 1.6 + time * 0.05, v * 4 + time * 0.012);
      const fine = smoothNoise(seed + 1, u * 3.7 - time * 0.035, v * 8.5);
      const finest = smoothNoise(seed + 2, u * 8 + time * 0.06, v * 15 + time * 0.03);
      const bank = slow * 0.58 + fine * 0.28 + finest * 0.14;
      const shaped = Math.min(Math.max((bank - 0.22) / 0.5, 0), 1);
      return STRENGTH[density] * low * (0.2 + 0.8 * shaped);
    });
    coverVeil(veil, frame, COLOUR);
  };
}
