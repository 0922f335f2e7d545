import type { Box, RawImage } from '../../../ports/pictures.ts';
import { createOverlays, type Effect } from './atmosphere.ts';
import type { CameraPlan } from './camera.ts';
import { DeepPainter } from './deep-painter.ts';
import { groundNearness } from './depth.ts';
import { smoothstep } from './ease.ts';
import { createFrame, type Frame, ViewPainter } from './frames.ts';
import type { Layers } from './layers.ts';
import { blurAlong } from './motion-blur.ts';
import type { Moment, Overlay } from './overlay.ts';
import { type CameraPath, hasDepth, planPath } from './path.ts';
import { toPicture } from './planes.ts';
import type { View } from './stage.ts';
import { MAX_STEP } from './window.ts';

/** Everything a shot's pixels depend on; plain data, so it crosses to the child process. */
export interface ShotPlan {
  width: number;
  height: number;
  fps: number;
  frames: number;
  seed: number;
  camera: CameraPlan;
  effects: Effect[];
  subject?: Box | undefined;
  /** Of the last picture, where there is one. */
  lastSubject?: Box | undefined;
}

/** A shot ready to be drawn frame by frame, in any order; the same plan and pictures give the same bytes. */
export interface RenderedShot {
  frames: number;
  /** What only the pictures' sizes tell. */
  notes: string[];
  /** The frame is valid until the next call. */
  draw(index: number): Frame;
}

/**
 * Decoded pixels per output pixel in the tightest view: with a little more than 1, the softening of sub-pixel positions does not show
 * as flicker in slow moves. 1.2: own choice, between sharpness and time.
 */
const OVERSAMPLING = 1.2;

/** One picture of a shot and the camera's way over it. */
export interface Scene {
  /** Full upright size of the picture in pixels; `image` may be decoded smaller. */
  source: { width: number; height: number };
  path: CameraPath;
  image: RawImage;
  /** The picture taken apart, for a move with depth over a clear subject. */
  layers?: Layers | undefined;
}

interface Size {
  width: number;
  height: number;
}

/** Where the camera goes and how large the picture must be decoded for it; `cutout`: the subject will be a layer of its own. */
export function planScene(plan: ShotPlan, source: Size, cutout = false): { path: CameraPath; decodeSize: Size } {
  const { camera, subject, seed } = plan;
  const path = planPath({ camera, source, target: plan, durationSeconds: plan.frames / plan.fps, subject, cutout, seed });
  return { path, decodeSize: sizeFor(path, plan, source) };
}

/** The size at which a picture is decoded for a path. */
export function sizeFor(path: CameraPath, { camera, width }: ShotPlan, source: Size): Size {
  // A turned view is drawn without a stretched filter, so it must not be larger than the output.
  const oversampling = /^(?:roll|handheld)/.test(camera.move) ? 1 : OVERSAMPLING;
  const scale = Math.min(1, (oversampling * width) / path.minWidth, (MAX_STEP * width) / path.maxWidth);
  return { width: Math.max(1, Math.round(source.width * scale)), height: Math.max(1, Math.round(source.height * scale)) };
}

/** The plan of a shot's last picture: shown whole and at rest, so that the shot ends on exactly that frame. */
export function lastPlan(plan: ShotPlan): ShotPlan {
  return { ...plan, camera: { ...plan.camera, move: 'static', handheld: false }, subject: plan.lastSubject };
}

/** When the first picture dissolves into the last one, in shares of the shot; own choice. */
const DISSOLVE = [0.45, 0.75] as const;

/** Draws a planned shot; with `last` it dissolves into that picture. */
export function renderShot(plan: ShotPlan, first: Scene, last?: Scene): RenderedShot {
  const overlays = createOverlays(plan.effects, plan, plan.seed);
  const frames = [createFrame(plan.width, plan.height), createFrame(plan.width, plan.height)];
  const paintFirst = createPainter(plan, first, plan.camera.move === 'static' && !plan.camera.handheld);
  const paintLast = last && createPainter(plan, last, true);
  const second = createFrame(plan.width, plan.height);
  const start = first.path.at(0);
  return {
    frames: plan.frames,
    notes: [...first.path.notes, ...depthNotes(plan, first), ...softness(plan, first.path)],
    draw: (index) => {
      const frame = frames[index % 2];
      const progress = plan.frames > 1 ? index / (plan.frames - 1) : 0;
      const mix = paintLast ? smoothstep((progress - DISSOLVE[0]) / (DISSOLVE[1] - DISSOLVE[0])) : 0;
      if (mix < 1) paintFirst(progress, frame);
      if (paintLast && mix > 0) paintLast(progress, mix < 1 ? second : frame);
      if (mix > 0 && mix < 1) dissolve(frame.bytes, second.bytes, mix);
      drawOverlays(overlays, frame, plan, first.source, index, start, first.path.at(progress));
      return frame;
    },
  };
}

function createPainter(plan: ShotPlan, scene: Scene, still: boolean): (progress: number, frame: Frame) => void {
  const { source, path, image, layers } = scene;
  const scale = image.width / source.width;
  if (path.layers) {
    const depth = { nearness: groundNearness(layers && plan.subject), subject: layers?.subject };
    const painter = new DeepPainter(layers?.backdrop ?? toPicture(image), scale, plan, depth);
    const viewsAt = path.layers;
    return (progress, frame) => painter.paint(viewsAt(progress), frame);
  }
  const painter = new ViewPainter(toPicture(image), scale, plan.width, plan.height);
  if (!still) return (progress, frame) => paintView(painter, plan, path, progress, frame);
  const kept = createFrame(plan.width, plan.height);
  painter.paint(path.at(0), kept);
  return (_progress, frame) => frame.bytes.set(kept.bytes);
}

/** Share of the time between two frames that the shutter is open, as usual in film (180 degrees). */
const SHUTTER = 0.5;

function paintView(painter: ViewPainter, plan: ShotPlan, path: CameraPath, progress: number, frame: Frame): void {
  const view = path.at(progress);
  painter.paint(view, frame);
  if (!path.blurred) return;
  const open = SHUTTER / (plan.frames - 1);
  blurAlong(frame, (Math.abs(path.at(progress + open / 2).x - path.at(progress - open / 2).x) * plan.width) / view.width);
}

function dissolve(into: Uint8Array, other: Uint8Array, share: number): void {
  const weight = Math.round(share * 256);
  for (let at = 0; at < into.length; at++) into[at] += ((other[at] - into[at]) * weight + 128) >> 8;
}

function drawOverlays(overlays: Overlay[], frame: Frame, plan: ShotPlan, source: Size, index: number, start: View, view: View): void {
  const pixels = plan.width / view.width;
  const subject = subjectOnScreen(plan, source, view);
  const moment = { index, timeSeconds: index / plan.fps, shiftX: (start.x - view.x) * pixels, shiftY: (start.y - view.y) * pixels, subject };
  for (const overlay of overlays) overlay(frame, moment);
}

function subjectOnScreen({ subject, width, height }: ShotPlan, source: Size, view: View): Moment['subject'] {
  if (!subject) return undefined;
  const pixels = width / view.width;
  return {
    x: ((subject.x + subject.width / 2) * source.width - view.x) * pixels + width / 2,
    y: ((subject.y + subject.height / 2) * source.height - view.y) * pixels + height / 2,
    width: subject.width * source.width * pixels,
    height: subject.height * source.height * pixels,
  };
}

/** Depth is a guess from one picture; which one was made. */
function depthNotes(plan: ShotPlan, { layers }: Scene): string[] {
  if (!hasDepth(plan.camera.move)) return [];
  if (layers) return ['Depth is estimated from one picture: the subject is cut out and moves over a background that is filled in behind it.'];
  return ['Depth is estimated from one picture: no subject stands out clearly, so what lies lower counts as nearer.'];
}

function softness(plan: ShotPlan, path: CameraPath): string[] {
  const sampling = path.minWidth / plan.width;
  if (sampling >= 0.8) return [];
  return [`The reference is small for this size: one of its pixels covers ${(1 / sampling).toFixed(1)} pixels of the video, so it looks soft.`];
}
