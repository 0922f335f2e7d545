import type { CallOptions, TakeStatus } from '../../../ports.ts';
import type { Place, Results } from './results.ts';

/** What a finished job wrote. */
export interface Made {
  notes: string[];
}

/** Nova Reel's report on a video of several shots; AWS's pages give it two names (Nova user guide, read 2026-11). */
const STATUS_FILE = /(^|\/)(video-)?generation-status\.json$/;

interface ShotReport {
  status?: string;
  failureType?: string;
}

interface StatusReport {
  shots?: ShotReport[];
  fullVideo?: ShotReport;
}

/**
 * The video among the files below a job's place: `output.mp4`, else the only MP4; neither key nor failure where there is none (yet). A shot that could not be made is a
 * note where there is a video all the same, else the failure.
 */
export async function madeOf(results: Results, place: Place, call: CallOptions): Promise<(Made & { key: string }) | Made | { failed: TakeStatus }> {
  const files = (await results.list({ ...place, key: `${place.key}/` }, call)).filter(({ byteLength }) => byteLength > 0);
  const status = files.find(({ key }) => STATUS_FILE.test(key));
  const report = status ? readReport(await results.text({ ...place, key: status.key }, call)) : {};
  const lost = (report.shots ?? []).flatMap((shot, index) => (shot.status === 'FAILURE' ? [{ ...shot, index }] : []));
  if (report.fullVideo?.status === 'FAILURE') return { failed: failure([report.fullVideo, ...lost]) };
  const videos = files.filter(({ key }) => key.endsWith('.mp4'));
  const video = videos.find(({ key }) => key.endsWith('/output.mp4')) ?? (videos.length === 1 ? videos[0] : undefined);
  if (!video && lost.length > 0) return { failed: failure(lost) };
  const count = report.shots?.length ?? 0;
  const notes = lost.map(({ index }) => `Shot ${index + 1} of ${count} inside this take could not be made and is missing.`);
  return { notes, ...(video ? { key: video.key } : {}) };
}

function failure(reports: ShotReport[]): TakeStatus {
  const filtered = reports.some(({ failureType = '' }) => failureType.startsWith('RAI_'));
  if (filtered) return { state: 'failed', reason: 'contentPolicy', message: 'The content filters of the model blocked the video.' };
  return { state: 'failed', reason: 'providerError', message: 'The model could not make every shot of the video.' };
}

function readReport(text = '{}'): StatusReport {
  try {
    return JSON.parse(text) as StatusReport;
  } catch {
    return {};
  }
}
