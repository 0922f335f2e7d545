import type { CameraMove } from '../../../ports/video.ts';
import { dolly, dollyZoom, orbit, slide, track } from './deep-moves.ts';
import { rest, roll, travel, zoom } from './flat-moves.ts';
import { handheld, margin, shaken, shrunk } from './shake.ts';
import { type PathInput, type Stage, setStage, type View } from './stage.ts';

/** What is seen of each depth: between `far` (nearness 0) and `near` (nearness 1) views change evenly. */
export interface DeepView {
  far: View;
  near: View;
  /** Of the cut-out subject. */
  subject: View;
}

/** A camera move over one picture. */
export interface CameraPath {
  /** `progress` in [0, 1] of the shot's time; easing is applied here. Of a move with depth: the subject's view. */
  at(progress: number): View;
  /** Views by depth, for moves that the camera makes through space; absent: everything moves alike. */
  layers?(progress: number): DeepView;
  /** Narrowest view of the whole move, in reference pixels: says how large the reference must be decoded. */
  minWidth: number;
  /** Widest view of the whole move, in reference pixels. */
  maxWidth: number;
  /** The move is so fast that it is drawn with motion blur along x. */
  blurred?: boolean;
  /** What the picture's size takes away; what the move itself loses is in the camera plan. */
  notes: string[];
}

/** Every move as camera people mean it: the direction is the camera's. Dolly zooms have the dolly's direction: "in" goes closer and zooms out. */
const MOVES: Record<CameraMove, (stage: Stage) => CameraPath> = {
  static: rest,
  'pan left': (stage) => travel(stage, [-1, 0]),
  'pan right': (stage) => travel(stage, [1, 0]),
  'tilt up': (stage) => travel(stage, [0, -1]),
  'tilt down': (stage) => travel(stage, [0, 1]),
  'zoom in': (stage) => zoom(stage, true),
  'zoom out': (stage) => zoom(stage, false),
  'dolly in': (stage) => dolly(stage, true),
  'dolly out': (stage) => dolly(stage, false),
  'truck left': (stage) => slide(stage, [-1, 0]),
  'truck right': (stage) => slide(stage, [1, 0]),
  'pedestal up': (stage) => slide(stage, [0, -1]),
  'pedestal down': (stage) => slide(stage, [0, 1]),
  'orbit left': (stage) => orbit(stage, -1),
  'orbit right': (stage) => orbit(stage, 1),
  // The camera rolls to the right, so the picture turns to the left.
  'roll left': (stage) => roll(stage, 1),
  'roll right': (stage) => roll(stage, -1),
  'whip left': (stage) => travel(stage, [-1, 0]),
  'whip right': (stage) => travel(stage, [1, 0]),
  'vertigo in': (stage) => dollyZoom(stage, true),
  'vertigo out': (stage) => dollyZoom(stage, false),
  track,
  handheld,
};

const DEEP = /^(?:dolly|truck|pedestal|orbit|vertigo|track)/;

/** True for moves that the camera makes through space, so that near things move against far ones. */
export function hasDepth(move: CameraMove): boolean {
  return DEEP.test(move);
}

/** Plans a move that never leaves the picture, keeps the target's aspect and ends (zoom out: begins) on the subject. */
export function planPath(input: PathInput): CameraPath {
  const { camera, source, subject } = input;
  if (!camera.handheld || camera.move === 'handheld') return MOVES[camera.move](setStage(input));
  const reach = margin(input);
  const inner = shrunk(source, reach);
  const moved = subject && {
    x: (subject.x * source.width - reach) / inner.width,
    y: (subject.y * source.height - reach) / inner.height,
    width: (subject.width * source.width) / inner.width,
    height: (subject.height * source.height) / inner.height,
  };
  return shaken(MOVES[camera.move](setStage({ ...input, source: inner, subject: moved })), input);
}
