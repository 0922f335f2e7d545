import type { Frame } from './frames.ts';

/** A small light; lengths in output pixels, (x, y) is its middle. */
export interface Glow {
  x: number;
  y: number;
  /** Movement while the shutter is open. */
  dx: number;
  dy: number;
  /** Radius of the bright core; its halo reaches `halo` times as far. */
  radius: number;
  halo: number;
  /** Levels of luma in the core. */
  light: number;
  /** What each level brings in U and V. */
  u: number;
  v: number;
}

/** Share of the core's light in its halo. */
const HALO_LIGHT = 0.22;

/** Adds a light to the frame: a soft core, drawn out along its movement, in a wide faint halo. */
export function drawGlow(frame: Frame, glow: Glow): void {
  const { x, y, radius } = glow;
  const reach = radius * glow.halo;
  const [halfX, halfY] = [Math.abs(glow.dx) / 2, Math.abs(glow.dy) / 2];
  const left = Math.max(0, Math.ceil(x - halfX - reach));
  const right = Math.min(frame.width - 1, Math.floor(x + halfX + reach));
  const top = Math.max(0, Math.ceil(y - halfY - reach));
  const bottom = Math.min(frame.height - 1, Math.floor(y + halfY + reach));
  if (left > right || top > bottom) return;
  const lengthSquared = glow.dx ** 2 + glow.dy ** 2;
  // Light is conserved: the area of the streak over the area of the disc.
  const core = glow.light / (1 + (Math.sqrt(lengthSquared) * 2) / (Math.PI * radius));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const [px, py] = [column - x, row - y];
      const along = lengthSquared > 0 ? Math.min(Math.max((px * glow.dx + py * glow.dy) / lengthSquared, -0.5), 0.5) : 0;
      const squared = ((px - along * glow.dx) ** 2 + (py - along * glow.dy) ** 2) / (reach * reach);
      if (squared >= 1) continue;
      const fall = 1 - squared;
      const inner = Math.max(0, 1 - squared * glow.halo * glow.halo * 0.6);
      const light = core * (inner * inner + HALO_LIGHT * fall * fall * fall);
      const at = row * frame.width + column;
      frame.y[at] += light * (1 - (frame.y[at] - 16) / 270);
      if ((row | column) & 1) continue;
      const half = (row >> 1) * (frame.width >> 1) + (column >> 1);
      frame.u[half] += light * glow.u;
      frame.v[half] += light * glow.v;
    }
  }
}
