import { ease } from './ease.ts';
import { planTravel, SHORT_ZOOM, zoomRange } from './flat-moves.ts';
import type { CameraPath, DeepView } from './path.ts';
import { type BySpeed, frameSubject, type Stage, type View } from './stage.ts';

/**
 * How much further near things move than far ones, over the whole shot and in frame sizes. Own choice, judged on frames: more shows the filled
 * background too widely behind a cut-out subject, or bends upright things where only the depth ramp is there.
 */
const PARALLAX: { cutout: BySpeed; ramp: BySpeed } = {
  cutout: { 'very slow': 0.03, slow: 0.045, normal: 0.065, fast: 0.085 },
  ramp: { 'very slow': 0.05, slow: 0.07, normal: 0.1, fast: 0.13 },
};
/** The parallax of a truck or pedestal is at most this share of its way: far things still move. */
const MOST_OF_TRAVEL = 0.55;
/** While near things grow by a factor in a dolly, far ones grow by its power of this. */
const FAR_GROWTH = 0.5;
/** How far the background grows or shrinks in a dolly zoom, and the least where the picture leaves less room; judged on frames. */
const DOLLY_ZOOM: BySpeed = { 'very slow': 1.15, slow: 1.25, normal: 1.4, fast: 1.6 };
const LEAST_DOLLY_ZOOM = 1.18;
/** Way of the ground under a subject that is tracked, in frame widths, and the share of it that far things move. */
const TRACK: BySpeed = { 'very slow': 0.06, slow: 0.08, normal: 0.12, fast: 0.16 };
const TRACK_FAR = 0.6;

function parallax({ input }: Stage): number {
  return PARALLAX[input.cutout ? 'cutout' : 'ramp'][input.camera.speed];
}

function deep(views: (progress: number) => DeepView, widths: readonly number[], notes: string[]): CameraPath {
  return {
    at: (progress) => views(progress).subject,
    layers: views,
    minWidth: Math.min(...widths),
    maxWidth: Math.max(...widths),
    notes,
  };
}

/** The camera itself moves along an axis (truck, pedestal): near things pass faster than far ones. */
export function slide(stage: Stage, vector: readonly [number, number]): CameraPath {
  const { start, end, across, width, horizontal, notes } = planTravel(stage, vector);
  const frame = horizontal ? width : width / stage.aspect;
  const lag = Math.sign(end - start) * Math.min(parallax(stage) * frame, MOST_OF_TRAVEL * Math.abs(end - start));
  const view = (position: number): View => (horizontal ? { x: position, y: across, width, roll: 0 } : { x: across, y: position, width, roll: 0 });
  const views = (progress: number): DeepView => {
    const eased = ease(progress);
    const near = view(start + (end - start) * eased);
    // The layers lie as in the picture in the middle of the shot, so that as little as possible is uncovered at both ends.
    return { near, subject: near, far: view(start + lag / 2 + (end - start - lag) * eased) };
  };
  return deep(views, [width], notes);
}

/** Near things grow (inwards) faster than far ones; one point of the picture, from which everything moves away, stands still. */
export function dolly(stage: Stage, inwards: boolean): CameraPath {
  const range = zoomRange(stage);
  const wide = frameSubject(stage, range.wide);
  const close = frameSubject(stage, range.close);
  const view = (width: number): View => {
    const share = (wide.width - width) / (wide.width - close.width);
    return { x: wide.x + (close.x - wide.x) * share, y: wide.y + (close.y - wide.y) * share, width, roll: 0 };
  };
  const views = (progress: number): DeepView => {
    const ratio = (close.width / wide.width) ** ease(inwards ? progress : 1 - progress);
    const near = view(wide.width * ratio);
    return { near, subject: near, far: view(wide.width * ratio ** FAR_GROWTH) };
  };
  return deep(views, [close.width, wide.width], range.short ? [SHORT_ZOOM] : []);
}

/** The camera moves in while it zooms out (or the reverse), so that the subject keeps its size and the background shrinks (grows). */
export function dollyZoom(stage: Stage, inwards: boolean): CameraPath {
  const least = Math.min(stage.widest / LEAST_DOLLY_ZOOM, Math.max(stage.widest / DOLLY_ZOOM[stage.input.camera.speed], stage.narrowest));
  const close = frameSubject(stage, least);
  const wide = frameSubject(stage, stage.widest);
  const views = (progress: number): DeepView => {
    const eased = ease(inwards ? progress : 1 - progress);
    const width = close.width * (wide.width / close.width) ** eased;
    const share = (width - close.width) / (wide.width - close.width);
    const far = { x: close.x + (wide.x - close.x) * share, y: close.y + (wide.y - close.y) * share, width, roll: 0 };
    return { near: close, subject: close, far };
  };
  return deep(views, [close.width, wide.width], []);
}

/** The camera goes round the subject: what lies behind it moves the camera's way, what lies before it the other way. `sign` 1: to the right. */
export function orbit(stage: Stage, sign: number): CameraPath {
  const share = parallax(stage);
  const width = stage.widest / (1 + share);
  const centre = roomy(stage, width, (share * width) / 2);
  // Without a cut-out subject the camera goes round the middle of the depth ramp.
  const pivot = stage.input.cutout ? 1 : 0.5;
  const views = (progress: number): DeepView => {
    const way = sign * share * width * (ease(progress) - 0.5);
    const near = { ...centre, x: centre.x + way * (1 - pivot) };
    return { near, subject: near, far: { ...centre, x: centre.x - way * pivot } };
  };
  return deep(views, [width], []);
}

/** The camera moves beside a subject that stays where it is in the frame; ground and background pass behind it. */
export function track(stage: Stage): CameraPath {
  const sign = stage.input.camera.direction === 'left' ? -1 : 1;
  if (!stage.input.cutout) return slide(stage, [sign, 0]);
  const share = TRACK[stage.input.camera.speed];
  const width = stage.widest / (1 + share);
  const centre = roomy(stage, width, (share * width) / 2);
  const views = (progress: number): DeepView => {
    const way = sign * share * width * (ease(progress) - 0.5);
    return { subject: centre, near: { ...centre, x: centre.x + way }, far: { ...centre, x: centre.x + way * TRACK_FAR } };
  };
  return deep(views, [width], []);
}

/** The framed subject, with `room` pixels left on either side. */
function roomy(stage: Stage, width: number, room: number): View {
  const view = frameSubject(stage, width);
  const half = width / 2 + room;
  return { ...view, x: Math.min(Math.max(view.x, half), stage.input.source.width - half) };
}
