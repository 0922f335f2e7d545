import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { TOMBSTONE } from '../library/assets.ts';
import { newId } from '../library/ids.ts';
import { cleanText } from '../library/text.ts';
import type { JsonValue, Ports, StoredRecord } from '../ports.ts';
import { cite } from './citations.ts';
import type { Storyboard } from './storyboard.ts';
import { isFinal, readTake, stopTake, TAKE, type Take, type TakeState } from './takes.ts';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** The stored body of a job: a storyboard to render. While it is open, its state is derived from its takes. */
export interface Job {
  storyboard: Storyboard;
  takeIds: string[];
  /** Id that the finished video will have; fixed from the start, so finishing twice makes one video. */
  videoId: string;
  /** Set once the job is over. */
  ended?: { state: Exclude<JobState, 'queued' | 'running'>; message?: string; at: string };
  video?: FinishedVideo;
}

export interface FinishedVideo {
  objectKey: string;
  sha256: string;
  /** Absolute path or URL of the readable copy. */
  path: string;
  width: number;
  height: number;
  durationSeconds: number;
  fps: number;
  /** Object key of a JPEG contact sheet. */
  sheetKey: string;
  sheetPath: string;
}

/** A job with its takes, read at one moment. */
export interface JobView {
  id: string;
  state: JobState;
  /** 0..1 */
  progress: number;
  createdAt: string;
  updatedAt: string;
  job: Job;
  takes: Take[];
  /** When its video was deleted, if it was. */
  videoDeletedAt?: string;
}

export const JOB = 'job';
const REQUEST = 'request';

export const readJob = (record: StoredRecord): Job => record.body as unknown as Job;

/**
 * Writes takes and job, or finds the job that the same request made before (`existing`); failed and cancelled ones do not count.
 * The key is the caller's, else the hash of the storyboard with its references resolved. CONFLICT where the caller's key was used for something else.
 */
export async function createJob(ports: Ports, storyboard: Storyboard, idempotencyKey?: string): Promise<{ jobId: string; existing: boolean }> {
  const bodyHash = hash(JSON.stringify(essence(storyboard)));
  const key = idempotencyKey === undefined ? bodyHash : hash(`key:${idempotencyKey}`);
  const jobId = newId('job');
  const request = { jobId, bodyHash };
  const taken = await ports.records.create({ kind: REQUEST, id: key, body: request }).then(
    () => undefined,
    (error: unknown) => (error instanceof AppError && error.code === 'CONFLICT' ? ports.records.get(REQUEST, key) : Promise.reject(error)),
  );
  if (taken) {
    const before = taken.body as typeof request;
    if (before.bodyHash !== bodyHash) {
      throw new AppError('CONFLICT', `idempotencyKey "${cleanText(idempotencyKey ?? '', 64)}" was used before for a different request.`, {
        hint: 'Use a new key for a new request.',
      });
    }
    if (await stillCounts(ports, before.jobId)) return { jobId: before.jobId, existing: true };
    await ports.records.update({ kind: REQUEST, id: key, version: taken.version, open: false, body: request });
  }
  const takeIds = storyboard.shots.map(() => newId('take'));
  const videoId = newId('vid');
  // Cited from the start, so that deleting a reference does not take it away from a job under way.
  await cite(ports, videoId, 'video', referenceIds(storyboard));
  for (const [index, shot] of storyboard.shots.entries()) {
    const take: Take = { jobId, index, provider: storyboard.provider, shot, state: 'created', attempts: 0, progress: 0 };
    await ports.records.create({ kind: TAKE, id: takeIds[index], open: true, body: take as unknown as JsonValue });
  }
  const job: Job = { storyboard, takeIds, videoId };
  await ports.records.create({ kind: JOB, id: jobId, open: true, body: job as unknown as JsonValue });
  return { jobId, existing: false };
}

/** Ids of all references, each once. */
export function referenceIds(storyboard: Storyboard): string[] {
  return [...new Set(storyboard.shots.flatMap((shot) => shot.references.map((reference) => reference.assetId)))];
}

/** Failed and cancelled jobs may be asked for again, and so may one whose video was deleted. */
async function stillCounts(ports: Ports, jobId: string): Promise<boolean> {
  const view = await readJobView(ports, jobId);
  if (!view || view.state === 'failed' || view.state === 'cancelled') return false;
  return view.videoDeletedAt === undefined;
}

/** What makes two requests the same: everything but how the references were found. */
function essence(storyboard: Storyboard) {
  return {
    provider: storyboard.provider,
    collection: storyboard.collection,
    shots: storyboard.shots.map(({ references, dropped: _, ...shot }) => ({ ...shot, references: references.map(({ role, sha256 }) => ({ role, sha256 })) })),
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The job as it stands, or `undefined`. */
export async function readJobView(ports: Ports, id: string): Promise<JobView | undefined> {
  const record = await ports.records.get(JOB, id);
  if (!record) return undefined;
  const job = readJob(record);
  const takes: Take[] = [];
  for (const takeId of job.takeIds) {
    const take = await ports.records.get(TAKE, takeId);
    if (take) takes.push(readTake(take));
  }
  const tombstone = job.video && (await ports.records.get(TOMBSTONE, job.videoId));
  const progress =
    job.ended?.state === 'succeeded' ? 1 : takes.reduce((sum, take) => sum + (take.state === 'succeeded' ? 1 : take.progress), 0) / Math.max(1, takes.length);
  return {
    id,
    state: job.ended?.state ?? derive(takes),
    progress: Math.round(progress * 100) / 100,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    job,
    takes,
    ...(tombstone ? { videoDeletedAt: tombstone.createdAt } : {}),
  };
}

/** The job, or NOT_FOUND naming recent ones. */
export async function requireJobView(ports: Ports, id: string): Promise<JobView> {
  const view = await readJobView(ports, id);
  if (view) return view;
  const recent = await ports.records.list(JOB, { limit: 3 });
  const ids = recent.records.map((record) => record.id).join(', ');
  throw new AppError('NOT_FOUND', `There is no job "${cleanText(id, 64)}".`, {
    hint: ids ? `Recent jobs: ${ids}. Call get_job without jobId for a list.` : 'No job was started yet: generate_video starts one.',
  });
}

function derive(takes: Take[]): JobState {
  const states = takes.map((take) => take.state);
  if (states.every((state) => state === 'created')) return 'queued';
  if (states.every(isFinal)) return terminal(states) ?? 'running';
  return 'running';
}

/** The end that final takes mean for their job; `undefined` where all succeeded, and the video is still to be joined. */
export function terminal(states: TakeState[]): 'failed' | 'cancelled' | 'unknown' | undefined {
  if (states.includes('unknown')) return 'unknown';
  if (states.includes('failed')) return 'failed';
  if (states.includes('cancelled')) return 'cancelled';
  return undefined;
}

/** Asks all unfinished takes to stop; the workers that hold them do it. Returns the job as it then stands. */
export async function cancelJob(ports: Ports, id: string): Promise<JobView> {
  const view = await requireJobView(ports, id);
  if (view.job.ended) return view;
  for (const takeId of view.job.takeIds) await stopTake(ports, takeId);
  return requireJobView(ports, id);
}

/** Jobs, newest first. */
export async function listJobs(ports: Ports, page: { limit: number; cursor?: string }): Promise<{ views: JobView[]; cursor?: string }> {
  const { records, cursor } = await ports.records.list(JOB, page);
  const views = await Promise.all(records.map((record) => readJobView(ports, record.id)));
  return { views: views.filter((view) => view !== undefined), ...(cursor === undefined ? {} : { cursor }) };
}
