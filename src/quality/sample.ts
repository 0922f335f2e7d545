import { BORDER_FRAMES_OFF, type ShotTimes } from './borders.ts';

/** Frames that the model sees in a clip of at most LONG_FROM_SECONDS, and at most; fewest in a shot. */
const FRAMES = 16;
const MOST_FRAMES = 32;
const FEWEST_IN_SHOT = 4;
const LONG_FROM_SECONDS = 10;
/** Most of a shot that is left out at either border to a neighbour. */
const BORDER_SHARE = 1 / 4;

export interface SampledShot {
  index: number;
  fromSeconds: number;
  /** Exclusive. */
  toSeconds: number;
  /** Times to look at, in order; the clip's first and last frame are among them. */
  timesSeconds: number[];
}

/**
 * Times at which the model looks at each shot: 16 in a clip of up to 10 s, then 1.6 a second up to 32, shared out by length, at least 4
 * a shot (so a storyboard of many shots may take more than 32). Shots are cut to the clip; those outside it come back without times.
 * Every time is half a frame or more inside its shot, and 2.5 frames at a border to a neighbour, which may be off by a frame or two.
 */
export function sampleShots(shots: readonly ShotTimes[], clip: { durationSeconds: number; fps: number }): SampledShot[] {
  const total = Math.min(MOST_FRAMES, Math.max(FRAMES, Math.round((FRAMES * clip.durationSeconds) / LONG_FROM_SECONDS)));
  return shots.map((shot, index) => {
    const fromSeconds = Math.max(0, shot.startSeconds);
    const toSeconds = Math.min(clip.durationSeconds, shot.endSeconds);
    const length = toSeconds - fromSeconds;
    if (!(length > 0)) return { index, fromSeconds, toSeconds: fromSeconds, timesSeconds: [] };
    const first = fromSeconds + insideBy(length, clip.fps, fromSeconds > 0);
    const last = toSeconds - insideBy(length, clip.fps, toSeconds < clip.durationSeconds - 0.5 / clip.fps);
    const available = 1 + Math.round((last - first) * clip.fps);
    const wanted = Math.max(FEWEST_IN_SHOT, Math.round((total * length) / clip.durationSeconds));
    return { index, fromSeconds, toSeconds, timesSeconds: spread(first, last, Math.min(wanted, available)) };
  });
}

/** How far the first or last time is from the end of its shot: the middle of a frame, so that rounding never picks a neighbour's. */
function insideBy(length: number, fps: number, border: boolean): number {
  const half = Math.min(0.5 / fps, length / 2);
  return border ? Math.max(half, Math.min(BORDER_FRAMES_OFF / fps, BORDER_SHARE * length)) : half;
}

/** `count` times from the first to the last. */
function spread(first: number, last: number, count: number): number[] {
  if (count === 1) return [first];
  return Array.from({ length: count }, (_, i) => first + ((last - first) * i) / (count - 1));
}
