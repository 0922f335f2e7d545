import { AppError, type ErrorCode } from '../errors.ts';
import type { CallOptions, Ports } from '../ports.ts';
import { flaggedChecks } from '../quality/better.ts';
import { evaluateClip } from '../quality/evaluate.ts';
import type { Evaluation } from '../quality/report.ts';
import { viewByCollection } from './collection-view.ts';
import { keepReport, reportIdOf } from './reports.ts';
import { cameraExpectation, decodeCited } from './review.ts';
import type { PlannedShot } from './storyboard.ts';
import { moved } from './take-state.ts';
import { backOff, report, reread, type TakeWork } from './take-work.ts';
import type { Take, TakeEvaluation } from './takes.ts';

/** Tries to measure a clip: with pauses of 1, 2, 4 s. A clip that cannot be measured is still a clip. */
const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 1000;
/** What does not pass by itself. */
const LASTING: ReadonlySet<ErrorCode> = new Set(['INVALID_INPUT', 'INVALID_MEDIA', 'NOT_FOUND', 'FORBIDDEN', 'UNSUPPORTED', 'MISCONFIGURED']);

/**
 * Measures a stored clip against the references of its shot, as `evaluate_video` does, writes the report and then what it comes to. A server
 * that stops in between leaves the take as it is: the next one measures again, and finds the report that is there.
 */
export async function evaluateTake(work: TakeWork, take: Take): Promise<Take> {
  if (take.cancelRequested) return work.save((current) => moved(current, 'cancelled', { stillBilled: false }));
  let evaluation: TakeEvaluation;
  try {
    evaluation = await measure(work, take);
  } catch (error) {
    if (work.stop.aborted) return take;
    return notMeasured(work, error);
  }
  return ended(work, evaluation);
}

/** Somebody may have asked for its end while it was measured: then no further take must follow from it. */
function ended(work: TakeWork, evaluation: TakeEvaluation): Promise<Take> {
  return work.save((current) =>
    current.cancelRequested ? moved(current, 'cancelled', { stillBilled: false, evaluation }) : moved(current, 'succeeded', { evaluation }),
  );
}

async function notMeasured(work: TakeWork, error: unknown): Promise<Take> {
  report(work, 'evaluate', error);
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  work.troubles++;
  if (!LASTING.has(code) && work.troubles < MAX_TRIES) {
    await backOff(work, FIRST_PAUSE_MS, work.troubles - 1);
    return reread(work);
  }
  const why = error instanceof AppError && code !== 'INTERNAL' ? error.message : 'See the server log.';
  return ended(work, { verdict: 'uncalibrated', flagged: [], message: `It could not be measured. ${why}` });
}

async function measure({ ports, id, stop }: TakeWork, take: Take): Promise<TakeEvaluation> {
  const evaluation = await evaluateShot(ports, await clipPath(ports, take), take.shot, { signal: stop });
  const about = { takeId: id, jobId: take.jobId, shot: take.index, number: take.number ?? 1, sha256: take.result?.sha256 ?? '' };
  const { report } = await keepReport(ports, about, evaluation);
  const similarity = report.shots[0]?.similarity;
  return {
    verdict: report.verdict,
    reportId: reportIdOf(id),
    flagged: flaggedChecks(report.checks),
    ...(similarity ? { similarity: { mean: similarity.mean, firstFrame: similarity.firstFrame, p10: similarity.p10, drop: similarity.drop } } : {}),
  };
}

/** The report of a clip (absolute path) that is one shot and nothing else, against the references of that shot. Errors as `evaluateClip`. */
export async function evaluateShot(ports: Ports, path: string, { references: cited, camera, prompt }: PlannedShot, options: CallOptions): Promise<Evaluation> {
  const references = await decodeCited(ports, cited);
  const shot = { startSeconds: 0, endSeconds: Number.POSITIVE_INFINITY, references, prompt, ...cameraExpectation(camera) };
  return evaluateClip(ports, { path, shots: [shot], byCollection: viewByCollection(ports, {}) }, options);
}

async function clipPath(ports: Ports, { result }: Take): Promise<string> {
  const path = await ports.objects.localPath(result?.objectKey ?? '');
  if (path) return path;
  throw new AppError('NOT_FOUND', 'Its file is no longer in the store.');
}
