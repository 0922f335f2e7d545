/** Frames that the model sees in a clip of at most LONG_FROM_SECONDS, and at most; fewest in a shot. */
const FRAMES = 16;
const MOST_FRAMES = 32;
const FEWEST_IN_SHOT = 4;
const LONG_FROM_SECONDS = 10;

export interface SampledShot {
  index: number;
  fromSeconds: number;
  /** Exclusive. */
  toSeconds: number;
  /** Times to look at, in order; the first and the last frame are among them. */
  timesSeconds: number[];
}

/**
 * Times at which the model looks at each shot: 16 in a clip of up to 10 s, then 1.6 a second up to 32, shared out by length, at least 4
 * a shot (so a storyboard of many shots may take more than 32). Shots are cut to the clip; those outside it come back without times.
 */
export function sampleShots(shots: readonly { startSeconds: number; endSeconds: number }[], clip: { durationSeconds: number; fps: number }): SampledShot[] {
  const total = Math.min(MOST_FRAMES, Math.max(FRAMES, Math.round((FRAMES * clip.durationSeconds) / LONG_FROM_SECONDS)));
  return shots.map((shot, index) => {
    const fromSeconds = Math.max(0, shot.startSeconds);
    const toSeconds = Math.min(clip.durationSeconds, shot.endSeconds);
    const length = toSeconds - fromSeconds;
    if (!(length > 0)) return { index, fromSeconds, toSeconds: fromSeconds, timesSeconds: [] };
    const available = Math.max(1, Math.round(length * clip.fps));
    const wanted = Math.max(FEWEST_IN_SHOT, Math.round((total * length) / clip.durationSeconds));
    return { index, fromSeconds, toSeconds, timesSeconds: spread(fromSeconds, length, Math.min(wanted, available), clip.fps) };
  });
}

/** `count` times from the first frame to the last, each in the middle of its frame so that rounding never picks a neighbour's. */
function spread(fromSeconds: number, length: number, count: number, fps: number): number[] {
  const half = Math.min(0.5 / fps, length / 2);
  if (count === 1) return [fromSeconds + half];
  return Array.from({ length: count }, (_, i) => fromSeconds + half + ((length - 2 * half) * i) / (count - 1));
}
