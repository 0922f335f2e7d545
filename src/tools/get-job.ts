import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { JobView } from '../film/jobs.ts';
import type { FileBytes } from '../ports.ts';
import type { Studio } from '../studio.ts';
import { batchStatus } from './batch-status.ts';
import { CollectionName } from './common-input.ts';
import { defineTool, type ToolContext } from './define.ts';
import { type AnyJob, isOver, jobData, linkedJobData, listJobs, requireJob } from './job-list.ts';
import { type JobData, JobOutput, jobStates, jobText, type LibraryJobData, type VideoJobData } from './job-output.ts';

/** How soon a waiting call looks at the job again: at first, and at most. In a bucket each look is a few requests. */
const LOOK_MS = { first: 100, most: 1000, growth: 1.3 };
/** While somebody waits this server looks this often for work that another one left behind. */
const KICK_EVERY_MS = 2000;

export const getJob = defineTool({
  name: 'get_job',
  title: 'Get job',
  description: 'Reports a job: state, progress (0..1), what was dropped or failed, the video. waitSeconds waits for the end. No jobId: lists jobs.',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    jobId: z.string().optional(),
    batchId: z.string().optional(),
    state: z.enum(jobStates).optional(),
    collection: CollectionName.optional(),
    waitSeconds: z.number().min(0).max(45).default(0),
    limit: z.int().min(1).max(50).default(10),
    cursor: z.string().optional(),
    includeImages: z.boolean().default(true),
  }),
  output: z.strictObject({ jobs: z.array(JobOutput), nextCursor: z.string().optional(), advice: z.string() }),
  async handler({ jobId, batchId, waitSeconds, includeImages, ...page }, context) {
    const { studio } = context;
    if (batchId !== undefined) return batchStatus(batchId, waitSeconds, context);
    if (jobId === undefined) return list(studio, page);
    const job = await waitFor(jobId, waitSeconds, context);
    const data = await linkedJobData(studio, job);
    const advice = adviceFor(data);
    const sheet = includeImages && job.film ? await contactSheet(context, job.film) : undefined;
    return { data: { jobs: [data], advice }, text: `${jobText(data)}\n${advice}`, images: sheet ? [sheet] : [], links: videoLink(data) };
  },
});

async function list(studio: Studio, request: Parameters<typeof listJobs>[1]) {
  const page = await listJobs(studio, request);
  const jobs = page.jobs.map((job) => jobData(studio, job));
  const filtered = request.state !== undefined || request.collection !== undefined;
  const none = filtered
    ? 'No job matches; leave out state or collection.'
    : 'No job was started yet: generate_video starts one, and so does ingest_image with a folder.';
  const advice = jobs.length === 0 ? none : 'Newest first. Give jobId for one of them.';
  return {
    data: { jobs, ...(page.cursor ? { nextCursor: page.cursor } : {}), advice },
    text: [`${jobs.length} jobs. ${advice}`, ...jobs.map(jobText), ...(page.cursor ? [`More: cursor "${page.cursor}".`] : [])].join('\n'),
  };
}

function videoLink(data: JobData) {
  const video = data.type === 'video' ? data.video : undefined;
  if (!video || data.type !== 'video') return [];
  return [{ uri: video.uri, name: data.shots[0]?.prompt.slice(0, 80) ?? video.id, mimeType: 'video/mp4' }];
}

async function waitFor(jobId: string, waitSeconds: number, { studio, signal, progress }: ToolContext): Promise<AnyJob> {
  const until = Date.now() + waitSeconds * 1000;
  let reported = -1;
  let kickedAt = 0;
  for (let lookMs = LOOK_MS.first; ; lookMs = Math.min(LOOK_MS.most, lookMs * LOOK_MS.growth)) {
    const job = await requireJob(studio, jobId);
    const view = job.film ?? job.assets;
    if (view.progress > reported) {
      reported = view.progress;
      await progress(view.progress, 1, `${view.state}, ${Math.round(view.progress * 100)} %`);
    }
    if (isOver(job) || Date.now() >= until || signal.aborted) return job;
    if (Date.now() - kickedAt > KICK_EVERY_MS) {
      kickedAt = Date.now();
      (job.film ? studio.runner : studio.libraryRunner).kick();
    }
    await sleep(Math.min(lookMs, Math.max(1, until - Date.now())), undefined, { signal }).catch(() => undefined);
  }
}

function adviceFor(data: JobData): string {
  if (data.state !== 'succeeded' && !FINAL.has(data.state)) return `Not finished: call get_job {jobId: "${data.jobId}", waitSeconds: 45} again.`;
  return data.type === 'video' ? videoAdvice(data) : libraryAdvice(data);
}

const FINAL: ReadonlySet<string> = new Set(['failed', 'cancelled', 'unknown']);

function videoAdvice({ state, video, shots }: VideoJobData): string {
  switch (state) {
    case 'succeeded':
      if (video && shots.some(({ takes }) => takes?.some(({ reportId }) => reportId)))
        return 'Each take was measured: evaluate_video {reportId} shows a report, {videoId} measures the finished video.';
      return video ? `Measure it with evaluate_video {videoId: "${video.id}"}.` : 'Its video was deleted; the same request makes it anew.';
    case 'failed':
      return 'Correct what the message names and call generate_video again.';
    case 'cancelled':
      return 'It was cancelled; call generate_video to start again.';
    default:
      return 'A take was lost between its start and the answer: it may have been billed and is not started again by itself. If the provider finds it, the job goes on; cancel_job {giveUp: true} ends it, and the same request may then be made again.';
  }
}

function libraryAdvice({ type, state, collection, files }: LibraryJobData): string {
  if (type === 'delete') return state === 'succeeded' ? 'The collection is gone.' : 'Call manage_collection with delete again to go on.';
  if (type === 'reindex') return state === 'succeeded' ? 'The collection is searched with the new embedder.' : 'The collection is searched as before.';
  if (state !== 'succeeded') return 'What was added stays. Correct what the message names and ingest the folder again: files that are there are skipped.';
  return `search_images {collection: "${collection}"} shows the newest.${files.failed > 0 ? ' Files that failed can be corrected and the folder ingested again.' : ''}`;
}

async function contactSheet({ studio }: ToolContext, view: JobView): Promise<FileBytes | undefined> {
  const key = view.videoDeletedAt === undefined ? view.job.video?.sheetKey : undefined;
  const bytes = key ? await studio.ports.objects.get(key) : undefined;
  return bytes && { bytes, mediaType: 'image/jpeg' };
}
