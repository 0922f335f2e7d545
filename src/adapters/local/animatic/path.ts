import type { Box } from '../../../ports/pictures.ts';
import type { CameraMove } from '../../../ports/video.ts';
import type { CameraPlan, CameraSpeed } from './camera.ts';

/** What the camera sees: centre and width in pixels of the upright reference, `roll` in radians (positive: the picture turns clockwise). */
export interface View {
  x: number;
  y: number;
  width: number;
  roll: number;
}

/** A camera move over one picture. */
export interface CameraPath {
  /** `progress` in [0, 1] of the shot's time; easing is applied here. */
  at(progress: number): View;
  /** Narrowest view of the whole move, in reference pixels: says how large the reference must be decoded. */
  minWidth: number;
  /** Widest view of the whole move, in reference pixels. */
  maxWidth: number;
  /** What the picture's size takes away; what the move itself loses is in the camera plan. */
  notes: string[];
}

export interface PathInput {
  camera: Pick<CameraPlan, 'move' | 'speed' | 'fullRange'>;
  source: { width: number; height: number };
  target: { width: number; height: number };
  durationSeconds: number;
  subject?: Box | undefined;
}

/** Largest speed of a pan, tilt, truck or pedestal in frame sizes a second. Own choice; the usual rule for pans is one frame width in 5 to 7 s (.14 to .2) or slower. */
const TRAVEL_PER_SECOND: Record<CameraSpeed, number> = { 'very slow': 0.05, slow: 0.08, normal: 0.15, fast: 0.6 };
/** How far a zoom goes in one shot; own choice, judged on stills. */
const ZOOM: Record<CameraSpeed, number> = { 'very slow': 1.2, slow: 1.3, normal: 1.5, fast: 2 };
/** Room that a pan makes by going closer where the picture has the target's aspect; own choice, judged on stills. */
const TRAVEL_ZOOM: Record<CameraSpeed, number> = { 'very slow': 1.3, slow: 1.35, normal: 1.45, fast: 1.6 };
/** Degrees that a roll turns; own choice. */
const ROLL_DEGREES: Record<CameraSpeed, number> = { 'very slow': 3, slow: 5, normal: 9, fast: 18 };
/** One output pixel shows at least this many reference pixels, or the picture would look soft. */
const MIN_SAMPLING = 0.55;
/** Free space kept around the subject, as a factor of its size. */
const SUBJECT_ROOM = 1.18;

/** A move that was asked for is at least this long, in frame sizes, even where the picture gets softer or the subject is cut. */
const LEAST_TRAVEL = 0.15;

/** A zoom that was asked for goes at least this far, likewise; judged on stills. */
const LEAST_ZOOM = 1.22;

interface Stage {
  input: PathInput;
  aspect: number;
  /** Width of the largest view that fits. */
  widest: number;
  /** Narrowest width that is still sharp enough and holds the subject. */
  narrowest: number;
  subject: { x: number; y: number; width: number; height: number } | undefined;
}

const VECTORS: Partial<Record<CameraMove, readonly [number, number]>> = {
  'pan left': [-1, 0],
  'pan right': [1, 0],
  'tilt up': [0, -1],
  'tilt down': [0, 1],
  'truck left': [-1, 0],
  'truck right': [1, 0],
  'pedestal up': [0, -1],
  'pedestal down': [0, 1],
};

/** Plans a move that never leaves the picture, keeps the target's aspect and ends (zoom out: begins) on the subject. */
export function planPath(input: PathInput): CameraPath {
  const stage = setStage(input);
  const { move } = input.camera;
  const vector = VECTORS[move];
  if (vector) return travel(stage, vector);
  if (move.startsWith('roll')) return roll(stage, move === 'roll right' ? -1 : 1);
  if (move === 'static') {
    const view = frameSubject(stage, stage.widest);
    return { at: () => view, minWidth: view.width, maxWidth: view.width, notes: [] };
  }
  return zoom(stage, move.endsWith('in'));
}

function setStage(input: PathInput): Stage {
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
function frameSubject(stage: Stage, width: number): View {
  const { source } = stage.input;
  return inside(stage, { x: stage.subject?.x ?? source.width / 2, y: stage.subject?.y ?? source.height / 2, width, roll: 0 });
}

function inside(stage: Stage, view: View): View {
  const { source } = stage.input;
  const halfWidth = view.width / 2;
  const halfHeight = halfWidth / stage.aspect;
  const clamp = (value: number, half: number, size: number) => Math.min(Math.max(value, half), Math.max(half, size - half));
  return { ...view, x: clamp(view.x, halfWidth, source.width), y: clamp(view.y, halfHeight, source.height) };
}

function zoom(stage: Stage, inwards: boolean): CameraPath {
  const { camera } = stage.input;
  const wide = frameSubject(stage, stage.widest);
  const closeWidth = Math.min(stage.widest / LEAST_ZOOM, Math.max(stage.widest / ZOOM[camera.speed], stage.narrowest));
  const close = frameSubject(stage, closeWidth);
  const short = stage.widest / closeWidth < ZOOM[camera.speed] * 0.9;
  return {
    at: (progress) => {
      const eased = ease(inwards ? progress : 1 - progress);
      // Widths change by a constant factor a second, so that the zoom looks even; the centre follows the width, so one point of the picture stands still.
      const width = wide.width * (close.width / wide.width) ** eased;
      const share = (wide.width - width) / (wide.width - close.width);
      return { x: wide.x + (close.x - wide.x) * share, y: wide.y + (close.y - wide.y) * share, width, roll: 0 };
    },
    minWidth: closeWidth,
    maxWidth: wide.width,
    notes: short ? ['The zoom is shorter than usual: the picture (or its subject) leaves no more room.'] : [],
  };
}

function travel(stage: Stage, [dx, dy]: readonly [number, number]): CameraPath {
  const { source, camera, durationSeconds } = stage.input;
  const horizontal = dx !== 0;
  const frame = (width: number) => (horizontal ? width : width / stage.aspect);
  const size = horizontal ? source.width : source.height;
  const wanted = TRAVEL_PER_SECOND[camera.speed] * durationSeconds;
  // The widest view whose room, in frame sizes, is what the move wants; the picture's own spare room is used before going closer.
  const sizeForRoom = size / (1 + (camera.fullRange ? Math.max(wanted, 0.45) : wanted)) / frame(1);
  const mostForMove = Math.min(stage.widest, size / (1 + LEAST_TRAVEL) / frame(1));
  const width = Math.min(mostForMove, Math.max(sizeForRoom, stage.widest / TRAVEL_ZOOM[camera.speed], stage.narrowest));
  const half = frame(width) / 2;
  const direction = horizontal ? dx : dy;
  const framed = frameSubject(stage, width);
  const middle = horizontal ? framed.x : framed.y;
  const room = size - 2 * half;
  const [low, high] = [half, size - half];
  const atDestination = stage.subject !== undefined && (middle - size / 2) * direction > 0;
  const edge = direction > 0 ? high : low;
  const distance = camera.fullRange ? room : Math.min(room, wanted * frame(width));
  let end = atDestination ? middle : camera.fullRange || stage.subject ? edge : size / 2 + (direction * distance) / 2;
  let start = end - direction * distance;
  if (!camera.fullRange && stage.subject && !atDestination) {
    start = middle - (direction * distance) / 2;
    end = start + direction * distance;
  }
  start = Math.min(Math.max(start, low), high);
  end = Math.min(Math.max(end, low), high);
  // Clamping at one side gives the lost distance back at the other, as long as the end stays on the subject.
  if (!atDestination) end = Math.min(Math.max(start + direction * distance, low), high);
  const short = Math.abs(end - start) < frame(width) * 0.08;
  return {
    at: (progress) => {
      const position = start + (end - start) * ease(progress);
      return horizontal ? { x: position, y: framed.y, width, roll: 0 } : { x: framed.x, y: position, width, roll: 0 };
    },
    minWidth: width,
    maxWidth: width,
    notes: short ? ['The move is very short: the picture leaves little room in this direction.'] : [],
  };
}

function roll(stage: Stage, sign: number): CameraPath {
  const { source, camera, target } = stage.input;
  const angle = (ROLL_DEGREES[camera.speed] * Math.PI) / 180;
  // The turned view must fit: its bounding box is (w cos + h sin) x (w sin + h cos), largest at the end of the turn for these angles.
  const ratio = target.height / target.width;
  const width = Math.min(source.width / (Math.cos(angle) + ratio * Math.sin(angle)), source.height / (Math.sin(angle) + ratio * Math.cos(angle)));
  const halfX = (width / 2) * (Math.cos(angle) + ratio * Math.sin(angle));
  const halfY = (width / 2) * (Math.sin(angle) + ratio * Math.cos(angle));
  const centre = frameSubject(stage, width);
  const x = Math.min(Math.max(centre.x, halfX), source.width - halfX);
  const y = Math.min(Math.max(centre.y, halfY), source.height - halfY);
  return { at: (progress) => ({ x, y, width, roll: sign * angle * ease(progress) }), minWidth: width, maxWidth: width, notes: [] };
}

const RAMP = 0.22;
const START_SPEED = 0.2;

/**
 * Gentle start and stop with an even middle: the speed rises by smoothstep from 20 % to full over the first 22 % of the time and falls
 * likewise, so that even the first two frames differ. Own choice: a plain smoothstep never has an even speed.
 */
export function ease(progress: number): number {
  const t = Math.min(Math.max(progress, 0), 1);
  // Integral of START + (1 - START) * smoothstep(t / RAMP) from 0: smoothstep integrates to u^3 - u^4 / 2.
  const ramp = (time: number) => {
    const u = time / RAMP;
    return time * START_SPEED + (1 - START_SPEED) * RAMP * (u ** 3 - u ** 4 / 2);
  };
  const total = 2 * ramp(RAMP) + (1 - 2 * RAMP);
  if (t < RAMP) return ramp(t) / total;
  if (t > 1 - RAMP) return 1 - ramp(1 - t) / total;
  return (ramp(RAMP) + (t - RAMP)) / total;
}
