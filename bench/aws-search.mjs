import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openPorts } from '../dist/adapters/index.js';
import { loadConfig } from '../dist/config.js';
import { visionCopy } from '../dist/library/look.js';
import { startServer } from './aws-server.mjs';

export const COLLECTION = 'base';
const RATE = 'rate';
const K = 10;
/** Things, colours and animals of the photographs, and some that are in none. */
export const WORDS = [
  'red shoes',
  'dog',
  'cat on a floor',
  'white shirt',
  'backpack',
  'sunglasses',
  'teapot',
  'blue dress',
  'flower',
  'car',
  'jacket',
  'grey boots',
];
/** A tenth of the base. */
export const FILTER = { shelf: 3 };
const JOB_SECONDS = 45;
const PAGE = 500;
const AT_ONCE = 8;

/** Adds the folders (two crops of a white ground may have the same bytes) as the server's own jobs, one after the other, each with its value of the attribute. */
export async function ingest(server, shelves, say) {
  const seconds = await addAll(server, shelves, COLLECTION, say);
  const count = shelves.reduce((sum, folder) => sum + readdirSync(folder).length, 0);
  return { ingestImagesPerSecond: rounded(count / seconds) };
}

async function addAll(server, shelves, collection, say) {
  const started = performance.now();
  for (const [shelf, folder] of shelves.entries()) {
    const { jobId } = await server.call('ingest_image', { path: folder, collection, attributes: { shelf } });
    for (;;) {
      const { jobs } = await server.call('get_job', { jobId, waitSeconds: JOB_SECONDS });
      const [{ state, files }] = jobs;
      if (state === 'succeeded' && files.added + files.alreadyThere === readdirSync(folder).length) break;
      if (!['queued', 'running'].includes(state)) throw new Error(`ingest ${state}: ${JSON.stringify(jobs)}`);
    }
    say(`${path.basename(folder)} of ${collection} after ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
  return (performance.now() - started) / 1000;
}

/** The same tool calls on both profiles over the same assets and vectors, and how many of the true ten nearest a search by picture finds. */
export async function searches(server, { root, reader: aws, shelves, asked, turns, say }) {
  const home = path.join(root, 'embedded');
  const local = { VRAG_HOME: home, VRAG_PROFILE: 'local', VRAG_VIDEO_MODELS: '', VRAG_EMBEDDER: 'vision' };
  const embedded = openPorts(loadConfig(local));
  const base = await copyBase(aws, embedded);
  await embedded.close();
  const beside = await startServer(local, root);
  const embeddedImagesPerSecond = shelves[0] && readdirSync(shelves[0]).length / (await addAll(beside, shelves.slice(0, 1), RATE, say));
  const times = { aws: { words: [], picture: [] }, embedded: { words: [], picture: [] } };
  const recalls = { aws: { all: [], filtered: [] }, embedded: { all: [], filtered: [] } };
  const both = [
    ['aws', server],
    ['embedded', beside],
  ];
  for (const [, one] of both) for (const query of WORDS.slice(0, 2)) await one.call('search_images', { query, collection: COLLECTION, filter: FILTER });
  for (let turn = 0; turn < turns; turn++) {
    for (const [at, query] of WORDS.entries()) {
      for (const [name, one] of both) {
        await timed(times[name].words, () => one.call('search_images', { query, collection: COLLECTION, filter: FILTER }));
        const { id } = base[((turn * WORDS.length + at) * 37) % base.length];
        await timed(times[name].picture, () => one.call('search_images', { imageId: id, collection: COLLECTION, filter: FILTER }));
      }
    }
  }
  for (const file of readdirSync(asked)) {
    const imagePath = path.join(asked, file);
    const truth = exact(base, await vectorOf(aws, imagePath));
    for (const [name, one] of both) {
      for (const [kind, filter] of [
        ['all', undefined],
        ['filtered', FILTER],
      ]) {
        const { hits } = await one.call('search_images', { imagePath, collection: COLLECTION, limit: K, includeImages: false, ...(filter ? { filter } : {}) });
        recalls[name][kind].push(hits.filter(({ id }) => truth[kind].has(id)).length / truth[kind].size);
      }
    }
  }
  await beside.stop();
  const figures = {
    embeddedIngestImagesPerSecond: rounded(embeddedImagesPerSecond),
    recallAt10: mean(recalls.aws.all),
    filteredRecallAt10: mean(recalls.aws.filtered),
    embeddedRecallAt10: mean(recalls.embedded.all),
    embeddedFilteredRecallAt10: mean(recalls.embedded.filtered),
    searchMs: percentiles(times.aws),
    embeddedSearchMs: percentiles(times.embedded),
  };
  say(JSON.stringify(figures));
  return figures;
}

/** Assets, vectors and previews from one profile to the other. What was copied, with its first vector. */
async function copyBase(from, to) {
  const base = [];
  for (let cursor; ; ) {
    const page = await from.catalog.list(COLLECTION, {}, { limit: PAGE, ...(cursor ? { cursor } : {}) });
    const { embedderId } = await from.catalog.collection(COLLECTION);
    const vectors = await from.catalog.vectors(
      page.assets.map(({ id }) => id),
      embedderId,
    );
    const entries = page.assets.map((asset) => ({ asset, vectors: [{ embedderId, vectors: vectors.get(asset.id) }] }));
    for (let at = 0; at < entries.length; at += AT_ONCE) await Promise.all(entries.slice(at, at + AT_ONCE).map(({ asset }) => copyPreview(from, to, asset)));
    await to.catalog.upsert(entries, embedderId);
    for (const {
      asset,
      vectors: [{ vectors: list }],
    } of entries)
      base.push({ id: asset.id, shelf: asset.attributes.shelf, vectors: list.map(({ vector }) => vector) });
    cursor = page.cursor;
    if (!cursor) return base;
  }
}

async function copyPreview(from, to, { previewKey }) {
  const bytes = await from.objects.get(previewKey);
  await to.objects.put(bytes, 'image/jpeg');
}

async function vectorOf(ports, file) {
  const [vector] = await ports.embedder.embedImages([await visionCopy(ports, await readFile(file))]);
  return vector;
}

/** Ids of the nearest by dot products of the stored vectors; an asset counts with its best. */
function exact(base, query) {
  const scored = base.map(({ id, shelf, vectors }) => ({ id, shelf, score: Math.max(...vectors.map((vector) => dot(vector, query))) }));
  scored.sort((one, other) => other.score - one.score);
  const ids = (list) => new Set(list.slice(0, K).map(({ id }) => id));
  return { all: ids(scored), filtered: ids(scored.filter(({ shelf }) => shelf === FILTER.shelf)) };
}

function dot(one, other) {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}

async function timed(times, work) {
  const started = performance.now();
  await work();
  times.push(performance.now() - started);
}

function percentiles(times) {
  const at = (list, share) => rounded([...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))]);
  return Object.fromEntries(
    Object.entries(times).flatMap(([name, list]) => [
      [`${name}P50`, at(list, 0.5)],
      [`${name}P95`, at(list, 0.95)],
    ]),
  );
}

const mean = (values) => Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 10_000) / 10_000;
const rounded = (value) => Math.round(value * 10) / 10;
