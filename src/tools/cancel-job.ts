import * as z from 'zod';
import { defineTool } from './define.ts';
import { type AnyJob, isOver, jobData } from './job-list.ts';
import { jobStates, jobText } from './job-output.ts';

export const cancelJobTool = defineTool({
  name: 'cancel_job',
  title: 'Cancel job',
  description:
    'Stops a job: shots and files not yet begun are dropped, running shots are stopped where the provider can; what is finished stays. Returns the job as it stands.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ jobId: z.string() }),
  output: z.strictObject({ jobId: z.string(), state: z.enum(jobStates), advice: z.string() }),
  async handler({ jobId }, { studio }) {
    const library = await studio.assets.cancelLibraryJob(studio.ports, jobId);
    const job: AnyJob = library ? { library } : { film: await studio.film.cancelJob(studio.ports, jobId) };
    for (const runner of [studio.runner, studio.libraryRunner]) runner.kick();
    const data = jobData(studio, job);
    const advice = isOver(job) ? `The job had already ended (${data.state}); nothing was changed.` : 'Cancelling; get_job shows when it has stopped.';
    return { data: { jobId, state: data.state, advice }, text: `${advice}\n${jobText(data)}` };
  },
});
