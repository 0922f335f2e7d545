import { setTimeout as sleep } from 'node:timers/promises';
import type { ToolContext } from './define.ts';
import { isOver } from './job-list.ts';
import { jobOutput, providerSentence, type VideoJobData } from './job-output.ts';

/** How often a waiting call looks at the jobs. */
const LOOK_MS = 1000;

/** What of a job the list of a batch shows: get_job with its jobId has the rest. */
type BatchJob = Pick<VideoJobData, 'jobId' | 'type' | 'state' | 'progress' | 'createdAt' | 'costUsd' | 'video' | 'message'> & { shots: { prompt: string }[] };

/** The jobs of a batch, in the order of its prompts; waits for the end of all where `waitSeconds` allows. */
export async function batchStatus(batchId: string, waitSeconds: number, context: ToolContext) {
  const { studio, signal, progress } = context;
  const until = Date.now() + waitSeconds * 1000;
  let reported = -1;
  for (;;) {
    const { jobs: views } = await studio.film.requireBatchView(studio.ports, batchId);
    const jobs = views.map((view) => jobOutput(studio, view));
    const over = views.map((film) => isOver({ film }));
    const done = over.filter(Boolean).length;
    const share = jobs.reduce((sum, job, index) => sum + (over[index] ? 1 : job.progress), 0) / Math.max(1, jobs.length);
    if (share > reported) {
      reported = share;
      await progress(share, 1, `${done} of ${jobs.length} jobs done`);
    }
    if (done === jobs.length || Date.now() >= until || signal.aborted) return result(batchId, jobs, done);
    studio.runner.kick();
    await sleep(Math.min(LOOK_MS, Math.max(1, until - Date.now())), undefined, { signal }).catch(() => undefined);
  }
}

function result(batchId: string, all: VideoJobData[], done: number) {
  const jobs: BatchJob[] = all.map(({ jobId, type, state, progress, createdAt, costUsd, video, message, shots }) => ({
    ...{ jobId, type, state, progress, createdAt, costUsd },
    shots: shots.map(({ prompt }) => ({ prompt })),
    ...(video ? { video } : {}),
    ...(message ? { message } : {}),
  }));
  const failed = jobs.filter(({ state }) => state === 'failed' || state === 'unknown').length;
  const missed = failed > 0 ? ` ${failed} did not succeed: the same batch starts those again.` : '';
  const advice =
    done < jobs.length
      ? `Not finished: call get_job {batchId: "${batchId}", waitSeconds: 45} again.`
      : `All have ended.${missed} get_job {jobId} shows one, evaluate_video measures it.`;
  const sum = (of: (job: VideoJobData) => number) => Math.round(all.reduce((total, job) => total + of(job), 0) * 1e6) / 1e6;
  const approved = sum(({ budget }) => budget?.approvedUsd ?? 0);
  const cost = approved > 0 ? ` Cost so far ${sum(({ costUsd }) => costUsd)} of ${approved} USD approved.` : '';
  const head = `${providerSentence(all.every(({ generative }) => generative))}Batch ${batchId}: ${done} of ${jobs.length} jobs have ended.${cost}`;
  return { data: { jobs, advice }, text: [head, ...jobs.map(line), advice].join('\n') };
}

function line({ jobId, state, progress, shots, video, message }: BatchJob): string {
  const where = video ? `: ${video.id} ${video.path ?? video.uri}` : message ? `: ${message}` : '';
  return `${jobId} ${state}${state === 'running' ? `, ${Math.round(progress * 100)} %` : ''}, "${shots[0]?.prompt ?? ''}"${where}`;
}
