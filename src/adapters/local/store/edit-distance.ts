let previous = new Int32Array(64);
let current = new Int32Array(64);

/** Levenshtein distance (insertions, deletions, substitutions), or `limit + 1` as soon as it must be over `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (limit < 0 || Math.abs(a.length - b.length) > limit) return limit + 1;
  if (previous.length <= b.length) [previous, current] = [new Int32Array(b.length * 2), new Int32Array(b.length * 2)];
  // Cells further than `limit` from the diagonal cannot lead to a distance within it (Ukkonen 1985).
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const first = Math.max(1, i - limit);
    const last = Math.min(b.length, i + limit);
    current[first - 1] = first === 1 ? i : limit + 1;
    let smallest = current[first - 1];
    for (let j = first; j <= last; j++) {
      const substituted = previous[j - 1] + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      const deleted = j === i + limit ? limit + 1 : previous[j] + 1;
      current[j] = Math.min(substituted, deleted, current[j - 1] + 1);
      if (current[j] < smallest) smallest = current[j];
    }
    if (smallest > limit) return limit + 1;
    [previous, current] = [current, previous];
  }
  return Math.min(previous[b.length], limit + 1);
}
