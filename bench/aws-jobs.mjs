import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COLLECTION } from './aws-search.mjs';

/** Bedrock's own time for a job, in ms. */
const RENDER_MS = { least: 300, most: 1500 };
const JOB_USD = 10;
const QUICK = ['--import', path.join(import.meta.dirname, 'aws-quick-luma.mjs')];
/** Calls that start jobs at the same time; each goes to both copies. */
const CALLS_AT_ONCE = 4;
/** A killed copy is noticed after its leases of 10 s, and the other one's clock is given two more. */
const END_WITHIN_MS = { first: 120_000, each: 12_000 };
const LOOKS = 8;
const LOOK_MS = 200;
/** Takes that nobody knows of are looked for at Bedrock every second at first. */
const SETTLED_MS = 20_000;

/**
 * Paid jobs of one shot, each asked of both copies of the server at the same moment, while one copy after the other is killed and started again. What
 * Bedrock was asked for is counted by the stand-in: every prompt stands for one job.
 */
export async function paidJobs(open, bedrock, { jobs, kills, reader, say }) {
  bedrock.jobs.durationMs = () => RENDER_MS.least + Math.random() * (RENDER_MS.most - RENDER_MS.least);
  bedrock.seen.length = 0;
  const start = (slot) => open(`copy-${slot}`, { VRAG_MAX_USD_PER_DAY: String(jobs * JOB_USD) }, { nodeArgs: QUICK });
  const copies = [await start(0), await start(1)];
  const started = performance.now();
  const { hits } = await copies[0].call('search_images', { collection: COLLECTION, limit: 20, includeImages: false });
  const jobIds = await startAll(copies, jobs, hits, say);
  try {
    const views = await untilOver(copies, start, { jobIds, kills, bedrock, say });
    const seconds = (performance.now() - started) / 1000;
    const figures = { ...(await counted(views, bedrock, reader)), jobs, kills, jobsSeconds: Math.round(seconds) };
    say(JSON.stringify(figures));
    return figures;
  } finally {
    for (const copy of copies) await copy.stop('SIGKILL');
  }
}

/** Both copies are asked for the same video at once and must name the same job. */
async function startAll(copies, jobs, hits, say) {
  const jobIds = [];
  const ask = async (number) => {
    const { id } = hits[number % hits.length];
    const request = { prompt: `Slow zoom in, number ${number}`, imageId: id, collection: COLLECTION, provider: 'luma-ray-2', maxCostUsd: JOB_USD };
    const video = { ...request, durationSeconds: 5, resolution: '480p' };
    const answers = await Promise.all(copies.map((copy) => copy.call('generate_video', video)));
    const ids = new Set(answers.map(({ jobId }) => jobId));
    if (ids.size !== 1) throw new Error(`two jobs for one request: ${[...ids]}`);
    jobIds.push(...ids);
  };
  for (let at = 0; at < jobs; at += CALLS_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE, jobs - at) }, (_, index) => ask(at + index)));
  }
  say(`${jobIds.length} jobs from ${jobIds.length * copies.length} calls`);
  return jobIds;
}

/** Kills a copy each time that another part of the jobs is sent to Bedrock, and looks until all have ended, or only those are left that nobody can know of. */
async function untilOver(copies, start, { jobIds, kills, bedrock, say }) {
  const views = new Map();
  const isOver = (id) => ['succeeded', 'failed', 'cancelled'].includes(views.get(id)?.state);
  const end = Date.now() + END_WITHIN_MS.first + jobIds.length * END_WITHIN_MS.each;
  let killed = 0;
  let changedAt = Date.now();
  for (let open = jobIds; open.length > 0 && Date.now() < end; open = jobIds.filter((id) => !isOver(id))) {
    if (killed < kills && bedrock.jobs.count >= ((killed + 1) * jobIds.length) / (kills + 1)) {
      const slot = killed++ % copies.length;
      await copies[slot].stop('SIGKILL');
      say(`copy ${slot} killed with ${bedrock.jobs.count} of ${jobIds.length} jobs at Bedrock`);
      copies[slot] = await start(slot);
    }
    const asked = open.slice(0, LOOKS);
    const found = await Promise.all(asked.map((jobId, at) => copies[at % copies.length].call('get_job', { jobId, includeImages: false })));
    for (const [at, { jobs }] of found.entries()) {
      if (views.get(asked[at])?.state !== jobs[0].state) changedAt = Date.now();
      views.set(asked[at], jobs[0]);
    }
    if (open.every((id) => views.get(id)?.state === 'unknown') && Date.now() - changedAt > SETTLED_MS) break;
    await sleep(LOOK_MS);
  }
  if (killed < kills) throw new Error(`only ${killed} of ${kills} kills: the jobs were over before`);
  return jobIds.map((id) => views.get(id));
}

/**
 * Lost is what Bedrock was asked for and has no video here, and what has none without being reported as unknown. Unknown without a start at Bedrock are those
 * killed between the record of a take and its request: they are told to a person, and never started again unasked.
 */
async function counted(views, bedrock, reader) {
  const starts = new Map();
  for (const { body } of bedrock.requests('StartAsyncInvoke')) {
    const { prompt } = body.modelInput;
    starts.set(prompt, [...(starts.get(prompt) ?? []), body.clientRequestToken]);
  }
  // Every sending beyond the first counts, the same token again included, though Bedrock would bill that once.
  const doubleStarts = [...starts.values()].reduce((sum, tokens) => sum + tokens.length - 1, 0);
  const counts = { lost: 0, unknown: 0 };
  for (const view of views) {
    const asset = view?.video ? await reader.catalog.get(view.video.id) : undefined;
    if (view?.state === 'succeeded' && asset && (await reader.objects.has(asset.objectKey))) continue;
    const isStarted = [...starts.keys()].some((prompt) => prompt.endsWith(view?.shots[0].prompt));
    counts[view?.state === 'unknown' && !isStarted ? 'unknown' : 'lost']++;
  }
  return { doubleStarts, ...counts, startedAtBedrock: starts.size };
}
