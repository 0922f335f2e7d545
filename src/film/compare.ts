import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { CallOptions, FileBytes, Ports } from '../ports.ts';
import { compareTakes, type TakeComparison } from '../quality/compare-takes.ts';
import type { Expectation, QualityReport } from '../quality/report.ts';
import { keepReview, requireReport } from './reports.ts';
import { measureVideo, type ReviewTarget } from './review.ts';

export interface CompareRequest {
  /** Ids of reports, videos and jobs (or their vrag:// addresses), and paths; each a take of the same shot. At least two. */
  takes: string[];
  /** For takes that are measured now, instead of those of their manifests. */
  referenceIds?: string[] | undefined;
  expect?: Expectation | undefined;
  paidEmbedder?: boolean | undefined;
}

export interface ComparedTakes {
  comparison: TakeComparison;
  /** One for each take, in the order given. */
  reports: { name: string; reportId: string; report: QualityReport; evidence?: FileBytes }[];
}

/**
 * Compares takes of a shot: reports as they were made, everything else measured now. INVALID_INPUT where they were measured against different
 * references; FORBIDDEN for a path where none are accepted; else as `requireReport` and `measureVideo`.
 */
export async function compareVideos(
  ports: Ports,
  { takes, ...request }: CompareRequest,
  { localPaths, onProgress, ...call }: CallOptions & { localPaths: boolean; onProgress?: (fraction: number) => void },
): Promise<ComparedTakes> {
  const reports: ComparedTakes['reports'] = [];
  for (const [index, given] of takes.entries()) {
    const name = cleanText(given, 200).replace(/^vrag:\/\/(?:reports|videos|jobs)\//, '');
    const options = { ...call, onProgress: (fraction: number) => onProgress?.((index + fraction) / takes.length) };
    if (name.startsWith('rep_')) {
      const { report, evidence } = await requireReport(ports, name);
      reports.push({ name, reportId: name, report, ...(evidence ? { evidence } : {}) });
    } else {
      const target = targetOf(name, given, localPaths);
      const { evidence, ...evaluation } = await measureVideo(ports, { ...request, target }, options);
      const { frameSeries: _, ...report } = evaluation;
      reports.push({ name, reportId: await keepReview(ports, { evidence, ...evaluation }), report, evidence });
    }
  }
  requireSameReferences(reports);
  return { comparison: compareTakes(reports), reports };
}

function targetOf(name: string, given: string, localPaths: boolean): ReviewTarget {
  if (name.startsWith('vid_')) return { videoId: name };
  if (name.startsWith('job_')) return { jobId: name };
  if (localPaths) return { path: given };
  throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Give reportIds, videoIds or jobIds.' });
}

/** Numbers against different pictures, or by different embedders, say nothing about which take is better. */
export function haveSameReferences(reports: readonly { report: QualityReport }[]): boolean {
  const seen = ({ report: { shots } }: { report: QualityReport }) => shots.map((shot) => [picturesOf(shot).sort(), shot.similarity?.embedderId]);
  return new Set(reports.map((one) => JSON.stringify(seen(one)))).size === 1;
}

/** Each once: a picture may be the first and the last frame. */
const picturesOf = ({ references }: QualityReport['shots'][number]): string[] => [...new Set(references.map(({ assetId }) => assetId))];

function requireSameReferences(reports: ComparedTakes['reports']): void {
  if (haveSameReferences(reports)) return;
  const shows = ({ shots }: QualityReport) => shots.map((shot) => picturesOf(shot).join(' + ') || 'no reference').join(', then ');
  const against = reports.map(({ name, report }) => `${name} against ${shows(report)}`).join('; ');
  throw new AppError('INVALID_INPUT', `These are not takes of one shot: they were measured against different references (${against}).`, {
    hint: 'Give the clips (videoIds or paths) with referenceIds, so that all are measured against the same pictures.',
  });
}
