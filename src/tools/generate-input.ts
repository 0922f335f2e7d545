import * as z from 'zod';
import { AppError } from '../errors.ts';
import type { ReferenceDraft } from '../film/references.ts';
import type { ShotDraft } from '../film/storyboard.ts';
import { cleanText } from '../library/text.ts';
import { CAMERA_MOVES } from '../ports/video.ts';
import { CollectionInput } from './common-input.ts';

/** Width to height. */
const ASPECTS = { '16:9': [16, 9], '9:16': [9, 16], '1:1': [1, 1], '4:3': [4, 3], '21:9': [21, 9] } as const;
/** The shorter side in pixels. */
const RESOLUTIONS = { '480p': 480, '720p': 720, '1080p': 1080 } as const;

const text = z.string().min(1).max(2000);
const query = z.string().min(1).max(500);
/** What any provider makes; the chosen one's own limits are checked when it is known. */
const durationSeconds = z.number().min(1).max(120);
const camera = z.enum(CAMERA_MOVES);

const reference = z.strictObject({
  role: z.enum(['firstFrame', 'lastFrame', 'subject', 'style']).optional(),
  imageId: z.string().optional(),
  videoId: z.string().optional(),
  atSeconds: z.number().min(0).optional(),
  query: query.optional(),
});
const MOST_REFERENCES = 8;
/** Takes of one shot: what three changes do not mend, a person looks at. */
const MOST_TAKES = 5;

/** Checked like the ones of the whole request; the tool list, which is paid for in every conversation, says their fields once. */
const shotReference = z.record(z.string(), z.unknown()).superRefine((value, context) => {
  for (const { message, path } of reference.safeParse(value).error?.issues ?? []) context.addIssue({ code: 'custom', message, path: [...path] });
});
/** The same for camera moves. */
const shotCamera = z.string().refine((move) => (CAMERA_MOVES as readonly string[]).includes(move), `One of: ${CAMERA_MOVES.join(', ')}`);

export const GenerateInput = z.strictObject({
  prompt: text.optional().describe('What happens, how the camera moves, the weather; or give shots or templates'),
  imageId: z.string().optional().describe('Reference picture that grounds the video'),
  query: query.optional().describe('Or: retrieve the reference by these words; refused when nothing shows them'),
  references: z.array(reference).max(MOST_REFERENCES).optional().describe('More references, by role; of a video the frame at atSeconds'),
  shots: z
    .array(
      z.strictObject({
        prompt: text,
        imageId: z.string().optional(),
        query: query.optional(),
        references: z.array(shotReference).max(MOST_REFERENCES).optional(),
        durationSeconds: durationSeconds.optional(),
        camera: shotCamera.optional(),
      }),
    )
    .min(1)
    .max(20)
    .optional()
    .describe('Storyboard, joined to one video'),
  transition: z.enum(['cut', 'dissolve']).default('cut'),
  templates: z.array(z.string().max(2000)).max(100).optional().describe('Batch: "A shot of <object_prompt>"; a job per template and variables'),
  templatesPath: z.string().optional().describe('Or a text file, one a line'),
  variables: z
    .array(z.record(z.string(), z.string().max(1000)))
    .max(100)
    .optional()
    .describe('object_prompt is the default query'),
  collection: CollectionInput,
  durationSeconds: durationSeconds.default(6).describe('Per shot'),
  camera: camera.optional().describe("Overrides the prompt's camera words"),
  aspectRatio: z.enum(['16:9', '9:16', '1:1', '4:3', '21:9']).default('16:9'),
  resolution: z.enum(['480p', '720p', '1080p']).default('720p'),
  fps: z.union([z.literal(24), z.literal(30)]).default(24),
  seed: z.int().min(0).max(2147483647).default(0).describe('Another seed makes another take of the same request'),
  provider: z.string().max(64).optional(),
  quality: z
    .strictObject({ target: z.enum(['pass', 'review']).default('pass'), maxTakes: z.int().min(1).max(MOST_TAKES).default(3) })
    .optional()
    .describe('Measures each take, makes further, changed ones until the verdict is met, keeps the best'),
  maxCostUsd: z.number().min(0).optional().describe('Refused if it may cost more'),
  reuse: z.enum(['exact', 'similar']).default('exact').describe('similar: first offers finished clips like it'),
  idempotencyKey: z.string().min(1).max(200).optional().describe('The same key returns the same job'),
  force: z.boolean().default(false).describe('A new job even so'),
  dryRun: z.boolean().default(false).describe('Only plan: references, what is dropped, cost'),
});

export type GenerateArguments = z.output<typeof GenerateInput>;

export function frameSize({ aspectRatio, resolution }: GenerateArguments): { width: number; height: number } {
  const [across, down] = ASPECTS[aspectRatio];
  const short = RESOLUTIONS[resolution];
  const long = Math.round((short * Math.max(across, down)) / Math.min(across, down) / 2) * 2;
  return across >= down ? { width: long, height: short } : { width: short, height: long };
}

/** True where templates are to be filled; INVALID_INPUT where they come with something that they exclude, or are missing. */
export function isBatch({ templates, templatesPath, variables, prompt, shots, reuse }: GenerateArguments): boolean {
  if (templates !== undefined && templatesPath !== undefined) {
    throw new AppError('INVALID_INPUT', 'Give either templates or templatesPath, not both.');
  }
  const batch = templates !== undefined || templatesPath !== undefined;
  if (batch && (prompt !== undefined || shots !== undefined)) {
    throw new AppError('INVALID_INPUT', `templates and ${shots ? 'shots' : 'prompt'} exclude each other.`, {
      hint: 'Each filled template is the prompt of a job of its own, with one shot.',
    });
  }
  if (batch && reuse === 'similar') {
    throw new AppError('INVALID_INPUT', 'reuse: "similar" is for one video, not for templates.', {
      hint: 'Leave reuse out: the same prompts return their jobs.',
    });
  }
  if (!batch && variables !== undefined) {
    throw new AppError('INVALID_INPUT', 'variables are given without templates.', { hint: 'Give templates, e.g. ["A shot of <object_prompt>"].' });
  }
  return batch;
}

/** The shots of a request without templates. */
export function shotsOf(args: GenerateArguments): ShotDraft[] {
  if (args.shots && (args.prompt !== undefined || args.imageId !== undefined || args.query !== undefined)) {
    throw new AppError('INVALID_INPUT', 'Give either shots or prompt (with imageId or query), not both.', {
      hint: 'Put the prompt and its reference into shots[0].',
    });
  }
  if (!args.shots && args.prompt === undefined)
    throw new AppError('INVALID_INPUT', 'There is nothing to show: prompt and shots are both missing.', { hint: 'Give prompt, or shots for several scenes.' });
  const { prompt: only = '', imageId, query, references } = args;
  const shots = args.shots ?? [{ prompt: only, imageId, query, references }];
  return shots.map((shot, index) => {
    const prompt = cleanText(shot.prompt, 2000);
    if (prompt === '')
      throw new AppError('INVALID_INPUT', `The prompt of shot ${index + 1} has no visible character.`, { hint: 'Say what happens and how the camera moves.' });
    const { durationSeconds = args.durationSeconds, camera = args.camera } = shot as Partial<ShotDraft>;
    return { prompt, durationSeconds, camera, references: withShared(referencesOf(shot, `Shot ${index + 1}`), args.shots && references) };
  });
}

/** What every prompt of a batch has. */
export function batchShot(args: GenerateArguments): Omit<ShotDraft, 'prompt'> {
  const { durationSeconds, camera } = args;
  return { durationSeconds, camera, references: referencesOf(args, 'A batch') };
}

interface Grounds {
  imageId?: string | undefined;
  query?: string | undefined;
  references?: ReferenceDraft[] | undefined;
}

/** `imageId` or `query` is short for a reference with the role firstFrame. */
function referencesOf({ imageId, query, references = [] }: Grounds, whose: string): ReferenceDraft[] {
  if (imageId !== undefined && query !== undefined) {
    throw new AppError('INVALID_INPUT', `${whose} has both imageId and query.`, { hint: 'imageId names the reference; query retrieves it. Give one.' });
  }
  const short = imageId === undefined && query === undefined ? [] : [{ role: 'firstFrame' as const, imageId, query }];
  return [...short, ...references.map((reference) => ({ ...reference, role: reference.role ?? 'firstFrame' }))];
}

/** References of the whole request hold for every shot that has none of their role. */
function withShared(own: ReferenceDraft[], shared: ReferenceDraft[] = []): ReferenceDraft[] {
  const roles = new Set(own.map(({ role }) => role));
  return [...own, ...shared.filter(({ role = 'firstFrame' }) => !roles.has(role))];
}
