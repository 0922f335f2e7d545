import type { JsonValue, ShotReference, ShotRequest, VideoCapabilities } from '../../../ports.ts';
import type { Keyframe } from './keyframe.ts';
import { modelNamed } from './models.ts';
import { type Condition, promptCondition, rolesNotTaken } from './shot-check.ts';
import type { VideoModel } from './video.ts';

const model = modelNamed('nova-reel');
const { limits, prices } = model;

/** Seconds of one shot of the model; longer videos are several of them (Nova user guide, "Video generation"). */
const SHOT_SECONDS = 6;
const SIZE = { width: 1280, height: 720 };

const capabilities: VideoCapabilities = {
  title: 'Nova Reel (Amazon Bedrock)',
  generative: true,
  roles: ['firstFrame'],
  textOnly: true,
  minSeconds: 6,
  maxSeconds: 120,
  maxWidth: SIZE.width,
  maxHeight: SIZE.height,
  fps: [24],
  seed: true,
  free: false,
  concurrency: limits.concurrentJobs,
  pollSeconds: 15,
  deadlineSeconds: 3600,
};

type Task = 'TEXT_VIDEO' | 'MULTI_SHOT_AUTOMATED' | 'MULTI_SHOT_MANUAL';

/** One shot up to 6 s; longer ones automatically from text, or, since those take no picture, shot by shot from the reference. */
function plan(shot: ShotRequest): { task: Task; seconds: number } {
  const seconds = Math.max(1, Math.round(shot.durationSeconds / SHOT_SECONDS)) * SHOT_SECONDS;
  if (seconds === SHOT_SECONDS) return { task: 'TEXT_VIDEO', seconds };
  return { task: referenceOf(shot) ? 'MULTI_SHOT_MANUAL' : 'MULTI_SHOT_AUTOMATED', seconds };
}

const referenceOf = ({ references }: ShotRequest): ShotReference | undefined => references.find(({ role }) => role === 'firstFrame');

/** Camera words stand at the end: the guide wants them first or last. */
const promptOf = ({ prompt, camera }: ShotRequest): string => (camera ? `${prompt} ${camera}` : prompt);

const promptLimit = (task: Task): number => (task === 'MULTI_SHOT_AUTOMATED' ? limits.maxAutomatedPromptCharacters : limits.maxPromptCharacters);

function conditions(shot: ShotRequest): Condition[] {
  return [
    promptCondition(promptOf(shot), promptLimit(plan(shot).task)),
    [shot.width > shot.height, `the video is ${shot.width}x${shot.height}`, '16:9'],
    [Number.isSafeInteger(shot.seed) && shot.seed >= 0 && shot.seed <= limits.maxSeed, `seed is ${shot.seed}`, `0 to ${limits.maxSeed}`],
  ];
}

function limitsOf(shot: ShotRequest): string[] {
  const { task, seconds } = plan(shot);
  const prompt = promptOf(shot);
  const most = promptLimit(task);
  const negation = /\b(no|not|without)\b/i.exec(prompt)?.[0];
  return [
    ...(shot.durationSeconds === seconds ? [] : [`Nova Reel makes multiples of 6 s: ${shot.durationSeconds} s become ${seconds} s.`]),
    ...(shot.width === SIZE.width && shot.height === SIZE.height ? [] : [`It is made at 1280x720, not at ${shot.width}x${shot.height}.`]),
    ...(task === 'MULTI_SHOT_MANUAL' ? [`It is made of ${seconds / SHOT_SECONDS} shots of 6 s, each of which begins with the reference.`] : []),
    ...(task === 'MULTI_SHOT_AUTOMATED' ? ['Nova Reel divides the prompt into shots of 6 s by itself.'] : []),
    ...(shot.camera ? [`The camera move "${shot.camera}" is asked for in words at the end of the prompt.`] : []),
    ...(negation ? [`Nova Reel does not understand "${negation}": it may show what it names.`] : []),
    ...(prompt.length > most ? [`The prompt has ${prompt.length} characters and will be refused: at most ${most}.`] : []),
    ...rolesNotTaken(shot, capabilities),
  ];
}

async function input(shot: ShotRequest, frameOf: (reference: ShotReference) => Promise<Keyframe>): Promise<JsonValue> {
  const { task, seconds } = plan(shot);
  const text = promptOf(shot);
  const reference = referenceOf(shot);
  const image = reference ? { format: 'png', source: { bytes: (await frameOf(reference)).data } } : undefined;
  const common = { fps: 24, dimension: '1280x720', seed: shot.seed };
  if (task === 'MULTI_SHOT_MANUAL') {
    const shots = Array.from({ length: seconds / SHOT_SECONDS }, () => ({ text, ...(image ? { image } : {}) }));
    return { taskType: task, multiShotManualParams: { shots }, videoGenerationConfig: common };
  }
  const videoGenerationConfig = { durationSeconds: seconds, ...common };
  if (task === 'MULTI_SHOT_AUTOMATED') return { taskType: task, multiShotAutomatedParams: { text }, videoGenerationConfig };
  return { taskType: task, textToVideoParams: { text, ...(image ? { images: [image] } : {}) }, videoGenerationConfig };
}

/** Nova Reel 1.1, which AWS retired on 2026-09-30: for accounts that still have it. */
export const novaReel: VideoModel = {
  id: 'nova-reel',
  model,
  capabilities,
  conditions,
  limits: limitsOf,
  costUsd: (shot) => plan(shot).seconds * prices.perSecond,
  frame: () => ({ ...SIZE, format: 'png' }),
  input,
};
