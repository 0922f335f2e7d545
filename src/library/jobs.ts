import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, unlessConflict } from '../errors.ts';
import type { JsonValue, Ports, StoredRecord } from '../ports.ts';
import { type FileCounts, type FileFailure, readProgress } from './file-log.ts';
import { newId } from './ids.ts';
import type { Description } from './ingest.ts';

/** What a job of the library does; written once, when the job is made. */
export type Work =
  | { type: 'ingest'; paths: string[]; collection: string; description: Description }
  | { type: 'reindex'; collection: string; embedderId: string }
  | { type: 'delete'; collection: string };

export type LibraryJobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** How a job ended. */
export interface JobEnd {
  state: Exclude<LibraryJobState, 'queued' | 'running'>;
  message?: string;
}

/** The stored body of a job. What became of its files is in its file log. */
export interface LibraryJob {
  work: Work;
  cancelRequested?: boolean;
  /** Why no server carries it on at present. */
  waiting?: string;
  ended?: JobEnd & { at: string };
  /** A generation that still has to be dropped; the record stays open until it is. */
  retired?: { embedderId: string; dropAt: string };
}

/** A job with its progress, read at one moment. */
export interface LibraryJobView {
  id: string;
  state: LibraryJobState;
  /** 0..1 */
  progress: number;
  createdAt: string;
  job: LibraryJob;
  counts: FileCounts;
  /** The latest failures, newest first, at most 20. */
  failures: FileFailure[];
}

export const LIBRARY_JOB = 'library-job';
/** Record kind that finds the job of a request; its id is a hash of the request. */
const REQUEST = 'library-request';
/** Failures that a view carries. */
const SHOWN_FAILURES = 20;

export const readLibraryJob = (record: StoredRecord): LibraryJob => record.body as unknown as LibraryJob;

/** Writes a job, or finds the unfinished one that was made under the same key (`existing`); one that has ended makes room for a new one. */
export async function openJob(ports: Ports, work: Work, key: string): Promise<{ jobId: string; existing: boolean; job: LibraryJob }> {
  const id = createHash('sha256').update(key).digest('hex');
  for (;;) {
    const request = await createOrRead(ports, { kind: REQUEST, id, body: { jobId: newId('job') } });
    const { jobId } = request.record.body as { jobId: string };
    // The request comes first, so two calls agree on one id; whoever finds it without its job writes the job.
    const { record, created } = await createOrRead(ports, { kind: LIBRARY_JOB, id: jobId, open: true, body: { work } as unknown as JsonValue });
    const job = readLibraryJob(record);
    if (!job.ended) return { jobId, existing: !created, job };
    const next = { kind: REQUEST, id, version: request.record.version, open: false, body: { jobId: newId('job') } };
    await ports.records.update(next).catch(unlessConflict);
  }
}

async function createOrRead(ports: Ports, record: { kind: string; id: string; open?: boolean; body: JsonValue }) {
  for (;;) {
    const created = await ports.records.create(record).catch(unlessConflict);
    if (created) return { record: created, created: true };
    const there = await ports.records.get(record.kind, record.id);
    if (there) return { record: there, created: false };
  }
}

/**
 * Read, change, compare-and-swap; repeated when somebody else was faster. With `owner` the write counts only under that lease (CONFLICT once
 * it is lost). The record stays open until the job has ended and nothing is left to be dropped.
 */
export async function changeJob(ports: Ports, id: string, change: (job: LibraryJob) => LibraryJob, owner?: string): Promise<LibraryJob> {
  for (let attempt = 0; ; attempt++) {
    const record = await ports.records.get(LIBRARY_JOB, id);
    if (!record) throw new AppError('NOT_FOUND', `There is no job "${id}".`);
    const before = readLibraryJob(record);
    const job = change(before);
    if (job === before) return job;
    const open = job.ended === undefined || job.retired !== undefined;
    try {
      await ports.records.update({ kind: LIBRARY_JOB, id, version: record.version, open, body: job as unknown as JsonValue }, owner ? { owner } : {});
      return job;
    } catch (error) {
      unlessConflict(error);
      if (attempt >= 5) throw error;
      await sleep(20 * (attempt + 1));
    }
  }
}

/** `changeJob` of one job under one lease. */
export type Save = (change: (job: LibraryJob) => LibraryJob) => Promise<LibraryJob>;

/** The job with its end; the first end stays. */
export function endedAs({ waiting: _, ...job }: LibraryJob, end: JobEnd): LibraryJob {
  return job.ended ? job : { ...job, ended: { ...end, at: new Date().toISOString() } };
}

/** Asks a job to stop; the server that works on it does so after the files in flight. One that has ended stays as it is. `undefined` where there is none. */
export async function cancelLibraryJob(ports: Ports, id: string): Promise<LibraryJobView | undefined> {
  if (!(await ports.records.get(LIBRARY_JOB, id))) return undefined;
  await changeJob(ports, id, (job) => (job.ended || job.cancelRequested ? job : { ...job, cancelRequested: true }));
  return readLibraryJobView(ports, id);
}

/** The job as it stands, or `undefined`. */
export async function readLibraryJobView(ports: Ports, id: string): Promise<LibraryJobView | undefined> {
  const record = await ports.records.get(LIBRARY_JOB, id);
  return record && viewOf(ports, record);
}

/** Jobs that are looked at for changes. */
const MOST_OPEN = 50;

/** Ids of the newest jobs of the library that are not done with, at most 50. */
export async function openLibraryJobIds(ports: Ports): Promise<string[]> {
  return (await ports.records.list(LIBRARY_JOB, { limit: MOST_OPEN, open: true })).records.map(({ id }) => id);
}

/** Jobs of the library, newest first. */
export async function listLibraryJobs(ports: Ports, page: { limit: number; cursor?: string }): Promise<{ views: LibraryJobView[]; cursor?: string }> {
  const { records, cursor } = await ports.records.list(LIBRARY_JOB, page);
  const views = await Promise.all(records.map((record) => viewOf(ports, record)));
  return { views, ...(cursor === undefined ? {} : { cursor }) };
}

async function viewOf(ports: Ports, record: StoredRecord): Promise<LibraryJobView> {
  const job = readLibraryJob(record);
  const { counts, failures } = await readProgress(ports, record.id, SHOWN_FAILURES);
  const progress = job.ended?.state === 'succeeded' ? 1 : (counts?.done ?? 0) / Math.max(1, counts?.total ?? 1);
  return {
    id: record.id,
    state: job.ended?.state ?? (counts ? 'running' : 'queued'),
    progress: Math.round(progress * 1000) / 1000,
    createdAt: record.createdAt,
    job,
    counts: counts ?? { total: 0, done: 0, added: 0, alreadyThere: 0, failed: 0, skipped: 0 },
    failures,
  };
}
