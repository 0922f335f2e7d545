import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { ShotDraft, Storyboard } from '../film/storyboard.ts';
import { cleanText } from '../library/text.ts';
import { CAMERA_MOVES } from '../ports/video.ts';
import type { Ports } from '../ports.ts';
import { CollectionInput } from './common-input.ts';
import { defineTool } from './define.ts';
import { jobStates, providerSentence } from './job-output.ts';

/** Width to height. */
const ASPECTS = { '16:9': [16, 9], '9:16': [9, 16], '1:1': [1, 1], '4:3': [4, 3], '21:9': [21, 9] } as const;
/** The shorter side in pixels. */
const RESOLUTIONS = { '480p': 480, '720p': 720, '1080p': 1080 } as const;

const prompt = z.string().min(1).max(2000);
const durationSeconds = z.number().min(1).max(60);
const camera = z.enum(CAMERA_MOVES);

const input = z.strictObject({
  prompt: prompt.optional().describe('What happens, how the camera moves, the weather; or give shots'),
  imageId: z.string().optional().describe('Reference picture that grounds the video'),
  query: z.string().min(1).max(500).optional().describe('Or: retrieve the reference by these words; refused when nothing shows them'),
  shots: z
    .array(
      z.strictObject({
        prompt,
        imageId: z.string().optional(),
        query: z.string().min(1).max(500).optional(),
        durationSeconds: durationSeconds.optional(),
        camera: camera.optional(),
      }),
    )
    .min(1)
    .max(20)
    .optional()
    .describe('Storyboard: shots in order, joined by cuts'),
  collection: CollectionInput,
  durationSeconds: durationSeconds.default(6).describe('Per shot'),
  camera: camera.optional().describe("Overrides the prompt's camera words"),
  aspectRatio: z.enum(['16:9', '9:16', '1:1', '4:3', '21:9']).default('16:9'),
  resolution: z.enum(['480p', '720p', '1080p']).default('720p'),
  fps: z.union([z.literal(24), z.literal(30)]).default(24),
  seed: z.int().min(0).max(2147483647).default(0).describe('Another seed makes another take of the same request'),
  provider: z.string().max(64).optional(),
  idempotencyKey: z.string().min(1).max(200).optional().describe('The same key returns the same job'),
  dryRun: z.boolean().default(false).describe('Only plan: references, what is dropped, cost'),
});

const output = z.strictObject({
  jobId: z.string().optional(),
  state: z.enum([...jobStates, 'planned']),
  existing: z.boolean().describe('True: the same request was made before; this is its job'),
  provider: z.string(),
  generative: z.boolean(),
  width: z.number(),
  height: z.number(),
  fps: z.number(),
  shots: z.array(
    z.strictObject({
      prompt: z.string(),
      durationSeconds: z.number(),
      camera: z.string().optional(),
      referenceId: z.string().optional(),
      referenceName: z.string().optional(),
      retrieved: z.array(z.string()).optional().describe('Candidates with their scores, best first'),
      dropped: z.array(z.string()),
    }),
  ),
  costUsd: z.number(),
  pollAfterSeconds: z.number(),
  advice: z.string(),
});

type Arguments = z.output<typeof input>;
type Data = z.input<typeof output>;

export const generateVideo = defineTool({
  name: 'generate_video',
  title: 'Generate video',
  description:
    'Starts a video from a prompt or a storyboard of shots, each grounded in a reference picture (imageId), in one retrieved by query, or in text alone. Returns a jobId within seconds; get_job waits for the result. dryRun shows references and cost first. The same request returns the same job.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  output,
  async handler(args, { studio }) {
    const [width, height] = frameSize(args);
    const { collection, fps, seed, provider } = args;
    const storyboard = await studio.film.planStoryboard(studio.ports, { collection, shots: toShots(args), width, height, fps, seed, provider });
    const { capabilities } = studio.film.requireGenerator(studio.ports, storyboard.provider);
    const base = {
      provider: storyboard.provider,
      generative: capabilities.generative,
      width,
      height,
      fps,
      shots: storyboard.shots.map(shotOutput),
      costUsd: storyboard.costUsd,
    };
    if (args.dryRun)
      return answer({
        ...base,
        state: 'planned',
        existing: false,
        pollAfterSeconds: 0,
        advice: 'Nothing was started. Call again without dryRun to render it.',
      });
    await requireCodec(studio.ports);
    const { jobId, existing } = await studio.film.createJob(studio.ports, storyboard, { idempotencyKey: args.idempotencyKey });
    studio.runner.kick();
    const { state } = await studio.film.requireJobView(studio.ports, jobId);
    const pollAfterSeconds = state === 'succeeded' ? 0 : 2;
    const advice = `Call get_job {jobId: "${jobId}", waitSeconds: 45} to wait for the video, then evaluate_video to measure it against its reference.`;
    return answer({ jobId, ...base, state, existing, pollAfterSeconds, advice });
  },
});

/** Refused before a job is made: without a codec no shot could be written, joined or shown. */
async function requireCodec(ports: Ports): Promise<void> {
  if ((await ports.media.codec()) !== undefined) return;
  throw new AppError('UNSUPPORTED', 'No video codec is installed, so no video can be made.', {
    hint: 'Run `npm install node-av` where vrag-mcp is installed, or put ffmpeg 5.1 or newer and ffprobe on PATH, then restart the server.',
  });
}

function frameSize({ aspectRatio, resolution }: Arguments): [width: number, height: number] {
  const [across, down] = ASPECTS[aspectRatio];
  const short = RESOLUTIONS[resolution];
  const long = Math.round((short * Math.max(across, down)) / Math.min(across, down) / 2) * 2;
  return across >= down ? [long, short] : [short, long];
}

function toShots(args: Arguments): ShotDraft[] {
  if (args.shots && (args.prompt !== undefined || args.imageId !== undefined || args.query !== undefined)) {
    throw new AppError('INVALID_INPUT', 'Give either shots or prompt (with imageId or query), not both.', {
      hint: 'Put the prompt and its reference into shots[0].',
    });
  }
  const drafts = args.shots ?? (args.prompt === undefined ? [] : [{ prompt: args.prompt, imageId: args.imageId, query: args.query }]);
  if (drafts.length === 0)
    throw new AppError('INVALID_INPUT', 'There is nothing to show: prompt and shots are both missing.', { hint: 'Give prompt, or shots for several scenes.' });
  return drafts.map((shot, index) => {
    if (shot.imageId !== undefined && shot.query !== undefined) {
      throw new AppError('INVALID_INPUT', `Shot ${index + 1} has both imageId and query.`, {
        hint: 'imageId names the reference; query retrieves it. Give one.',
      });
    }
    const prompt = cleanText(shot.prompt, 2000);
    if (prompt === '')
      throw new AppError('INVALID_INPUT', `The prompt of shot ${index + 1} has no visible character.`, { hint: 'Say what happens and how the camera moves.' });
    const { durationSeconds = args.durationSeconds, camera = args.camera } = shot as Partial<ShotDraft>;
    return { ...shot, prompt, durationSeconds, camera };
  });
}

function shotOutput(shot: Storyboard['shots'][number]): Data['shots'][number] {
  const reference = shot.references[0];
  return {
    prompt: shot.prompt,
    durationSeconds: shot.durationSeconds,
    ...(shot.camera ? { camera: shot.camera } : {}),
    ...(reference ? { referenceId: reference.assetId, referenceName: reference.name } : {}),
    ...(reference?.retrieval
      ? {
          retrieved: reference.retrieval.candidates.map(({ id, name, scores }) => {
            const values = Object.entries(scores).map(([score, value]) => `${score} ${value}`);
            return `${id} "${name}" (${values.join(', ')})`;
          }),
        }
      : {}),
    dropped: shot.dropped,
  };
}

function answer(data: Data) {
  const shots = data.shots.map((shot, index) => {
    const reference = shot.referenceId ? `reference ${shot.referenceId} "${shot.referenceName}"` : 'text only';
    const others = shot.retrieved ? `; retrieved from ${shot.retrieved.join(', ')}` : '';
    const dropped = shot.dropped.length > 0 ? `\n   not honoured: ${shot.dropped.join(' ')}` : '';
    return `${index + 1}. ${shot.durationSeconds} s, ${reference}${others}${shot.camera ? `, camera ${shot.camera}` : ''}: ${shot.prompt}${dropped}`;
  });
  const head = `${providerSentence(data.generative)}${data.jobId ? `Job ${data.jobId} is ${data.state}${data.existing ? ' (the same request was made before: this is its job)' : ''}.` : 'Plan only.'}`;
  const what = `${data.provider}, ${data.width}x${data.height} at ${data.fps} fps, cost ${data.costUsd} USD.`;
  return { data, text: [head, what, ...shots, data.advice].join('\n') };
}
