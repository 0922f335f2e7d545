import type { Box, RawImage } from '../../../ports/pictures.ts';
import { createOverlays, type Effect } from './atmosphere.ts';
import type { CameraPlan } from './camera.ts';
import { createFrame, type Frame, ViewPainter } from './frames.ts';
import type { Overlay } from './overlay.ts';
import { type CameraPath, planPath, type View } from './path.ts';
import { toPicture } from './planes.ts';
import { MAX_STEP } from './resample.ts';

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
}

/** Where the camera goes and how large the picture must be decoded for it. */
export function planScene(plan: ShotPlan, source: { width: number; height: number }): { path: CameraPath; decodeSize: { width: number; height: number } } {
  const path = planPath({ camera: plan.camera, source, target: plan, durationSeconds: plan.frames / plan.fps, subject: plan.subject });
  // A turned view is drawn without a stretched filter, so it must not be larger than the output.
  const oversampling = plan.camera.move.startsWith('roll') ? 1 : OVERSAMPLING;
  const scale = Math.min(1, (oversampling * plan.width) / path.minWidth, (MAX_STEP * plan.width) / path.maxWidth);
  const decodeSize = { width: Math.max(1, Math.round(source.width * scale)), height: Math.max(1, Math.round(source.height * scale)) };
  return { path, decodeSize };
}

/** The plan of a shot's last picture: shown whole and at rest, so that the shot ends on exactly that frame. */
export function lastPlan(plan: ShotPlan): ShotPlan {
  return { ...plan, camera: { ...plan.camera, move: 'static' }, subject: plan.lastSubject };
}

/** When the first picture dissolves into the last one, in shares of the shot; own choice. */
const DISSOLVE = [0.45, 0.75] as const;

/** Draws a planned shot; with `last` it dissolves into that picture. */
export function renderShot(plan: ShotPlan, first: Scene, last?: Scene): RenderedShot {
  const overlays = createOverlays(plan.effects, plan, plan.seed);
  const frames = [createFrame(plan.width, plan.height), createFrame(plan.width, plan.height)];
  const paintFirst = createPainter(plan, first, plan.camera.move === 'static');
  const paintLast = last && createPainter(plan, last, true);
  const second = createFrame(plan.width, plan.height);
  const start = first.path.at(0);
  return {
    frames: plan.frames,
    notes: [...first.path.notes, ...softness(plan, first.path)],
    draw: (index) => {
      const frame = frames[index % 2];
      const progress = plan.frames > 1 ? index / (plan.frames - 1) : 0;
      const mix = paintLast ? smoothstep((progress - DISSOLVE[0]) / (DISSOLVE[1] - DISSOLVE[0])) : 0;
      if (mix < 1) paintFirst(progress, frame);
      if (paintLast && mix > 0) paintLast(progress, mix < 1 ? second : frame);
      if (mix > 0 && mix < 1) dissolve(frame.bytes, second.bytes, mix);
      drawOverlays(overlays, frame, plan, index, start, first.path.at(progress));
      return frame;
    },
  };
}

function createPainter(plan: ShotPlan, { source, path, image }: Scene, still: boolean): (progress: number, frame: Frame) => void {
  const painter = new ViewPainter(toPicture(image), image.width / source.width, plan.width, plan.height);
  if (!still) return (progress, frame) => painter.paint(path.at(progress), frame);
  const kept = createFrame(plan.width, plan.height);
  painter.paint(path.at(0), kept);
  return (_progress, frame) => frame.bytes.set(kept.bytes);
}

function dissolve(into: Uint8Array, other: Uint8Array, share: number): void {
  const weight = Math.round(share * 256);
  for (let at = 0; at < into.length; at++) into[at] += ((other[at] - into[at]) * weight + 128) >> 8;
}

function smoothstep(value: number): number {
  const t = Math.min(Math.max(value, 0), 1);
  return t * t * (3 - 2 * t);
}

function drawOverlays(overlays: Overlay[], frame: Frame, plan: ShotPlan, index: number, start: View, view: View): void {
  const pixels = plan.width / view.width;
  const moment = { index, timeSeconds: index / plan.fps, shiftX: (start.x - view.x) * pixels, shiftY: (start.y - view.y) * pixels };
  for (const overlay of overlays) overlay(frame, moment);
}

function softness(plan: ShotPlan, path: CameraPath): string[] {
  const sampling = path.minWidth / plan.width;
  if (sampling >= 0.8) return [];
  return [`The reference is small for this size: one of its pixels covers ${(1 / sampling).toFixed(1)} pixels of the video, so it looks soft.`];
}
