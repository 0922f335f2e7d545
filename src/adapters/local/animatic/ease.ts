const RAMP = 0.22;
const START_SPEED = 0.2;

/**
 * Gentle start and stop with an even middle: the speed rises by smoothstep from 20 % to full over the first 22 % of the time and falls
 * likewise, so that even the first two frames differ. Own choice: a plain smoothstep never has an even speed.
 */
export function ease(progress: number): number {
  const t = Math.min(Math.max(progress, 0), 1);
  // Integral of START + (1 - START) * smoothstep(t / RAMP) from 0: smoothstep integrates to u^3 - u^4 / 2.
  const ramp = (time: number) => {
    const u = time / RAMP;
    return time * START_SPEED + (1 - START_SPEED) * RAMP * (u ** 3 - u ** 4 / 2);
  };
  const total = 2 * ramp(RAMP) + (1 - 2 * RAMP);
  if (t < RAMP) return ramp(t) / total;
  if (t > 1 - RAMP) return 1 - ramp(1 - t) / total;
  return (ramp(RAMP) + (t - RAMP)) / total;
}

/** 0 below 0, 1 above 1, between them an even S: 3t^2 - 2t^3. */
export function smoothstep(value: number): number {
  const t = Math.min(Math.max(value, 0), 1);
  return t * t * (3 - 2 * t);
}

/** How long a whip pan takes, in seconds; own choice (with 0.3 s a still picture shows no more than a jump). */
const WHIP_SECONDS = 0.55;

/** Rest, a sudden swing in the middle of the shot, rest. */
export function whipEase(durationSeconds: number): (progress: number) => number {
  const share = Math.min(0.7, WHIP_SECONDS / durationSeconds);
  return (progress) => {
    const t = Math.min(Math.max((progress - (1 - share) / 2) / share, 0), 1);
    // Quintic (Perlin 2002): no jerk where the swing begins and ends.
    return t * t * t * (t * (6 * t - 15) + 10);
  };
}
