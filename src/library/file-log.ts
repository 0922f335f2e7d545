import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue, Ports, StoredRecord } from '../ports.ts';

/** What became of one file (or of one asset, in jobs over a collection). */
export interface FileOutcome {
  /** Path of the file, or id of the asset. */
  file: string;
  /** `done`: of assets, in jobs that add none. */
  outcome: 'added' | 'alreadyThere' | 'failed' | 'skipped' | 'done';
  /** The asset it is. */
  assetId?: string;
  /** Only of pictures added: others of the collection look nearly the same. */
  hasNearDuplicates?: boolean;
  /** Only of failures: an error code, and a sentence for the user. */
  code?: string;
  reason?: string;
}

export interface FileFailure {
  file: string;
  code: string;
  reason: string;
}

/** `done` counts all outcomes; `skipped` are files that are no pictures or videos. */
export interface FileCounts {
  total: number;
  done: number;
  added: number;
  alreadyThere: number;
  failed: number;
  skipped: number;
  /** Pictures added that look nearly the same as others of the collection. */
  nearDuplicates?: number;
}

/** A stored entry: some outcomes, and the counts with them. */
interface Entry {
  counts: FileCounts;
  outcomes: FileOutcome[];
  /** The entry before this one that has failures in it. */
  failedBefore?: string;
}

/** Outcomes of one job, in the order in which they became known. */
export interface FileLog {
  readonly counts: Readonly<FileCounts>;
  /** Outcomes written so far, oldest first. */
  outcomes(): AsyncIterable<FileOutcome>;
  /** Notes the number of files. */
  begin(total: number): void;
  /** Notes an outcome; it is durable within a moment. CONFLICT where another process writes this log. */
  add(outcome: FileOutcome): void;
  /** Resolves once all is durable. */
  flush(): Promise<void>;
}

/**
 * Outcomes that come within this time share one write to the disk, so a fast job waits for few of them; what a kill takes from the log is
 * found to be there already when the job goes on.
 */
const GATHER_MS = 500;
const OUTCOMES_PER_ENTRY = 500;
const PAGE = 200;

const kindOf = (jobId: string): string => `files/${jobId}`;
const idOf = (number: number): string => String(number).padStart(8, '0');
const readEntry = (record: StoredRecord): Entry => record.body as unknown as Entry;

async function newest(ports: Ports, jobId: string): Promise<StoredRecord | undefined> {
  return (await ports.records.list(kindOf(jobId), { limit: 1 })).records[0];
}

/**
 * The log of a job, to go on writing. Entries are numbered and written create-only, so of two processes that believe they hold the job only one
 * gets on: the other's write is a CONFLICT, which `add` and `flush` throw from then on.
 */
export async function openFileLog(ports: Ports, jobId: string): Promise<FileLog> {
  const last = await newest(ports, jobId);
  const before = last && readEntry(last);
  const counts: FileCounts = before?.counts ?? { total: 0, done: 0, added: 0, alreadyThere: 0, failed: 0, skipped: 0 };
  let next = last ? Number(last.id) + 1 : 1;
  let failedBefore = before && (hasFailures(before) ? last?.id : before.failedBefore);
  let waiting: FileOutcome[] = [];
  let changed = false;
  let writing: Promise<void> | undefined;
  let broken: { error: unknown } | undefined;
  let hurried = new AbortController();

  async function writeEntry(): Promise<void> {
    const outcomes = waiting.slice(0, OUTCOMES_PER_ENTRY);
    waiting = waiting.slice(OUTCOMES_PER_ENTRY);
    changed = false;
    const upToHere = waiting.reduce((sum, outcome) => count(sum, outcome, -1), { ...counts });
    const entry: Entry = { counts: upToHere, outcomes, ...(failedBefore ? { failedBefore } : {}) };
    await ports.records.create({ kind: kindOf(jobId), id: idOf(next), body: entry as unknown as JsonValue });
    if (hasFailures(entry)) failedBefore = idOf(next);
    next++;
  }

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0 || changed) {
        await writeEntry();
        await sleep(GATHER_MS, undefined, { signal: hurried.signal, ref: false }).catch(() => undefined);
      }
    } catch (error) {
      broken = { error };
    } finally {
      writing = undefined;
    }
  }

  function write(): void {
    if (broken) throw broken.error;
    changed = true;
    writing ??= writeAll();
  }

  return {
    counts,
    outcomes: () => outcomesOf(ports, jobId),
    begin(total) {
      counts.total = total;
      write();
    },
    add(outcome) {
      waiting.push(outcome);
      count(counts, outcome, 1);
      write();
    },
    async flush() {
      hurried.abort();
      while (writing) await writing;
      hurried = new AbortController();
      if (broken) throw broken.error;
    },
  };
}

function count(counts: FileCounts, { outcome, hasNearDuplicates }: FileOutcome, by: 1 | -1): FileCounts {
  counts.done += by;
  if (hasNearDuplicates) counts.nearDuplicates = (counts.nearDuplicates ?? 0) + by;
  if (outcome !== 'done') counts[outcome] += by;
  return counts;
}

const hasFailures = (entry: Entry): boolean => entry.outcomes.some(({ outcome }) => outcome === 'failed');

async function* outcomesOf(ports: Ports, jobId: string): AsyncIterable<FileOutcome> {
  const last = await newest(ports, jobId);
  const entries = last ? Number(last.id) : 0;
  for (let start = 1; start <= entries; start += PAGE) {
    const numbers = Array.from({ length: Math.min(PAGE, entries - start + 1) }, (_, index) => start + index);
    const records = await Promise.all(numbers.map((number) => ports.records.get(kindOf(jobId), idOf(number))));
    for (const record of records) if (record) yield* readEntry(record).outcomes;
  }
}

/** All failures of a job, newest first. */
export async function listFailures(ports: Ports, jobId: string): Promise<FileFailure[]> {
  return (await readProgress(ports, jobId, Number.POSITIVE_INFINITY)).failures;
}

/** Counts of a job and its latest failures, newest first; no counts where nothing was written yet. */
export async function readProgress(ports: Ports, jobId: string, limit: number): Promise<{ counts?: FileCounts; failures: FileFailure[] }> {
  let record = await newest(ports, jobId);
  if (!record) return { failures: [] };
  const { counts } = readEntry(record);
  const failures: FileFailure[] = [];
  while (record && failures.length < limit) {
    const { outcomes, failedBefore } = readEntry(record);
    for (const { file, outcome, code = '', reason = '' } of outcomes.toReversed()) if (outcome === 'failed') failures.push({ file, code, reason });
    record = failedBefore === undefined ? undefined : await ports.records.get(kindOf(jobId), failedBefore);
  }
  return { counts, failures: failures.slice(0, limit) };
}
