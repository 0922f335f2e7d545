import { AppError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { requireCollection } from './assets.ts';
import { deleteAsset } from './delete.ts';
import type { JobRun } from './job-run.ts';
import { type JobEnd, LIBRARY_JOB, openJob, readLibraryJob, type Work } from './jobs.ts';

/** Assets asked for at a time. */
const PAGE = 200;

/**
 * Makes a job that deletes a collection and all its assets, or finds the unfinished one (`existing`). NOT_FOUND for an unknown collection,
 * CONFLICT while another job works on it.
 */
export async function deleteCollection(ports: Ports, collection: string): Promise<{ jobId: string; existing: boolean }> {
  await requireCollection(ports, collection);
  const other = (await openWorks(ports)).find(({ work }) => work.collection === collection && work.type !== 'delete');
  if (other) {
    throw new AppError('CONFLICT', `The ${other.work.type} job ${other.id} works on the collection "${collection}".`, {
      hint: `Stop it first: cancel_job {jobId: "${other.id}"}.`,
    });
  }
  const { jobId, existing } = await openJob(ports, { type: 'delete', collection }, `delete:${collection}`);
  return { jobId, existing };
}

async function openWorks(ports: Ports): Promise<{ id: string; work: Work }[]> {
  const works: { id: string; work: Work }[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await ports.records.list(LIBRARY_JOB, { limit: 100, open: true, ...(cursor === undefined ? {} : { cursor }) });
    for (const record of page.records) if (!readLibraryJob(record).ended) works.push({ id: record.id, work: readLibraryJob(record).work });
    if (page.cursor === undefined) return works;
    cursor = page.cursor;
  }
}

/** Deletes what is left of the collection, one asset after the other as `deleteAsset` does, then the collection itself. */
export async function runDelete(ports: Ports, run: JobRun, { collection }: Extract<Work, { type: 'delete' }>): Promise<JobEnd> {
  const { images, videos } = (await ports.catalog.collections()).find(({ name }) => name === collection) ?? { images: 0, videos: 0 };
  run.log.begin(run.log.counts.done + images + videos);
  for (;;) {
    if (run.halt.aborted) return { state: 'cancelled', message: 'What was not deleted yet is still there.' };
    const { assets } = await ports.catalog.list(collection, {}, { limit: PAGE });
    if (assets.length === 0) break;
    await run.each(assets, async ({ id }) => {
      await deleteAsset(ports, id, false).catch(unlessGone);
      run.log.add({ file: id, outcome: 'done' });
    });
  }
  await ports.catalog.removeCollection(collection);
  return { state: 'succeeded' };
}

/** Somebody else deleted it meanwhile. */
function unlessGone(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
}
