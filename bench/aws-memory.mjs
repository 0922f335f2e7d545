import { readdirSync } from 'node:fs';
import path from 'node:path';
import { COLLECTION, FILTER, WORDS } from './aws-search.mjs';
import { residentMb } from './aws-server.mjs';

const PROBE = ['--expose-gc', '--import', path.join(import.meta.dirname, 'aws-memory-probe.mjs')];
const AT_ONCE = 4;
/** Share of the calls made before the first look: libraries, compiled code and caches of a bounded size come with them. */
const WARM_UP = 0.2;
/** One call of so many adds a picture. */
const ADDS_EVERY = 50;

/** Pictures that are added one by one among so many calls and those before the first look. */
export const addedAmong = (calls) => Math.ceil((calls * (1 + WARM_UP)) / ADDS_EVERY) + 1;

/** Memory of one server copy and the processes that it started before and after so many calls, after its garbage was collected. */
export async function memory(open, { calls, added, say }) {
  const server = await open('copy-0', {}, { nodeArgs: PROBE });
  try {
    const { hits } = await server.call('search_images', { collection: COLLECTION, limit: 50, includeImages: false });
    const { jobs } = await server.call('get_job', { limit: 50 });
    const files = readdirSync(added).map((name) => path.join(added, name));
    const call = (number) => {
      // Also before the first look: the vision model is a process that starts with the first picture.
      if (number % ADDS_EVERY === 0) return server.call('ingest_image', { path: files.shift(), collection: COLLECTION, attributes: { shelf: 0 } });
      const kind = Math.abs(number) % 10;
      // Pictures come with some of the answers only: each is read from S3 anew.
      const common = { collection: COLLECTION, filter: FILTER, includeImages: kind % 3 === 0 };
      if (kind < 6) return server.call('search_images', { ...common, query: `${WORDS[Math.abs(number) % WORDS.length]} ${number}` });
      if (kind === 6) return server.call('search_images', { ...common, imageId: hits[Math.abs(number) % hits.length].id });
      if (kind === 7) return server.call('search_images', { collection: COLLECTION, includeImages: false });
      return server.call('get_job', { jobId: jobs[Math.abs(number) % jobs.length].jobId });
    };
    await allCalls(call, -calls * WARM_UP, 0);
    const before = await look(server);
    const started = performance.now();
    await allCalls(call, 0, calls);
    const seconds = (performance.now() - started) / 1000;
    const after = await look(server);
    const figures = {
      calls,
      callsPerSecond: Math.round(calls / seconds),
      memoryMb: round(after.totalMb),
      memoryGrowthMb: round(after.totalMb - before.totalMb),
    };
    say(JSON.stringify({ before, after }));
    return { ...figures, heapGrowthMb: round(after.heapMb - before.heapMb) };
  } finally {
    await server.stop();
  }
}

async function allCalls(call, from, to) {
  let next = from;
  const worker = async () => {
    while (next < to) await call(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function look(server) {
  const line = server.lineThat((text) => text.startsWith('memory '));
  process.kill(server.pid, 'SIGUSR2');
  return { ...JSON.parse((await line).slice('memory '.length)), totalMb: await residentMb(server.pid) };
}

const round = (value) => Math.round(value * 10) / 10;
