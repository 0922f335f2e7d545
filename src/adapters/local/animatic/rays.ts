import { noiseAlong } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { hash } from './random.ts';
import { createVeil, fillVeil, lightVeil } from './veil.ts';

/** Levels of luma at the brightest; own choice, judged on stills. */
const LEVELS: Record<Density, number> = { light: 60, normal: 105, heavy: 150 };
/** What a level of sunlight brings: less blue, more red. */
const WARM = { u: -0.14, v: 0.07 };
const CELL = 8;

/** Shafts of sunlight from beyond an upper corner (which one is up to the seed) that slowly sway and breathe. */
export function createRays(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const veil = createVeil(size, CELL);
  const aspect = size.width / size.height;
  const fromLeft = hash(seed, 9, 1) < 0.5;
  const source = { x: fromLeft ? -0.05 * aspect : 1.05 * aspect, y: -0.32 };
  return (frame, { timeSeconds: time, shiftX, shiftY }) => {
    // The sun is far away: it hardly moves with the picture.
    const [moveX, moveY] = [(0.15 * shiftX) / size.height, (0.15 * shiftY) / size.height];
    fillVeil(veil, size.height, (x, y) => {
      const [dx, dy] = [(x - source.x - moveX) * (fromLeft ? 1 : -1), y - source.y - moveY];
      const angle = Math.atan2(dx, dy);
      const distance = Math.hypot(dx, dy);
      const broad = noiseAlong(seed + 1, angle * 5.5 + time * 0.035);
      const narrow = noiseAlong(seed + 2, angle * 15 - time * 0.05);
      const fine = noiseAlong(seed + 3, angle * 38 + time * 0.04);
      const shaft = Math.max(0, broad * 0.6 + narrow * 0.3 + fine * 0.1 - 0.26) / 0.6;
      const breath = 0.85 + 0.15 * noiseAlong(seed + 4, time * 0.5 + angle);
      // Strongest along the diagonal, fading with the way through the air.
      const spread = Math.exp(-(((angle - 0.75) / 0.55) ** 2));
      return LEVELS[density] * shaft ** 1.4 * breath * spread * Math.exp(-distance / 1.25) * 1.9;
    });
    lightVeil(veil, frame, WARM);
  };
}
