import { turnedRoom } from './flat-moves.ts';
import type { CameraPath, DeepView } from './path.ts';
import { hash } from './random.ts';
import { type BySpeed, frameSubject, type PathInput, type Stage, type View } from './stage.ts';

/** Root mean square of the shake along each axis in frame widths, and of its roll in degrees. Own choice: a steady hand, watched on frames. */
const SWAY: BySpeed = { 'very slow': 0.002, slow: 0.003, normal: 0.0045, fast: 0.008 };
const ROLL_DEGREES: BySpeed = { 'very slow': 0.1, slow: 0.15, normal: 0.22, fast: 0.4 };
/** Band of a hand that holds a camera, in hertz: breath and sway below, muscle tremor (8 to 12 Hz) is damped by the camera's weight. */
const BAND = [0.25, 3] as const;
const WAVES = 10;
/** Largest value in root mean squares that is let through; sums of ten waves hardly reach it. */
const PEAK = 3;

/** Band-limited noise of unit root mean square over the shot, whole waves only: its mean over all frames is zero. */
function handNoise(durationSeconds: number, seed: number, axis: number): (progress: number) => number {
  const lowest = Math.max(1, Math.round(BAND[0] * durationSeconds));
  const highest = Math.max(lowest, Math.floor(BAND[1] * durationSeconds));
  const waves = Array.from({ length: WAVES }, (_, index) => {
    const share = (index + hash(seed, axis, 40 + index)) / WAVES;
    // Spread evenly over octaves, so that slow sway and fast tremble both show; displacement falls with the frequency.
    const cycles = Math.min(highest, Math.round(lowest * (highest / lowest) ** share));
    return { cycles, phase: 2 * Math.PI * hash(seed, axis, 60 + index), size: 1 / Math.sqrt(cycles) };
  });
  const power = Math.sqrt(waves.reduce((sum, { size }) => sum + (size * size) / 2, 0));
  return (progress) => {
    const value = waves.reduce((sum, { cycles, phase, size }) => sum + size * Math.sin(2 * Math.PI * cycles * progress + phase), 0) / power;
    return Math.min(Math.max(value, -PEAK), PEAK);
  };
}

/** A hand that holds the camera as still as it can, with a little roll. */
export function handheld(stage: Stage): CameraPath {
  const { camera, durationSeconds, seed = 0, source } = stage.input;
  const angle = (ROLL_DEGREES[camera.speed] * Math.PI) / 180;
  const { width, halfX, halfY } = turnedRoom({ ...stage.input, source: shrunk(source, margin(stage.input)) }, angle * PEAK);
  const [across, down, turn] = [1, 2, 3].map((axis) => handNoise(durationSeconds, seed, axis));
  const centre = frameSubject(stage, width);
  const reach = margin(stage.input);
  const x = Math.min(Math.max(centre.x, halfX + reach), source.width - halfX - reach);
  const y = Math.min(Math.max(centre.y, halfY + reach), source.height - halfY - reach);
  const sway = SWAY[camera.speed] * width;
  const at = (progress: number): View => ({ x: x + sway * across(progress), y: y + sway * down(progress), width, roll: angle * turn(progress) });
  return { at, minWidth: width, maxWidth: width, notes: [] };
}

/** Farthest that the shake moves the view, in reference pixels. */
export function margin({ camera, source, target }: PathInput): number {
  return SWAY[camera.speed] * PEAK * Math.min(source.width, (source.height * target.width) / target.height);
}

/** A smaller picture: what is left of the source when its margin is kept for the shake. */
export function shrunk({ width, height }: { width: number; height: number }, reach: number): { width: number; height: number } {
  return { width: width - 2 * reach, height: height - 2 * reach };
}

/** The same move by hand; `path` was planned on the picture without its margin. */
export function shaken(path: CameraPath, input: PathInput): CameraPath {
  const { camera, durationSeconds, seed = 0 } = input;
  const reach = margin(input);
  const [across, down] = [1, 2].map((axis) => handNoise(durationSeconds, seed, axis));
  const sway = reach / PEAK;
  const move = (view: View, progress: number): View => ({
    ...view,
    x: view.x + reach + sway * across(progress) * (camera.move === 'static' ? 1 : 0.8),
    y: view.y + reach + sway * down(progress) * (camera.move === 'static' ? 1 : 0.8),
  });
  const { layers } = path;
  const movedLayers = (progress: number, views: DeepView): DeepView => ({
    far: move(views.far, progress),
    near: move(views.near, progress),
    subject: move(views.subject, progress),
  });
  return {
    ...path,
    at: (progress) => move(path.at(progress), progress),
    ...(layers ? { layers: (progress: number) => movedLayers(progress, layers(progress)) } : {}),
  };
}
