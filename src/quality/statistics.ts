/** Mean, 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}

/** Quantile p in 0..1 with linear interpolation between order statistics (type 7 of Hyndman and Fan 1996); NaN for no values. */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/** Middle value, NaN for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

const BINS = 1024;

/** What would stand at `index` if the values, none of them negative, were sorted: only those that share a bin of a histogram with it are. */
export function smallest(values: Float32Array, index: number): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  const scale = most > 0 ? (BINS - 1) / most : 0;
  const counts = new Uint32Array(BINS);
  for (let i = 0; i < values.length; i++) counts[(values[i] * scale) | 0]++;
  let [bin, before] = [0, 0];
  while (before + counts[bin] <= index) before += counts[bin++];
  const same = new Float32Array(counts[bin]);
  for (let i = 0, found = 0; i < values.length; i++) if (((values[i] * scale) | 0) === bin) same[found++] = values[i];
  return same.sort()[index - before];
}

/** Number with at most `digits` decimals: reports carry no digits that mean nothing. */
export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale + 0; // no negative zero, which JSON has not
}
