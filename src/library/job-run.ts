import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { FileLog } from './file-log.ts';

/** A pause that a busy disk, or a process that was ended because of another call, is given. */
const RETRY_MS = 1000;

/** What the work of a job gets while one server holds it. */
export interface JobRun {
  id: string;
  log: FileLog;
  /** Largest file that is read, in bytes. */
  maxBytes: number;
  /** Aborts when the server stops or has lost the job: drop everything. */
  stop: AbortSignal;
  /** Aborts then, and when the job is cancelled: begin nothing new. */
  halt: AbortSignal;
  /** Works on the items, as many at a time as this server has slots for all its jobs; begins no more once `halt` aborts, or one has thrown, which it throws. */
  each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void>;
}

/** Grants at most `size` slots at a time, in the order in which they were asked for. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

/** `JobRun.each` over shared slots: a job waits for one slot at a time, so several jobs take turns. */
export async function eachInSlots<T>(slots: Slots, halt: AbortSignal, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const under = new Set<Promise<void>>();
  let failed: { error: unknown } | undefined;
  for (const item of items) {
    await slots.take();
    if (halt.aborted || failed) {
      slots.give();
      break;
    }
    const task = work(item)
      .catch((error) => {
        failed ??= { error };
      })
      .finally(() => {
        slots.give();
        under.delete(task);
      });
    under.add(task);
  }
  await Promise.all(under);
  if (failed) throw failed.error;
}

/** Does the work again, once, where something did not answer the first time. */
export async function tryTwice<T>(halt: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'UNAVAILABLE') || halt.aborted) throw error;
    await sleep(RETRY_MS, undefined, { signal: halt }).catch(() => undefined);
    return work();
  }
}
