import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Records } from '../../src/ports.ts';

/** Fresh, empty records; `another` opens them as a second server would. */
export interface RecordsFixture {
  records: Records;
  another(): Promise<Records>;
  close(): Promise<void>;
}

/** Behaviour all records share. */
export function recordsContract(open: () => Promise<RecordsFixture>): void {
  let fixture: RecordsFixture;
  let records: Records;
  beforeEach(async () => {
    fixture = await open();
    records = fixture.records;
  });
  afterEach(() => fixture.close());

  const lease = (owner: string, leaseSeconds = 60) => ({ owner, leaseSeconds });

  test('a record comes back as it was created, in any server', async () => {
    const body = { shots: [{ prompt: 'a "red" shoe\n猫' }], cost: 0.25, note: null };
    const made = await records.create({ kind: 'job', id: 'job_1', open: true, body });
    expect(made).toEqual({ kind: 'job', id: 'job_1', version: 1, open: true, body, createdAt: expect.any(String), updatedAt: made.createdAt });
    expect(new Date(made.createdAt).toISOString()).toBe(made.createdAt);
    expect(await (await fixture.another()).get('job', 'job_1')).toEqual(made);
    expect(await records.get('job', 'job_2')).toBeUndefined();
    expect(await records.get('take', 'job_1')).toBeUndefined();
    expect((await records.create({ kind: 'take', id: 'job_1', body: null })).open).toBe(false);
  });

  test('the same kind and id cannot be created twice, even at once', async () => {
    const another = await fixture.another();
    const tries = await Promise.allSettled([records, another, records, another].map((each, i) => each.create({ kind: 'key', id: 'k', body: i })));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of tries) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CONFLICT' });
  });

  test('an update counts the version, and only one of two writers wins', async () => {
    await records.create({ kind: 'job', id: 'job_1', open: true, body: 'a' });
    const updated = await records.update({ kind: 'job', id: 'job_1', version: 1, open: false, body: 'b' });
    expect(updated).toMatchObject({ version: 2, open: false, body: 'b' });
    expect(await records.get('job', 'job_1')).toEqual(updated);
    await expect(records.update({ kind: 'job', id: 'job_1', version: 1, open: true, body: 'c' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(records.update({ kind: 'job', id: 'nobody', version: 1, open: true, body: 'c' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const another = await fixture.another();
    const tries = await Promise.allSettled([records, another].map((each) => each.update({ kind: 'job', id: 'job_1', version: 2, open: true, body: 'd' })));
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await records.get('job', 'job_1'))?.version).toBe(3);
  });

  test('lists a kind newest first by creation, in pages, all or only open or closed ones', async () => {
    for (let i = 0; i < 5; i++) await records.create({ kind: 'job', id: `job_${i}`, open: i % 2 === 0, body: i });
    await records.create({ kind: 'take', id: 'take_1', body: 0 });
    await records.update({ kind: 'job', id: 'job_0', version: 1, open: true, body: 'touched' });
    const first = await records.list('job', { limit: 3 });
    expect(first.records.map(({ id }) => id)).toEqual(['job_4', 'job_3', 'job_2']);
    await records.create({ kind: 'job', id: 'job_later', body: 0 });
    const rest = await records.list('job', { limit: 3, cursor: first.cursor });
    expect(rest.records.map(({ id }) => id)).toEqual(['job_1', 'job_0']);
    expect(rest.cursor).toBeUndefined();
    expect((await records.list('job', { limit: 9, open: true })).records.map(({ id }) => id)).toEqual(['job_4', 'job_2', 'job_0']);
    expect((await records.list('job', { limit: 9, open: false })).records.map(({ id }) => id)).toEqual(['job_later', 'job_3', 'job_1']);
    expect(await records.list('none', { limit: 9 })).toEqual({ records: [] });
    await expect(records.list('job', { limit: 3, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('many records of one kind are read at once; those that are not there are left out', async () => {
    for (let i = 0; i < 3; i++) await records.create({ kind: 'take', id: `take_${i}`, body: i });
    await records.create({ kind: 'job', id: 'take_9', body: 9 });
    const found = await records.getMany('take', ['take_2', 'take_9', "x'y", 'take_0', 'take_2']);
    expect(found.map(({ id, body }) => [id, body]).sort()).toEqual([
      ['take_0', 0],
      ['take_2', 2],
    ]);
    expect(await records.getMany('take', [])).toEqual([]);
    const ids = Array.from({ length: 3000 }, (_, i) => `take_${i}`);
    expect(await records.getMany('take', ids)).toHaveLength(3);
  });

  test('claims the oldest open record that is free, and a lease keeps others away', async () => {
    await records.create({ kind: 'job', id: 'closed', body: 0 });
    for (const id of ['one', 'two']) await records.create({ kind: 'job', id, open: true, body: 0 });
    const another = await fixture.another();
    expect((await records.claim('job', lease('a')))?.id).toBe('one');
    expect((await another.claim('job', lease('b')))?.id).toBe('two');
    expect(await another.claim('job', lease('b'))).toBeUndefined();
    expect(await another.claim('job', { ...lease('b'), id: 'one' })).toBeUndefined();
    expect(await another.claim('job', { ...lease('b'), id: 'closed' })).toBeUndefined();
    expect(await another.claim('take', lease('b'))).toBeUndefined();
    await records.release('job', 'one', 'b');
    expect(await another.claim('job', lease('b'))).toBeUndefined();
    await records.release('job', 'one', 'a');
    expect(await another.claim('job', { ...lease('b'), id: 'one' })).toMatchObject({ id: 'one', version: 1 });
  });

  test('many claimants get each record once', async () => {
    for (let i = 0; i < 20; i++) await records.create({ kind: 'job', id: `job_${i}`, open: true, body: i });
    const another = await fixture.another();
    const claims = await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 ? records : another).claim('job', lease(`owner ${i}`))));
    const claimed = claims.flatMap((record) => (record ? [record.id] : []));
    expect(claimed).toHaveLength(20);
    expect(new Set(claimed).size).toBe(20);
  });

  test('a lease that is over goes to the next one, and the late owner can neither renew nor write', async () => {
    await records.create({ kind: 'job', id: 'job_1', open: true, body: 0 });
    await records.claim('job', lease('late', 0.05));
    await sleep(80);
    expect(await records.renew('job', 'job_1', lease('late'))).toBe(false);
    await expect(records.update({ kind: 'job', id: 'job_1', version: 1, open: true, body: 1 }, { owner: 'late' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await records.claim('job', lease('next'))).toMatchObject({ id: 'job_1' });
    await expect(records.update({ kind: 'job', id: 'job_1', version: 1, open: true, body: 1 }, { owner: 'late' })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await records.update({ kind: 'job', id: 'job_1', version: 1, open: true, body: 1 }, { owner: 'next' })).toMatchObject({ version: 2 });
  });

  test('a renewed lease lasts on, and only its owner renews it', async () => {
    await records.create({ kind: 'job', id: 'job_1', open: true, body: 0 });
    await records.claim('job', lease('a', 0.2));
    expect(await records.renew('job', 'job_1', lease('a', 60))).toBe(true);
    expect(await records.renew('job', 'job_1', lease('b', 60))).toBe(false);
    await sleep(250);
    expect(await records.claim('job', lease('b'))).toBeUndefined();
    expect(await records.renew('job', 'nobody', lease('a'))).toBe(false);
  });

  test('a deleted record is gone, and its id is free again', async () => {
    await records.create({ kind: 'job', id: 'job_1', body: 0 });
    await records.delete('job', 'job_1');
    await records.delete('job', 'job_1');
    expect(await records.get('job', 'job_1')).toBeUndefined();
    expect((await records.create({ kind: 'job', id: 'job_1', body: 1 })).version).toBe(1);
  });
}
