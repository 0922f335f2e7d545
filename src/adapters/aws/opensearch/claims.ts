import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';
import type { Records } from '../../../ports.ts';

/** Kind of the records that say who is adding an asset with these bytes. They live as long as the write. */
const KIND = 'bytes';
const LOOK_EVERY_MS = 200;
/** After that the one who claimed it has crashed: a write on Serverless waits at most two minutes. */
const STALE_AFTER_MS = 180_000;

/**
 * Holds claims on ids while `work` runs, so that of several servers one at a time does: a record that can be created once. What a crashed server
 * left is taken over after three minutes, by compare-and-swap. UNAVAILABLE where another server keeps one for longer.
 */
export async function holding<T>(records: Records, ids: readonly string[], work: () => Promise<T>): Promise<T> {
  const held: string[] = [];
  try {
    // In one order for all, so that no two wait for each other.
    for (const id of [...new Set(ids)].sort()) {
      await claim(records, id);
      held.push(id);
    }
    return await work();
  } finally {
    await Promise.all(held.map((id) => records.delete(KIND, id)));
  }
}

async function claim(records: Records, id: string): Promise<void> {
  for (const end = Date.now() + 2 * STALE_AFTER_MS; Date.now() < end; await sleep(LOOK_EVERY_MS)) {
    if (await succeeds(() => records.create({ kind: KIND, id, body: null }))) return;
    const other = await records.get(KIND, id);
    if (!other || Date.now() - Date.parse(other.updatedAt) < STALE_AFTER_MS) continue;
    if (await succeeds(() => records.update({ kind: KIND, id, version: other.version, open: false, body: null }))) return;
  }
  throw new AppError('UNAVAILABLE', 'Other servers keep adding the same file.', { hint: 'Call again in a minute.' });
}

/** False where another server was faster. */
async function succeeds(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof AppError && (error.code === 'CONFLICT' || error.code === 'NOT_FOUND')) return false;
    throw error;
  }
}
