import { MOST_SIGNATURES, type Signature, signatureOf } from './loops.ts';
import { type BlockShifts, blockShifts, type CameraShift, cameraShift, motionAmount, SIGNAL_SIDE } from './motion.ts';

/** Time between two frames that are compared for motion and freezing: 8 a second, as VBench's dynamic degree samples. */
export const STEP_SECONDS = 1 / 8;
/** Steps of the second, longer comparison, which sees moves slower than half a pixel a step. */
const LONG_STEPS = 4;
/**
 * Mean absolute luma difference of a step, levels of 255, under which it is frozen, and the same in relation to the mean slope of the picture
 * (a shift by that many px), which is less where the picture is plain. Measured with the first alone: 79 of 79 half-frozen clips found at share
 * > .3, 0 of 79 false alarms; a product on white that moves slowly, strongly compressed, needs the second.
 */
const FROZEN_BELOW = 0.35;
const FROZEN_SHIFT = 0.05;
/** Mean absolute luma difference of neighbours, levels of 255, under which a frame repeats the one before: what x264 leaves of a copy between keyframes. */
const REPEATED_BELOW = 0.02;
/** A frame is black where 98 % of its pixels are darker than 10 % (FFmpeg blackdetect's defaults pic_th .98, pix_th .10). */
const BLACK_PIXEL_BELOW = 0.1 * 255;
const BLACK_SHARE = 0.98;
/** FFmpeg scdet's score 0..100 and its default threshold: a jump of the difference between neighbours, so that steady fast motion is no cut. */
const CUT_FROM = 10;
const GRID = 8;
const CELL = SIGNAL_SIDE / GRID;

/** Two frames about 1/8 s apart. */
export interface Step {
  fromSeconds: number;
  toSeconds: number;
  /** px per STEP_SECONDS in a SIGNAL_SIDE picture. */
  motion: number;
  /** Of this step alone: px of a SIGNAL_SIDE picture, share, radians. */
  camera: CameraShift;
  frozen: boolean;
}

/** What one pass over all luma frames tells; times in seconds. */
export interface Signals {
  frames: number;
  /** Shown time of the last frame. */
  lastSeconds: number;
  steps: Step[];
  /** Of every frame: mean luma, and the mean absolute luma difference to the frame before, levels of 255. */
  levels: { timeSeconds: number; brightness: number; difference: number }[];
  black: { timeSeconds: number; black: boolean }[];
  /** Frames of one colour, black ones among them. */
  blank: { timeSeconds: number; blank: boolean }[];
  /** Frames that repeat the one before. */
  repeated: { timeSeconds: number; repeated: boolean }[];
  /** Jitter of brightness, percent, around each frame that has neighbours in the same shot. */
  flicker: { timeSeconds: number; value: number }[];
  /** Times of the first frame after each hard cut. */
  cuts: number[];
  /** Of the first frames, for finding repetitions. */
  signatures: Signature[];
}

interface Kept {
  timeSeconds: number;
  luma: Uint8Array;
}

/** Takes the luma frames of a clip in order (SIGNAL_SIDE squared, 8 bits) and keeps memory flat: at most five frames are held. */
export function collectSignals(): { add(timeSeconds: number, luma: Uint8Array): void; finish(): Signals } {
  const signals: Signals = { frames: 0, lastSeconds: 0, steps: [], levels: [], black: [], blank: [], repeated: [], flicker: [], cuts: [], signatures: [] };
  const steps = collectSteps(signals.steps);
  const flicker = collectFlicker(signals.flicker);
  let previous: Uint8Array | undefined;
  let previousDifference: number | undefined;
  return {
    add(timeSeconds, luma) {
      const difference = previous ? meanDifference(previous, luma) : 0;
      const jump = previousDifference === undefined ? 0 : Math.abs(difference - previousDifference);
      const score = (Math.min(difference, jump) * 100) / 256;
      if (score >= CUT_FROM) {
        signals.cuts.push(timeSeconds);
        steps.restart();
        flicker.restart();
      }
      signals.frames++;
      signals.lastSeconds = timeSeconds;
      signals.levels.push({ timeSeconds, brightness: meanOf(luma), difference });
      if (signals.signatures.length < MOST_SIGNATURES) signals.signatures.push(signatureOf(timeSeconds, luma));
      const black = isBlack(luma);
      signals.black.push({ timeSeconds, black });
      signals.blank.push({ timeSeconds, blank: black || isFlat(luma) });
      if (previous) signals.repeated.push({ timeSeconds, repeated: difference < REPEATED_BELOW });
      steps.add(timeSeconds, luma);
      flicker.add(timeSeconds, luma);
      if (previous) previousDifference = difference;
      previous = copyInto(previous, luma);
    },
    finish: () => signals,
  };
}

function collectSteps(out: Step[]): { add(timeSeconds: number, luma: Uint8Array): void; restart(): void } {
  let kept: Kept[] = [];
  return {
    add(timeSeconds, luma) {
      const last = kept.at(-1);
      if (last && timeSeconds - last.timeSeconds < STEP_SECONDS - 0.005) return;
      if (last) {
        const near = blockShifts(last.luma, luma);
        const far = kept.length === LONG_STEPS ? blockShifts(kept[0].luma, luma) : undefined;
        const motion = Math.max(speed(near, last, timeSeconds), far ? speed(far, kept[0], timeSeconds) : 0);
        const frozen = meanDifference(last.luma, luma) < Math.min(FROZEN_BELOW, Math.max(REPEATED_BELOW, FROZEN_SHIFT * meanSlope(luma)));
        out.push({ fromSeconds: last.timeSeconds, toSeconds: timeSeconds, motion, frozen, camera: cameraOf(near, far) });
      }
      const reused = kept.length === LONG_STEPS ? kept.shift()?.luma : undefined;
      kept.push({ timeSeconds, luma: copyInto(reused, luma) });
    },
    restart() {
      kept = [];
    },
  };
}

function speed(shifts: BlockShifts, before: Kept, timeSeconds: number): number {
  return (motionAmount(shifts) * STEP_SECONDS) / (timeSeconds - before.timeSeconds);
}

/** Of a longer comparison shifts under this are surely not cut off by the search's reach, px. */
const SURELY_SEEN = 4;

/** The share of one step in the longer comparison, which sees slow moves; the short one where the picture moves fast. */
function cameraOf(near: BlockShifts, far: BlockShifts | undefined): CameraShift {
  const short = cameraShift(near);
  const long = far && cameraShift(far);
  if (!long || Math.hypot(short.dx, short.dy) * LONG_STEPS > SURELY_SEEN * 1.5 || Math.hypot(long.dx, long.dy) > SURELY_SEEN * 1.5) return short;
  return { dx: long.dx / LONG_STEPS, dy: long.dy / LONG_STEPS, growth: long.growth / LONG_STEPS, turn: long.turn / LONG_STEPS };
}

/**
 * Jitter of the brightness around a frame, percent: median over 8 x 8 blocks of (Y[t-1] - 2 Y[t] + Y[t+1]) / 2 in relation to the block's own
 * luma, with its sign, then absolute: blocks that change because something moves cancel out, those of a flicker go one way together.
 */
function collectFlicker(out: Signals['flicker']): { add(timeSeconds: number, luma: Uint8Array): void; restart(): void } {
  let before: { grid: Float64Array; timeSeconds: number }[] = [];
  return {
    add(timeSeconds, luma) {
      const grid = blockMeans(luma);
      if (before.length === 2) {
        const [first, middle] = before;
        const jitter = Float64Array.from(grid, (value, i) => (50 * (first.grid[i] - 2 * middle.grid[i] + value)) / Math.max(DARK_BLOCK, middle.grid[i]));
        jitter.sort();
        out.push({ timeSeconds: middle.timeSeconds, value: Math.abs(jitter[jitter.length >> 1]) });
        before.shift();
      }
      before.push({ grid, timeSeconds });
    },
    restart() {
      before = [];
    },
  };
}

/** Luma under which a block's jitter counts as of this luma: rounding would be all of it. */
const DARK_BLOCK = 24;

function blockMeans(luma: Uint8Array): Float64Array {
  const grid = new Float64Array(GRID * GRID);
  for (let y = 0; y < SIGNAL_SIDE; y++) {
    const row = Math.floor(y / CELL) * GRID;
    for (let x = 0; x < SIGNAL_SIDE; x++) grid[row + Math.floor(x / CELL)] += luma[y * SIGNAL_SIDE + x];
  }
  for (let i = 0; i < grid.length; i++) grid[i] /= CELL * CELL;
  return grid;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

function meanOf(luma: Uint8Array): number {
  let sum = 0;
  for (const value of luma) sum += value;
  return sum / luma.length;
}

/** Mean absolute difference of neighbours along the rows. */
function meanSlope(luma: Uint8Array): number {
  let sum = 0;
  for (let i = 1; i < luma.length; i++) sum += Math.abs(luma[i] - luma[i - 1]);
  return sum / luma.length;
}

function isBlack(luma: Uint8Array): boolean {
  let dark = 0;
  for (const value of luma) if (value < BLACK_PIXEL_BELOW) dark++;
  return dark >= BLACK_SHARE * luma.length;
}

/** Mean absolute deviation of luma under which a frame shows nothing. */
const FLAT_FRAME = 1.5;

function isFlat(luma: Uint8Array): boolean {
  const mean = meanOf(luma);
  let deviation = 0;
  for (const value of luma) deviation += Math.abs(value - mean);
  return deviation / luma.length < FLAT_FRAME;
}

function copyInto(target: Uint8Array | undefined, source: Uint8Array): Uint8Array {
  const copy = target ?? new Uint8Array(source.length);
  copy.set(source);
  return copy;
}
