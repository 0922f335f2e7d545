import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holding } from '../../../src/adapters/aws/opensearch/claims.ts';
import { openStore } from '../../../src/adapters/local/store/open.ts';

const SHA = 'ab'.padEnd(64, '0');
const SAME_BYTE = 'ab'.padEnd(64, '1');
const OTHER = 'cd'.padEnd(64, '0');

let home: string;
let stores: ReturnType<typeof openStore>[];
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vrag-claims-'));
  stores = [openStore(home), openStore(home)];
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(home, { recursive: true });
});

/** How many were at work at the same moment, at most. */
function crowd() {
  let now = 0;
  let most = 0;
  return {
    most: () => most,
    async work() {
      most = Math.max(most, ++now);
      await sleep(20);
      now--;
    },
  };
}

test('of many who add the same bytes one at a time does, in two servers', async () => {
  const inside = crowd();
  await Promise.all(Array.from({ length: 6 }, (_, i) => holding(stores[i % 2].records, [SHA], inside.work)));
  expect(inside.most()).toBe(1);
});

test('those who add other bytes do not wait', async () => {
  const inside = crowd();
  await Promise.all([SHA, OTHER].map((sha256) => holding(stores[0].records, [sha256], inside.work)));
  expect(inside.most()).toBe(2);
});

test('two of one lease are held together, and given back after a failure', async () => {
  const failing = holding(stores[0].records, [SHA, SAME_BYTE, OTHER], async () => {
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  const inside = crowd();
  await holding(stores[1].records, [OTHER, SHA], inside.work);
  expect(inside.most()).toBe(1);
});

test('nothing is left of an asset: a second one of the same first byte makes no new record', async () => {
  for (const sha256 of [SHA, SAME_BYTE]) await holding(stores[0].records, [sha256], async () => undefined);
  expect((await stores[0].records.list('adding', { limit: 10 })).records.map(({ id }) => id)).toEqual(['ab']);
});

test('a lease that a dead server holds is waited for and then taken over', async () => {
  const { records } = stores[0];
  await records.create({ kind: 'adding', id: 'ab', open: true, body: null });
  await records.claim('adding', { id: 'ab', owner: 'dead', leaseSeconds: 1 });
  const started = Date.now();
  await holding(stores[1].records, [SHA], async () => undefined);
  expect(Date.now() - started).toBeGreaterThan(900);
});
