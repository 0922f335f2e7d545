import type { Box } from '../../../ports/pictures.ts';

/** How near what a row of the picture shows is, from its place as a share of the height: 0 = as far as the background, 1 = as near as the subject. */
export type Nearness = (down: number) => number;

/** The horizon's usual place as a share of the height. */
const HORIZON = 0.45;
/** The ground rises from the horizon to the subject's feet over at least this share of the height: steeper, it would shear what stands on it. */
const LEAST_GROUND = 0.4;
/** Share of the height over which the bend at the horizon is rounded. */
const BEND = 0.12;

/**
 * A ground that comes nearer towards the lower edge, up to the feet of a cut-out subject where there is one, so that it does not slide over
 * what it stands on. On a plane nearness (the inverse of distance) rises evenly with the row below the horizon.
 */
export function groundNearness(subject?: Box): Nearness {
  const feet = subject ? Math.min(1, subject.y + subject.height) : 1;
  const horizon = Math.max(0, Math.min(HORIZON, feet - LEAST_GROUND));
  const length = Math.max(LEAST_GROUND, feet - horizon);
  return (down) => Math.min(1, rounded(down - horizon) / rounded(length));
}

/** 0 below 0, the value itself above, a smooth bend between. */
function rounded(value: number): number {
  if (value <= -BEND / 2) return 0;
  if (value >= BEND / 2) return value;
  return (value + BEND / 2) ** 2 / (2 * BEND);
}
