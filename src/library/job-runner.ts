import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, errorData } from '../errors.ts';
import type { Ports, StoredRecord } from '../ports.ts';
import { runDelete } from './delete-job.ts';
import { openFileLog } from './file-log.ts';
import { runFolderIngest } from './folder-job.ts';
import { eachInSlots, type JobRun, Slots } from './job-run.ts';
import { changeJob, endedAs, type JobEnd, LIBRARY_JOB, type LibraryJob, readLibraryJob, type Save } from './jobs.ts';
import { abandonGeneration, dropRetired, runReindex } from './reindex-job.ts';

/** Jobs that one server carries on at the same time; they share its slots. */
const CONCURRENT_JOBS = 4;
/** How often an idle server looks for work that another one left behind. */
const IDLE_MS = 2000;
/** Longest pause while the data folder cannot be used. */
const MAX_PAUSE_MS = 60_000;
/** Open jobs that one look considers. */
const LOOK_AHEAD = 200;
/** A server that stopped without a word loses its jobs after this long; the next one takes over within this and IDLE_MS. */
const LEASE_SECONDS = 5;
/** How often a lease is renewed and a cancel noticed. */
const HEARTBEAT_MS = 1000;
/** A job that this server may not read, or cannot carry on for now, is left to others for this long. */
const LEAVE_MS = 60_000;
/**
 * Pictures at a time: one decodes on each core while others wait for the vision model, which has a process of its own, or for the disk. Measured on
 * two cores (photographs of 1 megapixel, descriptor, median of three): 9 images/s with one slot, 17 with two and with three, 22 with four, 16 with six.
 */
const SLOTS = availableParallelism() + 2;

/** Advances unfinished jobs of the library; several servers may run one each, and every job is held by one of them. */
export interface LibraryRunner {
  /** Looks for work now and then from here on; keeps no process alive. */
  start(): void;
  /** Looks for work at once (after a job was made or cancelled). */
  kick(): void;
  /** Carries on this one job, or watches another server do it, until it has ended or `signal` aborts. Throws why it cannot be carried on here. */
  see(jobId: string, signal: AbortSignal): Promise<void>;
  /** Stops taking work; the files in flight are finished, the rest is left to the next server. */
  stop(): Promise<void>;
}

/** `maxBytes` is the largest file that an ingest job reads; `idleMs`: how often an idle server looks for work that another one left behind. */
export function createLibraryRunner(ports: Ports, { maxBytes, idleMs = IDLE_MS }: { maxBytes: number; idleMs?: number }): LibraryRunner {
  const owner = randomUUID();
  const slots = new Slots(SLOTS);
  const stopping = new AbortController();
  const running = new Map<string, Promise<void>>();
  /** Jobs that this server could not carry on, until when it leaves them to others, and why. */
  const left = new Map<string, { until: number; error: unknown }>();
  let wake = new AbortController();
  let loop: Promise<void> | undefined;

  async function look(only?: string): Promise<void> {
    const open = only === undefined ? await openJobs(ports) : [await ports.records.get(LIBRARY_JOB, only)];
    for (const record of open) {
      if (!record || running.has(record.id) || !isDue(readLibraryJob(record), left.get(record.id)?.until ?? 0)) continue;
      if (running.size >= CONCURRENT_JOBS || stopping.signal.aborted) return;
      const claimed = await ports.records.claim(LIBRARY_JOB, { owner, leaseSeconds: LEASE_SECONDS, id: record.id });
      if (claimed) begin(claimed);
    }
  }

  function begin({ id }: StoredRecord): void {
    const task = carry(ports, { id, owner, slots, stopping: stopping.signal, maxBytes })
      .catch((error) => {
        left.set(id, { until: Date.now() + LEAVE_MS, error });
        report(error);
      })
      .finally(() => {
        running.delete(id);
        wake.abort();
      });
    running.set(id, task);
  }

  async function run(): Promise<void> {
    let pauseMs = idleMs;
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      try {
        await look();
        pauseMs = idleMs;
      } catch (error) {
        report(error);
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      }
      await sleep(pauseMs, undefined, { ref: false, signal: wake.signal }).catch(() => undefined);
    }
  }

  return {
    start() {
      loop ??= run();
    },
    kick() {
      wake.abort();
    },
    async see(jobId, signal) {
      const given = aborted(signal);
      while (!signal.aborted) {
        const record = await ports.records.get(LIBRARY_JOB, jobId);
        if (!record || readLibraryJob(record).ended) return;
        await look(jobId);
        await Promise.race([running.get(jobId) ?? sleep(HEARTBEAT_MS / 2), given]);
        const stuck = left.get(jobId);
        if (stuck) throw stuck.error;
      }
    },
    async stop() {
      stopping.abort();
      wake.abort();
      await Promise.allSettled([loop, ...running.values()]);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}

/** Oldest first. */
async function openJobs(ports: Ports): Promise<StoredRecord[]> {
  const { records } = await ports.records.list(LIBRARY_JOB, { limit: LOOK_AHEAD, open: true });
  return records.reverse();
}

function isDue(job: LibraryJob, leftUntil: number): boolean {
  if (job.ended) return job.retired !== undefined && Date.parse(job.retired.dropAt) <= Date.now();
  return job.cancelRequested === true || leftUntil <= Date.now();
}

interface Holder {
  id: string;
  owner: string;
  slots: Slots;
  stopping: AbortSignal;
  maxBytes: number;
}

/** Carries a leased job on to its end, or until the lease is lost or the server stops. */
async function carry(ports: Ports, { id, owner, slots, stopping, maxBytes }: Holder): Promise<void> {
  const lease = new AbortController();
  const cancel = new AbortController();
  const stop = AbortSignal.any([stopping, lease.signal]);
  const halt = AbortSignal.any([stop, cancel.signal]);
  const beat = async () => {
    const held = await ports.records.renew(LIBRARY_JOB, id, { owner, leaseSeconds: LEASE_SECONDS }).catch(() => false);
    const record = held ? await ports.records.get(LIBRARY_JOB, id).catch(() => undefined) : undefined;
    if (!held) lease.abort();
    else if (record && readLibraryJob(record).cancelRequested) cancel.abort();
  };
  const heartbeat = setInterval(beat, HEARTBEAT_MS);
  try {
    await beat();
    const log = await openFileLog(ports, id);
    const each: JobRun['each'] = (items, work) => eachInSlots(slots, halt, items, work);
    await work(ports, { id, log, maxBytes, stop, halt, each }, owner);
  } finally {
    clearInterval(heartbeat);
    await ports.records.release(LIBRARY_JOB, id, owner).catch(() => undefined);
  }
}

async function work(ports: Ports, run: JobRun, owner: string): Promise<void> {
  const save = (change: (job: LibraryJob) => LibraryJob) => changeJob(ports, run.id, change, owner);
  try {
    const job = await save(({ waiting: _, ...current }) => current);
    if (job.ended) return await dropRetired(ports, job, save);
    const end = await workOf(ports, run, job, save);
    await run.log.flush();
    if (!run.stop.aborted) await save((current) => endedAs(current, end));
  } catch (error) {
    await run.log.flush().catch(() => undefined);
    const held = await ports.records.renew(LIBRARY_JOB, run.id, { owner, leaseSeconds: LEASE_SECONDS });
    // Without the lease another server writes this job's record and log now, which is what failed here.
    if (!run.stop.aborted && held) await endOrLeave(ports, error, save);
  }
}

function workOf(ports: Ports, run: JobRun, { work }: LibraryJob, save: Save): Promise<JobEnd> {
  switch (work.type) {
    case 'ingest':
      return runFolderIngest(ports, run, work);
    case 'reindex':
      return runReindex(ports, run, work, save);
    case 'delete':
      return runDelete(ports, run, work);
  }
}

/**
 * After a failure of the whole job: what this server may not read, or does not have, another may, and a busy disk may recover, so such a job
 * stays open and says what it waits for; anything else ends it.
 */
async function endOrLeave(ports: Ports, error: unknown, save: Save): Promise<void> {
  const { code, message } = errorData(error);
  if (code === 'FORBIDDEN' || code === 'MISCONFIGURED' || code === 'UNAVAILABLE') {
    await save((job) => ({ ...job, waiting: message }));
    throw error;
  }
  if (code === 'INTERNAL') console.error('job failed:', error);
  const { work } = await save((job) => job);
  // Before the job ends, so that no interruption forgets it.
  if (work.type === 'reindex') await abandonGeneration(ports, work.collection, work.embedderId);
  await save((job) => endedAs(job, { state: 'failed', message }));
}

function report(error: unknown): void {
  console.error('library job runner:', error instanceof AppError ? error.message : error);
}
