import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { ReviewTarget } from '../film/review.ts';
import { defineTool } from './define.ts';
import { ReportOutput, reportOutput } from './report-output.ts';
import { reportText } from './report-text.ts';

export const evaluateVideo = defineTool({
  name: 'evaluate_video',
  title: 'Evaluate video',
  description:
    'Measures a clip against the pictures it should show, shot by shot: similarity over time, drift, colour, motion, freezes, black, flicker, cuts, sharpness, format. Returns separate checks with a verdict (pass, review, fail, or uncalibrated: numbers only), what to change, and a contact sheet of the worst frames.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    jobId: z.string().optional(),
    videoId: z.string().optional(),
    path: z.string().optional().describe('Or a local clip; then give referenceIds'),
    reportId: z.string().optional().describe('Or the report of a take'),
    referenceIds: z.array(z.string()).min(1).max(5).optional().describe('Default: the references that the video was made from'),
    expect: z
      .strictObject({
        motion: z.enum(['static', 'subtle', 'moderate', 'strong']).optional(),
        styleChange: z.boolean().optional(),
        durationSeconds: z.number().min(0.1).max(3600).optional(),
        width: z.int().min(1).max(16384).optional(),
        height: z.int().min(1).max(16384).optional(),
        fps: z.number().min(0.1).max(3600).optional(),
      })
      .optional(),
  }),
  output: ReportOutput,
  async handler({ jobId, videoId, path, reportId, referenceIds, expect }, { studio, signal, progress }) {
    if (reportId !== undefined) {
      if (jobId ?? videoId ?? path ?? referenceIds ?? expect) throw new AppError('INVALID_INPUT', 'reportId names a report that is made: give it alone.');
      const { report, evidence } = await studio.film.requireReport(studio.ports, reportId);
      const data = reportOutput(report);
      return { data, text: reportText(data), images: evidence ? [evidence] : [] };
    }
    const targets = [jobId !== undefined && { jobId }, videoId !== undefined && { videoId }, path !== undefined && { path }].filter(
      (target) => target !== false,
    ) as ReviewTarget[];
    if (targets.length !== 1) throw new AppError('INVALID_INPUT', `Give exactly one of jobId, videoId and path (got ${targets.length}).`);
    if (path !== undefined && !studio.localPaths)
      throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Give videoId or jobId.' });
    const onProgress = (fraction: number) => void progress(fraction, 1, 'evaluating');
    const { evidence, ...report } = await studio.film.reviewVideo(studio.ports, { target: targets[0], referenceIds, expect }, { signal, onProgress });
    const data = reportOutput(report);
    return { data, text: reportText(data), images: [evidence] };
  },
});
