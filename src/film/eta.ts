import { isFinal } from './take-state.ts';
import type { Take } from './takes.ts';

/** Less progress than this says nothing of a take's pace. */
const MIN_PROGRESS = 0.05;

/**
 * Seconds until all takes are made, from the pace of those that are finished or under way (wall-clock seconds for each second of clip), spread
 * over as many as are under way; `undefined` where nothing has a pace yet, or nothing is left to make.
 */
export function etaSeconds(takes: Take[], now = Date.now()): number | undefined {
  const left = takes.filter((take) => !isFinal(take.state));
  if (left.length === 0) return undefined;
  const elapsed = ({ startedAt }: Take) => Math.max(0, now - Date.parse(startedAt ?? new Date(now).toISOString())) / 1000;
  const isTelling = (take: Take) => take.state !== 'created' && take.progress >= MIN_PROGRESS;
  const paces = [
    ...takes.flatMap(({ result }) => (result ? [result.seconds / Math.max(0.1, result.durationSeconds)] : [])),
    ...left.filter(isTelling).map((take) => elapsed(take) / take.progress / take.shot.durationSeconds),
  ];
  if (paces.length === 0) return undefined;
  const pace = paces.reduce((sum, each) => sum + each, 0) / paces.length;
  const remaining = left.map((take) => {
    if (take.state === 'created') return pace * take.shot.durationSeconds;
    return isTelling(take) ? (elapsed(take) / take.progress) * (1 - take.progress) : Math.max(0, pace * take.shot.durationSeconds - elapsed(take));
  });
  const under = Math.max(1, left.filter((take) => take.state !== 'created').length);
  const spread = remaining.reduce((sum, each) => sum + each, 0) / under;
  return Math.ceil(Math.max(spread, ...remaining.filter((_, index) => left[index].state !== 'created')));
}
