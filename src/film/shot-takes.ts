import { betterBy, type Standing } from '../quality/better.ts';
import type { Job } from './jobs.ts';
import { hasEnded } from './take-state.ts';
import type { Take } from './takes.ts';

/**
 * Why a shot got no further take. `targetMet`: its best take is good enough. `gainsStopped`: two takes in a row were no better, or the reports
 * advise nothing new. `maxTakes`, `budget`: no more were approved. `uncalibrated`: there is no verdict to go by. `noReference`: there is nothing
 * to measure against. `noChange`: the report advises nothing that this provider can change. `takeFailed`, `cancelled`: the last take ended so.
 * `jobEnded`: another shot failed for good.
 */
export type StopReason =
  | 'targetMet'
  | 'gainsStopped'
  | 'maxTakes'
  | 'budget'
  | 'uncalibrated'
  | 'noReference'
  | 'noChange'
  | 'takeFailed'
  | 'cancelled'
  | 'jobEnded';

/** How the takes of a shot ended. */
export interface ShotStop {
  reason: StopReason;
  /** The best take; absent where none succeeded. */
  keptTakeId?: string;
}

export interface IdentifiedTake {
  id: string;
  take: Take;
}

/** The takes of one shot. */
export interface ShotTakes {
  /** In order, at least one. */
  takes: IdentifiedTake[];
  /** The take that stands for the shot: the one that was kept, before that the last. */
  current: IdentifiedTake;
  /** Absent: not decided yet, or a shot that gets one take whatever it is like. */
  stop?: ShotStop;
}

/** Id of a shot's n-th take: the first one's is random, the others follow from it, so that two servers cannot write two second takes. */
export const furtherTakeId = (firstId: string, number: number): string => (number === 1 ? firstId : `${firstId}-${number}`);

/** Ids that the takes of a job may have. */
export function takeIdsOf({ takeIds, storyboard: { quality } }: Job): string[] {
  return takeIds.flatMap((id) => Array.from({ length: quality?.maxTakes ?? 1 }, (_, index) => furtherTakeId(id, index + 1)));
}

/** The takes of each shot whose first one is written. */
export function shotTakes(job: Job, takeOf: ReadonlyMap<string, Take>): ShotTakes[] {
  return job.takeIds.flatMap((firstId, index) => {
    const ids = Array.from({ length: job.storyboard.quality?.maxTakes ?? 1 }, (_, number) => furtherTakeId(firstId, number + 1));
    const takes = ids.flatMap((id) => {
      const take = takeOf.get(id);
      return take ? [{ id, take }] : [];
    });
    const last = takes.at(-1);
    if (!last) return [];
    const stop = job.stops?.[index] ?? undefined;
    const kept = stop?.reason === 'cancelled' ? undefined : takes.find(({ id }) => id === stop?.keptTakeId);
    return [{ takes, current: kept ?? last, ...(stop ? { stop } : {}) }];
  });
}

/** Whether no shot waits for the word whether it gets a further take. */
export const isDecided = ({ job, shots }: { job: Job; shots: readonly ShotTakes[] }): boolean =>
  job.storyboard.quality === undefined || shots.every(({ stop, current }) => stop !== undefined || !hasEnded(current.take.state));

/** The best take that succeeded, of equally good ones the first. */
export function bestTake(takes: readonly IdentifiedTake[]): IdentifiedTake | undefined {
  const made = takes.filter(({ take }) => take.state === 'succeeded');
  return made.reduce<IdentifiedTake | undefined>((best, one) => (best === undefined || isBetter(one.take, best.take) ? one : best), undefined);
}

/** Whether the first take is better, as `betterBy` says. */
export function isBetter(a: Take, b: Take): boolean {
  return betterBy(standing(a), standing(b)) !== undefined;
}

function standing({ evaluation }: Take): Standing {
  const { verdict = 'uncalibrated', flagged = [], similarity } = evaluation ?? {};
  return { verdict, flagged, ...(similarity ? { similarity: similarity.mean } : {}) };
}

/** Whether a take's verdict is good enough. */
export function meets(take: Take, target: 'pass' | 'review'): boolean {
  const verdict = take.evaluation?.verdict;
  return verdict === 'pass' || (target === 'review' && verdict === 'review');
}
