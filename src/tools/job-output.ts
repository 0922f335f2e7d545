import * as z from 'zod';
import type { JobView } from '../film/jobs.ts';
import type { Studio } from '../studio.ts';

export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'unknown'] as const;

/** One job as results show it. */
export const JobOutput = z.strictObject({
  jobId: z.string(),
  state: z.enum(jobStates),
  progress: z.number().describe('0..1'),
  createdAt: z.string(),
  provider: z.string(),
  generative: z.boolean(),
  shots: z.array(
    z.strictObject({
      state: z.string(),
      prompt: z.string(),
      referenceIds: z.array(z.string()),
      progress: z.number(),
      seed: z.number(),
      notes: z.array(z.string()).describe('What the provider did or could not honour'),
      failure: z.string().optional(),
    }),
  ),
  costUsd: z.number(),
  video: z
    .strictObject({
      id: z.string(),
      uri: z.string(),
      path: z.string().optional(),
      contactSheetPath: z.string().optional(),
      sha256: z.string(),
      width: z.number(),
      height: z.number(),
      durationSeconds: z.number(),
      fps: z.number(),
    })
    .optional(),
  message: z.string().optional(),
});

export type JobData = z.input<typeof JobOutput>;

/** The first sentence of every result that concerns a video of a renderer that is no AI model. */
export function providerSentence(generative: boolean): string {
  return generative
    ? ''
    : 'No AI video model is configured, so this is an animatic: camera moves over the reference (this version has no other provider; see "Video models" in the README). ';
}

export function jobOutput(studio: Studio, view: JobView): JobData {
  const { job, takes } = view;
  const { video, storyboard } = job;
  const message = view.videoDeletedAt === undefined ? job.ended?.message : `Its video was deleted on ${view.videoDeletedAt}.`;
  const generative = studio.ports.videoGenerators.get(storyboard.provider)?.capabilities.generative ?? true;
  return {
    jobId: view.id,
    state: view.state,
    progress: view.progress,
    createdAt: view.createdAt,
    provider: storyboard.provider,
    generative,
    shots: takes.map((take) => ({
      state: take.state,
      prompt: take.shot.prompt,
      referenceIds: take.shot.references.map((reference) => reference.assetId),
      progress: take.state === 'succeeded' ? 1 : Math.round(take.progress * 100) / 100,
      seed: take.shot.seed,
      notes: take.result?.notes ?? take.shot.dropped,
      ...(take.failure ? { failure: `${take.failure.reason}: ${take.failure.message}` } : {}),
    })),
    costUsd: takes.reduce((sum, take) => sum + (take.result?.costUsd ?? 0), 0),
    ...(video && view.videoDeletedAt === undefined
      ? {
          video: {
            id: job.videoId,
            uri: `vrag://videos/${job.videoId}`,
            ...(studio.localPaths ? { path: video.path, contactSheetPath: video.sheetPath } : {}),
            sha256: video.sha256,
            width: video.width,
            height: video.height,
            durationSeconds: Math.round(video.durationSeconds * 100) / 100,
            fps: Math.round(video.fps * 100) / 100,
          },
        }
      : {}),
    ...(message ? { message } : {}),
  };
}

export function jobText(data: JobData): string {
  const shots = data.shots.map((shot, index) => {
    const notes = [...shot.notes, ...(shot.failure ? [`failed: ${shot.failure}`] : [])];
    return `  shot ${index + 1}: ${shot.state}, references ${shot.referenceIds.join(', ') || 'none'}, seed ${shot.seed}: ${shot.prompt}${notes.map((note) => `\n    - ${note}`).join('')}`;
  });
  const { video } = data;
  const made = video
    ? [
        `Video ${video.id}: ${video.width}x${video.height}, ${video.durationSeconds} s at ${video.fps} fps, sha256 ${video.sha256}`,
        `  ${video.uri}${video.path ? ` | ${video.path} | contact sheet: ${video.contactSheetPath}` : ''}`,
      ]
    : [];
  const head = `${providerSentence(data.generative)}Job ${data.jobId}: ${data.state}, ${Math.round(data.progress * 100)} %, ${data.provider}, cost ${data.costUsd} USD, made ${data.createdAt}.`;
  return [head, ...(data.message ? [data.message] : []), ...made, ...shots].join('\n');
}

/** True once nothing more will happen by itself. */
export function isOver(view: JobView): boolean {
  return view.job.ended !== undefined || view.state === 'unknown';
}
