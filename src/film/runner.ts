import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Ports, StoredRecord } from '../ports.ts';
import { settleJob } from './finish.ts';
import { JOB } from './jobs.ts';
import { LEASE_SECONDS, readTake, runTake, TAKE } from './takes.ts';

/** Takes that one server works on at the same time. */
const CONCURRENT_TAKES = 2;
/** How often an idle server looks for work that another one left behind. */
const IDLE_MS = 2000;
/** Longest pause while the data folder cannot be used. */
const MAX_PAUSE_MS = 60_000;
/** Open takes and jobs that one look considers. */
const LOOK_AHEAD = 200;

/** Advances unfinished takes and jobs of the data folder; several servers may run one each. */
export interface JobRunner {
  /** Looks for work now and then from here on; keeps no process alive. */
  start(): void;
  /** Looks for work at once (after a job was created or cancelled). */
  kick(): void;
  /** Stops taking work; takes under way stay as they are and are resumed by the next server. */
  stop(): Promise<void>;
}

export function createJobRunner(ports: Ports): JobRunner {
  const owner = randomUUID();
  const stopping = new AbortController();
  /** Work under way and the job it is for. */
  const running = new Map<Promise<void>, string>();
  let wake = new AbortController();
  let loop: Promise<void> | undefined;

  async function claimTakes(): Promise<void> {
    for (const { id } of await waitingTakes()) {
      if (running.size >= CONCURRENT_TAKES || stopping.signal.aborted) return;
      const record = await ports.records.claim(TAKE, { owner, leaseSeconds: LEASE_SECONDS, id });
      if (record) work(record);
    }
  }

  /** Open takes, first those of jobs that this server does least for, then the oldest: a long job must not starve a short one. */
  async function waitingTakes(): Promise<StoredRecord[]> {
    const { records } = await ports.records.list(TAKE, { limit: LOOK_AHEAD, open: true });
    const busy = (record: StoredRecord) => [...running.values()].filter((jobId) => jobId === readTake(record).jobId).length;
    return records.reverse().sort((a, b) => busy(a) - busy(b));
  }

  function work(record: StoredRecord): void {
    const { jobId } = readTake(record);
    const task = runTake(ports, record, owner, stopping.signal)
      .then(() => (stopping.signal.aborted ? undefined : settleJob(ports, jobId, owner)))
      .catch(report)
      .finally(() => {
        running.delete(task);
        wake.abort();
      });
    running.set(task, jobId);
  }

  async function settleLeftovers(): Promise<void> {
    const { records } = await ports.records.list(JOB, { limit: LOOK_AHEAD, open: true });
    for (const record of records) await settleJob(ports, record.id, owner);
  }

  async function run(): Promise<void> {
    let pauseMs = IDLE_MS;
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      try {
        await claimTakes();
        await settleLeftovers();
        pauseMs = IDLE_MS;
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
    async stop() {
      stopping.abort();
      wake.abort();
      await Promise.allSettled([loop, ...running.keys()]);
    },
  };
}

function report(error: unknown): void {
  console.error('job runner:', error instanceof AppError ? error.message : error);
}
