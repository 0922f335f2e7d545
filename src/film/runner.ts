import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ports } from '../ports.ts';
import { finishJob } from './finish.ts';
import { JOB, readJob, readJobView } from './jobs.ts';
import { isFinal, LEASE_SECONDS, readTake, runTake, TAKE } from './takes.ts';

/** Takes that one server works on at the same time. */
const CONCURRENT_TAKES = 2;
/** How often an idle server looks for work that another one left behind. */
const IDLE_MS = 2000;

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
  const running = new Set<Promise<void>>();
  let wake = new AbortController();
  let loop: Promise<void> | undefined;

  async function claimTakes(): Promise<void> {
    while (running.size < CONCURRENT_TAKES && !stopping.signal.aborted) {
      const record = await ports.records.claim(TAKE, { owner, leaseSeconds: LEASE_SECONDS });
      if (!record) return;
      const work = runTake(ports, record, owner, stopping.signal)
        .then(() => (stopping.signal.aborted ? undefined : finishIfReady(readTake(record).jobId)))
        .catch((error) => console.error('job runner:', error))
        .finally(() => {
          running.delete(work);
          wake.abort();
        });
      running.add(work);
    }
  }

  async function finishIfReady(jobId: string): Promise<void> {
    const view = await readJobView(ports, jobId);
    if (view && !view.job.ended && view.takes.length === view.job.takeIds.length && view.takes.every((take) => isFinal(take.state))) {
      await finishJob(ports, jobId, owner);
    }
  }

  async function finishLeftovers(): Promise<void> {
    const { records } = await ports.records.list(JOB, { limit: 100, open: true });
    for (const record of records) if (!readJob(record).ended) await finishIfReady(record.id);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      try {
        await claimTakes();
        await finishLeftovers();
      } catch (error) {
        console.error('job runner:', error);
      }
      await sleep(IDLE_MS, undefined, { ref: false, signal: wake.signal }).catch(() => undefined);
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
      await Promise.allSettled([loop, ...running]);
    },
  };
}
