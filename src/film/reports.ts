import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { FileBytes, JsonValue, Ports } from '../ports.ts';
import type { FrameSeries } from '../quality/frame-series.ts';
import type { Evaluation, QualityReport } from '../quality/report.ts';
import { createOnce } from './citations.ts';

/** The take that a report is of. */
export interface ReportedTake {
  takeId: string;
  jobId: string;
  /** Index of the shot, and which take of it. */
  shot: number;
  number: number;
  /** Hash of the clip. */
  sha256: string;
}

/** A quality report as it was made: of a take, or of a clip that was measured by itself. */
export interface StoredReport extends Partial<ReportedTake> {
  report: QualityReport;
  /** Object key of its contact sheet, JPEG; only takes keep theirs, because it is deleted together with them. */
  evidenceKey?: string;
}

const REPORT = 'report';
/** Records of their own, by the report's id: who reads a report does not read its series. */
const SERIES = 'report-series';

/** Id of a take's report: as unguessable as the take's own. */
export const reportIdOf = (takeId: string): string => takeId.replace(/^take_/, 'rep_');

/** Stores a take's report with its contact sheet and series; where one is there already, that one stays and is returned. */
export async function keepReport(ports: Ports, about: ReportedTake, { evidence, frameSeries, ...report }: Evaluation): Promise<StoredReport> {
  const { key: evidenceKey } = await ports.objects.put(evidence.bytes, evidence.mediaType);
  const stored: StoredReport = { ...about, report, evidenceKey };
  const id = reportIdOf(about.takeId);
  await createOnce(ports, SERIES, id, frameSeries as unknown as JsonValue);
  await createOnce(ports, REPORT, id, stored as unknown as JsonValue);
  return (await readReport(ports, id)) ?? stored;
}

/** Stores the numbers of a clip that was measured by itself, without its pictures. The id follows from them, so that the same measurement is stored once. */
export async function keepReview(ports: Ports, { evidence: _, frameSeries, ...report }: Evaluation): Promise<string> {
  const hash = createHash('sha256')
    .update(JSON.stringify([report, frameSeries]))
    .digest('base64url');
  const id = `rep_${hash.slice(0, 22)}`;
  const stored: StoredReport = { report };
  await createOnce(ports, SERIES, id, frameSeries as unknown as JsonValue);
  await createOnce(ports, REPORT, id, stored as unknown as JsonValue);
  return id;
}

/** The report, or `undefined`. */
export async function readReport(ports: Ports, id: string): Promise<StoredReport | undefined> {
  return (await ports.records.get(REPORT, id))?.body as unknown as StoredReport | undefined;
}

/** Ids of the newest reports, at most `limit`. */
export async function reportIds(ports: Ports, limit: number): Promise<string[]> {
  return (await ports.records.list(REPORT, { limit })).records.map(({ id }) => id);
}

/** Object keys of the contact sheets of the takes' reports. */
export async function evidenceKeys(ports: Ports, takes: { id: string }[]): Promise<string[]> {
  const ids = takes.map(({ id }) => reportIdOf(id));
  return (await ports.records.getMany(REPORT, ids)).flatMap(({ body }) => (body as unknown as StoredReport).evidenceKey ?? []);
}

/** The report with its contact sheet, where that is still there; NOT_FOUND naming where ids come from. */
export async function requireReport(ports: Ports, id: string): Promise<StoredReport & { evidence?: FileBytes }> {
  const stored = await readReport(ports, id);
  if (!stored) throw noReport(id);
  const bytes = stored.evidenceKey === undefined ? undefined : await ports.objects.get(stored.evidenceKey);
  return { ...stored, ...(bytes ? { evidence: { bytes, mediaType: 'image/jpeg' } } : {}) };
}

/** The series of a report; NOT_FOUND for an unknown report and for one that was made before there were any. */
export async function requireSeries(ports: Ports, id: string): Promise<FrameSeries> {
  const record = await ports.records.get(SERIES, id);
  if (record) return record.body as unknown as FrameSeries;
  if (!(await readReport(ports, id))) throw noReport(id);
  throw new AppError('NOT_FOUND', `Report "${cleanText(id, 64)}" has no series: it was made before they were kept.`, {
    hint: 'Measure the clip again with evaluate_video.',
  });
}

function noReport(id: string): AppError {
  const hint = 'get_job names the reports of the takes that were measured; evaluate_video gives the id of its own.';
  return new AppError('NOT_FOUND', `There is no report "${cleanText(id, 64)}".`, { hint });
}
