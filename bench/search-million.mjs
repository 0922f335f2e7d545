// One process of the search bench: `write HOME COUNT` makes a base of vectors alone, `measure HOME` loads and searches it; the last line is JSON.
import path from 'node:path';
import { loadDriver } from '../dist/adapters/local/store/driver.js';
import { openStore } from '../dist/adapters/local/store/open.js';
import { quantise } from '../dist/adapters/local/store/quantise.js';
import { vectorSource } from './synthetic-base.mjs';

const DIMENSIONS = 512;
const EMBEDDER = 'synthetic@1';
const QUERIES = 21;
const [, , mode, home, count] = process.argv;

function asset(number) {
  const id = `img_${number.toString(36).padStart(10, '0')}`;
  const createdAt = '2026-01-01T00:00:00.000Z';
  return {
    ...{ id, collection: 'base', kind: 'image', status: 'approved', objectKey: id, sha256: id, mediaType: 'image/jpeg', byteLength: 1, width: 1, height: 1 },
    ...{ name: id, tags: [], source: 'synthetic', createdAt, updatedAt: createdAt },
  };
}

/** The first asset goes in through the catalog, which makes collection and generation; the others are copies of its rows, without text. */
async function write(total) {
  const store = openStore(home);
  const vectorOf = vectorSource(DIMENSIONS);
  await store.catalog.upsert([{ asset: asset(0), vectors: [{ embedderId: EMBEDDER, vectors: [{ vector: vectorOf(0) }] }] }], EMBEDDER);
  await store.close();
  const database = (await loadDriver())(path.join(home, 'vrag.sqlite'));
  // What looks assets up by other things than their vectors is not measured here, and would take most of the time to write.
  const indices = database.prepare("select name from sqlite_master where type = 'index' and tbl_name = 'asset' and sql is not null").all();
  for (const { name } of indices) database.exec(`drop index ${name}`);
  database.exec('pragma synchronous=off; begin');
  const columns = (table, own) =>
    database
      .prepare(`select name from pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => name)
      .filter((name) => !own.includes(name));
  const ofAsset = columns('asset', ['number', 'id', 'body']);
  const addAsset = database.prepare(
    `insert into asset(number, id, body, ${ofAsset}) select ?1, ?2, json_set(body, '$.id', ?2), ${ofAsset} from asset where number = 1`,
  );
  const ofFields = columns('asset_field', ['asset']);
  const addFields = database.prepare(`insert into asset_field(asset, ${ofFields}) select ?, ${ofFields} from asset_field where asset = 1`);
  const addVector = database.prepare(
    'insert into vector(id, collection, asset, generation, scale, code) select ?1, collection, ?1, generation, ?2, ?3 from vector where id = 1',
  );
  const addChange = database.prepare('insert into change(collection, asset) select collection, ? from asset where number = 1');
  const vector = new Float32Array(DIMENSIONS);
  for (let number = 2; number <= total; number++) {
    const { code, scale } = quantise(vectorOf(number - 1, vector));
    addAsset.run(number, asset(number - 1).id);
    addFields.run(number);
    addVector.run(number, scale, code);
    addChange.run(number);
    if (number % 50_000 === 0) database.exec('commit; begin');
  }
  database.exec('commit; pragma wal_checkpoint(truncate)');
  database.close();
  return {};
}

async function measure() {
  const vectorOf = vectorSource(DIMENSIONS);
  const store = openStore(home);
  const before = process.memoryUsage().rss;
  const search = (number) => store.catalog.nearest('base', { embedderId: EMBEDDER, vector: vectorOf(10_000_000 + number) }, {}, 10);
  const start = performance.now();
  const first = await search(0);
  const loadMs = performance.now() - start;
  const times = [];
  for (let i = 1; i <= QUERIES; i++) {
    const begun = performance.now();
    await search(i);
    times.push(performance.now() - begun);
  }
  const { rss } = process.memoryUsage();
  await store.close();
  times.sort((a, b) => a - b);
  const peakMB = process.resourceUsage().maxRSS / 1024;
  return { p50Ms: times[QUERIES >> 1], loadMs, residentMB: rss / 2 ** 20, peakMB, processMB: before / 2 ** 20, found: first.length };
}

console.log(JSON.stringify(mode === 'write' ? await write(Number(count)) : await measure()));
