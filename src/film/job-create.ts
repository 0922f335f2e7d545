import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { newId } from '../library/ids.ts';
import { cleanText } from '../library/text.ts';
import type { JsonValue, Ports, StoredRecord } from '../ports.ts';
import { cite } from './citations.ts';
import { JOB, type Job, readJob, readJobView, referenceIds } from './jobs.ts';
import { hasComparable, type Storyboard } from './storyboard.ts';
import { TAKE, type Take } from './takes.ts';

/** Record kind that finds the job of a request; its id is a hash of the request, or of the caller's key. */
const REQUEST = 'request';

export interface JobOptions {
  /** The same key finds the same job; absent: the same storyboard does. */
  idempotencyKey?: string | undefined;
  /** Makes a new job even where the same request has one; later calls find the new one. */
  force?: boolean;
}

/**
 * Writes a job and its takes, or finds the job that the same request made before (`existing`). Failed and cancelled ones do not count, nor one
 * whose video was deleted; one whose shots are all made and could only not be joined is opened again instead, so that nothing is paid twice.
 * The key is the caller's, else the hash of the storyboard with its references resolved. CONFLICT where the caller's key was used for something else.
 */
export async function createJob(
  ports: Ports,
  storyboard: Storyboard,
  { idempotencyKey, force = false }: JobOptions = {},
): Promise<{ jobId: string; existing: boolean }> {
  const bodyHash = hash(JSON.stringify(essence(storyboard)));
  const id = idempotencyKey === undefined ? bodyHash : hash(`key:${idempotencyKey}`);
  for (;;) {
    const { record: request } = await createOrRead(ports, { kind: REQUEST, id, body: { jobId: newId('job'), bodyHash } });
    const before = request.body as { jobId: string; bodyHash: string };
    if (before.bodyHash !== bodyHash) {
      throw new AppError('CONFLICT', `idempotencyKey "${cleanText(idempotencyKey ?? '', 64)}" was used before for a different request.`, {
        hint: 'Use a new key for a new request.',
      });
    }
    const { jobId } = before;
    // The request comes first, so all callers agree on one id; whoever finds it without its job writes the job, and only then its takes.
    const job: Job = { storyboard, takeIds: storyboard.shots.map(() => newId('take')), videoId: newId('vid') };
    const written = await createOrRead(ports, { kind: JOB, id: jobId, open: true, body: job as unknown as JsonValue });
    if (written.created) await writeTakes(ports, jobId, job);
    if (written.created || (!force && (await stillCounts(ports, written.record)))) return { jobId, existing: !written.created };
    const next = { kind: REQUEST, id, version: request.version, open: false, body: { jobId: newId('job'), bodyHash } };
    await ports.records.update(next).catch(unlessConflict);
  }
}

/** Writes what belongs to a job's record; what is there already stays, so it may be done again by anybody. */
export async function writeTakes(ports: Ports, jobId: string, { storyboard, takeIds, videoId }: Job): Promise<void> {
  // Cited from the start, so that deleting a reference does not take it away from a job under way.
  await cite(ports, videoId, 'video', referenceIds(storyboard));
  for (const [index, shot] of storyboard.shots.entries()) {
    const measured = storyboard.quality && hasComparable(shot) ? { measured: true } : {};
    const take: Take = { jobId, index, provider: storyboard.provider, shot, ...measured, state: 'created', attempts: 0, progress: 0 };
    await ports.records.create({ kind: TAKE, id: takeIds[index], open: true, body: take as unknown as JsonValue }).catch(unlessConflict);
  }
}

async function stillCounts(ports: Ports, record: StoredRecord): Promise<boolean> {
  const view = await readJobView(ports, record.id);
  if (!view || view.state === 'cancelled' || view.videoDeletedAt !== undefined) return false;
  if (view.state !== 'failed') return true;
  const made = view.job.ended !== undefined && view.takes.length > 0 && view.takes.every((take) => take.state === 'succeeded');
  if (!made) return false;
  const { ended: _, finish: __, ...job } = readJob(record);
  await cite(ports, job.videoId, 'video', referenceIds(job.storyboard));
  await ports.records.update({ kind: JOB, id: record.id, version: record.version, open: true, body: job as unknown as JsonValue }).catch(unlessConflict);
  return true;
}

/** What makes two requests the same: everything but how the references were found. */
function essence(storyboard: Storyboard) {
  return {
    provider: storyboard.provider,
    collection: storyboard.collection,
    ...(storyboard.dissolveSeconds === undefined ? {} : { dissolveSeconds: storyboard.dissolveSeconds }),
    ...(storyboard.quality ? { quality: storyboard.quality } : {}),
    shots: storyboard.shots.map(({ references, dropped: _, ...shot }) => ({ ...shot, references: references.map(({ role, sha256 }) => ({ role, sha256 })) })),
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

async function createOrRead(ports: Ports, record: { kind: string; id: string; open?: boolean; body: JsonValue }) {
  for (;;) {
    const created = await ports.records.create(record).catch(unlessConflict);
    if (created) return { record: created, created: true };
    const there = await ports.records.get(record.kind, record.id);
    if (there) return { record: there, created: false };
  }
}

/** For compare-and-swap: that somebody else was faster is no failure. */
function unlessConflict(error: unknown): undefined {
  if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
}
