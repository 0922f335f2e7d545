import { AppError } from '../../../errors.ts';
import type { ShotReference, ShotRequest, VideoCapabilities } from '../../../ports/video.ts';
import { atmosphereNotes, readAtmosphere } from './atmosphere.ts';
import { readCamera } from './camera.ts';
import type { ShotPlan } from './shot.ts';

/** A request turned into what the renderer does. */
export interface PlannedShot {
  plan: ShotPlan;
  /** Absent: a storyboard card is drawn. */
  picturePath: string | undefined;
  /** The shot ends on this picture. */
  lastPath: string | undefined;
  notes: string[];
}

/** Throws INVALID_INPUT where a shot is beyond the capabilities; names the field, its value and the limit. */
export function checkShot(shot: ShotRequest, can: VideoCapabilities): void {
  const checks: [boolean, string, string][] = [
    [
      shot.durationSeconds >= can.minSeconds && shot.durationSeconds <= can.maxSeconds,
      `durationSeconds is ${shot.durationSeconds}`,
      `${can.minSeconds} to ${can.maxSeconds}`,
    ],
    [can.fps.includes(shot.fps), `fps is ${shot.fps}`, can.fps.join(' or ')],
    [isSize(shot.width, can.maxWidth), `width is ${shot.width}`, `an even number from 64 to ${can.maxWidth}`],
    [isSize(shot.height, can.maxHeight), `height is ${shot.height}`, `an even number from 64 to ${can.maxHeight}`],
    [shot.width * shot.height <= 1920 * 1080, `the size is ${shot.width}x${shot.height}`, 'at most 1920x1080 pixels in total'],
    [Number.isSafeInteger(shot.seed) && shot.seed >= 0, `seed is ${shot.seed}`, 'a whole number from 0'],
    ...shot.references.map(({ role }): [boolean, string, string] => [can.roles.includes(role), `a reference has the role ${role}`, can.roles.join(', ')]),
  ];
  const wrong = checks.find(([fine]) => !fine);
  if (wrong) throw new AppError('INVALID_INPUT', `The animatic cannot render this shot: ${wrong[1]}.`, { hint: `Possible: ${wrong[2]}.` });
}

function isSize(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 64 && value <= limit && value % 2 === 0;
}

/** What of a shot is changed or left out, known without its files; a finished take's notes begin with the same sentences. */
export function requestLimits(shot: ShotRequest): string[] {
  return planRequest(shot).notes;
}

/** Which picture, which move, which atmosphere; `notes` says what is left out. */
export function planRequest(shot: ShotRequest): PlannedShot {
  const picture = choosePicture(shot.references);
  const camera = picture.reference
    ? readCamera(shot.prompt, shot.camera)
    : {
        move: 'static' as const,
        speed: 'normal' as const,
        fullRange: false,
        notes: ['No reference: a storyboard card with the prompt is shown; camera and atmosphere are not drawn.'],
      };
  return {
    plan: {
      width: shot.width,
      height: shot.height,
      fps: shot.fps,
      frames: Math.round(shot.durationSeconds * shot.fps),
      seed: shot.seed % 2 ** 32,
      camera,
      effects: picture.reference ? readAtmosphere(shot.prompt) : [],
      subject: picture.reference?.subject,
      lastSubject: picture.last?.subject,
    },
    picturePath: picture.reference?.path,
    lastPath: picture.last?.path,
    notes: [...camera.notes, ...picture.notes, ...(picture.reference ? atmosphereNotes(shot.prompt) : [])],
  };
}

interface ChosenPictures {
  reference: ShotReference | undefined;
  last: ShotReference | undefined;
  notes: string[];
}

function choosePicture(references: ShotReference[]): ChosenPictures {
  const byRole = (role: ShotReference['role']) => references.find((item) => item.role === role);
  const reference = byRole('firstFrame') ?? byRole('subject') ?? byRole('lastFrame');
  const last = byRole('lastFrame') === reference ? undefined : byRole('lastFrame');
  const notes = reference?.role === 'subject' ? ['The subject reference is shown as it is: the animatic does not put it into a new scene.'] : [];
  const unused = references.filter((item) => item !== reference && item !== last);
  if (last) notes.push('The first picture dissolves into the last one: nothing moves between them.');
  if (unused.length > 0) notes.push(`Not shown: ${unused.map((item) => `${item.role} ${item.assetId}`).join(', ')}.`);
  return { reference, last, notes };
}
