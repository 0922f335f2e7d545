import { Best } from './best.ts';
import type { Matrix } from './matrix.ts';

/** Room for float32 rounding in the kernel's scores. */
const ROUNDING = 1e-6;

/** Exact scores read at a time, after the first k: at least so many, or this part of k. */
const LOT = { least: 16, part: 1 / 4 };

export interface NearestSlot {
  slot: number;
  score: number;
  /** NaN where the vector has no time. */
  atSeconds: number;
}

export interface NearestOptions {
  /** Flags by slot; `undefined` allows all. */
  allowed: Uint8Array | undefined;
  k: number;
  /** Among equal scores the lower comes first. */
  orderOf: (slot: number) => number;
  /** Exact cosines of the query with stored vectors. */
  exactScores: (vectorIds: number[]) => (vectorId: number) => number;
}

/**
 * The k slots with the best vectors, each with its best vector, exactly: the scan's scores with their error bounds say which rows can be among
 * the best; those get exact scores, the most promising first, until no other can enter (the threshold algorithm; Fagin, Lotem, Naor 2003).
 */
export function nearestSlots(matrix: Matrix, query: Float64Array, { allowed, k, orderOf, exactScores }: NearestOptions): NearestSlot[] {
  const slack = matrix.scan(query, allowed) + ROUNDING;
  const best = new Best(k, orderOf);
  const found = new Map<number, { score: number; atSeconds: number }>();
  const rows = candidates(matrix, allowed, slack, k);
  // The first k are needed anyway; reading many at once takes less than one by one.
  for (let at = 0, lot = k; at < rows.length && rows[at].ceiling >= best.floor; at += lot, lot = Math.max(LOT.least, Math.ceil(k * LOT.part))) {
    const some = rows.slice(at, at + lot);
    const scoreOf = exactScores(some.map(({ row }) => matrix.idOf[row]));
    for (const { row } of some) {
      const slot = matrix.slotOf[row];
      const known = found.get(slot);
      const score = scoreOf(matrix.idOf[row]);
      const atSeconds = matrix.atSecondsOf[row];
      if (known && (score < known.score || (score === known.score && !(atSeconds < known.atSeconds)))) continue;
      found.set(slot, { score, atSeconds });
      best.offer(slot, score);
    }
  }
  return best.entries.map(({ key, score }) => ({ slot: key, score, atSeconds: found.get(key)?.atSeconds ?? Number.NaN }));
}

/** Rows whose highest possible score reaches the k-th best lowest possible score of distinct slots; highest first. */
function candidates(matrix: Matrix, allowed: Uint8Array | undefined, slack: number, k: number): { row: number; ceiling: number }[] {
  const { scores, errorOf, largestError, slotOf, count } = matrix;
  const lowest = new Best(k, () => 0);
  const rows: { row: number; ceiling: number }[] = [];
  // Nearly all rows are passed over by the first comparison.
  let least = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    if (scores[row] < least || (allowed && !allowed[slotOf[row]])) continue;
    const error = errorOf[row] + slack;
    rows.push({ row, ceiling: scores[row] + error });
    if (scores[row] - error <= lowest.floor) continue;
    lowest.offer(slotOf[row], scores[row] - error);
    least = lowest.floor - largestError - slack;
  }
  return rows.filter(({ ceiling }) => ceiling >= lowest.floor).sort((a, b) => b.ceiling - a.ceiling || a.row - b.row);
}
