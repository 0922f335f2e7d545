import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Ports, VideoGenerator } from '../ports.ts';
import { changeTake, type Take } from './takes.ts';

/** What a worker has in hand while it holds a take's lease. */
export interface TakeWork {
  ports: Ports;
  id: string;
  generator: VideoGenerator;
  /** Aborts when the server stops or the lease is lost. */
  stop: AbortSignal;
  /** Errors of the provider or the store in a row. */
  troubles: number;
  /** `changeTake` under the lease. */
  save(change: (take: Take) => Take): Promise<Take>;
}

/** A provider that has not answered after this long does not answer. */
const ANSWER_MS = 60_000;
/** Longest pause between two tries. */
const MAX_PAUSE_MS = 60_000;
/** How long a take that has ended, or is unknown, is asked after. */
const WATCH_MS = 24 * 3600_000;
/** Longest pause between two questions about it. */
const MAX_WATCH_PAUSE_MS = 600_000;

const after = (ms: number): string => new Date(Date.now() + ms).toISOString();

export const pollMs = ({ capabilities: { pollSeconds, free } }: VideoGenerator): number => (pollSeconds ?? (free ? 0.25 : 5)) * 1000;
export const deadlineSeconds = ({ capabilities }: VideoGenerator): number => capabilities.deadlineSeconds ?? 1800;
/** Takes of a provider that one server has under way at the same time. */
export const concurrency = ({ capabilities }: VideoGenerator): number => capabilities.concurrency ?? (capabilities.free ? 2 : 8);

/** The token of the take's present attempt. */
export const tokenOf = (id: string, take: Take): string => `${id}.${take.attempts}`;

/** The answer of a provider, or UNAVAILABLE where none came in a minute, whether or not the adapter heeds its signal. */
export async function answered<T>(call: (signal: AbortSignal) => Promise<T> | undefined): Promise<T | undefined> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWER_MS);
  const silence = new Promise<never>((_, reject) => {
    limit.signal.addEventListener('abort', () => reject(new AppError('UNAVAILABLE', `The provider did not answer in ${ANSWER_MS / 1000} s.`)));
  });
  try {
    return await Promise.race([call(limit.signal), silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Sleeps longer with each try: `firstMs`, twice that, and so on, at most a minute; ends early when the worker has to stop. */
export async function backOff({ stop }: TakeWork, firstMs: number, tries: number): Promise<void> {
  await sleep(Math.min(firstMs * 2 ** tries, MAX_PAUSE_MS), undefined, { signal: stop }).catch(() => undefined);
}

/** The take as it is now. */
export const reread = ({ ports, id }: TakeWork): Promise<Take> => changeTake(ports, id, (take) => take);

/** Fields of a take that is asked after from now on. */
export function watched(generator: VideoGenerator): Pick<Take, 'watchUntil' | 'waitUntil'> {
  return { watchUntil: after(WATCH_MS), waitUntil: after(pollMs(generator)) };
}

/** Fields of a take that is not asked after any more. */
export const UNWATCHED = { watchUntil: undefined, waitUntil: undefined };

/** When a watched take is asked after next: the longer it has been, the less often. */
export function nextLook(generator: VideoGenerator, { watchUntil }: Take): Pick<Take, 'waitUntil'> {
  const elapsedMs = WATCH_MS - (Date.parse(watchUntil ?? '') - Date.now());
  return { waitUntil: after(Math.max(pollMs(generator), Math.min(elapsedMs / 4, MAX_WATCH_PAUSE_MS))) };
}

export const isConflict = (error: unknown): boolean => error instanceof AppError && error.code === 'CONFLICT';

/** For stderr: errors of a provider or the store that a take survives. */
export function report(work: TakeWork, doing: string, error: unknown): void {
  const text = error instanceof AppError ? `${error.code}: ${error.message}` : error;
  console.error(`take ${work.id}, ${work.generator.id}, ${doing}:`, text);
}
