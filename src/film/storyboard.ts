import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import { negations } from '../library/words.ts';
import type { CameraMove, Ports, ShotRequest, VideoGenerator } from '../ports.ts';
import { type PlannedReference, type ReferenceDraft, type ReferenceFinder, referenceFinder } from './references.ts';

/** One shot as asked for. */
export interface ShotDraft {
  prompt: string;
  /** None: text only. */
  references: ReferenceDraft[];
  durationSeconds: number;
  camera?: CameraMove | undefined;
}

export interface StoryboardDraft {
  collection: string;
  shots: ShotDraft[];
  width: number;
  height: number;
  fps: number;
  seed: number;
  /** Provider id; absent: the default one. */
  provider?: string | undefined;
  /** Between shots; default `cut`. */
  transition?: 'cut' | 'dissolve' | undefined;
  /** Only planned: nothing is written, also no frame of a video. */
  dryRun?: boolean | undefined;
  quality?: QualityGoal | undefined;
}

/** Further takes of each shot, until one is good enough. */
export interface QualityGoal {
  /** The verdict that is good enough; `review`: all but a fail. */
  target: 'pass' | 'review';
  /** Takes of each shot at most, the first included. */
  maxTakes: number;
}

export interface PlannedShot extends Omit<ShotRequest, 'references'> {
  references: PlannedReference[];
  /** What the provider or the retrieval cannot honour, said before anything starts. */
  dropped: string[];
}

export interface Storyboard {
  provider: string;
  collection: string;
  shots: PlannedShot[];
  /** Estimate over all shots, US dollars. */
  costUsd: number;
  /** Length of the dissolves between shots, during which both are seen; absent: cuts. */
  dissolveSeconds?: number;
  /** Absent: one take of each shot, which is not measured. */
  quality?: QualityGoal;
}

/** No shot is shorter than two of them, so one between two dissolves is still seen. */
const DISSOLVE_SECONDS = 0.5;

/** Longest finished video: 20 shots of a minute; longer ones are several jobs, so that one failure does not take everything with it. */
const MAX_TOTAL_SECONDS = 1200;

/** Resolves references, fits the draft to the provider and checks every limit before anything starts. */
export async function planStoryboard(
  ports: Ports,
  draft: StoryboardDraft,
  find: ReferenceFinder = referenceFinder(ports, draft.collection, { keepFrames: draft.dryRun !== true }),
): Promise<Storyboard> {
  const generator = requireGenerator(ports, draft.provider);
  checkDraft(draft, generator);
  const shots: PlannedShot[] = [];
  for (const [index, shot] of draft.shots.entries()) shots.push(await planShot(draft, shot, generator, (one) => find(one, `shot ${index + 1}`)));
  const costUsd = shots.reduce((sum, shot) => sum + generator.estimate(providerRequest(shot)).costUsd, 0);
  const dissolve = draft.transition === 'dissolve' && shots.length > 1 ? { dissolveSeconds: DISSOLVE_SECONDS } : {};
  return { provider: generator.id, collection: draft.collection, shots, costUsd, ...dissolve, ...(draft.quality ? { quality: draft.quality } : {}) };
}

async function planShot(
  { width, height, fps, seed }: StoryboardDraft,
  shot: ShotDraft,
  generator: VideoGenerator,
  find: (draft: ReferenceDraft) => Promise<PlannedReference>,
): Promise<PlannedShot> {
  const { prompt, durationSeconds, camera } = shot;
  const { roles } = generator.capabilities;
  const all: PlannedReference[] = [];
  for (const reference of shot.references) all.push(await find(reference));
  const planned = {
    prompt,
    durationSeconds,
    width,
    height,
    fps,
    seed,
    ...(camera ? { camera } : {}),
    references: all.filter(({ role }) => roles.includes(role)),
  };
  const unused = all.filter(({ role }) => !roles.includes(role)).map(notUsed(generator));
  return { ...planned, dropped: [...unused, ...generator.limits(providerRequest(planned)), ...notUnderstood(shot)] };
}

/** A role that the provider does not take is left out and said, never passed off as another one. */
function notUsed({ id, capabilities }: VideoGenerator): (reference: PlannedReference) => string {
  return ({ role, assetId, name }) =>
    `Reference ${assetId} "${cleanText(name, 60)}" is not used: provider "${id}" takes no ${role} (but ${capabilities.roles.join(', ')}).`;
}

/** What retrieval does not do with a shot's queries. */
function notUnderstood({ references }: ShotDraft): string[] {
  const words = references.flatMap(({ query = '' }) => negations(query));
  return words.map((word) => `Retrieval does not understand "${word}": the reference may show what it should not. Check it, or give imageId.`);
}

/** The provider of this id, or the default; INVALID_INPUT naming the configured ones. */
export function requireGenerator(ports: Ports, id: string | undefined): VideoGenerator {
  const generator = id === undefined ? [...ports.videoGenerators.values()][0] : ports.videoGenerators.get(id);
  if (generator) return generator;
  throw new AppError('INVALID_INPUT', `There is no video provider "${cleanText(id ?? '', 40)}".`, {
    hint: `Configured providers: ${[...ports.videoGenerators.keys()].join(', ')}.`,
  });
}

/** Every limit that is known without looking at a reference. */
export function checkDraft(draft: StoryboardDraft, generator: VideoGenerator): void {
  checkSize(draft, generator);
  for (const [index, shot] of draft.shots.entries()) {
    checkDuration(shot.durationSeconds, index, generator);
    checkRoles(shot, index);
  }
  const total = draft.shots.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0);
  if (total > MAX_TOTAL_SECONDS) {
    throw new AppError('INVALID_INPUT', `The shots are ${total} s long in all, more than ${MAX_TOTAL_SECONDS} s.`, { hint: 'Make several videos of it.' });
  }
}

function checkRoles({ references }: ShotDraft, index: number): void {
  for (const role of ['firstFrame', 'lastFrame'] as const) {
    const count = references.filter((reference) => (reference.role ?? 'firstFrame') === role).length;
    if (count < 2) continue;
    throw new AppError('INVALID_INPUT', `Shot ${index + 1} has ${count} references with role ${role}, but can have one.`, {
      hint: 'Give the others the role subject or style, or put them into shots of their own.',
    });
  }
}

function checkSize(draft: StoryboardDraft, { capabilities, id }: VideoGenerator): void {
  if (draft.width > Math.max(capabilities.maxWidth, capabilities.maxHeight) || draft.height > Math.max(capabilities.maxWidth, capabilities.maxHeight)) {
    throw new AppError('INVALID_INPUT', `${draft.width}x${draft.height} is larger than provider "${id}" makes.`, {
      hint: `At most ${capabilities.maxWidth}x${capabilities.maxHeight}: lower resolution.`,
    });
  }
  if (!capabilities.fps.includes(draft.fps)) {
    throw new AppError('INVALID_INPUT', `fps ${draft.fps} is not possible with provider "${id}".`, { hint: `Use one of: ${capabilities.fps.join(', ')}.` });
  }
}

/** A longer shot is not cut into shorter ones unasked: each would begin its move and its action anew. */
function checkDuration(durationSeconds: number, index: number, { capabilities, id }: VideoGenerator): void {
  if (durationSeconds >= capabilities.minSeconds && durationSeconds <= capabilities.maxSeconds) return;
  throw new AppError('INVALID_INPUT', `durationSeconds ${durationSeconds} of shot ${index + 1} is outside what provider "${id}" makes.`, {
    hint: `Between ${capabilities.minSeconds} and ${capabilities.maxSeconds} seconds a shot. For a longer video give shots: [{prompt, durationSeconds}, ...], which are joined.`,
  });
}

/** What of a shot makes two requests the same: everything but how its references were found and what is dropped. */
export function shotEssence({ references, dropped: _, ...shot }: PlannedShot) {
  return { ...shot, references: references.map(({ role, sha256 }) => ({ role, sha256 })) };
}

/** Length of the finished video in seconds. */
export function storyboardSeconds({ shots, dissolveSeconds = 0 }: Storyboard): number {
  const total = shots.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) - dissolveSeconds * (shots.length - 1);
  return Math.round(total * 1000) / 1000;
}

/** Whether the shot has a reference that its frames should show: a style is not one. */
export const hasComparable = ({ references }: Pick<PlannedShot, 'references'>): boolean => references.some(({ role }) => role !== 'style');

/** A planned shot as the provider's pure questions take it: files are looked up only when it starts. */
export function providerRequest(shot: Omit<PlannedShot, 'dropped'>): ShotRequest {
  return {
    ...shot,
    references: shot.references.map(({ role, assetId, sha256, subject }) => ({ role, assetId, sha256, path: '', ...(subject ? { subject } : {}) })),
  };
}
