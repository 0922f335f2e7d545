import { displace } from './displace.ts';
import { smoothstep } from './ease.ts';
import type { Frame } from './frames.ts';
import { smoothNoise } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { createVeil, fillVeil } from './veil.ts';

/** Largest displacement at the near edge in pixels of a 720-line frame; own choice, judged on motion. */
const PIXELS: Record<Density, number> = { light: 1.8, normal: 3, heavy: 4.6 };
/** Water is taken to begin at this share of the height: where it really is cannot be seen from the words. */
const FROM = 0.5;
const CELL = 8;

/** Shimmering water in the lower half: flat ripples that are finer far away, and glints where it is bright; a subject that stands there stays steady. */
export function createWater(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const [across, down, glint] = [createVeil(size, CELL), createVeil(size, CELL), createVeil(size, CELL)];
  const scratch = new Uint8Array((size.width * size.height * 3) / 2);
  const reach = (PIXELS[density] * size.height) / 720;
  return (frame, { timeSeconds: time, shiftX, shiftY, subject }) => {
    const [moveX, moveY] = [shiftX / size.height, shiftY / size.height];
    const steady = subjectShare(subject, size.height);
    const ripple = (salt: number, x: number, y: number, speed: number) => {
      const far = Math.max(0.06, y - FROM + 0.06);
      // On a plane the picture of a ripple shrinks with the distance to the horizon.
      const [u, v] = [(x - moveX) / (0.35 + far), 0.55 / far];
      const slow = smoothNoise(seed + salt, u * 3.2 + time * 0.25 * speed, v * 6 + moveY + time * 0.8 * speed);
      const quick = smoothNoise(seed + salt + 1, u * 7.5 - time * 0.4 * speed, v * 13 + time * 1.3 * speed);
      return slow * 0.65 + quick * 0.35 - 0.5;
    };
    const share = (x: number, y: number) => smoothstep((y - FROM) / 0.1) * (0.35 + 0.65 * Math.min(1, (y - FROM) / 0.4)) * (1 - steady(x, y));
    fillVeil(across, size.height, (x, y) => 2 * reach * ripple(0, x, y, 1) * share(x, y));
    fillVeil(down, size.height, (x, y) => 1.1 * reach * ripple(10, x, y, 1) * share(x, y));
    displace(frame, across, down, scratch);
    fillVeil(glint, size.height, (x, y) => Math.max(0, ripple(20, x, y, 1.5) - 0.12) * 2.4 * share(x, y));
    drawGlints(frame, glint.data, glint.columns);
  };
}

/** 1 on the subject, 0 away from it, a soft rim between. */
function subjectShare(subject: { x: number; y: number; width: number; height: number } | undefined, unit: number): (x: number, y: number) => number {
  if (!subject) return () => 0;
  const [x0, y0, rx, ry] = [subject.x / unit, subject.y / unit, subject.width / unit / 2, subject.height / unit / 2];
  return (x, y) => smoothstep((1.25 - Math.hypot((x - x0) / rx, (y - y0) / ry)) / 0.4);
}

/** Crests brighten what is bright already: the sky mirrored in them. */
function drawGlints(frame: Frame, glints: Float32Array, columns: number): void {
  const { width, height } = frame;
  for (let y = Math.floor(height * FROM); y < height; y++) {
    const row = Math.floor(y / CELL) * columns;
    const down = (y % CELL) / CELL;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const column = row + (x >> 3);
      const right = (x & 7) / CELL;
      const upper = glints[column] + (glints[column + 1] - glints[column]) * right;
      const lower = glints[column + columns] + (glints[column + columns + 1] - glints[column + columns]) * right;
      const share = upper + (lower - upper) * down;
      if (share > 0.01) frame.y[at] += share * Math.max(0, frame.y[at] - 70) * 0.42;
    }
  }
}
