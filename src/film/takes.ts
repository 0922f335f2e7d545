import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { JsonValue, Ports, StoredRecord, TakeFailure } from '../ports.ts';
import type { ShotEdit, Verdict } from '../quality/report.ts';
import type { PlannedShot } from './storyboard.ts';
import { isFinal, moved, type TakeState } from './take-state.ts';

/** The stored body of a take: one run of one shot at a provider. */
export interface Take {
  jobId: string;
  /** Of its shot. */
  index: number;
  /** Which take of the shot it is; absent: the first. */
  number?: number;
  provider: string;
  shot: PlannedShot;
  /** Of a further take: what is different from the one that it was made after. */
  change?: TakeChange;
  /** Its clip is measured before it has succeeded. */
  measured?: boolean;
  evaluation?: TakeEvaluation;
  state: TakeState;
  /** Tokens used at the provider, from 1; a start that was refused before it was accepted keeps its token. */
  attempts: number;
  /** Starts in a row that the provider refused because too much was sent to it. */
  refusals?: number;
  operation?: JsonValue;
  /** 0..1 */
  progress: number;
  cancelRequested?: boolean;
  /** Of a cancelled take: whether the provider bills it all the same. */
  stillBilled?: boolean;
  failure?: { reason: TakeFailure | 'lost' | 'internal' | 'budget'; message: string };
  /** Of a take without a clip: what the provider bills for it as far as it says so; absent: not known. */
  billedUsd?: number;
  result?: TakeResult;
  /** A clip that came after the take's end: kept, but not part of the video. `path`: its readable copy (absolute path or URL). */
  late?: TakeResult & { path: string };
  startedAt?: string;
  /** Until when a take that has ended, or is unknown, is still asked after; absent: no more. */
  watchUntil?: string;
  /** When it is to be asked after next. */
  waitUntil?: string;
}

export interface TakeResult {
  objectKey: string;
  sha256: string;
  byteLength: number;
  mediaType: string;
  /** Length of the rendered clip, which may differ from what was asked by a fraction of a frame. */
  durationSeconds: number;
  costUsd: number;
  notes: string[];
  /** Wall-clock seconds from start to result. */
  seconds: number;
}

/** How a further take came from an earlier one's report. */
export interface TakeChange {
  /** Number of the take whose request was edited. */
  from: number;
  /** The check that it answers, and the likely cause as its report says it. */
  check: string;
  cause: string;
  edit: ShotEdit;
  /** What it changed, for people. */
  text: string;
}

/** What the report of a take comes to; the report itself is a record of its own. */
export interface TakeEvaluation {
  verdict: Verdict;
  /** Absent where the clip could not be measured; `message` says why. */
  reportId?: string;
  message?: string;
  /** Checks that failed or ask for a look. */
  flagged: string[];
  /** Cosines to the reference, as in the report; absent where there is none to compare with. */
  similarity?: { mean: number; firstFrame: number; p10: number; drop: number };
}

export const TAKE = 'take';

/** Writes that lose the race against others before the change is given up. */
const RACES = 5;

export const readTake = (record: StoredRecord): Take => record.body as unknown as Take;

/** Whether a server still has something to do for the take. */
export const isOpen = (take: Take): boolean => !isFinal(take.state) || take.watchUntil !== undefined;

/**
 * Read, change, compare-and-swap; repeated when somebody else was faster. With `owner` the write counts only under that lease (CONFLICT once
 * it is lost). A change that returns what it was given writes nothing.
 */
export async function changeTake(ports: Ports, id: string, change: (take: Take) => Take, owner?: string): Promise<Take> {
  for (let race = 0; ; race++) {
    const record = await ports.records.get(TAKE, id);
    if (!record) throw new AppError('NOT_FOUND', `There is no take "${id}".`);
    const before = readTake(record);
    const take = change(before);
    if (take === before) return take;
    try {
      await ports.records.update(
        { kind: TAKE, id, version: record.version, open: isOpen(take), body: take as unknown as JsonValue },
        owner === undefined ? {} : { owner },
      );
      return take;
    } catch (error) {
      const stale = error instanceof AppError && error.code === 'CONFLICT' && race < RACES;
      if (!stale) throw error;
      await sleep(20 * (race + 1));
    }
  }
}

/** Stops a take: at once where nothing was sent, else its worker does it. One that has ended, or is unknown, stays as it is. */
export function stopTake(ports: Ports, id: string): Promise<Take> {
  return changeTake(ports, id, (take) => {
    if (take.state === 'created') return moved(take, 'cancelled', { stillBilled: false });
    return isFinal(take.state) || take.cancelRequested ? take : { ...take, cancelRequested: true };
  });
}

/** The user's word that an unknown take is not waited for any more; its clip is kept all the same, should it turn up. */
export function giveUpTake(ports: Ports, id: string): Promise<Take> {
  const failure = { reason: 'lost' as const, message: 'Given up: what became of it at the provider is not known, and it may have been billed.' };
  return changeTake(ports, id, (take) => (take.state === 'unknown' ? moved(take, 'failed', { failure }) : take));
}
