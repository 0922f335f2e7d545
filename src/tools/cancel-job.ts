import * as z from 'zod';
import { defineTool } from './define.ts';
import { jobOutput, jobStates, jobText } from './job-output.ts';

export const cancelJobTool = defineTool({
  name: 'cancel_job',
  title: 'Cancel job',
  description:
    'Stops a video job: shots not yet started are dropped, running ones are stopped where the provider can. Finished shots stay. Returns the job as it stands.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ jobId: z.string() }),
  output: z.strictObject({ jobId: z.string(), state: z.enum(jobStates), advice: z.string() }),
  async handler({ jobId }, { studio }) {
    const view = await studio.film.cancelJob(studio.ports, jobId);
    studio.runner.kick();
    const advice = view.job.ended ? `The job had already ended (${view.state}); nothing was changed.` : 'Cancelling; get_job shows when it has stopped.';
    return { data: { jobId, state: view.state, advice }, text: `${advice}\n${jobText(jobOutput(studio, view))}` };
  },
});
