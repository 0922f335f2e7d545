import type { Ports } from '../ports.ts';
import { compareTakes } from '../quality/compare-takes.ts';
import { type ComparedTakes, haveSameReferences } from './compare.ts';
import { readJobView } from './jobs.ts';
import { readReport, type StoredReport } from './reports.ts';
import { bestTake, type StopReason } from './shot-takes.ts';

/** A take's report beside the best take of its shot before it, and why the shot gets no further one. */
export interface EarlierTakes {
  compared?: ComparedTakes;
  /** Absent: not decided, or nothing decides it. */
  stop?: StopReason;
}

/** Empty for the report of a clip that is no take; without `compared` for a first take and where no earlier one was measured. */
export async function besideEarlierTakes(ports: Ports, reportId: string, { takeId, jobId, number = 1, report }: StoredReport): Promise<EarlierTakes> {
  const view = jobId === undefined ? undefined : await readJobView(ports, jobId);
  const shot = view?.shots.find(({ takes }) => takes.some(({ id }) => id === takeId));
  if (!shot) return {};
  const stop = shot.stop ? { stop: shot.stop.reason } : {};
  const best = bestTake(shot.takes.filter(({ take }) => (take.number ?? 1) < number))?.take.evaluation?.reportId;
  const stored = best === undefined ? undefined : await readReport(ports, best);
  if (best === undefined || !stored) return stop;
  const reports = [
    { name: best, reportId: best, report: stored.report },
    { name: reportId, reportId, report },
  ];
  return haveSameReferences(reports) ? { ...stop, compared: { comparison: compareTakes(reports), reports } } : stop;
}
