import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { JobView } from '../film/jobs.ts';
import type { FileBytes } from '../ports.ts';
import { defineTool, type ToolContext } from './define.ts';
import { isOver, JobOutput, jobOutput, jobText } from './job-output.ts';

/** How often a waiting call looks at the job. */
const LOOK_MS = 250;

export const getJob = defineTool({
  name: 'get_job',
  title: 'Get job',
  description:
    'Reports a video job: state, progress, what was dropped, and when it succeeded the video with its path, contact sheet and references. waitSeconds waits for the end. Without jobId it lists the recent jobs.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    jobId: z.string().optional(),
    waitSeconds: z.number().min(0).max(45).default(0).describe('Return earlier when the job ends'),
    limit: z.int().min(1).max(50).default(10).describe('Length of the list'),
    cursor: z.string().optional(),
    includeImages: z.boolean().default(true).describe('Attach the contact sheet'),
  }),
  output: z.strictObject({ jobs: z.array(JobOutput), nextCursor: z.string().optional(), advice: z.string() }),
  async handler({ jobId, waitSeconds, limit, cursor, includeImages }, context) {
    const { studio } = context;
    if (jobId === undefined) {
      const page = await studio.film.listJobs(studio.ports, { limit, ...(cursor === undefined ? {} : { cursor }) });
      const jobs = page.views.map((view) => jobOutput(studio, view));
      const advice = jobs.length === 0 ? 'No job was started yet: generate_video starts one.' : 'Newest first. Give jobId for one of them.';
      const next = page.cursor ? { nextCursor: page.cursor } : {};
      return {
        data: { jobs, ...next, advice },
        text: [`${jobs.length} jobs. ${advice}`, ...jobs.map(jobText), ...(page.cursor ? [`More: cursor "${page.cursor}".`] : [])].join('\n'),
      };
    }
    const view = await waitFor(jobId, waitSeconds, context);
    const data = jobOutput(studio, view);
    const advice = adviceFor(view, data.video?.id);
    const sheet = includeImages ? await contactSheet(context, view) : undefined;
    return {
      data: { jobs: [data], advice },
      text: `${jobText(data)}\n${advice}`,
      images: sheet ? [sheet] : [],
      links: data.video ? [{ uri: data.video.uri, name: view.takes[0]?.shot.prompt.slice(0, 80) ?? data.video.id, mimeType: 'video/mp4' }] : [],
    };
  },
});

async function waitFor(jobId: string, waitSeconds: number, { studio, signal, progress }: ToolContext): Promise<JobView> {
  const until = Date.now() + waitSeconds * 1000;
  let reported = -1;
  for (;;) {
    const view = await studio.film.requireJobView(studio.ports, jobId);
    if (view.progress > reported) {
      reported = view.progress;
      await progress(view.progress, 1, `${view.state}, ${Math.round(view.progress * 100)} %`);
    }
    if (isOver(view) || Date.now() >= until || signal.aborted) return view;
    studio.runner.kick();
    await sleep(Math.min(LOOK_MS, Math.max(1, until - Date.now())), undefined, { signal }).catch(() => undefined);
  }
}

function adviceFor(view: JobView, videoId: string | undefined): string {
  switch (view.state) {
    case 'succeeded':
      return videoId === undefined ? 'Its video was deleted; the same request makes it anew.' : `Measure it with evaluate_video {videoId: "${videoId}"}.`;
    case 'failed':
      return 'Correct what the message names and call generate_video again.';
    case 'cancelled':
      return 'It was cancelled; call generate_video to start again.';
    case 'unknown':
      return 'A take was lost between its start and the answer; it may have been billed and is not started again by itself.';
    default:
      return `Not finished: call get_job {jobId: "${view.id}", waitSeconds: 45} again.`;
  }
}

async function contactSheet({ studio }: ToolContext, view: JobView): Promise<FileBytes | undefined> {
  const key = view.videoDeletedAt === undefined ? view.job.video?.sheetKey : undefined;
  const bytes = key ? await studio.ports.objects.get(key) : undefined;
  return bytes && { bytes, mediaType: 'image/jpeg' };
}
