import { BLOCK, BLOCKS, type BlockShifts, type MatchedFrame, SIGNAL_SIDE } from './motion.ts';

/** Squared gradient per pixel that is taken for noise: directions without texture keep their whole pixels. */
const NOISE = 1;

/**
 * Block movements in parts of a pixel: one step of Lucas and Kanade (IJCAI 1981) from the whole-pixel ones, at most one pixel each way.
 * Without it a slow zoom, which moves blocks by less than half a pixel from step to step, counts a third of what it is.
 */
export function refinedShifts(before: MatchedFrame, after: MatchedFrame, { dx, dy, textured }: BlockShifts): BlockShifts {
  const refined = { dx: Float32Array.from(dx), dy: Float32Array.from(dy), textured };
  for (let i = 0; i < BLOCKS * BLOCKS; i++) {
    if (!textured[i]) continue;
    const [right, down] = rest(before.luma, after.luma, { x: (i % BLOCKS) * BLOCK, y: Math.floor(i / BLOCKS) * BLOCK, dx: dx[i], dy: dy[i] });
    refined.dx[i] += right;
    refined.dy[i] += down;
  }
  return refined;
}

function rest(before: Uint8Array, after: Uint8Array, { x, y, dx, dy }: { x: number; y: number; dx: number; dy: number }): [right: number, down: number] {
  let [xx, xy, yy, xt, yt] = [0, 0, 0, 0, 0];
  let pixels = 0;
  for (let j = 0; j < BLOCK; j++) {
    const row = y + dy + j;
    if (row < 1 || row >= SIGNAL_SIDE - 1) continue;
    for (let i = 0; i < BLOCK; i++) {
      const column = x + dx + i;
      if (column < 1 || column >= SIGNAL_SIDE - 1) continue;
      const to = row * SIGNAL_SIDE + column;
      const gx = (after[to + 1] - after[to - 1]) / 2;
      const gy = (after[to + SIGNAL_SIDE] - after[to - SIGNAL_SIDE]) / 2;
      const change = before[(y + j) * SIGNAL_SIDE + x + i] - after[to];
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
      xt += gx * change;
      yt += gy * change;
      pixels++;
    }
  }
  const [a, d] = [xx + NOISE * pixels, yy + NOISE * pixels];
  const determinant = a * d - xy * xy || 1;
  return [within((d * xt - xy * yt) / determinant), within((a * yt - xy * xt) / determinant)];
}

const within = (value: number): number => Math.max(-1, Math.min(1, value));
