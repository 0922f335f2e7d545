/** Frames that a border may be off by for each shot: lengths rounded to whole frames, and time bases of containers. */
export const BORDER_FRAMES_OFF = 2.5;

/** Where a shot is said to be in the clip; the end is exclusive. */
export interface ShotTimes {
  startSeconds: number;
  endSeconds: number;
}

/**
 * Start and end of each shot, seconds, with the borders between neighbours moved to the cut that is there: the nearest within 2.5 frames of
 * where the border is said to be. What one border is off by is carried to the next, so that rounding does not add up. Borders without a
 * cut (a gap, alike pictures) keep what they were given, and the first start and last end always do.
 */
export function snapBorders(shots: readonly ShotTimes[], cuts: readonly number[], fps: number): ShotTimes[] {
  const snapped = shots.map(({ startSeconds, endSeconds }) => ({ startSeconds, endSeconds }));
  let offset = 0;
  for (let i = 1; i < shots.length; i++) {
    const said = shots[i].startSeconds;
    if (Math.abs(said - shots[i - 1].endSeconds) > 0.5 / fps) {
      offset = 0;
      continue;
    }
    const shorter = Math.min(said - shots[i - 1].startSeconds, shots[i].endSeconds - said);
    const reach = Math.min(BORDER_FRAMES_OFF / fps, shorter / 4);
    const border = nearest(cuts, said + offset, reach) ?? nearest(cuts, said, reach) ?? said + offset;
    offset = border - said;
    snapped[i - 1].endSeconds = border;
    snapped[i].startSeconds = border;
  }
  return snapped;
}

function nearest(times: readonly number[], wanted: number, reach: number): number | undefined {
  const near = times.filter((time) => Math.abs(time - wanted) <= reach);
  return near.sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))[0];
}
