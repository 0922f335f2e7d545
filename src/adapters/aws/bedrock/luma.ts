import type { JsonValue, ShotRequest, VideoCapabilities } from '../../../ports.ts';
import type { Keyframe } from './keyframe.ts';
import { modelNamed } from './models.ts';
import { promptCondition, rolesNotTaken } from './shot-check.ts';
import type { VideoModel } from './video.ts';

const model = modelNamed('luma-ray-2');
const { limits, prices } = model;

/** Width to height (model-parameters-luma, "aspect_ratio"). */
const ASPECTS = { '1:1': [1, 1], '16:9': [16, 9], '9:16': [9, 16], '4:3': [4, 3], '3:4': [3, 4], '21:9': [21, 9], '9:21': [9, 21] } as const;
type Aspect = keyof typeof ASPECTS;

const capabilities: VideoCapabilities = {
  title: 'Luma Ray 2 (Amazon Bedrock)',
  generative: true,
  roles: ['firstFrame', 'lastFrame'],
  textOnly: true,
  minSeconds: 5,
  maxSeconds: 9,
  maxWidth: 1680,
  maxHeight: 1680,
  fps: [24],
  seed: false,
  free: false,
  concurrency: limits.concurrentJobs,
  pollSeconds: 10,
  deadlineSeconds: 3600,
};

/** What the model is asked for: 5 or 9 s, 540p or 720p, the nearest of seven shapes. */
function plan({ durationSeconds, width, height }: ShotRequest): { seconds: 5 | 9; resolution: '540p' | '720p'; aspect: Aspect } {
  const wanted = Math.log(width / height);
  const off = (aspect: Aspect): number => Math.abs(Math.log(ASPECTS[aspect][0] / ASPECTS[aspect][1]) - wanted);
  const aspect = (Object.keys(ASPECTS) as Aspect[]).reduce((best, one) => (off(one) < off(best) ? one : best));
  return { seconds: durationSeconds < 7 ? 5 : 9, resolution: Math.min(width, height) > 540 ? '720p' : '540p', aspect };
}

/** Pixels of a keyframe: the shorter side is that of the video, but at least what the model takes. */
function frameSize({ resolution, aspect }: ReturnType<typeof plan>): { width: number; height: number } {
  const [across, down] = ASPECTS[aspect];
  const short = Math.max(limits.minKeyframeSide, resolution === '720p' ? 720 : 540);
  const long = Math.round((short * Math.max(across, down)) / Math.min(across, down) / 2) * 2;
  return across >= down ? { width: long, height: short } : { width: short, height: long };
}

/** The camera has no field of its own: its words lead the prompt. */
const promptOf = ({ prompt, camera }: ShotRequest): string => (camera ? `Camera: ${camera}. ${prompt}` : prompt);

function limitsOf(shot: ShotRequest): string[] {
  const { seconds, resolution, aspect } = plan(shot);
  const { width, height } = frameSize({ seconds, resolution, aspect });
  const prompt = promptOf(shot).length;
  return [
    ...(shot.durationSeconds === seconds ? [] : [`Luma Ray 2 makes 5 or 9 s: ${shot.durationSeconds} s become ${seconds} s.`]),
    ...(shot.width === width && shot.height === height ? [] : [`It is made at ${resolution} with ${aspect}, not at ${shot.width}x${shot.height}.`]),
    ...(shot.seed === 0 ? [] : ['Luma Ray 2 takes no seed: every take is another one.']),
    ...(shot.camera ? [`The camera move "${shot.camera}" is asked for in words at the beginning of the prompt.`] : []),
    ...(prompt > limits.maxPromptCharacters ? [`The prompt has ${prompt} characters and will be refused: at most ${limits.maxPromptCharacters}.`] : []),
    ...rolesNotTaken(shot, capabilities),
  ];
}

async function input(shot: ShotRequest, frameOf: (shot: ShotRequest['references'][number]) => Promise<Keyframe>): Promise<JsonValue> {
  const { seconds, resolution, aspect } = plan(shot);
  const keyframes: Record<string, JsonValue> = {};
  for (const reference of shot.references) {
    const { data, mediaType } = await frameOf(reference);
    keyframes[reference.role === 'firstFrame' ? 'frame0' : 'frame1'] = { type: 'image', source: { type: 'base64', media_type: mediaType, data } };
  }
  const bare = { prompt: promptOf(shot), aspect_ratio: aspect, loop: false, duration: `${seconds}s`, resolution };
  return shot.references.length > 0 ? { ...bare, keyframes } : bare;
}

/** Luma Ray 2: text and keyframes to 5 or 9 s of silent video. */
export const lumaRay2: VideoModel = {
  id: 'luma-ray-2',
  model,
  capabilities,
  conditions: (shot) => [promptCondition(promptOf(shot), limits.maxPromptCharacters)],
  limits: limitsOf,
  costUsd(shot) {
    const { seconds, resolution } = plan(shot);
    return seconds * (resolution === '720p' ? prices.perSecond720p : prices.perSecond540p);
  },
  frame: (shot) => ({ ...frameSize(plan(shot)), format: 'jpeg' }),
  input,
};
