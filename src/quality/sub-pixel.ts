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
  const [top, bottom] = insideOf(y + dy);
  const [left, right] = insideOf(x + dx);
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let xt = 0;
  let yt = 0;
  for (let j = top; j < bottom; j++) {
    const from = (y + j) * SIGNAL_SIDE + x;
    const to = from + dy * SIGNAL_SIDE + dx;
    for (let i = left; i < right; i++) {
      const gx = (after[to + i + 1] - after[to + i - 1]) / 2;
      const gy = (after[to + i + SIGNAL_SIDE] - after[to + i - SIGNAL_SIDE]) / 2;
      const change = before[from + i] - after[to + i];
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
      xt += gx * change;
      yt += gy * change;
    }
  }
  const pixels = (bottom - top) * (right - left);
  const [a, d] = [xx + NOISE * pixels, yy + NOISE * pixels];
  const determinant = a * d - xy * xy || 1;
  return [within((d * xt - xy * yt) / determinant), within((a * yt - xy * xt) / determinant)];
}

/** Which of a block's pixels, that begins at `start` on an axis, have neighbours on both sides. */
const insideOf = (start: number): [from: number, to: number] => [Math.max(0, 1 - start), Math.min(BLOCK, SIGNAL_SIDE - 1 - start)];

const within = (value: number): number => Math.max(-1, Math.min(1, value));
