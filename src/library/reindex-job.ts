import { AppError, errorData } from '../errors.ts';
import type { Asset, AssetVector, Embedder, Generation, Ports } from '../ports.ts';
import { assetVectors } from './asset-vectors.ts';
import { requireCollection } from './assets.ts';
import { type JobRun, tryTwice } from './job-run.ts';
import { endedAs, type JobEnd, type LibraryJob, openJob, type Save, type Work } from './jobs.ts';
import { framesOf } from './look.ts';

/**
 * How long the generation before stays readable after the switch. A search has resolved its embedder seconds before it scans, but a server that
 * slept, or an agent that pages through results, comes minutes later; the disk space costs little for so long.
 */
const GRACE_MS = 10 * 60_000;
/** Assets asked for at a time. */
const PAGE = 256;

/**
 * Makes a job that embeds a collection with another embedder (an id or a configured name) and then searches it with that one, or finds the
 * unfinished one (`existing`). NOT_FOUND for an unknown collection, INVALID_INPUT where it has this embedder already, CONFLICT where it is being
 * re-embedded with another one, MISCONFIGURED where the embedder cannot be had.
 */
export async function reindex(ports: Ports, request: { collection: string; embedder: string }): Promise<{ jobId: string; existing: boolean }> {
  const { collection } = request;
  await requireCollection(ports, collection);
  const { id: embedderId } = await ports.embedders.get(request.embedder);
  if ((await ports.catalog.collection(collection))?.embedderId === embedderId) {
    throw new AppError('INVALID_INPUT', `The collection "${collection}" is searched with ${embedderId} already.`, { hint: 'Name another embedder.' });
  }
  const { job, ...opened } = await openJob(ports, { type: 'reindex', collection, embedderId }, `reindex:${collection}`);
  if (job.work.type === 'reindex' && job.work.embedderId !== embedderId) {
    throw new AppError('CONFLICT', `The collection "${collection}" is being re-embedded with ${job.work.embedderId}.`, {
      hint: `Wait for job ${opened.jobId}, or stop it with cancel_job {jobId: "${opened.jobId}"}.`,
    });
  }
  return opened;
}

/** Carries a reindex job on: embeds what the new generation misses, switches, and notes the old one for dropping. */
export async function runReindex(ports: Ports, run: JobRun, { collection, embedderId }: Extract<Work, { type: 'reindex' }>, save: Save): Promise<JobEnd> {
  const generations = await ports.catalog.generations(collection);
  const active = generations.find(({ state }) => state === 'active');
  if (!(await ports.catalog.collection(collection))) return { state: 'failed', message: 'The collection was deleted.' };
  if (active?.embedderId === embedderId) return switched(run, generations, save);
  if (run.halt.aborted) return cancelled(ports, run, collection, embedderId);
  const embedder = await ports.embedders.get(embedderId);
  if (!active) {
    await ports.catalog.configure(collection, { embedderId });
    return { state: 'succeeded', message: 'The collection had no vectors; new assets are embedded with it.' };
  }
  await ports.catalog.beginGeneration(collection, embedderId, embedder.dimensions);
  const failed = new Set<string>();
  for await (const { file, outcome } of run.log.outcomes()) if (outcome === 'failed') failed.add(file);
  for (;;) {
    await embedMissing(ports, run, { collection, embedder, failed });
    if (run.halt.aborted) return cancelled(ports, run, collection, embedderId);
    // What was added by a server that did not know of the new generation yet is missing still, and comes in the next round.
    if (await ports.catalog.switchGeneration(collection, embedderId, { without: [...failed] })) break;
  }
  return switched(run, await ports.catalog.generations(collection), save);
}

/** The old generation is noted in the same write that ends the job, so that no interruption forgets it. */
async function switched(run: JobRun, generations: Generation[], save: Save): Promise<JobEnd> {
  const { failed } = run.log.counts;
  const message = failed > 0 ? `${failed} assets could not be embedded, so only words find them; the reason is with each.` : undefined;
  const end: JobEnd = { state: 'succeeded', ...(message ? { message } : {}) };
  const old = generations.find(({ state }) => state === 'retired');
  await run.log.flush();
  if (old) {
    const retired = { embedderId: old.embedderId, dropAt: new Date(Date.parse(old.since) + GRACE_MS).toISOString() };
    await save((job) => ({ ...endedAs(job, end), retired }));
  }
  return end;
}

/** A stopped server only pauses; a cancelled job gives back what it built. */
async function cancelled(ports: Ports, run: JobRun, collection: string, embedderId: string): Promise<JobEnd> {
  if (!run.stop.aborted) await abandonGeneration(ports, collection, embedderId);
  return { state: 'cancelled' };
}

/** Drops what a job that will not go on has built; new assets need not be embedded twice any more. */
export async function abandonGeneration(ports: Ports, collection: string, embedderId: string): Promise<void> {
  const built = (await ports.catalog.generations(collection)).find((generation) => generation.embedderId === embedderId);
  if (built?.state === 'building') await ports.catalog.dropGeneration(collection, embedderId);
}

/** Drops the generation that a finished job retired, unless it is in use again. */
export async function dropRetired(ports: Ports, { work, retired }: LibraryJob, save: Save): Promise<void> {
  const generations = await ports.catalog.generations(work.collection);
  const old = generations.find(({ embedderId }) => embedderId === retired?.embedderId);
  if (old?.state === 'retired') await ports.catalog.dropGeneration(work.collection, old.embedderId);
  await save(({ retired: _, ...job }) => job);
}

interface Reembedding {
  collection: string;
  embedder: Embedder;
  /** Assets that could not be embedded. */
  failed: Set<string>;
}

async function embedMissing(ports: Ports, run: JobRun, about: Reembedding): Promise<void> {
  const ids = await missingIds(ports, about);
  run.log.begin(run.log.counts.done + ids.length);
  await run.each(ids, (id) => embedOne(ports, run, about, id));
}

async function missingIds(ports: Ports, { collection, embedder, failed }: Reembedding): Promise<string[]> {
  const missing = new Set<string>();
  for (let after: string | undefined; ; ) {
    const page = await ports.catalog.missingVectors(collection, embedder.id, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const id of page) if (!failed.has(id)) missing.add(id);
    if (page.length < PAGE) return [...missing];
    after = page.at(-1);
  }
}

async function embedOne(ports: Ports, run: JobRun, about: Reembedding, id: string): Promise<void> {
  const { collection, embedder, failed } = about;
  try {
    const asset = await ports.catalog.get(id);
    // Deleted meanwhile.
    if (!asset) return run.log.add({ file: id, outcome: 'skipped' });
    const vectors = await tryTwice(run.halt, () => embedAsset(ports, run, asset, embedder));
    await ports.catalog.addVectors(collection, embedder.id, [{ id, vectors }]);
    run.log.add({ file: id, outcome: 'done' });
  } catch (error) {
    if (run.stop.aborted) return;
    const { code, message } = errorData(error);
    // Neither a missing model nor a dropped generation is this asset's fault.
    if (code === 'MISCONFIGURED' || code === 'CONFLICT') throw error;
    if (await isDeleted(ports, id)) return run.log.add({ file: id, outcome: 'skipped' });
    if (code === 'INTERNAL') console.error(`${id} could not be embedded:`, error);
    failed.add(id);
    run.log.add({ file: id, outcome: 'failed', code, reason: message });
  }
}

/** Whether it surely is; the bytes of a deleted asset go after it. */
const isDeleted = (ports: Ports, id: string): Promise<boolean> =>
  ports.catalog.get(id).then(
    (asset) => asset === undefined,
    () => false,
  );

/** The same picture, or frames, as at ingest. */
async function embedAsset(ports: Ports, { stop }: JobRun, asset: Asset, embedder: Embedder): Promise<AssetVector[]> {
  return assetVectors(embedder, await framesOf(ports, asset, { signal: stop }), { signal: stop });
}
