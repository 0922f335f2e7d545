import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { CompareRequest } from '../film/compare.ts';
import type { ReviewTarget } from '../film/review.ts';
import { comparedOutput, comparedText } from './compare-output.ts';
import { defineTool, type ResourceLink, type ToolContext, type ToolResult } from './define.ts';
import { judgeOutput, judgeText } from './judge-output.ts';
import { type ReportData, ReportOutput, reportOutput } from './report-output.ts';
import { reportText } from './report-text.ts';
import { STOPPED } from './take-output.ts';

export const evaluateVideo = defineTool({
  name: 'evaluate_video',
  title: 'Evaluate video',
  description:
    'Measures a clip against the pictures it should show, shot by shot: similarity, drift, colour, motion, freezes, flicker, cuts, sharpness. Returns separate checks (pass, review, fail, or uncalibrated: numbers only), what to change, and a contact sheet of the worst frames; with compare, which take is better and why.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    jobId: z.string().optional(),
    videoId: z.string().optional(),
    path: z.string().optional().describe('Local clip; give referenceIds'),
    reportId: z.string().optional().describe('Or the report of a take'),
    compare: z.array(z.string()).optional().describe('Or 2-5 takes: reportIds, videoIds, paths'),
    referenceIds: z.array(z.string()).min(1).max(5).optional().describe('Default: those it was made from'),
    expect: z
      .strictObject({
        motion: z.enum(['static', 'subtle', 'moderate', 'strong']).optional(),
        styleChange: z.boolean().optional(),
        durationSeconds: z.number().positive().optional(),
        width: z.number().positive().optional(),
        height: z.number().positive().optional(),
        fps: z.number().positive().optional(),
      })
      .optional(),
    paidEmbedder: z.boolean().optional(),
  }),
  output: ReportOutput,
  async handler({ jobId, videoId, path, reportId, compare, referenceIds, expect, paidEmbedder }, context) {
    const { studio, signal } = context;
    const onProgress = (fraction: number) => void context.progress(fraction, 1, 'evaluating');
    const clip = jobId ?? videoId ?? path;
    if (compare !== undefined) {
      if (clip ?? reportId) throw new AppError('INVALID_INPUT', 'compare names the takes: give no jobId, videoId, path or reportId beside it.');
      return compareThem({ takes: compare, referenceIds, expect, paidEmbedder }, context);
    }
    if (reportId !== undefined) {
      if (clip ?? referenceIds ?? expect) throw new AppError('INVALID_INPUT', 'reportId names a report that is made: give it alone.');
      return storedReport(reportId, context);
    }
    const targets = [jobId !== undefined && { jobId }, videoId !== undefined && { videoId }, path !== undefined && { path }].filter(
      (target) => target !== false,
    ) as ReviewTarget[];
    if (targets.length !== 1) throw new AppError('INVALID_INPUT', `Give exactly one of jobId, videoId and path (got ${targets.length}).`);
    if (path !== undefined && !studio.localPaths)
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Give videoId or jobId.' });
    const request = { target: targets[0], referenceIds, expect, paidEmbedder };
    const { judge, ...evaluation } = await studio.film.reviewVideo(studio.ports, request, { signal, onProgress });
    const id = await studio.film.keepReview(studio.ports, evaluation);
    const data = { ...reportOutput(evaluation), reportId: id, ...(judge ? { judge: judgeOutput(judge) } : {}) };
    const text = [reportText(data), ...(judge ? [judgeText(judge)] : [])].join('\n');
    return { data, text, images: [evaluation.evidence], links: [seriesLink(id)] };
  },
});

/** A report as it was made; of a take beside the best one before it. */
async function storedReport(reportId: string, { studio: { film, ports } }: ToolContext): Promise<ToolResult<ReportData>> {
  const stored = await film.requireReport(ports, reportId);
  const { compared: found, stop } = await film.besideEarlierTakes(ports, reportId, stored);
  const compared = found && comparedOutput(found);
  const data = { ...reportOutput(stored.report), reportId, ...(compared ? { compared } : {}), ...(stop ? { stopped: STOPPED[stop] } : {}) };
  const earlier = compared ? `Beside the best take before it: ${comparedText(compared)}` : '';
  const text = [reportText(data, stored.evidence !== undefined), earlier, stop ? `No further take: ${STOPPED[stop]}.` : ''].filter(Boolean).join('\n');
  return { data, text, images: stored.evidence ? [stored.evidence] : [], links: [seriesLink(reportId)] };
}

/** Takes that are measured in one call: each takes some seconds. */
const MOST_TAKES = 5;

/** The report of the better take (of the first where none is better), and how the others compare with it. */
async function compareThem(request: CompareRequest, { studio, signal, progress }: ToolContext): Promise<ToolResult<ReportData>> {
  const count = request.takes.length;
  if (count < 2 || count > MOST_TAKES) throw new AppError('INVALID_INPUT', `compare takes 2 to ${MOST_TAKES} takes of a shot (got ${count}).`);
  const onProgress = (fraction: number) => void progress(fraction, 1, 'comparing');
  const { localPaths } = studio;
  const found = await studio.film.compareVideos(studio.ports, request, { signal, localPaths, onProgress });
  const compared = comparedOutput(found);
  const { name, reportId, report, evidence } = found.reports.find((one) => one.name === compared.better) ?? found.reports[0];
  const data = { ...reportOutput(report), reportId, compared };
  const text = `${comparedText(compared)}\n\nThe report of ${name}:\n${reportText(data, evidence !== undefined)}`;
  return { data, text, images: evidence ? [evidence] : [], links: [seriesLink(reportId)] };
}

const seriesLink = (reportId: string): ResourceLink => ({ uri: `vrag://reports/${reportId}/series`, name: 'series', mimeType: 'application/json' });
