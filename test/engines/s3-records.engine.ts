import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { S3Bucket } from '../../src/adapters/aws/s3/bucket.ts';
import { compactRecords, RecordChain } from '../../src/adapters/aws/s3/record-chain.ts';
import { nameOf, versionKey } from '../../src/adapters/aws/s3/record-keys.ts';
import { createS3Records } from '../../src/adapters/aws/s3/records.ts';
import type { Records, StoredRecord } from '../../src/ports.ts';
import type { RadosCluster } from './radosgw.ts';
import { BUCKET, plainClient, type S3Fixture, s3Fixture } from './s3.ts';

const cluster = inject('radosgw') as RadosCluster;

describe.skipIf(!cluster)('records in S3', () => {
  let fixture: S3Fixture;
  let plain: S3Client;
  beforeEach(async () => {
    fixture = await s3Fixture(cluster);
    plain = plainClient(cluster);
  });
  afterEach(async () => {
    plain.destroy();
    await fixture.close();
  });

  const keys = async (start: string): Promise<string[]> => {
    const { prefix } = fixture.aws.s3;
    const { Contents = [] } = await plain.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix + start }));
    return Contents.map(({ Key = '' }) => Key.slice(prefix.length));
  };
  const listed = async (): Promise<string[]> => {
    const found: string[] = [];
    const bucket = new S3Bucket(fixture.aws, { credentials: cluster });
    for await (const { key } of bucket.all('records/')) found.push(key);
    await bucket.close();
    return found;
  };
  const put = (key: string, text: string) => plain.send(new PutObjectCommand({ Bucket: BUCKET, Key: fixture.aws.s3.prefix + key, Body: Buffer.from(text) }));
  const remove = (key: string) => plain.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: fixture.aws.s3.prefix + key }));

  test('eight servers that change one record at once: one wins each version, and every change is counted once', async () => {
    const servers = Array.from({ length: 8 }, () => fixture.open().records);
    await servers[0].create({ kind: 'ledger', id: 'usd', open: true, body: { spent: 0, by: [] } });
    const race = await Promise.allSettled(
      servers.map((each, by) => each.update({ kind: 'ledger', id: 'usd', version: 1, open: true, body: { spent: 0, by } })),
    );
    expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of race) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CONFLICT' });
    await servers[0].update({ kind: 'ledger', id: 'usd', version: 2, open: true, body: { spent: 0 } });
    const spend = async (records: Records): Promise<void> => {
      for (;;) {
        const { version, body } = (await records.get('ledger', 'usd')) as StoredRecord;
        const { spent } = body as { spent: number };
        const next = { kind: 'ledger', id: 'usd', version, open: true, body: { spent: spent + 1 } };
        if (
          await records.update(next).then(
            () => true,
            () => false,
          )
        )
          return;
      }
    };
    await Promise.all(servers.flatMap((each) => [spend(each), spend(each), spend(each)]));
    expect(await servers[5].get('ledger', 'usd')).toMatchObject({ version: 27, body: { spent: 24 } });
  });

  test('eight servers claim one record: one gets it, and the next one when it is over', async () => {
    const servers = Array.from({ length: 8 }, () => fixture.open().records);
    await servers[0].create({ kind: 'job', id: 'j', open: true, body: null });
    const claims = await Promise.all(servers.map((each, i) => each.claim('job', { owner: `o${i}`, leaseSeconds: 1, id: 'j' })));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const other = claims[0] ? servers[1] : servers[0];
    await sleep(1100);
    // Clocks of two machines may differ, so another process waits a little longer.
    expect(await other.claim('job', { owner: 'late', leaseSeconds: 1, id: 'j' })).toBeUndefined();
    await sleep(2100);
    expect(await other.claim('job', { owner: 'late', leaseSeconds: 1, id: 'j' })).toMatchObject({ id: 'j', version: 1 });
  });

  test('a server whose clock is an hour off sees leases as the others do', async () => {
    const [right, wrong] = [fixture.open().records, fixture.open().records];
    await right.create({ kind: 'job', id: 'j', open: true, body: null });
    await right.claim('job', { owner: 'right', leaseSeconds: 60, id: 'j' });
    const now = Date.now;
    Date.now = () => now() + 3_600_000;
    try {
      expect(await wrong.get('job', 'j')).toBeDefined();
      expect(await wrong.claim('job', { owner: 'wrong', leaseSeconds: 60, id: 'j' })).toBeUndefined();
    } finally {
      Date.now = now;
    }
  });

  test('a write whose answer was lost is known as its own when it is repeated', async () => {
    const bucket = new LossyBucket(fixture.aws, { credentials: cluster });
    const records = createS3Records(bucket);
    await records.create({ kind: 'job', id: 'j', open: true, body: 1 });
    expect(await records.update({ kind: 'job', id: 'j', version: 1, open: false, body: 2 })).toMatchObject({ version: 2 });
    expect(await fixture.open().records.get('job', 'j')).toMatchObject({ version: 2, body: 2 });
    await bucket.close();
  });

  test('what a killed server left in the index is passed over; a closed record is in no open list', async () => {
    const { records } = fixture.open();
    await records.create({ kind: 'job', id: 'j', open: true, body: 1 });
    const [entry] = await keys('open/job/');
    await records.update({ kind: 'job', id: 'j', version: 1, open: false, body: 2 });
    expect(await keys('open/')).toEqual([]);
    await put(entry, '');
    await put(entry.replace('/j/', '/never-made/'), '');
    await put(`index/job/${'0'.repeat(17)}deadbeef/never-made`, '');
    expect((await records.list('job', { limit: 5, open: true })).records).toEqual([]);
    expect((await records.list('job', { limit: 5 })).records.map(({ id }) => id)).toEqual(['j']);
    expect(await records.update({ kind: 'job', id: 'j', version: 2, open: true, body: 3 })).toMatchObject({ open: true });
    expect((await records.list('job', { limit: 5, open: true })).records.map(({ id }) => id)).toEqual(['j']);
  });

  test('a deleted record leaves nothing of what it said, and an old version cannot be written upon', async () => {
    const [records, another] = [fixture.open().records, fixture.open().records];
    await records.create({ kind: 'note', id: 'n', open: true, body: 'a secret' });
    await records.update({ kind: 'note', id: 'n', version: 1, open: true, body: 'another secret' });
    await another.get('note', 'n');
    await records.delete('note', 'n');
    for (const key of await keys('records/')) {
      const { Body } = await plain.send(new GetObjectCommand({ Bucket: BUCKET, Key: fixture.aws.s3.prefix + key }));
      expect(await Body?.transformToString()).not.toContain('secret');
    }
    expect(await keys('index/')).toEqual([]);
    expect(await keys('open/')).toEqual([]);
    await expect(another.update({ kind: 'note', id: 'n', version: 2, open: true, body: 'back' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await another.list('note', { limit: 5 })).records).toEqual([]);
  });

  test('old versions are cleared away, but not those that a late write may still meet', async () => {
    const bucket = new S3Bucket(fixture.aws, { credentials: cluster });
    const chain = new RecordChain(bucket);
    const { records } = fixture.open();
    await records.create({ kind: 'job', id: 'j', open: true, body: 0 });
    for (let version = 1; version < 40; version++) await records.update({ kind: 'job', id: 'j', version, open: true, body: version });
    const name = nameOf('job', 'j');
    await chain.clear(name);
    expect(await keys('records/')).toHaveLength(40);
    await sleep(1100);
    await chain.clear(name, 1);
    expect(await keys('records/')).toEqual([versionKey(name, 40), versionKey(name, 1)]);
    expect(await records.update({ kind: 'job', id: 'j', version: 40, open: true, body: 40 })).toMatchObject({ version: 41 });
    expect(await fixture.open().records.get('job', 'j')).toMatchObject({ version: 41, body: 40 });
    await expect(fixture.open().records.create({ kind: 'job', id: 'j', body: 0 })).rejects.toMatchObject({ code: 'CONFLICT' });
    await bucket.close();
  });

  test('what servers left that were killed is compacted: thousands of versions in a few requests, while others go on writing', {
    timeout: 240_000,
  }, async () => {
    const [RECORDS, VERSIONS, GONE] = [250, 12, 25];
    const ids = Array.from({ length: RECORDS }, (_, index) => `r${String(index).padStart(3, '0')}`);
    // Each of these has fewer versions than a server clears by itself, and none is written again.
    const { records } = fixture.open();
    const writeAll = async (id: string) => {
      await records.create({ kind: 'job', id, open: true, body: 1 });
      for (let version = 1; version < VERSIONS; version++) await records.update({ kind: 'job', id, version, open: version < VERSIONS - 1, body: version + 1 });
    };
    for (let at = 0; at < RECORDS; at += 50) await Promise.all(ids.slice(at, at + 50).map(writeAll));
    for (const id of ids.slice(0, GONE)) await records.delete('job', id);
    const before = (await listed()).length;
    expect(before).toBe(RECORDS * VERSIONS + GONE);
    // Times of storing have whole seconds.
    await sleep(5500);
    const bucket = new CountingBucket(fixture.aws, { credentials: cluster });
    expect(await compactRecords(bucket)).toBe(0);
    bucket.requests = 0;
    const busy = fixture.open().records;
    const [removed] = await Promise.all([
      compactRecords(bucket, 4000),
      ...ids.slice(-20).map((id) => busy.update({ kind: 'job', id, version: VERSIONS, open: false, body: 'meanwhile' })),
    ]);
    // Of each record the first and the last stay, and what was written meanwhile; what that superseded may be old enough when the list comes to it.
    const expected = before - RECORDS * 2;
    expect(removed).toBeGreaterThanOrEqual(expected);
    expect(removed).toBeLessThanOrEqual(expected + 20);
    expect(bucket.requests).toBeLessThanOrEqual(Math.ceil(before / 1000) * 2 + 2);
    expect(await listed()).toHaveLength(before + 20 - removed);
    await bucket.close();
    const other = fixture.open().records;
    expect(await other.getMany('job', ids.slice(0, GONE))).toEqual([]);
    const kept = await other.getMany('job', ids.slice(GONE));
    expect(kept.map(({ version, body }) => [version, body])).toEqual(
      ids.slice(GONE).map((_, at) => (at < RECORDS - GONE - 20 ? [VERSIONS, VERSIONS] : [VERSIONS + 1, 'meanwhile'])),
    );
    expect(await other.update({ kind: 'job', id: ids[GONE], version: VERSIONS, open: true, body: 0 })).toMatchObject({ version: VERSIONS + 1 });
    await expect(other.create({ kind: 'job', id: ids[GONE], body: 0 })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await other.create({ kind: 'job', id: ids[0], body: 'again' })).toMatchObject({ body: 'again' });
  });

  test('kinds and ids may hold anything', async () => {
    const { records } = fixture.open();
    const ids = ['a/b', '..', '.', 'ü+&?#%', '猫', 'x'.repeat(3000), `${'x'.repeat(3000)}y`, ' ', '\ud800', '~', 'a~b'];
    for (const id of ids) await records.create({ kind: 'k/1', id, body: id.length });
    for (const id of ids) expect((await records.get('k/1', id))?.id, id.slice(0, 9)).toBe(id);
    expect((await records.list('k/1', { limit: 50 })).records.map(({ id }) => id)).toEqual(ids.reverse());
    expect(await records.list('k', { limit: 50 })).toEqual({ records: [] });
  });

  test('the upkeep finds a record that is missing in the index, and one that cannot be read', async () => {
    const { records, upkeep, objects } = fixture.open();
    const { key } = await objects.put(new TextEncoder().encode('named'), 'image/png');
    await records.create({ kind: 'job', id: 'whole', open: true, body: { key } });
    await records.create({ kind: 'job', id: 'hidden', open: true, body: 0 });
    expect(await upkeep.damage()).toEqual([]);
    const hidden = (await keys('open/')).find((entry) => entry.includes('hidden')) as string;
    await remove(hidden);
    await put(versionKey(nameOf('job', 'torn'), 1), '{"kind":');
    const problems = await upkeep.damage();
    expect(problems).toHaveLength(2);
    expect(problems.join()).toMatch(/hidden: it is open.*torn: its newest/);
    expect(await upkeep.namedObjects()).toEqual(new Set([key]));
  });
});

class CountingBucket extends S3Bucket {
  requests = 0;

  override list(...args: Parameters<S3Bucket['list']>): ReturnType<S3Bucket['list']> {
    this.requests++;
    return super.list(...args);
  }

  override delete(...args: Parameters<S3Bucket['delete']>): Promise<void> {
    this.requests++;
    return super.delete(...args);
  }
}

/** As the SDK does after a lost answer: the same request again. */
class LossyBucket extends S3Bucket {
  override async put(...args: Parameters<S3Bucket['put']>): Promise<boolean> {
    await super.put(...args);
    return super.put(...args);
  }
}
