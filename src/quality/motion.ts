import { BLOCK, comparing, SIGNAL_SIDE } from './block-search.ts';

export const BLOCKS = SIGNAL_SIDE / BLOCK;
/** Mean absolute deviation of luma under which a block has no texture to match (quality pilot). */
const FLAT = 3;

/** How each block of SIGNAL_SIDE / BLOCK squared moved, px to the right and down; blocks without texture have `textured` 0. */
export interface BlockShifts {
  dx: Float32Array;
  dy: Float32Array;
  textured: Uint8Array;
}

/** A luma frame with what matching it needs, made once. */
export interface MatchedFrame {
  luma: Uint8Array;
  /** 1 for each block that has texture, row by row. */
  textured: Uint8Array;
}

export function matchedFrame(luma: Uint8Array): MatchedFrame {
  const textured = Uint8Array.from({ length: BLOCKS * BLOCKS }, (_, i) => (isFlat(luma, (i % BLOCKS) * BLOCK, Math.floor(i / BLOCKS) * BLOCK) ? 0 : 1));
  return { luma, textured };
}

/** Blocks of 16 px of one luma frame searched within +-7 px in another; longer movements count less than they are. */
export function blockShifts(before: MatchedFrame, after: MatchedFrame): BlockShifts {
  const shifts = { dx: new Float32Array(BLOCKS * BLOCKS), dy: new Float32Array(BLOCKS * BLOCKS), textured: before.textured };
  const blocks = comparing(before.luma, after.luma);
  for (let i = 0; i < BLOCKS * BLOCKS; i++) {
    if (!before.textured[i]) continue;
    const { dx, dy } = blocks.movement((i % BLOCKS) * BLOCK, Math.floor(i / BLOCKS) * BLOCK);
    shifts.dx[i] = dx;
    shifts.dy[i] = dy;
  }
  return shifts;
}

/**
 * Amount of motion: mean length, px, of the longest 5 % of block movements (VBench's dynamic degree takes the top 5 % of flow the same way,
 * Huang et al. 2024; block matching instead of RAFT). 0 where nothing moves, at most 9.9. Measured: stills 0-0.8, image-to-video movers
 * 1.5-6, real clips 3.8-8.5 at 8 fps.
 */
export function motionAmount({ dx, dy }: BlockShifts): number {
  const lengths = Array.from(dx, (value, i) => Math.hypot(value, dy[i])).sort((a, b) => b - a);
  const count = Math.max(1, Math.round(lengths.length * 0.05));
  let sum = 0;
  for (let i = 0; i < count; i++) sum += lengths[i];
  return sum / count;
}

/** What the camera did between two frames: how the whole picture moved (px to the right and down), grew (share) and turned (radians). */
export interface CameraShift {
  dx: number;
  dy: number;
  growth: number;
  turn: number;
}

/** Rounds of reweighting: things that move by themselves lose their say. */
const ROUNDS = 4;

/** The similarity transform that most blocks follow (least squares, reweighted by 1 / (1 + r^2)); zeros where fewer than four blocks have texture. */
export function cameraShift({ dx, dy, textured }: BlockShifts): CameraShift {
  const used = Array.from(textured.keys()).filter((i) => textured[i]);
  if (used.length < 4) return { dx: 0, dy: 0, growth: 0, turn: 0 };
  const x = (i: number) => ((i % BLOCKS) + 0.5) * BLOCK - SIGNAL_SIDE / 2;
  const y = (i: number) => (Math.floor(i / BLOCKS) + 0.5) * BLOCK - SIGNAL_SIDE / 2;
  const weights = new Float32Array(textured.length).fill(1);
  let fit: CameraShift = { dx: 0, dy: 0, growth: 0, turn: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    fit = fitOnce(used, { x, y, dx, dy, weights });
    for (const i of used) {
      const r = Math.hypot(dx[i] - (fit.dx + fit.growth * x(i) - fit.turn * y(i)), dy[i] - (fit.dy + fit.turn * x(i) + fit.growth * y(i)));
      weights[i] = 1 / (1 + r * r);
    }
  }
  return fit;
}

interface Weighted {
  x: (i: number) => number;
  y: (i: number) => number;
  dx: Float32Array;
  dy: Float32Array;
  weights: Float32Array;
}

function fitOnce(used: number[], { x, y, dx, dy, weights }: Weighted): CameraShift {
  const total = used.reduce((sum, i) => sum + weights[i], 0);
  const meanOf = (value: (i: number) => number) => used.reduce((sum, i) => sum + weights[i] * value(i), 0) / total;
  const [mx, my, mdx, mdy] = [meanOf(x), meanOf(y), meanOf((i) => dx[i]), meanOf((i) => dy[i])];
  const spread = meanOf((i) => (x(i) - mx) ** 2 + (y(i) - my) ** 2) || 1;
  const growth = meanOf((i) => (x(i) - mx) * (dx[i] - mdx) + (y(i) - my) * (dy[i] - mdy)) / spread;
  const turn = meanOf((i) => (x(i) - mx) * (dy[i] - mdy) - (y(i) - my) * (dx[i] - mdx)) / spread;
  return { dx: mdx - growth * mx + turn * my, dy: mdy - turn * mx - growth * my, growth, turn };
}

function isFlat(frame: Uint8Array, x: number, y: number): boolean {
  let sum = 0;
  for (let j = 0; j < BLOCK; j++) for (let i = 0; i < BLOCK; i++) sum += frame[(y + j) * SIGNAL_SIDE + x + i];
  const mean = sum / (BLOCK * BLOCK);
  let deviation = 0;
  for (let j = 0; j < BLOCK; j++) for (let i = 0; i < BLOCK; i++) deviation += Math.abs(frame[(y + j) * SIGNAL_SIDE + x + i] - mean);
  return deviation / (BLOCK * BLOCK) < FLAT;
}
