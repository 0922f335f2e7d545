import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { FileBytes, JsonValue, Ports } from '../ports.ts';
import type { QualityReport } from '../quality/report.ts';
import { createOnce } from './citations.ts';

/** The quality report of one take, as it was made. */
export interface StoredReport {
  takeId: string;
  jobId: string;
  /** Index of the shot, and which take of it. */
  shot: number;
  number: number;
  /** Hash of the clip. */
  sha256: string;
  report: QualityReport;
  /** Object key of its contact sheet, JPEG. */
  evidenceKey: string;
}

const REPORT = 'report';

/** Id of a take's report: as unguessable as the take's own. */
export const reportIdOf = (takeId: string): string => takeId.replace(/^take_/, 'rep_');

/** Stores a take's report and its contact sheet; where one is there already, that one stays and is returned. */
export async function keepReport(
  ports: Ports,
  about: Omit<StoredReport, 'report' | 'evidenceKey'>,
  report: QualityReport,
  evidence: FileBytes,
): Promise<StoredReport> {
  const { key: evidenceKey } = await ports.objects.put(evidence.bytes, evidence.mediaType);
  const stored: StoredReport = { ...about, report, evidenceKey };
  const id = reportIdOf(about.takeId);
  await createOnce(ports, REPORT, id, stored as unknown as JsonValue);
  return (await readReport(ports, id)) ?? stored;
}

/** The report, or `undefined`. */
export async function readReport(ports: Ports, id: string): Promise<StoredReport | undefined> {
  return (await ports.records.get(REPORT, id))?.body as unknown as StoredReport | undefined;
}

/** Object keys of the contact sheets of the takes' reports. */
export async function evidenceKeys(ports: Ports, takes: { id: string }[]): Promise<string[]> {
  const ids = takes.map(({ id }) => reportIdOf(id));
  return (await ports.records.getMany(REPORT, ids)).map(({ body }) => (body as unknown as StoredReport).evidenceKey);
}

/** The report with its contact sheet, where that is still there; NOT_FOUND naming where ids come from. */
export async function requireReport(ports: Ports, id: string): Promise<StoredReport & { evidence?: FileBytes }> {
  const stored = await readReport(ports, id);
  if (!stored) {
    throw new AppError('NOT_FOUND', `There is no report "${cleanText(id, 64)}".`, { hint: 'get_job names the reports of the takes that were measured.' });
  }
  const bytes = await ports.objects.get(stored.evidenceKey);
  return { ...stored, ...(bytes ? { evidence: { bytes, mediaType: 'image/jpeg' } } : {}) };
}
