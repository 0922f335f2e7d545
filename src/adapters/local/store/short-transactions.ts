import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Sql } from './database.ts';

/** How long the steps of a bulk write may take in one transaction; with what they leave for its end it stays under 50 ms (design). One step always runs whole. */
const STEPS_MS = 25;
/** Between two transactions, so that other processes that wait for the lock get it. */
const PAUSE_MS = 5;

/** What a step leaves to do. */
export interface Step {
  /** False after the last one. */
  goesOn: boolean;
  /**
   * Work for the end of its transaction: all writes to the full-text index. Another statement that may have to be undone alone (for its foreign keys)
   * opens a savepoint, at which FTS5 writes out what it has gathered: a segment per asset, with which a bulk write takes 1.3 times as long.
   */
  atEnd?: () => void;
}

/** Runs steps, which are told how many went before, in as many transactions as the time limit makes. */
export async function inShortTransactions(database: Database, step: (sql: Sql, number: number) => Step): Promise<void> {
  for (let next = 0; ; ) {
    // All state is local to the transaction, which runs again from its start where another process holds the lock.
    const { at, goesOn } = await database.write((sql) => {
      const end = performance.now() + STEPS_MS;
      const steps: Step[] = [];
      do steps.push(step(sql, next + steps.length));
      while (steps[steps.length - 1].goesOn && performance.now() < end);
      for (const { atEnd } of steps) atEnd?.();
      return { at: next + steps.length, goesOn: steps[steps.length - 1].goesOn };
    });
    if (!goesOn) return;
    next = at;
    await sleep(PAUSE_MS);
  }
}

/** The same with one step for each item; it returns its work for the end. */
export async function eachInShortTransactions<T>(
  database: Database,
  items: readonly T[],
  step: (sql: Sql, item: T) => Step['atEnd'] | undefined,
): Promise<void> {
  if (items.length === 0) return;
  await inShortTransactions(database, (sql, number) => {
    const atEnd = step(sql, items[number]);
    return { goesOn: number + 1 < items.length, ...(atEnd ? { atEnd } : {}) };
  });
}
