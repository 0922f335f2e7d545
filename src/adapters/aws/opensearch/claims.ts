import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';
import type { Records } from '../../../ports.ts';

/** Kind of the records whose leases say who is adding assets. There are 256, one for each first byte of a sha256, so nothing is left of an asset. */
const KIND = 'adding';
const LOOK_EVERY_MS = 200;
/** What a crashed server holds is free after this. */
const LEASE_SECONDS = 20;
const RENEW_EVERY_MS = 6000;
/** A write on Serverless waits at most two minutes. */
const GIVE_UP_MS = 300_000;

/**
 * Holds the leases that these sha256 (hex) fall under while `work` runs, so that of several servers one at a time adds the same bytes. Costs two writes
 * each in a bucket: the lease, and its release. UNAVAILABLE where other servers keep one for five minutes.
 */
export async function holding<T>(records: Records, sha256s: readonly string[], work: () => Promise<T>): Promise<T> {
  const owner = randomUUID();
  const held: string[] = [];
  const renewing = setInterval(() => {
    for (const id of held) records.renew(KIND, id, { owner, leaseSeconds: LEASE_SECONDS }).catch(() => undefined);
  }, RENEW_EVERY_MS);
  try {
    // In one order for all, so that no two wait for each other.
    for (const id of [...new Set(sha256s.map((sha256) => sha256.slice(0, 2)))].sort()) {
      await take(records, id, owner);
      held.push(id);
    }
    return await work();
  } finally {
    clearInterval(renewing);
    await Promise.all(held.map((id) => records.release(KIND, id, owner)));
  }
}

async function take(records: Records, id: string, owner: string): Promise<void> {
  const lease = { id, owner, leaseSeconds: LEASE_SECONDS };
  for (const end = Date.now() + GIVE_UP_MS; Date.now() < end; await sleep(LOOK_EVERY_MS)) {
    if (await records.claim(KIND, lease)) return;
    if (await records.get(KIND, id)) continue;
    await records.create({ kind: KIND, id, open: true, body: null }).catch(unlessThere);
    if (await records.claim(KIND, lease)) return;
  }
  throw new AppError('UNAVAILABLE', 'Other servers keep adding the same file.', { hint: 'Call again in a minute.' });
}

function unlessThere(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
}
