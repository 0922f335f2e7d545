import { AppError, unlessConflict } from '../errors.ts';
import type { JsonValue, Ports, VideoGenerator } from '../ports.ts';
import { affords } from './cost.ts';
import { JOB, type Job, type JobView, readJob, readJobView } from './jobs.ts';
import { holdLease, type Lease } from './lease.ts';
import { readReport } from './reports.ts';
import { describeEdit, editShot, requestKey } from './shot-edit.ts';
import { bestTake, furtherTakeId, type IdentifiedTake, isBetter, meets, type ShotStop, type ShotTakes } from './shot-takes.ts';
import { hasComparable } from './storyboard.ts';
import { hasEnded } from './take-state.ts';
import { TAKE, type Take, type TakeChange } from './takes.ts';

/** Takes in a row that may be no better than the best before them. Source: "no gain in 2 tries" of the quality protocol (VISTA, arXiv 2510.15831, keeps the best so far likewise). */
const MOST_WITHOUT_GAIN = 2;

/**
 * Decides for each shot whose take has ended whether it gets a further one, and writes that take, or why there is none. Only under the job's
 * lease, so that two servers do not both spend the last of what was approved; the next take's id and request follow from what is on record.
 */
export async function continueShots(ports: Ports, { id }: JobView, lease: Lease): Promise<void> {
  const record = await ports.records.claim(JOB, { ...lease, id });
  if (!record) return;
  const held = holdLease(ports, JOB, id, lease);
  try {
    const view = await readJobView(ports, id);
    if (!view || view.job.ended) return;
    const stops = await decideAll(ports, view);
    if (stops.every((stop, index) => stop === (view.job.stops?.[index] ?? null))) return;
    const body: Job = { ...readJob(record), stops };
    await ports.records.update({ kind: JOB, id, version: record.version, open: true, body: body as unknown as JsonValue }, { owner: lease.owner });
  } catch (error) {
    // Another server has the job now.
    if (!(error instanceof AppError && error.code === 'CONFLICT' && held.lost.aborted)) throw error;
  } finally {
    await held.end();
  }
}

async function decideAll(ports: Ports, view: JobView): Promise<(ShotStop | null)[]> {
  const stops: (ShotStop | null)[] = [];
  for (const [index, shot] of view.shots.entries()) {
    const decision = shot.stop ?? (await decide(ports, view, shot));
    if (decision && 'reason' in decision) stops.push(decision);
    else stops.push(null);
    if (!decision || 'reason' in decision) continue;
    const id = furtherTakeId(view.job.takeIds[index], shot.takes.length + 1);
    await ports.records.create({ kind: TAKE, id, open: true, body: decision as unknown as JsonValue }).catch(unlessConflict);
    // What the next shot may still spend counts this one.
    shot.takes.push({ id, take: decision });
  }
  return stops;
}

/** The next take of the shot, or why there is none; `undefined` while that cannot be told. */
async function decide(ports: Ports, view: JobView, { takes }: ShotTakes): Promise<Take | ShotStop | undefined> {
  const { quality, shots: planned } = view.job.storyboard;
  const last = takes[takes.length - 1].take;
  if (!quality || !hasEnded(last.state)) return undefined;
  const best = bestTake(takes);
  const stop = (reason: ShotStop['reason']): ShotStop => ({ reason, ...(best ? { keptTakeId: best.id } : {}) });
  if (last.state === 'cancelled') return stop('cancelled');
  if (!best || last.state === 'failed') return stop('takeFailed');
  if (!hasComparable(planned[last.index])) return stop('noReference');
  if (meets(best.take, quality.target)) return stop('targetMet');
  if (best.take.evaluation?.verdict === 'uncalibrated') return stop('uncalibrated');
  if (takes.length >= quality.maxTakes) return stop('maxTakes');
  if (view.shots.some((other) => other.takes.at(-1)?.take.state === 'failed' && !bestTake(other.takes))) return stop('jobEnded');
  if (withoutGain(takes) >= MOST_WITHOUT_GAIN) return stop('gainsStopped');
  const generator = ports.videoGenerators.get(last.provider);
  if (!generator) return undefined;
  const next = await nextTake(ports, generator, takes, best);
  if (!next) return stop(takes.length > 1 ? 'gainsStopped' : 'noChange');
  return affords(view, next) ? next : stop('budget');
}

/** Takes at the end that are no better than the best one before them. */
function withoutGain(takes: readonly IdentifiedTake[]): number {
  let best = takes[0].take;
  let count = 0;
  for (const { take } of takes.slice(1)) {
    if (isBetter(take, best)) {
      best = take;
      count = 0;
    } else count++;
  }
  return count;
}

/**
 * The best take's request with one edit of its report's advice: checks that are flagged come first, then what was not tried yet, then what
 * was tried and helped. Each edit is made alone, and no request is sent twice.
 */
async function nextTake(ports: Ports, generator: VideoGenerator, takes: readonly IdentifiedTake[], best: IdentifiedTake): Promise<Take | undefined> {
  const { jobId, index, provider, shot, evaluation, number: from = 1 } = best.take;
  const { advice = [] } = (await readReport(ports, evaluation?.reportId ?? ''))?.report ?? {};
  const tried = new Set(takes.map(({ take }) => JSON.stringify(take.change?.edit)));
  const sent = new Set(takes.map(({ take }) => requestKey(take.shot)));
  const options = advice.flatMap(({ check, cause, edits = [] }) => edits.map((edit) => ({ check, cause, edit })));
  const rank = ({ check, edit }: (typeof options)[number]) => (evaluation?.flagged.includes(check) ? 0 : 2) + (tried.has(JSON.stringify(edit)) ? 1 : 0);
  for (const { check, cause, edit } of options.toSorted((a, b) => rank(a) - rank(b))) {
    const edited = editShot(shot, edit, generator);
    if (!edited || sent.has(requestKey(edited))) continue;
    const change: TakeChange = { from, check, cause, edit, text: describeEdit(shot, edited) };
    return { jobId, index, number: takes.length + 1, provider, shot: edited, change, measured: true, state: 'created', attempts: 0, progress: 0 };
  }
  return undefined;
}
