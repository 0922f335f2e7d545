import type { Box } from '../../../ports/pictures.ts';
import type { CameraPlan, CameraSpeed } from './camera.ts';

/** What the camera sees: centre and width in pixels of the upright reference, `roll` in radians (positive: the picture turns clockwise). */
export interface View {
  x: number;
  y: number;
  width: number;
  roll: number;
}

export interface PathInput {
  camera: Pick<CameraPlan, 'move' | 'speed' | 'fullRange' | 'direction' | 'handheld'>;
  source: { width: number; height: number };
  target: { width: number; height: number };
  durationSeconds: number;
  subject?: Box | undefined;
  /** The subject is a layer of its own, so that it may move against its background. */
  cutout?: boolean | undefined;
  /** Makes handheld shake repeatable; default 0. */
  seed?: number | undefined;
}

/** One output pixel shows at least this many reference pixels, or the picture would look soft. */
const MIN_SAMPLING = 0.55;
/** Free space kept around the subject, as a factor of its size. */
const SUBJECT_ROOM = 1.18;

/** What every move is planned with; lengths in pixels of the upright reference. */
export interface Stage {
  input: PathInput;
  aspect: number;
  /** Width of the largest view that fits. */
  widest: number;
  /** Narrowest width that is still sharp enough and holds the subject. */
  narrowest: number;
  subject: { x: number; y: number; width: number; height: number } | undefined;
}

/** Sizes of the views that a picture allows. */
export function setStage(input: PathInput): Stage {
  const { source, target } = input;
  const aspect = target.width / target.height;
  const widest = Math.min(source.width, source.height * aspect);
  const box = input.subject;
  const subject = box && {
    x: (box.x + box.width / 2) * source.width,
    y: (box.y + box.height / 2) * source.height,
    width: box.width * source.width,
    height: box.height * source.height,
  };
  const held = subject ? Math.max(subject.width, subject.height * aspect) * SUBJECT_ROOM : 0;
  const narrowest = Math.min(widest, Math.max(held, target.width * MIN_SAMPLING));
  return { input, aspect, widest, narrowest, subject };
}

/** The view of the given width nearest to the subject's centre (or the picture's) that stays inside the picture. */
export function frameSubject(stage: Stage, width: number): View {
  const { source } = stage.input;
  return inside(stage, { x: stage.subject?.x ?? source.width / 2, y: stage.subject?.y ?? source.height / 2, width, roll: 0 });
}

/** The upright view moved so far that it stays inside the picture. */
export function inside(stage: Stage, view: View): View {
  const { source } = stage.input;
  const halfWidth = view.width / 2;
  const halfHeight = halfWidth / stage.aspect;
  const clamp = (value: number, half: number, size: number) => Math.min(Math.max(value, half), Math.max(half, size - half));
  return { ...view, x: clamp(view.x, halfWidth, source.width), y: clamp(view.y, halfHeight, source.height) };
}

/** A value for each speed. */
export type BySpeed = Record<CameraSpeed, number>;
