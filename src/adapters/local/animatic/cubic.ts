/** Catmull-Rom cubic (Catmull and Rom 1974; Keys 1981 with a = -1/2). */
export function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/**
 * Integer weights of `taps` neighbours (the first is source sample `first`) around `position`, which add up to exactly `unit`; the cubic is
 * `stretch` (at least 1) times as wide, so that a source finer than the output does not alias. Written to `into` from `offset`.
 */
export function writeWeights(into: Int16Array, offset: number, taps: number, first: number, position: number, stretch: number, unit: number): void {
  let sum = 0;
  for (let tap = 0; tap < taps; tap++) {
    const value = cubic((first + tap - position) / stretch);
    values[tap] = value;
    sum += value;
  }
  let left = unit;
  for (let tap = 0; tap < taps; tap++) {
    const weight = Math.round((values[tap] / sum) * unit);
    into[offset + tap] = weight;
    left -= weight;
  }
  // The rounding rest goes to the nearest neighbour.
  into[offset + Math.min(Math.max(Math.round(position) - first, 0), taps - 1)] += left;
}

const values = new Float64Array(16);

/** Taps that the cubic needs at a stretch: it reaches over 2 source pixels on each side, times the stretch. */
export function tapsFor(stretch: number, most: number): number {
  return Math.min(most, 2 * Math.ceil(2 * stretch));
}
