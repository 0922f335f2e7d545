import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Ports, StoredRecord } from '../ports.ts';
import { settleJob } from './finish.ts';
import { JOB, readJob } from './jobs.ts';
import { LEASE_SECONDS } from './lease.ts';
import { runTake, waits } from './take-run.ts';
import { isFinal } from './take-state.ts';
import { concurrency } from './take-work.ts';
import { readTake, TAKE, type Take } from './takes.ts';

/** How often an idle server looks for work that another one left behind. */
const IDLE_MS = 2000;
/** Longest pause while the data folder cannot be used. */
const MAX_PAUSE_MS = 60_000;
/** Pause of a take whose work was ended by an error of the store. */
const TROUBLE_MS = 5000;
/** Records that are read at once. */
const PAGE = 200;

/** Advances unfinished takes and jobs of the data folder; several servers may run one each. */
export interface JobRunner {
  /** Looks for work now and then from here on; keeps no process alive. */
  start(): void;
  /** Looks for work at once (after a job was created or cancelled). */
  kick(): void;
  /** Stops taking work; takes under way stay as they are and are resumed by the next server. */
  stop(): Promise<void>;
}

interface Task {
  jobId: string;
  provider: string;
}

export interface RunnerOptions {
  /** What a server that died without a word has in hand goes to another one after this long. */
  leaseSeconds?: number;
  /** How often it looks for work that another server left; its own begins at once. */
  idleMs?: number;
}

export function createJobRunner(ports: Ports, { leaseSeconds = LEASE_SECONDS, idleMs = IDLE_MS }: RunnerOptions = {}): JobRunner {
  const lease = { owner: randomUUID(), leaseSeconds };
  const stopping = new AbortController();
  const running = new Map<Promise<void>, Task>();
  /** Takes that had trouble, and until when they are left alone. */
  const troubled = new Map<string, number>();
  let wake = new AbortController();
  let loop: Promise<void> | undefined;
  let settledAt = 0;

  async function claimTakes(): Promise<void> {
    for (const record of await waitingTakes()) {
      if (stopping.signal.aborted) return;
      if (!hasRoom(readTake(record).provider)) continue;
      const claimed = await ports.records.claim(TAKE, { ...lease, id: record.id });
      if (claimed) work(claimed);
    }
  }

  const count = (matches: (task: Task) => boolean): number => [...running.values()].filter(matches).length;

  /** Takes of a provider that is not configured here are left to a server that has it. */
  function hasRoom(provider: string): boolean {
    const generator = ports.videoGenerators.get(provider);
    return generator !== undefined && count((task) => task.provider === provider) < concurrency(generator);
  }

  /** Open takes that can go on, first those of jobs that this server does least for, then the oldest: a long job must not starve a short one. */
  async function waitingTakes(): Promise<StoredRecord[]> {
    if (![...ports.videoGenerators.keys()].some(hasRoom)) return [];
    const open = (await openRecords(ports, TAKE)).filter((record) => !waits(readTake(record)) && (troubled.get(record.id) ?? 0) <= Date.now());
    const rank = (take: Take) => (isFinal(take.state) ? PAGE : count((task) => task.jobId === take.jobId));
    return open.sort((a, b) => rank(readTake(a)) - rank(readTake(b)));
  }

  function work(record: StoredRecord): void {
    const { jobId, provider } = readTake(record);
    troubled.delete(record.id);
    const task = runTake(ports, record, lease, stopping.signal)
      .then(() => (stopping.signal.aborted ? undefined : settleJob(ports, jobId, lease)))
      .catch((error) => {
        troubled.set(record.id, Date.now() + TROUBLE_MS);
        report(error);
      })
      .finally(() => {
        running.delete(task);
        wake.abort();
      });
    running.set(task, { jobId, provider });
  }

  /** Jobs whose last worker stopped before it could end them. */
  async function settleLeftovers(): Promise<void> {
    if (Date.now() - settledAt < idleMs) return;
    settledAt = Date.now();
    const under = new Set([...running.values()].map(({ jobId }) => jobId));
    for (const record of await openRecords(ports, JOB)) {
      if (under.has(record.id) || stopping.signal.aborted) continue;
      // One job that cannot be settled must not keep the others from it.
      if (!readJob(record).ended) await settleJob(ports, record.id, lease).catch(report);
    }
  }

  async function run(): Promise<void> {
    let pauseMs = idleMs;
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      try {
        await claimTakes();
        await settleLeftovers();
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
    async stop() {
      stopping.abort();
      wake.abort();
      await Promise.allSettled([loop, ...running.keys()]);
    },
  };
}

/** All open records of a kind, oldest first. */
async function openRecords(ports: Ports, kind: string): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await ports.records.list(kind, { limit: PAGE, open: true, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.records);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found.reverse();
}

function report(error: unknown): void {
  console.error('job runner:', error instanceof AppError ? error.message : error);
}
