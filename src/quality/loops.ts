import { SIGNAL_SIDE } from './block-search.ts';
import { createPictureKernel, type PictureKernel } from './kernel.ts';
import type { Span } from './report.ts';
import { median } from './statistics.ts';

/** A stretch that shows again, frame for frame, what was shown one period before. */
export interface Loop extends Span {
  periodSeconds: number;
}

/** One frame as the means of 16 x 16 cells of its luma: enough to tell it from every other frame of a clip that moves. */
export interface Signature {
  timeSeconds: number;
  cells: Float32Array;
}

/** Frames of a clip that are kept (3 MB), and of a shot that are compared with each other: 120 and 30 s at 24 frames a second. */
export const MOST_SIGNATURES = 2880;
const MOST_COMPARED = 720;

/** Cells on a side of a frame, and pixels on a side of a cell. */
export const SIGNATURE_GRID = 16;
export const SIGNATURE_CELL = SIGNAL_SIDE / SIGNATURE_GRID;

/** Shortest period and shortest stretch that comes again; of a longer period this part must come again. */
const LEAST_SECONDS = 0.5;
const LEAST_PART = 0.25;
/**
 * Root mean square over cells, levels of 255: what encoding makes of the same frame, and what moves at least within a period. These and the parts below were
 * chosen on 60 generated and recorded clips, their first 2 s played twice (H.264, CRF 28), and the same there and back twice: 53 of the 60 repetitions
 * are found, each with its period; none in the 60 ways there and back, and none in 82 clips as they are.
 */
const SAME = 0.8;
const MOVES = 2;
/** The same frame differs by less than this part of what moves within the period. */
const SAME_PART = 0.15;
/** Share of a period's frames that are shown twice in it from which it is a way there and back (a swing, a pan to and fro, a strobe) and no repetition. */
const TO_AND_FRO = 0.5;
/** Frames nearer than this part of a period are neighbours. */
const NEIGHBOURS = 1 / 8;
/** Part of a step between neighbours that a frame of the way back may be off, since it shows what lies between two of the way there. */
const WAY_BACK = 0.7;

/**
 * The shortest period after which the frames come again in the same order, at least half a second and a quarter of the period long, and where that
 * is; `undefined` where none is found: also for clips that stand still, and for moves there and back, which pass the same frames in reverse.
 */
export function findLoop(signatures: readonly Signature[]): Loop | undefined {
  const frames = signatures.slice(0, MOST_COMPARED);
  if (frames.length < 4) return undefined;
  const frameSeconds = (frames[frames.length - 1].timeSeconds - frames[0].timeSeconds) / (frames.length - 1);
  const least = Math.max(2, Math.ceil(LEAST_SECONDS / frameSeconds));
  const apart = distances(frames);
  const most = Math.max(SAME, 2 * SAME_PART * spanOf(apart, 0, frames.length));
  let best: (Run & { lag: number }) | undefined;
  for (let lag = least; lag <= frames.length - least; lag++) {
    // A run is at least so long that one of these frames is in it.
    const may = frames.some((_, i) => i % least === 0 && i + lag < frames.length && apart(i, i + lag) <= most);
    const run = may ? repeatedRun(apart, frames.length, lag, Math.max(least, Math.ceil(LEAST_PART * lag))) : undefined;
    // Periods next to the true one nearly fit as well.
    if (!run || run.difference >= (best?.difference ?? Number.POSITIVE_INFINITY)) {
      if (best) break;
    } else best = { ...run, lag };
  }
  if (!best || isToAndFro(apart, best.from, Math.min(best.lag, frames.length - best.from), best.limit)) return undefined;
  const last = frames[Math.min(frames.length - 1, best.from + best.length + best.lag - 1)];
  return { periodSeconds: best.lag * frameSeconds, fromSeconds: frames[best.from].timeSeconds, toSeconds: last.timeSeconds + frameSeconds };
}

interface Run {
  from: number;
  length: number;
  /** Mean over the run. */
  difference: number;
  /** Up to which two frames were the same. */
  limit: number;
}

/** The longest run of frames that are the same one lag later, where it moves. */
function repeatedRun(apart: Distances, count: number, lag: number, least: number): Run | undefined {
  const differences = Array.from({ length: count - lag }, (_, i) => apart(i, i + lag));
  // What two frames of the period differ by, away from both its ends.
  const between = [0.25, 0.5, 0.75].map((part) => Math.round(part * lag));
  const moves = Math.max(...between.map((step) => median(differences.map((_, i) => apart(i, i + step)))));
  const limit = Math.max(SAME, SAME_PART * moves);
  let longest = { from: 0, length: 0 };
  for (let from = 0, i = 0; i <= differences.length; i++) {
    if (i < differences.length && differences[i] <= limit) continue;
    if (i - from > longest.length) longest = { from, length: i - from };
    from = i + 1;
  }
  const { from, length } = longest;
  if (length < least || spanOf(apart, from, length) < MOVES) return undefined;
  if (spanOf(apart, from, Math.min(lag, count - from)) * SAME_PART < median(differences.slice(from, from + length))) return undefined;
  const difference = differences.slice(from, from + length).reduce((sum, value) => sum + value, 0) / length;
  return { from, length, difference, limit };
}

/** The most that a frame of the stretch differs from its first and its middle one. */
function spanOf(apart: Distances, from: number, length: number): number {
  const middle = from + (length >> 1);
  let most = 0;
  for (let i = from; i < from + length; i++) most = Math.max(most, apart(i, from), apart(i, middle));
  return most;
}

/** Whether most frames of one period are shown in it a second time, which a way there and back does and a repetition does not. */
function isToAndFro(apart: Distances, from: number, length: number, limit: number): boolean {
  const neighbours = Math.max(2, Math.round(NEIGHBOURS * length));
  const frames = Array.from({ length }, (_, i) => from + i);
  const twice = frames.filter((frame, i) => {
    const step = Math.max(...frames.slice(Math.max(0, i - 1), i + 2).map((near) => apart(frame, near)));
    return frames.some((other, j) => {
      const gap = Math.abs(i - j);
      return Math.min(gap, length - gap) >= neighbours && apart(frame, other) <= Math.max(limit, WAY_BACK * step);
    });
  });
  return twice.length >= TO_AND_FRO * length;
}

/** Of the i-th and the j-th frame. */
type Distances = (i: number, j: number) => number;

let kernel: PictureKernel | undefined;

/** Each distance is asked for many times and measured once. Valid until the next call: the frames lie in a kernel's memory. */
function distances(frames: readonly Signature[]): Distances {
  const length = SIGNATURE_GRID ** 2;
  kernel ??= createPictureKernel(4 * length * MOST_COMPARED);
  const { memory, squares } = kernel;
  const cells = new Float32Array(memory.buffer);
  for (const [i, frame] of frames.entries()) cells.set(frame.cells, i * length);
  const known = new Float64Array(frames.length ** 2).fill(Number.NaN);
  return (i, j) => {
    const at = i * frames.length + j;
    if (Number.isNaN(known[at])) known[at] = Math.sqrt(squares(4 * length * i, 4 * length * j, length) / length);
    return known[at];
  };
}
