import { meanDifference, meanSlope, readFrame } from './frame-figures.ts';
import { MOST_SIGNATURES, SIGNATURE_GRID, type Signature } from './loops.ts';
import { type BlockShifts, blockShifts, type CameraShift, cameraShift, type MatchedFrame, matchedFrame, motionAmount } from './motion.ts';
import { refinedShifts } from './sub-pixel.ts';

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
const BLACK_SHARE = 0.98;
/** FFmpeg scdet's score 0..100 and its default threshold: a jump of the difference between neighbours, so that steady fast motion is no cut. */
const CUT_FROM = 10;
/** Blocks on a side that flicker is read from: of two cells of a signature each way. */
const GRID = SIGNATURE_GRID / 2;

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
  frame: MatchedFrame;
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
      const { difference, cells, brightness, dark, deviation } = readFrame(luma, previous ?? luma);
      const jump = previousDifference === undefined ? 0 : Math.abs(difference - previousDifference);
      const score = (Math.min(difference, jump) * 100) / 256;
      if (score >= CUT_FROM) {
        signals.cuts.push(timeSeconds);
        steps.restart();
        flicker.restart();
      }
      signals.frames++;
      signals.lastSeconds = timeSeconds;
      signals.levels.push({ timeSeconds, brightness, difference });
      if (signals.signatures.length < MOST_SIGNATURES) signals.signatures.push({ timeSeconds, cells });
      const black = dark >= BLACK_SHARE;
      signals.black.push({ timeSeconds, black });
      signals.blank.push({ timeSeconds, blank: black || deviation < FLAT_FRAME });
      if (previous) signals.repeated.push({ timeSeconds, repeated: difference < REPEATED_BELOW });
      steps.add(timeSeconds, luma);
      flicker.add(timeSeconds, blockMeans(cells));
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
      const frame = matchedFrame(Uint8Array.from(luma));
      if (last) {
        const near = blockShifts(last.frame, frame);
        const far = kept.length === LONG_STEPS ? blockShifts(kept[0].frame, frame) : undefined;
        const motion = Math.max(speed(near, last, timeSeconds), far ? speed(far, kept[0], timeSeconds) : 0);
        const frozen = meanDifference(last.frame.luma, luma) < Math.min(FROZEN_BELOW, Math.max(REPEATED_BELOW, FROZEN_SHIFT * meanSlope(luma)));
        out.push({
          fromSeconds: last.timeSeconds,
          toSeconds: timeSeconds,
          motion,
          frozen,
          camera: cameraOf(refinedShifts(last.frame, frame, near), far && refinedShifts(kept[0].frame, frame, far)),
        });
      }
      if (kept.length === LONG_STEPS) kept.shift();
      kept.push({ timeSeconds, frame });
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
function collectFlicker(out: Signals['flicker']): { add(timeSeconds: number, grid: Float64Array): void; restart(): void } {
  let before: { grid: Float64Array; timeSeconds: number }[] = [];
  return {
    add(timeSeconds, grid) {
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

/** Mean luma of GRID x GRID blocks, each of four cells. */
function blockMeans(cells: Float32Array): Float64Array {
  return Float64Array.from({ length: GRID * GRID }, (_, i) => {
    const at = Math.floor(i / GRID) * 2 * SIGNATURE_GRID + (i % GRID) * 2;
    return (cells[at] + cells[at + 1] + cells[at + SIGNATURE_GRID] + cells[at + SIGNATURE_GRID + 1]) / 4;
  });
}

/** Mean absolute deviation of luma under which a frame shows nothing. */
const FLAT_FRAME = 1.5;

function copyInto(target: Uint8Array | undefined, source: Uint8Array): Uint8Array {
  const copy = target ?? new Uint8Array(source.length);
  copy.set(source);
  return copy;
}
