import { AppError } from '../../../errors.ts';
import type { CallOptions } from '../../../ports.ts';

/** Calls under way at a time for one list: far below the account's limits (2,000 a minute for Titan by default), and enough to hide the network. */
const AT_ONCE = 8;

/** Works on all items, some at a time, in order; the first failure stops the rest. */
export async function eachBounded<Item, Result>(
  items: readonly Item[],
  { signal }: CallOptions,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  if (signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
  const results = new Array<Result>(items.length);
  const failed = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !stop.aborted) {
      const at = next++;
      results[at] = await work(items[at], stop);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  } catch (error) {
    failed.abort();
    throw error;
  }
  if (signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
  return results;
}

/** The numbers of an answer as a vector of unit length; UNAVAILABLE where they are not what was asked for. */
export function unitVector(numbers: unknown, dimensions: number, title: string): Float32Array {
  const vector = Array.isArray(numbers) ? Float32Array.from(numbers as number[]) : new Float32Array();
  const length = Math.hypot(...vector);
  if (vector.length !== dimensions || !Number.isFinite(length) || length === 0) {
    throw new AppError('UNAVAILABLE', `${title} answered without a vector of ${dimensions} numbers.`, { hint: 'Try again later.' });
  }
  return vector.map((value) => value / length);
}

/** Neither model takes an empty text. */
export const EMPTY_TEXT = '.';

/** At most `limit` characters, without half of a surrogate pair at the end. */
export const cut = (text: string, limit: number): string => text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '');
