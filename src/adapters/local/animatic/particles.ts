import { drawGlow } from './glow.ts';
import { noiseAlong } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { hash } from './random.ts';

const COUNT: Record<Density, number> = { light: 45, normal: 95, heavy: 180 };
/** What a level of golden light brings in U and V. */
const GOLD = { u: -0.24, v: 0.1 };

/** Glowing motes that drift slowly at different depths and pulse: fireflies, dust in light, magic. */
export function createParticles(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const unit = size.height / 720;
  const count = Math.round((COUNT[density] * size.width) / size.height / (16 / 9));
  const wrap = (value: number, span: number) => ((value % span) + span) % span;
  return (frame, moment) => {
    for (let id = 0; id < count; id++) {
      // Most are far and small; a few are near, large and out of focus.
      const near = hash(seed, id, 1) ** 3;
      const time = moment.timeSeconds;
      const speed = (10 + 26 * near) * unit;
      const margin = 60 * unit;
      const parallax = 0.8 + 1.1 * near;
      const driftX = (noiseAlong(seed + id, time * 0.22) - 0.5) * 6 + (hash(seed, id, 2) - 0.5) * time * 0.8;
      const driftY = (noiseAlong(seed + id + 400, time * 0.2) - 0.5) * 5 - time * (0.25 + 0.5 * hash(seed, id, 3));
      const x = wrap(hash(seed, id, 4) * (size.width + 2 * margin) + driftX * speed + moment.shiftX * parallax, size.width + 2 * margin) - margin;
      const y = wrap(hash(seed, id, 5) * (size.height + 2 * margin) + driftY * speed + moment.shiftY * parallax, size.height + 2 * margin) - margin;
      const pulse = 0.35 + 0.65 * (0.5 + 0.5 * Math.sin(time * (0.9 + 1.5 * hash(seed, id, 6)) + 6.28 * hash(seed, id, 7)));
      drawGlow(frame, {
        x,
        y,
        dx: 0,
        dy: 0,
        radius: Math.max(1, (1.7 + 9 * near) * unit),
        halo: near > 0.3 ? 2.2 : 4.5,
        light: (near > 0.3 ? 62 : 230) * pulse,
        u: GOLD.u,
        v: GOLD.v,
      });
    }
  };
}
