import { ease, whipEase } from './ease.ts';
import type { CameraPath } from './path.ts';
import { type BySpeed, frameSubject, type Stage } from './stage.ts';

/** Largest speed of a pan, tilt, truck or pedestal in frame sizes a second. Own choice; the usual rule for pans is one frame width in 5 to 7 s (.14 to .2) or slower. */
const TRAVEL_PER_SECOND: BySpeed = { 'very slow': 0.05, slow: 0.08, normal: 0.15, fast: 0.6 };
/** How far a zoom goes in one shot; own choice, judged on stills. */
const ZOOM: BySpeed = { 'very slow': 1.2, slow: 1.3, normal: 1.5, fast: 2 };
/** Room that a pan makes by going closer where the picture has the target's aspect; own choice, judged on stills. */
const TRAVEL_ZOOM: BySpeed = { 'very slow': 1.3, slow: 1.35, normal: 1.45, fast: 1.6 };
/** Degrees that a roll turns; own choice. */
const ROLL_DEGREES: BySpeed = { 'very slow': 3, slow: 5, normal: 9, fast: 18 };
/** Length of a whip pan in frame widths, where the picture has the room; own choice. */
const WHIP_TRAVEL = 0.9;
/** A move that was asked for is at least this long, in frame sizes, even where the picture gets softer or the subject is cut. */
const LEAST_TRAVEL = 0.15;
/** A zoom that was asked for goes at least this far, likewise; judged on stills. */
const LEAST_ZOOM = 1.22;

/** No move: the whole picture, or of another aspect the part with the subject. */
export function rest(stage: Stage): CameraPath {
  const view = frameSubject(stage, stage.widest);
  return { at: () => view, minWidth: view.width, maxWidth: view.width, notes: [] };
}

/** The widest view and the closest one of a zoom or dolly; `short` where the picture or its subject leaves less room than usual. */
export function zoomRange(stage: Stage): { wide: number; close: number; short: boolean } {
  const most = ZOOM[stage.input.camera.speed];
  const close = Math.min(stage.widest / LEAST_ZOOM, Math.max(stage.widest / most, stage.narrowest));
  return { wide: stage.widest, close, short: stage.widest / close < most * 0.9 };
}

/** Sentence of a zoom or dolly that is `short`. */
export const SHORT_ZOOM = 'The zoom is shorter than usual: the picture (or its subject) leaves no more room.';

/** Ends (outwards: begins) on the subject. */
export function zoom(stage: Stage, inwards: boolean): CameraPath {
  const range = zoomRange(stage);
  const wide = frameSubject(stage, range.wide);
  const close = frameSubject(stage, range.close);
  return {
    at: (progress) => {
      const eased = ease(inwards ? progress : 1 - progress);
      // Widths change by a constant factor a second, so that the zoom looks even; the centre follows the width, so one point of the picture stands still.
      const width = wide.width * (close.width / wide.width) ** eased;
      const share = (wide.width - width) / (wide.width - close.width);
      return { x: wide.x + (close.x - wide.x) * share, y: wide.y + (close.y - wide.y) * share, width, roll: 0 };
    },
    minWidth: close.width,
    maxWidth: wide.width,
    notes: range.short ? [SHORT_ZOOM] : [],
  };
}

/** A move along one axis. */
export interface Travel {
  /** Positions of the view's centre on the axis, in reference pixels. */
  start: number;
  end: number;
  /** Position across the axis. */
  across: number;
  width: number;
  horizontal: boolean;
  notes: string[];
}

/** Plans a pan, tilt, truck, pedestal or whip: as long as its speed asks for and the picture allows, towards or past the subject. */
export function planTravel(stage: Stage, [dx, dy]: readonly [number, number]): Travel {
  const { source, camera, durationSeconds } = stage.input;
  const horizontal = dx !== 0;
  const whip = camera.move.startsWith('whip');
  const frame = (width: number) => (horizontal ? width : width / stage.aspect);
  const size = horizontal ? source.width : source.height;
  const wanted = whip ? WHIP_TRAVEL : TRAVEL_PER_SECOND[camera.speed] * durationSeconds;
  const closest = TRAVEL_ZOOM[whip ? 'fast' : camera.speed];
  // The widest view whose room, in frame sizes, is what the move wants; the picture's own spare room is used before going closer.
  const sizeForRoom = size / (1 + (camera.fullRange ? Math.max(wanted, 0.45) : wanted)) / frame(1);
  const mostForMove = Math.min(stage.widest, size / (1 + LEAST_TRAVEL) / frame(1));
  const width = Math.min(mostForMove, Math.max(sizeForRoom, stage.widest / closest, stage.narrowest));
  const framed = frameSubject(stage, width);
  const middle = horizontal ? framed.x : framed.y;
  const { start, end } = placeTravel(stage, { size, half: frame(width) / 2, wanted: wanted * frame(width), middle, direction: horizontal ? dx : dy });
  const short = Math.abs(end - start) < frame(width) * 0.08;
  const notes = short ? ['The move is very short: the picture leaves little room in this direction.'] : [];
  return { start, end, across: horizontal ? framed.y : framed.x, width, horizontal, notes };
}

/** Ends on a subject that lies ahead, goes past one that lies behind; all lengths in reference pixels along the axis. */
function placeTravel(stage: Stage, way: { size: number; half: number; wanted: number; middle: number; direction: number }): { start: number; end: number } {
  const { size, half, middle, direction } = way;
  const { fullRange } = stage.input.camera;
  const [low, high] = [half, size - half];
  const room = high - low;
  const atDestination = stage.subject !== undefined && (middle - size / 2) * direction > 0;
  const edge = direction > 0 ? high : low;
  const distance = fullRange ? room : Math.min(room, way.wanted);
  let end = atDestination ? middle : fullRange || stage.subject ? edge : size / 2 + (direction * distance) / 2;
  let start = end - direction * distance;
  if (!fullRange && stage.subject && !atDestination) {
    start = middle - (direction * distance) / 2;
    end = start + direction * distance;
  }
  start = Math.min(Math.max(start, low), high);
  end = Math.min(Math.max(end, low), high);
  // Clamping at one side gives the lost distance back at the other, as long as the end stays on the subject.
  if (!atDestination) end = Math.min(Math.max(start + direction * distance, low), high);
  return { start, end };
}

/** Everything moves alike; whip pans are motion-blurred. */
export function travel(stage: Stage, vector: readonly [number, number]): CameraPath {
  const { start, end, across, width, horizontal, notes } = planTravel(stage, vector);
  const whip = stage.input.camera.move.startsWith('whip');
  const easing = whip ? whipEase(stage.input.durationSeconds) : ease;
  return {
    at: (progress) => {
      const position = start + (end - start) * easing(progress);
      return horizontal ? { x: position, y: across, width, roll: 0 } : { x: across, y: position, width, roll: 0 };
    },
    minWidth: width,
    maxWidth: width,
    blurred: whip,
    notes,
  };
}

/** Width of the largest view that fits when it is turned by up to `angle` radians, and how far its corners reach from its centre. */
export function turnedRoom({ source, target }: Stage['input'], angle: number): { width: number; halfX: number; halfY: number } {
  // The turned view must fit: its bounding box is (w cos + h sin) x (w sin + h cos), largest at the end of the turn for these angles.
  const ratio = target.height / target.width;
  const width = Math.min(source.width / (Math.cos(angle) + ratio * Math.sin(angle)), source.height / (Math.sin(angle) + ratio * Math.cos(angle)));
  return {
    width,
    halfX: (width / 2) * (Math.cos(angle) + ratio * Math.sin(angle)),
    halfY: (width / 2) * (Math.sin(angle) + ratio * Math.cos(angle)),
  };
}

/** Turns about the view's middle; `sign` 1: the picture turns clockwise. */
export function roll(stage: Stage, sign: number): CameraPath {
  const { source, camera } = stage.input;
  const angle = (ROLL_DEGREES[camera.speed] * Math.PI) / 180;
  const { width, halfX, halfY } = turnedRoom(stage.input, angle);
  const centre = frameSubject(stage, width);
  const x = Math.min(Math.max(centre.x, halfX), source.width - halfX);
  const y = Math.min(Math.max(centre.y, halfY), source.height - halfY);
  return { at: (progress) => ({ x, y, width, roll: sign * angle * ease(progress) }), minWidth: width, maxWidth: width, notes: [] };
}
