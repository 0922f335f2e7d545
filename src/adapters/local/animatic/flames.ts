import { noiseAlong } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { createVeil, fillVeil, gainVeil } from './veil.ts';

/** Share by which the light changes at its source; own choice, judged on stills and motion. */
const STRENGTH: Record<Density, number> = { light: 0.16, normal: 0.3, heavy: 0.46 };
/** What a level of firelight brings (a black body of about 1900 K is deep orange). */
const FIRE = { u: -0.34, v: 0.3 };
const CELL = 16;

/** Warm light of flames, candles or a fire that is not seen itself: it flickers and its middle wanders a little. */
export function createFlames(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const veil = createVeil(size, CELL);
  const aspect = size.width / size.height;
  return (frame, { timeSeconds: time, subject }) => {
    // Flames pulse some two to six times a second, with slower swells.
    const flicker = noiseAlong(seed, time * 1.3) * 0.4 + noiseAlong(seed + 1, time * 4.3) * 0.38 + noiseAlong(seed + 2, time * 9) * 0.22;
    const strength = STRENGTH[density] * (0.3 + 1.4 * flicker);
    const [sway, bob] = [noiseAlong(seed + 3, time * 3.1) - 0.5, noiseAlong(seed + 4, time * 3.7) - 0.5];
    const x0 = (subject ? subject.x / size.height : aspect / 2) + 0.06 * sway;
    const y0 = (subject ? subject.y / size.height : 0.8) + 0.05 * bob;
    fillVeil(veil, size.height, (x, y) => {
      const near = 1 / (1 + 2.6 * ((x - x0) ** 2 + (y - y0) ** 2));
      // The rest of the scene is a little darker, as the eye adapts to the fire.
      return strength * near - 0.22 * STRENGTH[density] * (1 - near);
    });
    gainVeil(veil, frame, FIRE);
  };
}
