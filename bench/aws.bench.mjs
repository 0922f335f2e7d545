// The aws profile on real engines that this bench starts itself (a Ceph S3 gateway, an OpenSearch node, a stand-in for Bedrock that counts its starts):
// 10,000 pictures through the packaged embedder, searches beside the embedded profile over the same base, 200 paid jobs on two server copies that
// are killed now and then, and the memory of a copy over 10,000 calls. VRAG_BENCH_SMALL=1 takes a fiftieth, without the bounds' meaning.
// On two cores, shared with the engines, the pictures alone take about 40 minutes.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openPorts } from '../dist/adapters/index.js';
import { loadConfig } from '../dist/config.js';
import { startEngines } from './aws-engines.mjs';
import { paidJobs } from './aws-jobs.mjs';
import { addedAmong, memory } from './aws-memory.mjs';
import { photographsOf, writePictures } from './aws-pictures.mjs';
import { ingest, searches } from './aws-search.mjs';
import { startServer } from './aws-server.mjs';

const small = process.env.VRAG_BENCH_SMALL === '1';
/** How many; a number in the environment instead leaves the bound without its meaning, and 0 jobs or calls leave that part out. */
const sizeOf = (name, full, fewer) => Number(process.env[`VRAG_BENCH_${name}`] ?? (small ? fewer : full));
const PICTURES = sizeOf('PICTURES', 10_000, 200);
/** Pictures of one value of the attribute that searches filter by. */
const SHELF = PICTURES / 10;
const HELD_OUT = small ? 10 : 100;
/** Each of the words is searched for so often. */
const TURNS = small ? 1 : 8;
const JOBS = sizeOf('JOBS', 200, 10);
const KILLS = Math.min(4, Math.ceil(JOBS / 10));
const CALLS = sizeOf('CALLS', 10_000, 500);
const ADDED = addedAmong(CALLS);

export async function bench({ say, data }) {
  const photographs = photographsOf(data);
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-bench-aws-'));
  const engines = await startEngines();
  if (typeof engines === 'string') {
    console.error(`The engines cannot run here: ${engines}.`);
    process.exit(2);
  }
  let reader;
  try {
    say(`${PICTURES} pictures, ${JOBS} jobs, ${CALLS} calls`);
    const pictures = await everyPicture(photographs, root);
    say(`${PICTURES} pictures from ${photographs.length} photographs`);
    // Loopback addresses and keys of this run, for the catalog and records that are read here too.
    Object.assign(process.env, engines.environment);
    const environment = { ...engines.environment, VRAG_EMBEDDER: 'vision' };
    reader = openPorts(loadConfig({ ...environment, VRAG_HOME: path.join(root, 'reader') }));
    const open = (name, more = {}, options = {}) => startServer({ ...environment, VRAG_HOME: path.join(root, name), ...more }, root, options);
    const server = await open('copy-0');
    const ingested = await ingest(server, pictures.shelves, say);
    const found = await searches(server, { root, reader, ...pictures, turns: TURNS, say });
    await server.stop();
    const jobs = JOBS > 0 && (await paidJobs(open, engines.bedrock, { jobs: JOBS, kills: KILLS, reader, say }));
    const grown = CALLS > 0 && (await memory(open, { calls: CALLS, added: pictures.added, say }));
    const refused = engines.refused.length;
    return { pictures: PICTURES, ...ingested, ...found, ...jobs, ...grown, wrongSignatures: refused };
  } finally {
    await reader?.close();
    await engines.close();
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Those of the base, those that only ask, and those that are added later. */
async function everyPicture(photographs, root) {
  const shelves = await writePictures(photographs, path.join(root, 'base'), { count: PICTURES, each: SHELF });
  const [asked] = await writePictures(photographs, path.join(root, 'asked'), { from: PICTURES, count: HELD_OUT, each: HELD_OUT });
  const [added] = await writePictures(photographs, path.join(root, 'added'), { from: PICTURES + HELD_OUT, count: ADDED, each: ADDED });
  return { shelves, asked, added };
}
