import { cleanText } from '../library/text.ts';
import type { VideoCapabilities, VideoGenerator } from '../ports.ts';
import type { ShotEdit } from '../quality/report.ts';
import { type PlannedShot, providerRequest } from './storyboard.ts';

/** Words that an edit takes out of a prompt; English, as the advice is. */
const WORDS: Record<Exclude<NonNullable<ShotEdit['removeWords']>, 'scenes'>, RegExp> = {
  motion:
    /\b(?:very |extremely )?(?:fast|quick(?:ly)?|rapid(?:ly)?|swift(?:ly)?|sudden(?:ly)?|wild(?:ly)?|frantic(?:ally)?|violent(?:ly)?|furious(?:ly)?|energetic(?:ally)?|dynamic(?:ally)?|dramatic(?:ally)?|chaotic(?:ally)?|turbulent|explosive|explod(?:es|ing)|spin(?:s|ning)|whirl(?:s|ing)|swirl(?:s|ing)|rac(?:es|ing)|rush(?:es|ing)|dash(?:es|ing)|hurtl(?:es|ing)|shak(?:es|ing|y)|jerk(?:s|ing|y)|whip(?:s|ping)?|sweep(?:s|ing)?|high[- ]speed)\b/giu,
  stillness:
    /\b(?:(?:perfectly|completely|absolutely) )?(?:still|static|frozen|motionless|unmoving|stationary)\b|\b(?:nothing|no one|nobody) moves\b|\b(?:without|no) (?:any )?(?:motion|movement)\b/giu,
  flashes: /\b(?:flash(?:es|ing)?|flicker(?:s|ing|y)?|strob(?:e|es|ing|oscopic)|lightning|blink(?:s|ing)?|puls(?:e|es|ing|ating)|glitch(?:es|ing|y)?)\b/giu,
  fades: /\b(?:slowly )?(?:fad(?:e|es|ing)(?: (?:in|out|away|to black|from black))?|blackouts?|to black|from black)\b/giu,
};
/** Where a second scene begins in a prompt. */
const NEXT_SCENE = /[,;.]?\s*\b(?:and )?(?:then|afterwards|after that|next|meanwhile|later|cut(?:s|ting)? to|the scene (?:changes|cuts))\b/iu;
const CAMERA_WORDS =
  /\b(?:camera|pan(?:s|ning)?|tilt(?:s|ing)?|zoom(?:s|ing)?|dolly|push[- ]in|pull[- ]back|truck(?:s|ing)?|pedestal|roll(?:s|ing)?|orbit(?:s|ing)?|track(?:s|ing)|crane|handheld)\b/iu;

/** Characters of a prompt, as in generate_video. */
const MAX_PROMPT = 2000;
/** A shorter shot is not seen between two dissolves. */
const MIN_SECONDS = 1;
const SEEDS = 2 ** 31;

/**
 * The shot with the edit made as far as the provider can honour it, with what it then drops; `undefined` where nothing of it changes the
 * shot (it is as short as it can be, the words are not in the prompt, the provider takes no seed).
 */
export function editShot(shot: PlannedShot, edit: ShotEdit, generator: VideoGenerator): PlannedShot | undefined {
  const { capabilities } = generator;
  const { camera, ...rest } = shot;
  const moved = edit.camera ?? camera ?? (CAMERA_WORDS.test(shot.prompt) ? undefined : edit.defaultCamera);
  const edited: PlannedShot = {
    ...rest,
    prompt: editPrompt(shot.prompt, edit),
    durationSeconds: shorter(shot.durationSeconds, edit.durationFactor, capabilities),
    seed: capabilities.seed ? (shot.seed + (edit.seedPlus ?? 0)) % SEEDS : shot.seed,
    references: edit.addLastFrame ? withLastFrame(shot.references, capabilities) : shot.references,
    ...(moved === undefined ? {} : { camera: moved }),
  };
  if (requestKey(edited) === requestKey(shot)) return undefined;
  const before = new Set(generator.limits(providerRequest(shot)));
  return { ...edited, dropped: [...shot.dropped.filter((note) => !before.has(note)), ...generator.limits(providerRequest(edited))] };
}

/** Equal for shots that a provider is asked the same for. */
export function requestKey({ prompt, durationSeconds, width, height, fps, seed, camera, references }: PlannedShot): string {
  return JSON.stringify([prompt, durationSeconds, width, height, fps, seed, camera ?? '', references.map(({ role, sha256 }) => [role, sha256])]);
}

/** What is different in a take's request, for people. */
export function describeEdit(before: PlannedShot, after: PlannedShot): string {
  const changed = [
    before.durationSeconds === after.durationSeconds ? '' : `durationSeconds ${before.durationSeconds} -> ${after.durationSeconds}`,
    before.camera === after.camera ? '' : `camera ${before.camera ?? 'from the prompt'} -> ${after.camera}`,
    before.seed === after.seed ? '' : `seed ${before.seed} -> ${after.seed}`,
    before.references.length === after.references.length ? '' : 'the first frame is the last frame too',
    before.prompt === after.prompt ? '' : `prompt -> "${after.prompt}"`,
  ];
  return changed.filter(Boolean).join('; ');
}

function editPrompt(prompt: string, { removeWords, firstSentenceOnly, lead }: ShotEdit): string {
  let text = prompt;
  if (removeWords === 'scenes') text = text.slice(0, NEXT_SCENE.exec(text)?.index ?? text.length);
  else if (removeWords) text = text.replace(WORDS[removeWords], ' ');
  if (firstSentenceOnly) text = /^.*?[.!?;](?=\s)/su.exec(text)?.[0] ?? text;
  const tidy =
    text === prompt ? prompt : cleanText(text.replace(/\s+([,.;!?])/gu, '$1').replace(/([,;])(?:\s*[,;])+/gu, '$1'), MAX_PROMPT).replace(/^[\s,.;]+/u, '');
  // Nothing is left to show: the prompt was only these words.
  const kept = /\p{L}/u.test(tidy) ? tidy : prompt;
  return lead === undefined || kept.startsWith(lead) ? kept : cleanText(`${lead} ${kept}`, MAX_PROMPT);
}

function shorter(seconds: number, factor: number | undefined, { minSeconds }: VideoCapabilities): number {
  if (factor === undefined) return seconds;
  return Math.min(seconds, Math.max(minSeconds, MIN_SECONDS, Math.round(seconds * factor * 10) / 10));
}

function withLastFrame(references: PlannedShot['references'], { roles }: VideoCapabilities): PlannedShot['references'] {
  const first = references.find(({ role }) => role === 'firstFrame');
  const has = references.some(({ role }) => role === 'lastFrame');
  return first && !has && roles.includes('lastFrame') ? [...references, { ...first, role: 'lastFrame' as const }] : references;
}
