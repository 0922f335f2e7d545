// Other embedded vector stores, installed into a temporary folder for a bench: each with the same vectors, asked for the same ten nearest.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The newest that run on Node 20. */
const PACKAGES = ['sqlite-vec@0.1.9', '@lancedb/lancedb@0.37.1', 'apache-arrow@18.1.0'];
const K = 10;
/** A fifth of LanceDB's default training (50 iterations, 256 vectors a centre), which takes minutes; what it costs in recall, re-ranking more candidates gives back. */
const TRAINING = { maxIterations: 10, sampleRate: 64 };

export function installPeers(folder) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', folder, ...quiet, ...PACKAGES], { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
  return createRequire(path.join(folder, 'package.json'));
}

/** sqlite-vec's own table of float vectors, exact, in a file. */
export async function openSqliteVec(require, folder, { vectors, count, dimensions }) {
  const { DatabaseSync } = await import('node:sqlite').catch(() => import('@photostructure/sqlite'));
  const database = new DatabaseSync(path.join(folder, 'sqlite-vec.db'), { allowExtension: true });
  database.enableLoadExtension(true);
  database.loadExtension(require('sqlite-vec').getLoadablePath());
  database.exec(`pragma synchronous=off; create virtual table base using vec0(vector float[${dimensions}] distance_metric=cosine)`);
  const insert = database.prepare('insert into base(rowid, vector) values(?, ?)');
  const start = performance.now();
  database.exec('begin');
  for (let i = 0; i < count; i++) {
    insert.run(BigInt(i), new Uint8Array(vectors.buffer, i * dimensions * 4, dimensions * 4));
  }
  database.exec('commit');
  const loadSeconds = (performance.now() - start) / 1000;
  const select = database.prepare(`select rowid from base where vector match ? and k = ${K} order by distance`);
  return {
    loadSeconds,
    search: async (query) => select.all(new Uint8Array(query.buffer, query.byteOffset, query.byteLength)).map(({ rowid }) => Number(rowid)),
    close: () => database.close(),
  };
}

/** A LanceDB table: flat search, and after `buildIndex` its IVF_PQ index. */
export async function openLance(require, folder, { vectors, count, dimensions }) {
  const lancedb = await import(pathToFileURL(require.resolve('@lancedb/lancedb')).href);
  const arrow = await import(pathToFileURL(require.resolve('apache-arrow')).href);
  const start = performance.now();
  const connection = await (lancedb.connect ?? lancedb.default.connect)(path.join(folder, 'lance'));
  const batch = (from, to) => {
    const floats = arrow.makeData({ type: new arrow.Float32(), data: vectors.subarray(from * dimensions, to * dimensions) });
    const type = new arrow.FixedSizeList(dimensions, new arrow.Field('item', new arrow.Float32(), true));
    const list = arrow.makeVector(arrow.makeData({ type, length: to - from, nullCount: 0, child: floats }));
    const ids = arrow.makeVector(Int32Array.from({ length: to - from }, (_, i) => from + i));
    return new arrow.Table({ id: ids, vector: list });
  };
  const step = 20_000;
  const table = await connection.createTable('base', batch(0, Math.min(step, count)));
  for (let from = step; from < count; from += step) await table.add(batch(from, Math.min(from + step, count)));
  const loadSeconds = (performance.now() - start) / 1000;
  const asked = (query) => table.vectorSearch(query).distanceType('cosine').select(['id', '_distance']).limit(K);
  const idsOf = async (search) => (await search.toArray()).map(({ id }) => Number(id));
  return {
    loadSeconds,
    searchFlat: (query) => idsOf(asked(query).bypassVectorIndex()),
    searchIndex: (query, { nprobes, refineFactor }) => idsOf(asked(query).nprobes(nprobes).refineFactor(refineFactor)),
    async buildIndex() {
      const begun = performance.now();
      const Index = lancedb.Index ?? lancedb.default.Index;
      await table.createIndex('vector', {
        config: Index.ivfPq({ distanceType: 'cosine', numPartitions: Math.round(Math.sqrt(count)), numSubVectors: dimensions / 8, ...TRAINING }),
      });
      return (performance.now() - begun) / 1000;
    },
    close: () => table.close(),
  };
}
