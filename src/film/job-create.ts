import { createHash } from 'node:crypto';
import { AppError, unlessConflict } from '../errors.ts';
import { newId } from '../library/ids.ts';
import { cleanText } from '../library/text.ts';
import type { JsonValue, Ports, StoredRecord } from '../ports.ts';
import { approve } from './approval.ts';
import { budgetOf, capped } from './budget.ts';
import { cite } from './citations.ts';
import { usd } from './cost.ts';
import { JOB, type Job, readJob, readJobView, referenceIds, type TakenShot } from './jobs.ts';
import { keptShots } from './kept-shots.ts';
import { dayOf } from './ledger.ts';
import { hasComparable, type Storyboard, shotEssence } from './storyboard.ts';
import { isOpen, TAKE, type Take, type TakeResult } from './takes.ts';

/** Record kind that finds the job of a request; its id is a hash of the request, or of the caller's key. */
const REQUEST = 'request';

export interface JobOptions {
  /** The same key finds the same job; absent: the same storyboard does. */
  idempotencyKey?: string | undefined;
  /** Makes a new job even where the same request has one; later calls find the new one. */
  force?: boolean;
  /** What it may cost, US dollars; of several jobs: in all. */
  maxCostUsd?: number | undefined;
}

export interface MadeJob {
  jobId: string;
  /** True where the same request made it before. */
  existing: boolean;
}

/**
 * Writes a job and its takes, or finds the job that the same request made before (`existing`). Failed and cancelled ones do not count, nor one
 * whose video was deleted; one whose shots are all made and could only not be joined is opened again instead, so that nothing is paid twice.
 * The key is the caller's, else the hash of the storyboard with its references resolved. CONFLICT where the caller's key was used for something
 * else; BUDGET, with what would pass, where a paid job would cost more than any ceiling allows, or there is none.
 */
export async function createJob(ports: Ports, storyboard: Storyboard, { idempotencyKey, ...options }: JobOptions = {}): Promise<MadeJob> {
  const [made] = await createJobs(ports, [{ storyboard, idempotencyKey }], options);
  return made;
}

/** A job to be made. */
export interface JobRequest {
  storyboard: Storyboard;
  idempotencyKey?: string | undefined;
}

/** `createJob` for several storyboards of one collection and provider, in their order; what the new ones may cost is reserved for all or for none. */
export async function createJobs(ports: Ports, requests: JobRequest[], { force = false, maxCostUsd }: Omit<JobOptions, 'idempotencyKey'>): Promise<MadeJob[]> {
  const made = new Map<JobRequest, MadeJob>();
  for (;;) {
    const day = dayOf(new Date());
    const fresh = new Map<string, { request: JobRequest; job: Job }>();
    for (const request of requests) {
      if (made.has(request)) continue;
      const { jobId, exists } = await claimJob(ports, request, force);
      if (exists) made.set(request, { jobId, existing: true });
      else if (!fresh.has(jobId)) fresh.set(jobId, { request, job: await draftJob(ports, request.storyboard, { force, day }) });
    }
    if (fresh.size === 0 && made.size === requests.length) return requests.flatMap((request) => made.get(request) ?? []);
    const drafts = [...fresh].map(([jobId, draft]) => ({ jobId, ...draft }));
    // All of them are paid, or none is: they have one provider.
    const budgets = capped(
      drafts.flatMap(({ job }) => job.budget ?? []),
      { ...ports.ceilings, maxCostUsd },
    );
    const jobs = drafts.map((draft, index) => (budgets[index] ? { ...draft, job: { ...draft.job, budget: budgets[index] } } : draft));
    await approve(ports, jobs, maxCostUsd);
    for (const { jobId, request, job } of jobs) {
      if (await writeJob(ports, jobId, job)) made.set(request, { jobId, existing: false });
    }
  }
}

/**
 * The job of a request: one that counts (`exists`), or the id of one that is still to be written. The request's record comes first, so that all
 * callers agree on one id; whoever finds it without its job writes the job, and only then its takes.
 */
async function claimJob(ports: Ports, { storyboard, idempotencyKey }: JobRequest, force: boolean): Promise<{ jobId: string; exists: boolean }> {
  const bodyHash = hashOf(storyboard);
  const id = requestId(storyboard, idempotencyKey);
  for (;;) {
    const request = await createOrRead(ports, { kind: REQUEST, id, body: { jobId: newId('job'), bodyHash } });
    const before = request.body as { jobId: string; bodyHash: string };
    if (before.bodyHash !== bodyHash) {
      throw new AppError('CONFLICT', `idempotencyKey "${cleanText(idempotencyKey ?? '', 64)}" was used before for a different request.`, {
        hint: 'Use a new key for a new request.',
      });
    }
    const { jobId } = before;
    const job = await ports.records.get(JOB, jobId);
    if (!job) return { jobId, exists: false };
    if (!force && (await stillCounts(ports, job))) return { jobId, exists: true };
    const next = { kind: REQUEST, id, version: request.version, open: false, body: { jobId: newId('job'), bodyHash } };
    await ports.records.update(next).catch(unlessConflict);
  }
}

/** Whether the same request has a job already that is not over without a video; nothing is written. */
export async function hasJob(ports: Ports, { storyboard, idempotencyKey }: JobRequest): Promise<boolean> {
  const request = await ports.records.get(REQUEST, requestId(storyboard, idempotencyKey));
  const view = request && (await readJobView(ports, (request.body as { jobId: string }).jobId));
  return view !== undefined && view.state !== 'failed' && view.state !== 'cancelled' && view.videoDeletedAt === undefined;
}

async function draftJob(ports: Ports, storyboard: Storyboard, { force, day }: { force: boolean; day: string }): Promise<Job> {
  const taken = force ? [] : await keptShots(ports, storyboard);
  const budget = budgetOf(
    ports,
    storyboard,
    taken.map(({ index }) => index),
    day,
  );
  return {
    storyboard,
    takeIds: storyboard.shots.map(() => newId('take')),
    videoId: newId('vid'),
    ...(budget ? { budget } : {}),
    ...(taken.length > 0 ? { taken } : {}),
  };
}

/** False where somebody else wrote it first. */
async function writeJob(ports: Ports, jobId: string, job: Job): Promise<boolean> {
  const written = await ports.records.create({ kind: JOB, id: jobId, open: true, body: job as unknown as JsonValue }).catch(unlessConflict);
  if (written) await writeTakes(ports, jobId, job);
  return written !== undefined;
}

/** Writes what belongs to a job's record; what is there already stays, so it may be done again by anybody. */
export async function writeTakes(ports: Ports, jobId: string, { storyboard, takeIds, videoId, taken }: Job): Promise<void> {
  // Cited from the start, so that deleting a reference does not take it away from a job under way.
  await cite(ports, videoId, 'video', referenceIds(storyboard));
  for (const [index, shot] of storyboard.shots.entries()) {
    const there = taken?.find((one) => one.index === index);
    const measured = storyboard.quality && hasComparable(shot) ? { measured: true } : {};
    const fresh: Take = { jobId, index, provider: storyboard.provider, shot, ...measured, state: 'created', attempts: 0, progress: 0 };
    const take: Take = there ? { ...fresh, state: fresh.measured ? 'evaluating' : 'succeeded', progress: 1, result: takenResult(there) } : fresh;
    await ports.records.create({ kind: TAKE, id: takeIds[index], open: isOpen(take), body: take as unknown as JsonValue }).catch(unlessConflict);
  }
}

/** It was paid for where it was made, so here it costs nothing. */
function takenResult({ jobId, result }: TakenShot): TakeResult {
  const { costUsd, notes } = result;
  return { ...result, costUsd: 0, notes: [...notes, `Taken over from job ${jobId}, where it was paid for (${usd(costUsd)}).`] };
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
    shots: storyboard.shots.map(shotEssence),
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const hashOf = (storyboard: Storyboard): string => hash(JSON.stringify(essence(storyboard)));
const requestId = (storyboard: Storyboard, key: string | undefined): string => (key === undefined ? hashOf(storyboard) : hash(`key:${key}`));

async function createOrRead(ports: Ports, record: { kind: string; id: string; body: JsonValue }): Promise<StoredRecord> {
  for (;;) {
    const created = await ports.records.create(record).catch(unlessConflict);
    const there = created ?? (await ports.records.get(record.kind, record.id));
    if (there) return there;
  }
}
