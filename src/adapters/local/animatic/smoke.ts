import { noiseAlong, smoothNoise } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { coverVeil, createVeil, fillVeil } from './veil.ts';

const STRENGTH: Record<Density, number> = { light: 0.45, normal: 0.72, heavy: 0.9 };
/** Grey with a breath of blue, as thin smoke scatters; own choice, judged on stills. */
const COLOUR = { y: 150, u: 130, v: 127 };
const CELL = 8;
/** Frame heights a second that smoke rises; own choice. */
const RISE = 0.085;

/** Wisps of smoke that rise, curl and thin out upwards. */
export function createSmoke(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const veil = createVeil(size, CELL);
  return (frame, { timeSeconds: time, shiftX, shiftY }) => {
    const [moveX, moveY] = [shiftX / size.height, shiftY / size.height];
    fillVeil(veil, size.height, (x, y) => {
      const [u, v] = [x - moveX, y - moveY + time * RISE];
      // Noise bent by other noise curls as smoke does (domain warping, Quilez 2002).
      const bendX = smoothNoise(seed, u * 1.5, v * 1.1) - 0.5;
      const bendY = smoothNoise(seed + 1, u * 1.5 + 7, v * 1.1 - time * 0.03) - 0.5;
      const [p, q] = [u + 0.55 * bendX, v + 0.4 * bendY];
      const body = smoothNoise(seed + 2, p * 2.1, q * 1.2) * 0.55 + smoothNoise(seed + 3, p * 4.6, q * 2.7 + time * 0.04) * 0.28;
      const detail = smoothNoise(seed + 4, p * 10, q * 6 + time * 0.09) * 0.17;
      const wisp = Math.min(Math.max((body + detail - 0.36) / 0.34, 0), 1);
      // Denser below, and in slowly wandering columns.
      const column = 0.45 + 0.55 * noiseAlong(seed + 5, (x - moveX) * 1.3 + 0.3 * bendX + time * 0.02);
      const low = Math.min(1, 0.25 + 1.1 * Math.max(0, y - 0.05));
      return STRENGTH[density] * wisp ** 1.3 * column * low;
    });
    coverVeil(veil, frame, COLOUR);
  };
}
