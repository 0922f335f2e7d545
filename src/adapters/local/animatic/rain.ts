import type { Density, Overlay } from './overlay.ts';
import { hash } from './random.ts';
import { drawStreak } from './streak.ts';

/** Depths of rain (opacity is that of the resting drop, spread over the streak); units as for snow. A 2 mm drop falls at 6.5 m/s (Gunn and Kinzer 1949), so near drops cross the frame in a third of a second. */
const LAYERS = [
  { count: 300, radius: 0.75, fall: 1000, opacity: 4.2 },
  { count: 150, radius: 1.05, fall: 1500, opacity: 6.5 },
  { count: 40, radius: 1.6, fall: 2300, opacity: 7.5 },
] as const;
const DENSITY: Record<Density, number> = { light: 0.45, normal: 1, heavy: 2 };
const SHUTTER = 0.6;

/** Rain as thin slanted streaks in three depths. */
export function createRain(size: { width: number; height: number; fps: number }, density: Density, seed: number): Overlay {
  const unit = size.height / 720;
  const slant = (hash(seed, 3, 1) - 0.5) * 0.24;
  const share = (size.width / size.height / (16 / 9)) * DENSITY[density];
  return (frame, moment) => {
    LAYERS.forEach((layer, depth) => {
      const margin = 110 * unit;
      const [spanX, spanY] = [frame.width + 2 * margin, frame.height + 2 * margin];
      for (let index = 0; index < Math.round(layer.count * share); index++) {
        const id = depth * 10_000 + index;
        const speed = layer.fall * unit * (0.85 + 0.3 * hash(seed, id, 2));
        const fallen = hash(seed, id, 4) * spanY + moment.timeSeconds * speed + moment.shiftY;
        const passage = Math.floor(fallen / spanY);
        const y = fallen - passage * spanY - margin;
        const drift = hash(seed, id, 10 + passage) * spanX + (y + margin) * slant + moment.shiftX;
        const x = (((drift % spanX) + spanX) % spanX) - margin;
        const dy = (speed * SHUTTER) / size.fps;
        const opacity = layer.opacity * (0.6 + 0.4 * hash(seed, id, 5));
        drawStreak(frame, { x, y, dx: dy * slant, dy, radius: Math.max(0.7, layer.radius * unit), softness: 1, opacity });
      }
    });
  };
}
