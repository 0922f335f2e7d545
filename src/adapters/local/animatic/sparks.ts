import { drawGlow } from './glow.ts';
import { noiseAlong } from './noise.ts';
import type { Density, Overlay } from './overlay.ts';
import { hash } from './random.ts';

/** Sparks in the frame at a time, in a 16:9 frame. */
const COUNT: Record<Density, number> = { light: 36, normal: 85, heavy: 170 };
/** What a level of glowing coal brings in U and V, hot and dying. */
const HOT = { u: -0.3, v: 0.26 };
const DYING = { u: -0.26, v: 0.5 };
const SHUTTER = 0.5;

/** Sparks and embers that fly up from below the frame on crooked ways, flicker, redden and go out. */
export function createSparks(size: { width: number; height: number; fps: number }, density: Density, seed: number): Overlay {
  const unit = size.height / 720;
  const count = Math.round((COUNT[density] * size.width) / size.height / (16 / 9));
  return (frame, moment) => {
    for (let id = 0; id < count; id++) {
      const life = 1.6 + 2.4 * hash(seed, id, 1);
      const age = moment.timeSeconds / life + hash(seed, id, 2);
      const turn = Math.floor(age);
      const share = age - turn;
      const own = (salt: number) => hash(seed + turn * 31, id, salt);
      const place = (time: number) => {
        const gone = time * life;
        const wander = noiseAlong(seed + id, gone * 1.4 + turn * 17) - 0.5 + 0.5 * (noiseAlong(seed + id + 500, gone * 4) - 0.5);
        const rise = (150 + 330 * own(3)) * gone * (1 - 0.32 * time);
        return {
          x: own(4) * size.width + (190 * wander + 26 * gone * (own(5) - 0.5)) * unit + moment.shiftX * 1.3,
          y: size.height * (1.02 + 0.1 * own(6)) - rise * unit + moment.shiftY * 1.3,
        };
      };
      const step = SHUTTER / size.fps / life;
      const [at, next] = [place(share), place(share + step)];
      const flicker = 0.65 + 0.35 * noiseAlong(seed + id + 900, moment.timeSeconds * 11);
      const cooled = Math.min(1, share * 1.25);
      const size0 = own(7) ** 2;
      drawGlow(frame, {
        x: at.x,
        y: at.y,
        dx: next.x - at.x,
        dy: next.y - at.y,
        radius: Math.max(0.9, (1.3 + 2.4 * size0) * unit * (1 - 0.4 * cooled)),
        halo: 5,
        light: (420 + 420 * size0) * flicker * (1 - cooled ** 2.2) * Math.min(1, share * 12),
        u: HOT.u + (DYING.u - HOT.u) * cooled,
        v: HOT.v + (DYING.v - HOT.v) * cooled,
      });
    }
  };
}
