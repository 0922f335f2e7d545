import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 100;
const MOST_MS = 5000;
/** With doubling from 0.1 s to 5 s that is about 20 s in all. */
const TRIES = 9;

/** Waits before try `attempt` (0: the second one): doubling, capped, of which a random half (full jitter would often be no wait at all). */
export function pause(attempt: number): Promise<void> {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** attempt);
  return sleep(most * (0.5 + Math.random() / 2));
}

/** Calls until `isDone`, at most nine times in about 20 s; the last answer either way. A rejection ends it unless `isWorthATry`. */
export async function repeated<T>(call: () => Promise<T>, options: { isDone(answer: T): boolean; isWorthATry(error: unknown): boolean }): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await call();
      if (options.isDone(answer) || attempt === TRIES - 1) return answer;
    } catch (error) {
      if (!options.isWorthATry(error) || attempt === TRIES - 1) throw error;
    }
    await pause(attempt);
  }
}
