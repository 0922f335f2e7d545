import { AppError } from '../errors.ts';
import type { Storyboard, StoryboardDraft } from '../film/storyboard.ts';
import type { Ports } from '../ports.ts';
import type { Studio } from '../studio.ts';
import { defineTool } from './define.ts';
import { batchShot, frameSize, type GenerateArguments, GenerateInput, isBatch, shotsOf } from './generate-input.ts';
import { answer, candidatesOnce, type GenerateData, GenerateOutput, planned, shotOutput } from './generate-output.ts';

const NOT_STARTED = { existing: false, pollAfterSeconds: 0 };

const SIMILAR = 'Take one of them if it will do: get_job {jobId} shows it. Or make a new one: the same call without reuse.';

export const generateVideo = defineTool({
  name: 'generate_video',
  title: 'Generate video',
  description:
    'Starts a video from a prompt, a storyboard of shots or (a batch) templates, each grounded in a reference picture (imageId), in one retrieved by query, or in text alone. Returns a jobId or batchId within seconds; get_job waits for the result. dryRun shows references and cost first. The same request returns the same job.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: GenerateInput,
  output: GenerateOutput,
  async handler(args, { studio }) {
    const { collection, fps, seed, provider, transition, dryRun, quality } = args;
    const common = { collection, ...frameSize(args), fps, seed, provider, transition, dryRun, quality };
    return isBatch(args) ? batch(studio, args, common) : single(studio, args, common);
  },
});

async function single(studio: Studio, args: GenerateArguments, common: Omit<StoryboardDraft, 'shots'>) {
  const { film, ports } = studio;
  const storyboard = await film.planStoryboard(ports, { ...common, shots: shotsOf(args) });
  const base = {
    ...about(studio, common, storyboard.provider),
    shots: storyboard.shots.map(shotOutput),
    durationSeconds: film.storyboardSeconds(storyboard),
    costUsd: storyboard.costUsd,
  };
  if (args.reuse === 'similar' && !args.force && !(await film.hasJob(ports, { storyboard, idempotencyKey: args.idempotencyKey }))) {
    const similar = await film.similarVideos(ports, storyboard);
    if (similar.length > 0) return answer({ ...base, ...NOT_STARTED, state: 'similar', similar, advice: SIMILAR });
  }
  if (args.dryRun) return answer({ ...base, ...(await plan(studio, [storyboard], args)) });
  await requireCodec(ports);
  const { jobId, existing } = await film.createJob(ports, storyboard, args);
  studio.runner.kick();
  const { state, job } = await film.requireJobView(ports, jobId);
  const costUsd = job.budget?.reservedUsd ?? 0;
  const pollAfterSeconds = state === 'succeeded' ? 0 : 2;
  const then = args.quality ? 'each take is measured against its reference' : 'then evaluate_video to measure it against its reference';
  const advice = `Call get_job {jobId: "${jobId}", waitSeconds: 45} to wait for the video; ${then}.`;
  return answer({ jobId, ...base, costUsd, state, existing, pollAfterSeconds, advice });
}

async function batch(studio: Studio, args: GenerateArguments, common: Omit<StoryboardDraft, 'shots'>) {
  const { film, ports } = studio;
  const templates = args.templates ?? (await templatesOf(studio, args.templatesPath ?? ''));
  const prompts = await film.planBatch(ports, { ...common, templates, variables: args.variables ?? [], shot: batchShot(args) });
  const sum = (of: (index: number) => number) => Math.round(prompts.reduce((total, _, index) => total + of(index), 0) * 1e6) / 1e6;
  const base = {
    ...about(studio, common, prompts[0].storyboard.provider),
    durationSeconds: sum((index) => film.storyboardSeconds(prompts[index].storyboard)),
    costUsd: sum((index) => prompts[index].storyboard.costUsd),
  };
  const shots = candidatesOnce(prompts.map(({ storyboard }) => shotOutput(storyboard.shots[0])));
  const storyboards = prompts.map(({ storyboard }) => storyboard);
  if (args.dryRun) return answer({ ...base, shots, ...(await plan(studio, storyboards, args)) });
  await requireCodec(ports);
  const { batchId, existing, jobs } = await film.createBatch(ports, prompts, args);
  studio.runner.kick();
  const advice = `Call get_job {batchId: "${batchId}", waitSeconds: 45} to wait for the videos.`;
  const state = film.batchState(await film.requireBatchView(ports, batchId));
  return answer({ batchId, ...base, shots: shots.map((shot, index) => ({ ...jobs[index], ...shot })), state, existing, pollAfterSeconds: 2, advice });
}

/** What is said where nothing is to be started. */
async function plan({ film, ports }: Studio, storyboards: Storyboard[], { maxCostUsd }: GenerateArguments) {
  const budget = await film.previewCost(ports, storyboards, maxCostUsd);
  return { ...NOT_STARTED, state: 'planned', costUsd: budget.estimateUsd, budget, advice: planned(budget) };
}

async function templatesOf(studio: Studio, path: string): Promise<string[]> {
  if (!studio.localPaths) throw new AppError('FORBIDDEN', 'Local paths are not accepted over HTTP.', { hint: 'Send the lines as templates.' });
  return studio.film.readTemplates(studio.ports, path);
}

type About = Pick<GenerateData, 'provider' | 'generative' | 'width' | 'height' | 'fps'>;

function about({ film, ports }: Studio, { width, height, fps }: Omit<StoryboardDraft, 'shots'>, provider: string): About {
  return { provider, generative: film.requireGenerator(ports, provider).capabilities.generative, width, height, fps };
}

/** Refused before a job is made: without a codec no shot could be written, joined or shown. */
async function requireCodec(ports: Ports): Promise<void> {
  if ((await ports.media.codec()) !== undefined) return;
  throw new AppError('UNSUPPORTED', 'No video codec is installed, so no video can be made.', {
    hint: 'Run `npm install node-av` where vrag-mcp is installed, or put ffmpeg 5.1 or newer and ffprobe on PATH, then restart the server.',
  });
}
