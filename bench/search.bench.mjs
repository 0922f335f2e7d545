// The embedded catalog over a synthetic base of 100,000 assets: against the bare scan kernel, exact float search, sqlite-vec and LanceDB in the same run;
// then 1,000,000 vectors in a process of their own. VRAG_BENCH_SMALL=1 takes a tenth of both, without the bounds' meaning.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { openStore } from '../dist/adapters/local/store/open.js';
import { codeOf, quantise, unitLength } from '../dist/adapters/local/store/quantise.js';
import { SCAN_KERNEL_BASE64 } from '../dist/adapters/local/store/scan-kernel.js';
import { createConcepts } from '../dist/adapters/local/vision/concepts.js';
import { understandQuery } from '../dist/adapters/local/vision/query.js';
import { search } from '../dist/library/search.js';
import { installPeers, openLance, openSqliteVec } from './search-peers.mjs';
import { median } from './stdio.mjs';
import { assetSource, vectorSource } from './synthetic-base.mjs';

const DIMENSIONS = 512;
const EMBEDDER = 'synthetic@1';
const K = 10;
const QUERIES = 200;
/** Held out: numbers of vectors that are in no base. */
const FIRST_QUERY = 5_000_000;
const NOUNS = ['animal', 'dog', 'shoe', 'vehicle', 'lighthouse', 'corgi'];
const FILTERS = {
  tenth: { fields: [{ field: { attribute: 'shelf' }, in: ['shelf 3'] }] },
  thousandth: { fields: [{ field: { attribute: 'lot' }, gte: 77, lte: 77 }] },
};
const IS_KEPT = { tenth: (number) => number % 10 === 3, thousandth: (number) => number % 1000 === 77 };
/** Of LanceDB's index, from fast to accurate. */
const INDEX_SETTINGS = [
  { nprobes: 20, refineFactor: 5 },
  { nprobes: 40, refineFactor: 10 },
  { nprobes: 100, refineFactor: 20 },
];

const small = process.env.VRAG_BENCH_SMALL === '1';
const COUNT = small ? 10_000 : 100_000;
const MILLION = small ? 100_000 : 1_000_000;

const idOf = (number) => `img_${number.toString(36).padStart(10, '0')}`;
const numberOf = (id) => Number.parseInt(id.slice(4), 36);
const nearest = (catalog, vector, filter = {}, k = K) => catalog.nearest('base', { embedderId: EMBEDDER, vector }, filter, k);

async function timed(times, work) {
  const start = performance.now();
  const result = await work();
  times.push(performance.now() - start);
  return result;
}

export async function bench({ say }) {
  const home = await mkdtemp(path.join(tmpdir(), 'vrag-search-'));
  try {
    if (small) say(`SMALL RUN: ${COUNT} and ${MILLION} assets`);
    const base = makeVectors();
    const loadSeconds = await load(home, base);
    say(`${COUNT} assets with text, 5 attributes and 64 seen classes stored in ${loadSeconds.toFixed(0)} s`);
    const store = openStore(home);
    const own = { ...(await opening(store.catalog, say)), ...(await vectors(store.catalog, base, say)) };
    const hybrid = await hybrids(store.catalog, base, say);
    const added = await adding(store.catalog, say);
    const peers = await compare(store.catalog, base, home, say);
    await store.close();
    return { ...(small ? { small } : {}), assets: COUNT, ...rounded({ ...own, ...hybrid, ...added, ...peers, ...(await million(home, say)) }) };
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

const rounded = (figures) => Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]));

function makeVectors() {
  const vectorOf = vectorSource(DIMENSIONS);
  const all = new Float32Array(COUNT * DIMENSIONS);
  for (let i = 0; i < COUNT; i++) vectorOf(i, all.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS));
  const of = (number) => all.subarray(number * DIMENSIONS, (number + 1) * DIMENSIONS);
  const queries = Array.from({ length: QUERIES }, (_, i) => vectorOf(FIRST_QUERY + i));
  return { all, of, queries, count: COUNT, dimensions: DIMENSIONS };
}

async function load(home, base) {
  const { catalog, close } = openStore(home);
  const assetOf = assetSource('base');
  let milliseconds = 0;
  for (let from = 0; from < COUNT; from += 1000) {
    const entries = Array.from({ length: Math.min(1000, COUNT - from) }, (_, i) => ({
      asset: assetOf(from + i),
      vectors: [{ embedderId: EMBEDDER, vectors: [{ vector: base.of(from + i) }] }],
    }));
    const start = performance.now();
    await catalog.upsert(entries, EMBEDDER);
    milliseconds += performance.now() - start;
  }
  await close();
  return milliseconds / 1000;
}

/** From a folder that nothing has opened to the first answer by vector, and by what is seen. */
async function opening(catalog, say) {
  const times = [];
  await timed(times, () => nearest(catalog, new Float32Array(DIMENSIONS).fill(1)));
  await timed(times, () => catalog.seen('base', { concepts: [], colours: ['red'] }, {}, K));
  say(`open to the first answer by vector ${times[0].toFixed(0)} ms; then to the first by what is seen ${times[1].toFixed(0)} ms`);
  return { openMs: times[0], openSeenMs: times[1] };
}

/** The kernel alone over the same matrix. */
function bareScan(base) {
  const { memory, scan } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(SCAN_KERNEL_BASE64, 'base64'))).exports;
  const scalesAt = 65_536 + COUNT * DIMENSIONS;
  memory.grow(Math.ceil((scalesAt + COUNT * 8) / 65_536));
  const rows = new Int8Array(memory.buffer, 65_536, COUNT * DIMENSIONS);
  const scales = new Float32Array(memory.buffer, scalesAt, COUNT);
  for (let i = 0; i < COUNT; i++) {
    const { code, scale } = quantise(base.of(i));
    codeOf(code).forEach((value, j) => {
      rows[i * DIMENSIONS + j] = (value + 128) >> 8;
    });
    scales[i] = scale * 256;
  }
  const query = new Int16Array(memory.buffer, 0, DIMENSIONS);
  return (vector) => {
    unitLength(vector).forEach((x, j) => {
      query[j] = Math.round(x * 8191);
    });
    scan(65_536, 0, scalesAt, scalesAt + COUNT * 4, COUNT, DIMENSIONS);
  };
}

/** The ten nearest by dot products of floats, of all and of what each filter keeps. */
function truth(base, query) {
  const best = { all: [], tenth: [], thousandth: [] };
  const offer = (list, number, score) => {
    if (list.length === K && score <= list[K - 1].score) return;
    list.push({ number, score });
    list.sort((one, other) => other.score - one.score);
    list.length = Math.min(list.length, K);
  };
  for (let i = 0; i < COUNT; i++) {
    let sum = 0;
    for (let j = 0, at = i * DIMENSIONS; j < DIMENSIONS; j++, at++) sum += base.all[at] * query[j];
    offer(best.all, i, sum);
    if (IS_KEPT.tenth(i)) offer(best.tenth, i, sum);
    if (IS_KEPT.thousandth(i)) offer(best.thousandth, i, sum);
  }
  return Object.fromEntries(Object.entries(best).map(([name, list]) => [name, new Set(list.map(({ number }) => number))]));
}

const recall = (numbers, wanted) => numbers.filter((number) => wanted.has(number)).length / wanted.size;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function vectors(catalog, base, say) {
  const scan = bareScan(base);
  const times = { bare: [], all: [], tenth: [], thousandth: [] };
  const recalls = { all: [], tenth: [], thousandth: [] };
  base.truths = base.queries.map((query) => truth(base, query));
  for (const filter of Object.values(FILTERS)) await nearest(catalog, base.queries[0], filter);
  for (const [i, query] of base.queries.entries()) {
    await timed(times.bare, () => scan(query));
    for (const name of ['all', 'tenth', 'thousandth']) {
      const found = await timed(times[name], () => nearest(catalog, query, FILTERS[name]));
      recalls[name].push(
        recall(
          found.map(({ id }) => numberOf(id)),
          base.truths[i][name],
        ),
      );
    }
  }
  const p50 = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
  say(
    `bare scan ${p50.bare.toFixed(2)} ms; 10 nearest ${p50.all.toFixed(2)} ms, of a tenth ${p50.tenth.toFixed(2)} ms, of a thousandth ${p50.thousandth.toFixed(2)} ms`,
  );
  return {
    ...{ bareScanMs: p50.bare, vectorP50Ms: p50.all, tenthP50Ms: p50.tenth, thousandthP50Ms: p50.thousandth },
    scanRatio: p50.all / p50.bare,
    filteredScanRatio: Math.max(p50.tenth, p50.thousandth) / p50.bare,
    recallAt10: mean(recalls.all),
    filteredRecall: mean([...recalls.tenth, ...recalls.thousandth]),
  };
}

/** The domain's whole search by a noun (vector, BM25 and seen lists of 120, fusion, ten hits read), with a ready vector for the text, against the ten nearest alone. */
async function hybrids(catalog, base, say) {
  const table = await createConcepts(path.join(import.meta.dirname, '../models/concepts.json'))();
  const times = Object.fromEntries(NOUNS.map((noun) => [noun, { vector: [], words: [], seen: [], hybrid: [] }]));
  let vector;
  const embedder = { id: EMBEDDER, dimensions: DIMENSIONS, modalities: ['image', 'text'], embedTexts: async () => [vector] };
  const ports = { catalog, embedders: { get: async () => embedder }, recogniser: { understand: async (query) => understandQuery(query, table) } };
  for (let round = 0; round < 21; round++) {
    vector = base.queries[round];
    for (const noun of NOUNS) {
      const seen = understandQuery(noun, table);
      await timed(times[noun].vector, () => nearest(catalog, vector));
      await timed(times[noun].words, () => catalog.match('base', noun, {}, 120));
      await timed(times[noun].seen, () => catalog.seen('base', seen, {}, 120));
      await timed(times[noun].hybrid, () => search(ports, { collection: 'base', query: noun, filter: {}, limit: K, maxBytes: 0 }));
    }
  }
  const p50 = NOUNS.map((noun) => ({ noun, ...Object.fromEntries(Object.entries(times[noun]).map(([name, list]) => [name, median(list)])) }));
  for (const { noun, vector: v, words, seen, hybrid } of p50) {
    say(`"${noun}": vector ${v.toFixed(2)} ms, words ${words.toFixed(2)} ms, seen ${seen.toFixed(2)} ms, the whole search ${hybrid.toFixed(2)} ms`);
  }
  const typo = [];
  for (let round = 0; round < 9; round++) await timed(typo, () => catalog.match('base', 'lighthuose', {}, 120));
  say(`words with a typo ("lighthuose") ${median(typo).toFixed(2)} ms`);
  const all = (name) => median(NOUNS.flatMap((noun) => times[noun][name]));
  return {
    hybridP50Ms: all('hybrid'),
    hybridOverVector: all('hybrid') / all('vector'),
    animalOverVector: p50[0].hybrid / p50[0].vector,
    animalSeenMs: p50[0].seen,
    animalWordsMs: p50[0].words,
    typoWordsMs: median(typo),
  };
}

/** An asset is stored, and found by the next search by vector and by words. */
async function adding(catalog, say) {
  const assetOf = assetSource('base');
  const vectorOf = vectorSource(DIMENSIONS);
  const times = { write: [], vector: [], all: [] };
  for (let i = 0; i < 15; i++) {
    const number = 9_000_000 + i;
    const vector = vectorOf(number);
    const asset = { ...assetOf(number), caption: `unheardof${'abcdefghijklmno'[i]}` };
    const start = performance.now();
    await timed(times.write, () => catalog.upsert([{ asset, vectors: [{ embedderId: EMBEDDER, vectors: [{ vector }] }] }], EMBEDDER));
    const [found] = await nearest(catalog, vector);
    times.vector.push(performance.now() - start);
    const [named] = await catalog.match('base', asset.caption, {}, 1);
    await catalog.seen('base', { concepts: [], colours: ['red'] }, {}, 1);
    times.all.push(performance.now() - start);
    if (found?.id !== idOf(number) || named?.id !== idOf(number)) throw new Error(`${idOf(number)} was added and not found`);
    await catalog.remove([asset.id]);
  }
  say(
    `add: write ${median(times.write).toFixed(2)} ms, found by vector after ${median(times.vector).toFixed(2)} ms, by words and in what is seen after ${median(times.all).toFixed(2)} ms`,
  );
  return { addToSearchableMs: median(times.vector), addToAllSearchableMs: median(times.all) };
}

async function compare(catalog, base, home, say) {
  const folder = path.join(home, 'peers');
  const require = installPeers(folder);
  const given = { vectors: base.all, count: COUNT, dimensions: DIMENSIONS };
  const sqliteVec = await openSqliteVec(require, folder, given);
  const lance = await openLance(require, folder, given);
  const flat = await interleaved(catalog, base, { sqliteVec: sqliteVec.search, lanceFlat: lance.searchFlat });
  sqliteVec.close();
  const indexSeconds = await lance.buildIndex();
  const byIndex = Object.fromEntries(
    INDEX_SETTINGS.map((setting) => [`lanceIvfPq nprobes ${setting.nprobes} refine ${setting.refineFactor}`, (query) => lance.searchIndex(query, setting)]),
  );
  const indexed = await interleaved(catalog, base, byIndex);
  lance.close();
  say('store                                  load s  index s   p50 ms  recall@10');
  const line = (name, loaded, index, { p50, recall: of }) =>
    say(`${name.padEnd(38)} ${loaded.toFixed(1).padStart(6)} ${index.toFixed(1).padStart(8)} ${p50.toFixed(2).padStart(8)}  ${of.toFixed(4)}`);
  line('sqlite-vec 0.1.9 float', sqliteVec.loadSeconds, 0, flat.sqliteVec);
  line('LanceDB 0.37.1 flat', lance.loadSeconds, 0, flat.lanceFlat);
  for (const name of Object.keys(byIndex)) line(name, lance.loadSeconds, indexSeconds, indexed[name]);
  line('vrag-mcp (beside the flat ones)', 0, 0, flat.own);
  line('vrag-mcp (beside the index)', 0, 0, indexed.own);
  // The fastest setting that finds as much as ours, else the flat search, which finds all.
  const equal = Object.keys(byIndex).find((name) => indexed[name].recall >= indexed.own.recall - 0.001);
  const lanceOverOwn = equal ? indexed[equal].p50 / indexed.own.p50 : flat.lanceFlat.p50 / flat.own.p50;
  say(`LanceDB at equal recall (${equal ?? 'flat'}) takes ${lanceOverOwn.toFixed(2)} times as long`);
  return {
    vsSqliteVec: flat.sqliteVec.p50 / flat.own.p50,
    vsLanceAtEqualRecall: lanceOverOwn,
    vsLanceFlat: flat.lanceFlat.p50 / flat.own.p50,
    lanceIndexSeconds: indexSeconds,
  };
}

/** The stores in turn, query by query. */
async function interleaved(catalog, base, stores) {
  const all = { own: async (query) => (await nearest(catalog, query)).map(({ id }) => numberOf(id)), ...stores };
  const found = Object.fromEntries(Object.keys(all).map((name) => [name, { times: [], recalls: [] }]));
  for (let i = 0; i < 31; i++) {
    for (const [name, ask] of Object.entries(all)) {
      const numbers = await timed(found[name].times, () => ask(base.queries[i]));
      found[name].recalls.push(recall(numbers, base.truths[i].all));
    }
  }
  return Object.fromEntries(Object.entries(found).map(([name, { times, recalls }]) => [name, { p50: median(times), recall: mean(recalls) }]));
}

/** Vectors alone, written and then measured each in a fresh process. */
async function million(home, say) {
  const folder = path.join(home, 'million');
  const run = async (...given) => {
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(import.meta.dirname, 'search-million.mjs'), ...given]);
    return JSON.parse(stdout.trim().split('\n').at(-1));
  };
  const start = performance.now();
  await run('write', folder, String(MILLION));
  say(`${MILLION} vectors written in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  const { p50Ms, loadMs, residentMB, peakMB } = await run('measure', folder);
  say(`${MILLION}: p50 ${p50Ms.toFixed(1)} ms, resident ${residentMB.toFixed(0)} MB (peak ${peakMB.toFixed(0)} MB), loaded in ${(loadMs / 1000).toFixed(1)} s`);
  return { millionP50Ms: p50Ms, residentMB, peakMB, loadMs };
}
