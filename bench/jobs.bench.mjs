// 200 queued takes of a provider that bills, worked on by two servers that are killed again and again; the provider counts what it is paid for.
// Then what a job costs beside the provider's own time, with no kills.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const FIXTURES = path.join(import.meta.dirname, '../test/fixtures');
const JOBS = 25;
const SHOTS = 8;
const KILLS = 10;
/** The provider's own time for a take, in ms. */
const RENDER_MS = 600;
/** What the provider bills for a take of a second. */
const USD_PER_TAKE = 0.5;
/** Jobs of one shot whose time is measured, one after the other, and the provider's time in them. */
const MEASURED = 12;
const MEASURED_RENDER_MS = 200;
const SETTINGS = { VRAG_DEFAULT_DIRS: 'off', VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off', VRAG_MAX_USD_PER_DAY: '1000' };
const POLL_SECONDS = 0.05;

export async function bench({ say }) {
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-bench-jobs-'));
  const studio = await openStudio(root);
  try {
    const killed = await withProvider(studio, (url) => killAndResume(studio, url, say));
    const measured = await withProvider(studio, (url) => overhead(studio, url, say));
    return { ...killed, ...measured };
  } finally {
    await studio.ports.close();
    await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

/** The data folder as this process sees it, and the clip that the provider answers with. */
async function openStudio(root) {
  const [{ openPorts }, { loadConfig }, film] = await Promise.all([
    import('../dist/adapters/index.js'),
    import('../dist/config.js'),
    import('../dist/film/index.js'),
  ]);
  const home = path.join(root, 'home');
  const ports = openPorts(loadConfig({ ...SETTINGS, VRAG_HOME: home }));
  const clip = path.join(root, 'clip.mp4');
  const grey = (level) => ({ width: 320, height: 180, channels: 3, data: new Uint8Array(320 * 180 * 3).fill(level) });
  const frames = Array.from({ length: 24 }, (_, index) => grey(index * 8));
  await ports.media.encode(frames, { path: clip, width: 320, height: 180, fps: 24 });
  return { ports, film, home, clip };
}

async function withProvider({ clip }, work) {
  const provider = spawn(process.execPath, [path.join(FIXTURES, 'paid-provider.mjs'), clip], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [url] = await once(createInterface({ input: provider.stdout }), 'line');
    return await work(url);
  } finally {
    provider.stdin.end();
  }
}

const storyboard = (prompts) => ({
  provider: 'paid',
  collection: 'default',
  costUsd: 0,
  shots: prompts.map((prompt) => ({ prompt, durationSeconds: 1, width: 320, height: 180, fps: 24, seed: 0, references: [], dropped: [] })),
});

function startServer(home, url) {
  const order = { home, url, generator: { pollSeconds: POLL_SECONDS }, lookMs: 500 };
  const child = spawn(process.execPath, [path.join(FIXTURES, 'film-worker.mjs'), JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'ignore'] });
  return { child, ended: once(child, 'exit') };
}

async function killAndResume({ ports: plain, film, home }, url, say) {
  const ports = await withPaid(plain, home, url);
  for (let job = 0; job < JOBS; job++) {
    await film.createJob(ports, storyboard(Array.from({ length: SHOTS }, (_, shot) => `render=${RENDER_MS} take=${job}.${shot}`)));
  }
  const started = performance.now();
  const servers = [startServer(home, url), startServer(home, url)];
  let kills = 0;
  for (; kills < KILLS; kills++) {
    // Long enough for a server to have takes in every state, and never in step with them.
    await sleep(1500 + Math.random() * 2000);
    const slot = kills % 2;
    if (servers[slot].child.exitCode !== null) break;
    servers[slot].child.kill('SIGKILL');
    await servers[slot].ended;
    const { done } = await takesOf(ports, film);
    say(`kill ${kills + 1} with ${done} of ${JOBS * SHOTS} takes made`);
    servers[slot] = startServer(home, url);
  }
  await Promise.all(servers.map(({ ended }) => ended));
  const seconds = (performance.now() - started) / 1000;
  const { views, takes } = await takesOf(ports, film);
  const paid = await counts(url);
  const startsOf = groupBy(paid, ({ token }) => token.split('.')[0]);
  const doubleStarts = [...startsOf.values()].reduce((sum, starts) => sum + starts.length - 1 + starts.reduce((more, { repeats }) => more + repeats, 0), 0);
  // A take is lost that was paid for without a result, or that neither has a result nor is reported as unknown.
  const lost = takes.filter(({ id, take }) => !take.result && (take.state !== 'unknown' || startsOf.has(id))).length + JOBS * SHOTS - takes.length;
  const unknown = takes.filter(({ take }) => take.state === 'unknown').length;
  const unfinished = views.filter(({ state }) => state !== 'succeeded' && state !== 'unknown').length;
  // What the provider billed beyond what the ledger says; unknown takes stand in it in full.
  const { usedUsd } = await film.collectionSpending(ports, 'default');
  const overspendUsd = Math.max(0, paid.length * USD_PER_TAKE - usedUsd);
  say(
    `${takes.length} takes, ${paid.length} starts, ${usedUsd} USD in the ledger, ${unknown} unknown (killed between the record and the start), ${seconds.toFixed(1)} s`,
  );
  return { takes: takes.length, jobs: JOBS, kills, lost, doubleStarts, unknown, unfinishedJobs: unfinished, overspendUsd, seconds: round(seconds) };
}

async function withPaid(ports, home, url) {
  const { createPaidGenerator } = await import('../test/fixtures/paid-generator.mjs');
  const paid = createPaidGenerator(url, { workDir: path.join(home, 'tmp'), pollSeconds: POLL_SECONDS });
  return { ...ports, videoGenerators: new Map([[paid.id, paid]]) };
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

async function takesOf(ports, film) {
  const { views } = await film.listJobs(ports, { limit: 500 });
  const takes = views.flatMap((view) => view.takes.map((take, index) => ({ id: view.job.takeIds[index], take })));
  return { views, takes, done: takes.filter(({ take }) => take.result).length };
}

const counts = async (url) => (await (await fetch(`${url}/counts`, { method: 'POST' })).json()).takes;

/** Jobs of one shot, one after the other, on one server: from the call to the end, less the provider's own time. */
async function overhead({ ports, film, home }, url, say) {
  const own = await withPaid(ports, home, url);
  const runner = film.createJobRunner(own);
  runner.start();
  const perJob = [];
  const perTake = [];
  for (let index = 0; index < MEASURED; index++) {
    const started = performance.now();
    const { jobId } = await film.createJob(own, storyboard([`render=${MEASURED_RENDER_MS} measured=${index}`]));
    runner.kick();
    let takeMs;
    for (;;) {
      const { job, takes } = await film.requireJobView(own, jobId);
      if (takes[0].result) takeMs ??= performance.now() - started;
      if (job.ended) break;
      await sleep(5);
    }
    perJob.push(performance.now() - started - MEASURED_RENDER_MS);
    perTake.push(takeMs - MEASURED_RENDER_MS);
  }
  await runner.stop();
  const [overheadPerJobMs, overheadPerTakeMs] = [perJob, perTake].map((values) => Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]));
  say(
    `a job takes ${overheadPerJobMs} ms beside the provider's time; its take ${overheadPerTakeMs} ms of them (polled every ${POLL_SECONDS * 1000} ms), the rest looks at the video`,
  );
  return { overheadPerJobMs, overheadPerTakeMs };
}

const round = (value) => Math.round(value * 10) / 10;
