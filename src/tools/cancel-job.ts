import * as z from 'zod';
import { defineTool } from './define.ts';
import { type AnyJob, isOver, jobData } from './job-list.ts';
import { jobStates, jobText } from './job-output.ts';

export const cancelJobTool = defineTool({
  name: 'cancel_job',
  title: 'Cancel job',
  description:
    'Stops a job: what has not begun is dropped, running shots are stopped where the provider can; what is finished stays. giveUp also fails unknown shots.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ jobId: z.string(), giveUp: z.boolean().optional() }),
  output: z.strictObject({ jobId: z.string(), state: z.enum(jobStates), advice: z.string() }),
  async handler({ jobId, giveUp }, { studio }) {
    const assets = await studio.assets.cancelLibraryJob(studio.ports, jobId);
    const job: AnyJob = assets ? { assets } : { film: await studio.film.cancelJob(studio.ports, jobId, { giveUp }) };
    for (const runner of [studio.runner, studio.libraryRunner]) runner.kick();
    const data = jobData(studio, job);
    const advice = adviceFor(job, data.state);
    return { data: { jobId, state: data.state, advice }, text: `${advice}\n${jobText(data)}` };
  },
});

function adviceFor(job: AnyJob, state: string): string {
  if (state === 'unknown') return UNKNOWN;
  return isOver(job)
    ? `The job had already ended (${state}); nothing was changed.`
    : 'Cancelling; get_job shows when it has stopped, and what is still billed.';
}

const UNKNOWN = 'Whether the provider took on a shot is not known, so it cannot be cancelled there; cancel_job with giveUp: true ends the job.';
