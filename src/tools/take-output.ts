import type { ShotTakes, StopReason } from '../film/shot-takes.ts';
import type { Take } from '../film/takes.ts';
import { round } from './asset-output.ts';

/** One take as results show it. */
export type TakeData = {
  takeId: string;
  /** From 1. */
  number: number;
  state: string;
  /** True: its clip is the one that is used. */
  kept: boolean;
  /** What of the request is different, and the check that it answers. */
  change?: string;
  answers?: string;
  verdict?: string;
  /** Checks that failed or ask for a look. */
  flagged?: string[];
  /** Mean cosine to the reference. */
  similarity?: number;
  reportId?: string;
  /** Why there is no report, or no clip. */
  message?: string;
  costUsd: number;
};

/** Why a shot gets no further take, in words. */
export const STOPPED: Record<StopReason, string> = {
  targetMet: 'targetMet: the kept take is good enough',
  gainsStopped: 'gainsStopped: further takes were no better, or the reports advise nothing new',
  maxTakes: 'maxTakes: as many takes as were asked for',
  budget: 'budget: another take would cost more than was approved',
  uncalibrated: 'uncalibrated: there is no verdict to go by',
  noReference: 'noReference: there is no picture to measure it against',
  noChange: 'noChange: the report advises nothing that this provider can change',
  takeFailed: 'takeFailed: the last take failed',
  cancelled: 'cancelled',
  jobEnded: 'jobEnded: another shot failed',
};

/** What a take cost, also where its clip came late, or it failed and was billed. */
const costOf = ({ result, late, billedUsd = 0 }: Take): number => (result ?? late)?.costUsd ?? billedUsd;

/** The takes of a shot with a quality goal, and why there is no further one. */
export function takesOutput({ takes, stop }: ShotTakes): { takes: TakeData[]; stopped?: string } {
  return {
    takes: takes.map(({ id, take }) => takeOutput(id, take, stop?.keptTakeId === id)),
    ...(stop ? { stopped: STOPPED[stop.reason] } : {}),
  };
}

function takeOutput(takeId: string, take: Take, kept: boolean): TakeData {
  const { number = 1, state, change, evaluation, failure } = take;
  const { similarity, reportId, verdict, flagged } = evaluation ?? {};
  const message = evaluation?.message ?? (failure && `${failure.reason}: ${failure.message}`);
  return {
    ...{ takeId, number, state, kept },
    ...(change ? { change: change.text, answers: change.check } : {}),
    ...(verdict ? { verdict, flagged: flagged ?? [] } : {}),
    ...(similarity ? { similarity: round(similarity.mean, 3) } : {}),
    ...(reportId ? { reportId } : {}),
    ...(message === undefined ? {} : { message }),
    costUsd: costOf(take),
  };
}

/** A line for each take, and one for why there is no further one. */
export function takeLines({ takes = [], stopped }: { takes?: TakeData[]; stopped?: string }): string[] {
  const lines = takes.map((take) => {
    const changed = take.change === undefined ? '' : `, changed for ${take.answers}: ${take.change}`;
    const flagged = take.flagged?.length ? ` (${take.flagged.join(', ')})` : '';
    const similarity = take.similarity === undefined ? '' : `, similarity ${take.similarity}`;
    const measured = take.verdict === undefined ? '' : `: ${take.verdict}${flagged}${similarity}`;
    const report = take.reportId === undefined ? '' : `, report ${take.reportId}`;
    const message = take.message === undefined ? '' : `. ${take.message}`;
    return `take ${take.number}${take.kept ? ' (kept)' : ''}, ${take.state}${measured}${changed}${report}, ${take.costUsd} USD${message}`;
  });
  return [...lines, ...(stopped === undefined ? [] : [`No further take: ${stopped}.`])];
}
