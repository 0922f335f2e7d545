import { BLOCK, comparing } from './block-search.ts';
import { BLOCKS, type BlockShifts, type MatchedFrame } from './motion.ts';

/** Squared gradient per pixel that is taken for noise: directions without texture keep their whole pixels. */
const NOISE = 1;

/**
 * Block movements in parts of a pixel: one step of Lucas and Kanade (IJCAI 1981) from the whole-pixel ones, at most one pixel each way.
 * Without it a slow zoom, which moves blocks by less than half a pixel from step to step, counts a third of what it is.
 */
export function refinedShifts(before: MatchedFrame, after: MatchedFrame, { dx, dy, textured }: BlockShifts): BlockShifts {
  const refined = { dx: Float32Array.from(dx), dy: Float32Array.from(dy), textured };
  const blocks = comparing(before.luma, after.luma);
  for (let i = 0; i < BLOCKS * BLOCKS; i++) {
    if (!textured[i]) continue;
    const { xx, xy, yy, xt, yt, pixels } = blocks.gradients((i % BLOCKS) * BLOCK, Math.floor(i / BLOCKS) * BLOCK, dx[i], dy[i]);
    const [a, d] = [xx + NOISE * pixels, yy + NOISE * pixels];
    const determinant = a * d - xy * xy || 1;
    refined.dx[i] += within((d * xt - xy * yt) / determinant);
    refined.dy[i] += within((a * yt - xy * xt) / determinant);
  }
  return refined;
}

const within = (value: number): number => Math.max(-1, Math.min(1, value));
