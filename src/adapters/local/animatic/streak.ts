import type { Frame } from './frames.ts';

/** A soft-edged particle that moved by (dx, dy) while the shutter was open; all in output pixels, (x, y) is its middle. */
export interface Streak {
  x: number;
  y: number;
  dx: number;
  dy: number;
  radius: number;
  /** Share of the radius over which it fades, (0, 1]. */
  softness: number;
  /** Of the resting particle; spread over the streak when it moves, so drops that are brighter than white may have more than 1. */
  opacity: number;
}

const WHITE = 228;
/** On a bright ground white is invisible; real flakes and drops look grey against the sky there. */
const SHADE = 160;

/** Blends a particle into the frame: luma towards white (towards grey on a bright ground), chroma towards neutral. */
export function drawStreak(frame: Frame, streak: Streak): void {
  const { x, y, radius } = streak;
  const [halfX, halfY] = [streak.dx / 2, streak.dy / 2];
  const left = Math.max(0, Math.ceil(x - Math.abs(halfX) - radius));
  const right = Math.min(frame.width - 1, Math.floor(x + Math.abs(halfX) + radius));
  const top = Math.max(0, Math.ceil(y - Math.abs(halfY) - radius));
  const bottom = Math.min(frame.height - 1, Math.floor(y + Math.abs(halfY) + radius));
  if (left > right || top > bottom) return;
  const lengthSquared = streak.dx ** 2 + streak.dy ** 2;
  // Light is conserved: the area of the streak over the area of the disc.
  const opacity = Math.min(1, streak.opacity / (1 + (Math.sqrt(lengthSquared) * 2) / (Math.PI * radius)));
  const tone = toneFor(frame.y[Math.round((top + bottom) / 2) * frame.width + Math.round((left + right) / 2)]);
  const inner = radius * (1 - streak.softness);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const [px, py] = [column - x, row - y];
      const along = lengthSquared > 0 ? Math.min(Math.max((px * streak.dx + py * streak.dy) / lengthSquared, -0.5), 0.5) : 0;
      const distance = Math.hypot(px - along * streak.dx, py - along * streak.dy);
      if (distance >= radius) continue;
      const fade = distance <= inner ? 1 : (radius - distance) / (radius - inner);
      const alpha = opacity * fade * fade * (3 - 2 * fade);
      const at = row * frame.width + column;
      frame.y[at] += (tone - frame.y[at]) * alpha;
      if ((row | column) & 1) continue;
      const half = (row >> 1) * (frame.width >> 1) + (column >> 1);
      frame.u[half] += (128 - frame.u[half]) * alpha;
      frame.v[half] += (128 - frame.v[half]) * alpha;
    }
  }
}

function toneFor(ground: number): number {
  const t = Math.min(Math.max((ground - 165) / 50, 0), 1);
  return WHITE - (WHITE - SHADE) * t * t * (3 - 2 * t);
}
