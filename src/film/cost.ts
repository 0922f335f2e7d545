import type { JobView } from './jobs.ts';
import type { ShotTakes } from './shot-takes.ts';
import { isFinal } from './take-state.ts';
import type { Take } from './takes.ts';

/** What a paid job was approved to cost, fixed when it was made. US dollars. */
export interface Budget {
  /** Estimate of one take of each shot. */
  shotsUsd: number[];
  /** The first takes of all shots: less makes no video. */
  leastUsd: number;
  /** What its takes may cost in all; stands in the ledger until the job has ended. */
  reservedUsd: number;
  /** UTC day whose account it counts in. */
  day: string;
}

/** What the takes of a job have cost. US dollars. */
export interface Cost {
  /** What the provider named. */
  spentUsd: number;
  /** What may have been billed, or still will be: takes under way or unknown, and ended ones whose bill nobody knows. */
  openUsd: number;
}

/** Whole micro-dollars, so that sums do not drift. */
export const round = (usd: number): number => Math.round(usd * 1e6) / 1e6;

/** For results: at most four decimals. */
export const usd = (amount: number): string => `${Math.round(amount * 1e4) / 1e4} USD`;

/** What one take counts: its known cost, else its estimate once it may have been billed. */
function takeCost(take: Take, estimateUsd: number): Cost {
  const known = (take.result ?? take.late)?.costUsd ?? take.billedUsd;
  if (known !== undefined) return { spentUsd: known, openUsd: 0 };
  const nothing = take.state === 'created' || (take.state === 'cancelled' && take.stillBilled === false);
  return { spentUsd: 0, openUsd: nothing ? 0 : estimateUsd };
}

/** What all takes of a job have cost so far. */
export const costOf = ({ job, shots }: Pick<JobView, 'job' | 'shots'>): Cost => sumOf(allTakes(shots), job.budget);

export const allTakes = (shots: readonly ShotTakes[]): Take[] => shots.flatMap(({ takes }) => takes.map(({ take }) => take));

export function sumOf(takes: Take[], budget: Budget | undefined): Cost {
  const costs = takes.map((take) => takeCost(take, budget?.shotsUsd[take.index] ?? 0));
  return { spentUsd: round(costs.reduce((sum, cost) => sum + cost.spentUsd, 0)), openUsd: round(costs.reduce((sum, cost) => sum + cost.openUsd, 0)) };
}

/**
 * Whether one more take fits into what the job was approved to cost. First takes that have not begun, or are not written yet, count in full, so
 * the answer holds for a caller that writes the new take under the job's lease. Always true for a free provider.
 */
export function affords({ job: { budget }, shots }: Pick<JobView, 'job' | 'shots'>, { index }: Pick<Take, 'index'>): boolean {
  if (!budget) return true;
  const takes = allTakes(shots);
  const { spentUsd, openUsd } = sumOf(takes, budget);
  const estimate = (of: number) => budget.shotsUsd[of] ?? 0;
  const waiting = takes.filter(({ state }) => state === 'created').reduce((sum, take) => sum + estimate(take.index), 0);
  const unwritten = budget.shotsUsd.slice(shots.length).reduce((sum, one) => sum + one, 0);
  return round(spentUsd + openUsd + waiting + unwritten + estimate(index)) <= budget.reservedUsd;
}

/** True once no take's cost can change any more. */
export const isSettled = (takes: Take[]): boolean => takes.every((take) => isFinal(take.state) && take.state !== 'unknown' && take.watchUntil === undefined);
