import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase, type Sql } from '../../src/adapters/local/store/database.ts';
import { openStore } from '../../src/adapters/local/store/open.ts';
import { MIGRATIONS } from '../../src/adapters/local/store/schema.ts';
import type { Asset, FieldCondition } from '../../src/ports.ts';
import { atAngle, exampleAsset } from '../contracts/catalog.ts';

const DIST = pathToFileURL(path.resolve(import.meta.dirname, '../../dist/adapters/local/store/open.js')).href;

let home: string;
const opened: Database[] = [];
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vrag-database-'));
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
  await rm(home, { recursive: true });
});

function database(migrations?: readonly string[]): Database {
  const made = openDatabase(home, migrations);
  opened.push(made);
  return made;
}

const touch = (one: Database) => one.read((sql) => sql('select count(*) as n from record').get<{ n: number }>()?.n);

/** A process that runs `code` on the store of the data folder; `code` sees `catalog`, `records`, `asset(i)` and `say(text)`. */
function server(code: string): ChildProcess {
  const script = `
    import { openStore } from ${JSON.stringify(DIST)};
    const { catalog, records, close } = openStore(${JSON.stringify(home)});
    const say = (text) => process.stdout.write(text + '\\n');
    const asset = (i) => ({ id: 'img_' + i, collection: 'c', kind: 'image', status: 'approved', objectKey: 'k', sha256: String(i), mediaType: 'image/png', byteLength: 1,
      width: 1, height: 1, name: 'number ' + i, tags: [], source: 's', createdAt: new Date().toISOString(), updatedAt: 'now' });
    const vectors = (n) => [{ embedderId: 'e@1', vectors: Array.from({ length: n }, (_, i) => ({ vector: Float32Array.from({ length: 32 }, (_, j) => Math.sin(i * 7 + j)), atSeconds: i })) }];
    ${code}`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function finished(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  return output;
}

test('making the store touches nothing before the first call', async () => {
  const store = openStore(path.join(home, 'later'));
  await store.close();
  expect(await readdir(home)).toEqual([]);
});

test('three servers that start at once on a new folder all work, and no write is lost', async () => {
  const code = (name: string) => `
    for (let i = 0; i < 60; i++) {
      await records.create({ kind: 'job', id: '${name}' + i, body: i });
      await catalog.upsert([{ asset: asset('${name}' + i), vectors: vectors(2) }], 'e@1');
    }
    await close();`;
  await Promise.all(['a', 'b', 'c'].map((name) => finished(server(code(name)))));
  const store = openStore(home);
  expect((await store.records.list('job', { limit: 500 })).records).toHaveLength(180);
  expect(await store.catalog.collections()).toMatchObject([{ images: 180 }]);
  expect(await store.catalog.nearest('c', { embedderId: 'e@1', vector: Float32Array.from({ length: 32 }, (_, j) => Math.sin(7 + j)) }, {}, 500)).toHaveLength(
    180,
  );
  await store.close();
});

test('a server killed in the middle of writing leaves nothing half-written, and loses nothing it had confirmed', async () => {
  for (let round = 0; round < 3; round++) {
    const child = server(`
      for (let i = 0; ; i++) {
        await catalog.upsert([{ asset: asset(${round} + '_' + i), vectors: vectors(5) }], 'e@1');
        await records.create({ kind: 'job', id: ${round} + '_' + i, body: i });
        say(String(i));
      }`);
    let confirmed = -1;
    const output = child.stdout;
    if (!output) throw new Error('no output');
    let text = '';
    for await (const chunk of output) {
      text += chunk;
      confirmed = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1));
      if (confirmed >= 40 + round * 7) child.kill('SIGKILL');
    }
    const one = database();
    const state = await one.read((sql) => ({
      integrity: sql('pragma integrity_check')
        .all<{ integrity_check: string }>()
        .map((row) => row.integrity_check),
      records: sql("select count(*) as n from record where id like ? || '\\_%' escape '\\'").get<{ n: number }>(String(round))?.n ?? 0,
      odd: sql('select count(*) as n from asset where (select count(*) from vector where asset = number) <> 5').get<{ n: number }>()?.n,
      orphans: sql('select count(*) as n from vector where asset not in (select number from asset)').get<{ n: number }>()?.n,
      assets: sql('select count(*) as n from asset').get<{ n: number }>()?.n,
      texts: sql("select count(*) as n from asset_text where asset_text match 'number'").get<{ n: number }>()?.n,
    }));
    expect(state).toMatchObject({ integrity: ['ok'], odd: 0, orphans: 0 });
    expect(state.records).toBeGreaterThan(confirmed);
    expect(state.texts).toBe(state.assets);
  }
});

test('claims of several processes never overlap', async () => {
  const store = openStore(home);
  for (let i = 0; i < 60; i++) await store.records.create({ kind: 'job', id: `job_${i}`, open: true, body: 0 });
  const worker = `
    for (;;) {
      const job = await records.claim('job', { owner: String(process.pid), leaseSeconds: 60 });
      if (!job) break;
      await records.update({ ...job, open: false, body: process.pid }, { owner: String(process.pid) });
      say(job.id);
    }`;
  const outputs = await Promise.all([finished(server(worker)), finished(server(worker))]);
  const done = outputs.flatMap((output) => output.trim().split('\n').filter(Boolean));
  expect(done.sort()).toEqual(Array.from({ length: 60 }, (_, i) => `job_${i}`).sort());
  await store.close();
});

test('a server waits for another one that holds the lock, without stopping its event loop', async () => {
  await touch(database());
  const child = server(`
    const { openDatabase } = await import(${JSON.stringify(DIST.replace('open.js', 'database.js'))});
    await openDatabase(${JSON.stringify(home)}).write(() => {
      say('locked');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    });
    process.exit(0);`);
  if (child.stdout) await once(child.stdout, 'data');
  let ticks = 0;
  const timer = setInterval(() => ticks++, 20);
  const store = openStore(home);
  await store.records.create({ kind: 'job', id: 'patient', body: 1 });
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(2);
  await store.close();
});

test('records are written with a full sync, assets without', async () => {
  const one = database();
  const level = (durable: boolean) => one.write((sql) => sql('pragma synchronous').get<{ synchronous: number }>()?.synchronous, { durable });
  expect([await level(true), await level(false), await level(true)]).toEqual([2, 1, 2]);
});

test('an older file is backed up and brought forward, with its content', async () => {
  const store = openStore(home);
  await store.records.create({ kind: 'job', id: 'old', body: 'kept' });
  await store.close();
  const next = [...MIGRATIONS, 'create table later(a)', 'insert into later values(42)'];
  const both = [database(next), database(next)];
  expect(
    await Promise.all(
      both.map((one) =>
        one.read((sql) =>
          sql('select a from later')
            .all<{ a: number }>()
            .map(({ a }) => a),
        ),
      ),
    ),
  ).toEqual([[42], [42]]);
  expect(await both[0].read((sql) => sql('select body from record').get<{ body: string }>()?.body)).toBe('"kept"');
  const [backup, ...more] = await readdir(path.join(home, 'backups'));
  expect(more).toEqual([]);
  expect(backup).toMatch(/^vrag-schema2-.*\.sqlite$/);
  const old = await mkdtemp(path.join(tmpdir(), 'vrag-backup-'));
  await writeFile(path.join(old, 'vrag.sqlite'), await readFile(path.join(home, 'backups', backup)));
  const restored = openStore(old);
  expect((await restored.records.get('job', 'old'))?.body).toBe('kept');
  await restored.close();
  await rm(old, { recursive: true });
});

/** Writes an asset as the first schema had it. */
function storeAsVersion1(sql: Sql, collection: number, asset: Asset, degrees: number[]): void {
  const { seen, ...body } = asset;
  const classes = new DataView(new ArrayBuffer(10 * (seen?.classes.length ?? 0)));
  seen?.classes.forEach(([index, probability], i) => {
    classes.setUint16(i * 10, index, true);
    classes.setFloat64(i * 10 + 2, probability, true);
  });
  const { lastInsertRowid: number } = sql(`
    insert into asset(id, collection, kind, status, object_key, sha256, created_at, vectors_from, tags, colours, classes, body)
    values(?, ?, ?, ?, ?, ?, ?, 9007199254740991, ?, ?, ?, ?)`).run(
    asset.id,
    collection,
    asset.kind,
    asset.status,
    asset.objectKey,
    asset.sha256,
    asset.createdAt,
    JSON.stringify(asset.tags),
    seen ? JSON.stringify(seen.colours) : null,
    seen ? new Uint8Array(classes.buffer) : null,
    JSON.stringify(body),
  );
  for (const [i, angle] of degrees.entries()) {
    const code = Int16Array.from(atAngle(angle, 16), (x) => Math.round(x * 32512));
    const { lastInsertRowid } = sql('insert into vector(collection, asset, at_seconds, scale, code) values(?, ?, ?, ?, ?)').run(
      collection,
      number,
      degrees.length > 1 ? i : null,
      1 / 32512,
      new Uint8Array(code.buffer),
    );
    if (i === 0) sql('update asset set vectors_from = ? where number = ?').run(lastInsertRowid, number);
  }
  const text = sql('insert into asset_text(rowid, scope, name, caption, tags) values(?, ?, ?, ?, ?)');
  text.run(number, `c${collection}`, asset.name, asset.caption ?? '', asset.tags.join(' '));
  sql('insert or replace into change(collection, asset) values(?, ?)').run(collection, number);
}

test('a file of the first schema keeps all that is in it, and takes all that is new', async () => {
  const seen = { classes: [[7, 0.8125]] as [number, number][], colours: [['red', 0.5]] as [string, number][] };
  const image = exampleAsset({ tags: ['harbour', 'at dawn'], caption: '港の猫 with boats', licence: 'CC0-1.0', seen });
  const video = exampleAsset({ kind: 'video', status: 'pending', durationSeconds: 3.5, creator: 'Ann' });
  const other = exampleAsset({ collection: 'team', tags: ['harbour'] });
  const first = database(MIGRATIONS.slice(0, 1));
  await first.write((sql) => {
    const made = sql('insert into collection(name, embedder_id, dimensions, created_at) values(?, ?, ?, ?)');
    const shop = made.run('shop', 'e@1', 16, '2026-01-01T00:00:00.000Z').lastInsertRowid;
    const team = made.run('team', 'e@2', 0, '2026-01-02T00:00:00.000Z').lastInsertRowid;
    made.run('emptied', 'e@3', 16, '2026-01-03T00:00:00.000Z');
    storeAsVersion1(sql, shop, image, [0]);
    storeAsVersion1(sql, shop, video, [90, 40]);
    storeAsVersion1(sql, team, other, []);
  });
  await first.close();

  const { catalog, close } = openStore(home);
  const ids = (found: { id: string }[]) => found.map(({ id }) => id);
  const query = { embedderId: 'e@1', vector: atAngle(0, 16) };
  expect(await catalog.getMany([image.id, video.id, other.id])).toEqual([image, video, other]);
  expect(await catalog.collections()).toMatchObject([
    { name: 'emptied', embedderId: 'e@3', dimensions: 0, images: 0 },
    { name: 'shop', embedderId: 'e@1', dimensions: 16, requireApproval: false, images: 1, videos: 1, createdAt: '2026-01-01T00:00:00.000Z' },
    { name: 'team', embedderId: 'e@2', dimensions: 0, images: 1 },
  ]);
  expect(await catalog.generations('shop')).toEqual([{ embedderId: 'e@1', dimensions: 16, state: 'active', since: '2026-01-01T00:00:00.000Z' }]);
  const nearest = await catalog.nearest('shop', query, {}, 5);
  expect(nearest).toMatchObject([{ id: image.id }, { id: video.id, atSeconds: 1 }]);
  for (const text of ['boats', '猫', 'dawn', 'pictures']) expect(ids(await catalog.match('shop', text, {}, 5)), text).toContain(image.id);
  expect(ids(await catalog.match('team', 'harbour', {}, 5))).toEqual([other.id]);
  const concepts = [{ word: 'x', weight: 1, classes: [[7, 1]] as [number, number][] }];
  expect(ids(await catalog.seen('shop', { concepts, colours: ['red'] }, {}, 5))).toEqual([image.id]);
  const conditions: [FieldCondition, Asset[]][] = [
    [{ field: 'licence', in: ['cc0-1.0'] }, [image]],
    [{ field: 'creator', in: ['ann'] }, [video]],
    [{ field: 'durationSeconds', gte: 3.5 }, [video]],
    [{ field: 'status', in: ['approved'] }, [image]],
    [{ field: 'width', in: [640] }, [image, video]],
    [{ field: 'source', in: [image.source] }, [image, video]],
    [{ field: 'updatedAt', gte: image.updatedAt, lte: image.updatedAt }, [image]],
  ];
  for (const [condition, wanted] of conditions) expect(ids(await catalog.nearest('shop', query, { fields: [condition] }, 5))).toEqual(ids(wanted));
  expect(ids(await catalog.nearest('shop', query, { tagsAll: ['at dawn'] }, 5))).toEqual([image.id]);

  const edited = { ...image, attributes: { place: 'Lisbon' }, previewKey: 'preview.jpg', perceptualHash: '0123456789abcdef' };
  await catalog.upsert([{ asset: edited, vectors: [{ embedderId: 'e@1', vectors: [{ vector: atAngle(80, 16) }] }] }], 'e@1');
  expect(await catalog.get(image.id)).toEqual(edited);
  expect(ids(await catalog.nearest('shop', query, {}, 5))).toEqual([video.id, image.id]);
  expect(ids(await catalog.match('shop', 'lisbon', {}, 5))).toEqual([image.id]);
  expect(await catalog.attributeNames('shop')).toEqual(['place']);
  expect(await catalog.countByObjectKey('preview.jpg')).toBe(1);
  expect(ids(await catalog.nearDuplicates('shop', '0123456789abcdef', 0, 5))).toEqual([image.id]);
  await catalog.removeCollection('shop');
  expect(ids((await catalog.list(undefined, {}, { limit: 5 })).assets)).toEqual([other.id]);
  await close();
  expect(await readdir(path.join(home, 'backups'))).toEqual([expect.stringMatching(/^vrag-schema1-/)]);
});

test('a step that fails leaves the file as it was', async () => {
  await touch(database());
  await expect(touch(database([...MIGRATIONS, 'create table later(a)', 'nonsense']))).rejects.toThrow();
  expect(await database().read((sql) => sql("select count(*) as n from sqlite_master where name = 'later'").get<{ n: number }>()?.n)).toBe(0);
});

test('a file of a newer release is refused, at the start and while running, and not changed', async () => {
  const running = database();
  await touch(running);
  await touch(database([...MIGRATIONS, 'create table later(a)']));
  const before = await readFile(path.join(home, 'vrag.sqlite'));
  await expect(touch(database())).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining('vrag.sqlite') });
  await expect(running.write(() => 1)).rejects.toMatchObject({ code: 'MISCONFIGURED' });
  expect(await readFile(path.join(home, 'vrag.sqlite'))).toEqual(before);
});

test('a damaged file and a file of another program are refused by name and not changed', async () => {
  const file = path.join(home, 'vrag.sqlite');
  await writeFile(file, 'this is no database, but somebody wants to keep it '.repeat(100));
  const before = await readFile(file);
  await expect(touch(database())).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining(file) });
  expect(await readFile(file)).toEqual(before);
  await rm(file);
  const store = openStore(home);
  await store.records.create({ kind: 'job', id: 'x', body: 'y'.repeat(50_000) });
  await store.close();
  const bytes = await readFile(file);
  bytes.fill(0xa5, 4096);
  await writeFile(file, bytes);
  await expect(touch(database())).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining(file) });
  await rm(file);
  const other = database();
  await other.write((sql) => sql('pragma application_id').get());
  await other.close();
  const foreign = await readFile(file);
  foreign.writeUInt32BE(0x12345678, 68);
  await writeFile(file, foreign);
  await expect(touch(database())).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining('another program') });
});

test('a folder that cannot be written is reported as unavailable, and works once it can be', async () => {
  const inTheWay = path.join(home, 'file');
  await writeFile(inTheWay, '');
  const blocked = openDatabase(path.join(inTheWay, 'folder'));
  await expect(touch(blocked)).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining(inTheWay) });
  await rm(inTheWay);
  expect(await touch(blocked)).toBe(0);
  await blocked.close();
});

test('a read-only database and a full disk are reported as unavailable, and the transaction is undone', async () => {
  const one = database();
  const write = (pragma: string) =>
    one.write((sql) => {
      sql("insert into record(kind, id, version, created_at, updated_at, open, body) values('job', ?, 1, '', '', 0, '')").run(pragma);
      sql(pragma).get();
      sql("insert into record(kind, id, version, created_at, updated_at, open, body) values('job', 'large', 1, '', '', 0, ?)").run('x'.repeat(5_000_000));
    });
  await expect(write('pragma max_page_count=50')).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('full') });
  await one.read((sql) => sql('pragma max_page_count=1000000').get());
  await expect(write('pragma query_only=on')).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('read-only') });
  expect(await touch(one)).toBe(0);
});
