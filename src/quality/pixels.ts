import { cameraPath } from './camera.ts';
import { findLoop, type Loop } from './loops.ts';
import type { CameraPath, MotionClass, Span } from './report.ts';
import { type Signals, STEP_SECONDS, type Step } from './signals.ts';
import { mean, median } from './statistics.ts';

/** The pixel checks of one stretch of a clip. Shares are 0..1; all 0 where the stretch holds too few frames to tell. */
export interface PixelSummary {
  /** Mean of `Step.motion`. */
  motion: number;
  motionClass: MotionClass;
  frozenShare: number;
  longestFreeze: Span | undefined;
  blackShare: number;
  /** From the first to the last black frame. */
  black: Span | undefined;
  /** Share of frames that show one colour only, black or white say, and where they are. */
  blankShare: number;
  blank: Span | undefined;
  /** Share of frames that repeat the one before, 0..1. */
  repeatedShare: number;
  /** Percent of brightness: the worst median of a stretch of 0.75 s, and where that is. */
  flicker: number;
  flickering: Span | undefined;
  camera: CameraPath;
  /** Where the stretch shows again what it has shown. */
  loop: Loop | undefined;
  /** Times of cuts, seconds; a cut at an end of the stretch is the border to its neighbour and does not count. */
  cuts: number[];
}

/** Summarises the frames with fromSeconds <= time < toSeconds; half a frame of rounding is allowed for. */
export function summarisePixels(signals: Signals, fromSeconds: number, toSeconds: number): PixelSummary {
  const half = signals.frames > 1 ? (0.5 * signals.lastSeconds) / (signals.frames - 1) : 0;
  const inside = (time: number) => time >= fromSeconds - half && time < toSeconds - half;
  const border = Math.max(STEP_SECONDS, half);
  const steps = signals.steps.filter((step) => inside(step.fromSeconds) && inside(step.toSeconds));
  const frames = signals.black.filter((frame) => inside(frame.timeSeconds));
  const black = frames.filter((frame) => frame.black);
  const blank = signals.blank.filter((frame) => frame.blank && inside(frame.timeSeconds));
  const motion = mean(steps.map((step) => step.motion));
  return {
    motion,
    motionClass: motionClass(motion),
    frozenShare: mean(steps.map((step) => (step.frozen ? 1 : 0))),
    longestFreeze: longestFreeze(steps),
    blackShare: frames.length ? black.length / frames.length : 0,
    black: black.length ? { fromSeconds: black[0].timeSeconds, toSeconds: black[black.length - 1].timeSeconds } : undefined,
    repeatedShare: mean(signals.repeated.filter((frame) => inside(frame.timeSeconds)).map((frame) => (frame.repeated ? 1 : 0))),
    blankShare: frames.length ? blank.length / frames.length : 0,
    blank: blank.length ? { fromSeconds: blank[0].timeSeconds, toSeconds: blank[blank.length - 1].timeSeconds } : undefined,
    camera: cameraPath(steps.map((step) => step.camera)),
    ...worstFlicker(signals.flicker.filter((frame) => inside(frame.timeSeconds))),
    loop: findLoop(signals.signatures.filter((frame) => inside(frame.timeSeconds))),
    cuts: signals.cuts.filter((time) => time > fromSeconds + border && time < toSeconds - border),
  };
}

/** Stretch over which flicker is judged: a median over it leaves out single flashes. */
const FLICKER_SECONDS = 0.75;
const FLICKER_FRAMES = 7;

function worstFlicker(frames: Signals['flicker']): Pick<PixelSummary, 'flicker' | 'flickering'> {
  let worst: Pick<PixelSummary, 'flicker' | 'flickering'> = { flicker: 0, flickering: undefined };
  for (let from = 0, to = 0; from < frames.length; from++) {
    while (to < frames.length && (to - from < FLICKER_FRAMES || frames[to].timeSeconds - frames[from].timeSeconds < FLICKER_SECONDS)) to++;
    if (from > 0 && to - from < FLICKER_FRAMES) break;
    const value = median(frames.slice(from, to).map((frame) => frame.value));
    if (value > worst.flicker) worst = { flicker: value, flickering: { fromSeconds: frames[from].timeSeconds, toSeconds: frames[to - 1].timeSeconds } };
  }
  return worst;
}

/** A name for an amount of motion; a description, not a verdict. Measured: generated clips with little, moderate and much motion asked for have .54, 1.32, 2.71 (one series), .20, .67, 1.92 (another) and 3.20, 3.29, 5.30; six real clips 3.7 to 7.4. */
export function motionClass(motion: number): MotionClass {
  if (motion < 0.3) return 'static';
  if (motion < 1.5) return 'subtle';
  return motion < 4 ? 'moderate' : 'strong';
}

/** The longest run of frozen steps; a single step between two that moves, as a keyframe makes of a still picture, does not end it. */
function longestFreeze(steps: Step[]): Span | undefined {
  let longest: Span | undefined;
  let current: Span | undefined;
  for (const [i, step] of steps.entries()) {
    if (!step.frozen) {
      if (!steps[i - 1]?.frozen || !steps[i + 1]?.frozen) current = undefined;
      continue;
    }
    current = { fromSeconds: current?.fromSeconds ?? step.fromSeconds, toSeconds: step.toSeconds };
    if (!longest || lengthOf(current) > lengthOf(longest)) longest = current;
  }
  return longest;
}

/** Length of a span in seconds, 0 for none. */
export function lengthOf(span: Span | undefined): number {
  return span ? span.toSeconds - span.fromSeconds : 0;
}
