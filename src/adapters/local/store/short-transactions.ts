import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Sql } from './database.ts';

/** How long a bulk write may hold the lock and the event loop (design: at most 50 ms a transaction; one item always goes in whole). */
const TRANSACTION_MS = 40;
/** Between two transactions, so that other processes that wait for the lock get it. */
const PAUSE_MS = 5;

/** Runs `step` over the items in as many transactions as the time limit makes. */
export async function inShortTransactions<T>(database: Database, items: readonly T[], step: (sql: Sql, item: T) => void): Promise<void> {
  for (let next = 0; next < items.length; ) {
    const start = next;
    next = await database.write((sql) => {
      const end = performance.now() + TRANSACTION_MS;
      let at = start;
      do step(sql, items[at++]);
      while (at < items.length && performance.now() < end);
      return at;
    });
    if (next < items.length) await sleep(PAUSE_MS);
  }
}

/** Runs `step` until it returns false, in as many transactions as the time limit makes. */
export async function repeatInShortTransactions(database: Database, step: (sql: Sql) => boolean): Promise<void> {
  for (;;) {
    const goesOn = await database.write((sql) => {
      const end = performance.now() + TRANSACTION_MS;
      while (performance.now() < end) if (!step(sql)) return false;
      return true;
    });
    if (!goesOn) return;
    await sleep(PAUSE_MS);
  }
}
