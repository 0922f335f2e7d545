import type { Frame } from './frames.ts';
import type { Density, Moment, Overlay } from './overlay.ts';
import { hash } from './random.ts';
import { drawStreak } from './streak.ts';

/** One depth of snow. Lengths in pixels of a 720-line frame, speeds in those a second; judged on stills and motion, not taken from a source. */
interface Layer {
  count: number;
  radius: readonly [number, number];
  fall: readonly [number, number];
  sway: number;
  opacity: readonly [number, number];
  /** Share of the radius that is soft edge: far flakes are points, near ones out of focus. */
  softness: number;
  /** How much the layer follows the camera's move: near things move more. */
  parallax: number;
}

const LAYERS: readonly Layer[] = [
  { count: 640, radius: [1.3, 2.3], fall: [32, 58], sway: 7, opacity: [0.3, 0.65], softness: 1, parallax: 1 },
  { count: 280, radius: [2.4, 4.4], fall: [58, 100], sway: 13, opacity: [0.55, 0.95], softness: 0.95, parallax: 1.15 },
  { count: 85, radius: [4.6, 8.5], fall: [100, 165], sway: 20, opacity: [0.5, 0.95], softness: 0.9, parallax: 1.4 },
  { count: 16, radius: [13, 30], fall: [190, 290], sway: 30, opacity: [0.1, 0.24], softness: 0.7, parallax: 1.9 },
];
const DENSITY: Record<Density, number> = { light: 0.5, normal: 1, heavy: 2 };
/** Share of the frame time that the shutter is open: a film camera's half would draw the small flakes as dashes. */
const SHUTTER = 0.35;

interface Flake {
  layer: Layer;
  id: number;
  radius: number;
  fall: number;
  opacity: number;
  phase: number;
  turn: number;
  startX: number;
  startY: number;
}

/** Falling snow in four depths with sway, a light wind and motion blur. */
export function createSnow(size: { width: number; height: number; fps: number }, density: Density, seed: number): Overlay {
  const unit = size.height / 720;
  const wind = (hash(seed, 1, 1) - 0.5) * 50 * unit;
  const share = (size.width / size.height / (16 / 9)) * DENSITY[density];
  const flakes = LAYERS.flatMap((layer, depth) =>
    Array.from({ length: Math.round(layer.count * share) }, (_, index) => createFlake(layer, depth * 10_000 + index, seed)),
  );
  return (frame, moment) => {
    for (const flake of flakes) drawFlake(frame, moment, flake, { unit, wind, seed, fps: size.fps });
  };
}

function createFlake(layer: Layer, id: number, seed: number): Flake {
  const pick = ([low, high]: readonly [number, number], salt: number, power = 1) => low + (high - low) * hash(seed, id, salt) ** power;
  return {
    layer,
    id,
    radius: pick(layer.radius, 2, 1.6),
    fall: pick(layer.fall, 3),
    opacity: pick(layer.opacity, 4),
    phase: hash(seed, id, 5) * 2 * Math.PI,
    turn: 0.5 + hash(seed, id, 6) * 1.1,
    startX: hash(seed, id, 7),
    startY: hash(seed, id, 8),
  };
}

function drawFlake(frame: Frame, moment: Moment, flake: Flake, scene: { unit: number; wind: number; seed: number; fps: number }): void {
  const { layer } = flake;
  const { unit } = scene;
  const radius = Math.max(0.55, flake.radius * unit);
  const margin = 4 * radius + 12 * unit;
  const [spanX, spanY] = [frame.width + 2 * margin, frame.height + 2 * margin];
  const time = moment.timeSeconds;
  const depth = flake.fall / layer.fall[1];
  // Each passage from top to bottom has its own column.
  const fallen = flake.startY * spanY + time * flake.fall * unit + moment.shiftY * layer.parallax;
  const passage = Math.floor(fallen / spanY);
  const angle = flake.phase + time * flake.turn * 2;
  const sway = Math.sin(angle) + 0.35 * Math.sin(2.3 * angle + flake.phase);
  const column = passage === 0 ? flake.startX : hash(scene.seed, flake.id, 100 + passage);
  const drift = column * spanX + time * scene.wind * depth + moment.shiftX * layer.parallax + sway * layer.sway * unit;
  const x = (((drift % spanX) + spanX) % spanX) - margin;
  const y = fallen - passage * spanY - margin;
  const speedX = scene.wind * depth + Math.cos(angle) * 2 * flake.turn * layer.sway * unit;
  const open = SHUTTER / scene.fps;
  drawStreak(frame, {
    x,
    y,
    dx: speedX * open,
    dy: flake.fall * unit * open,
    radius,
    softness: layer.softness,
    opacity: flake.opacity * (flake.radius * unit < radius ? (flake.radius * unit) / radius : 1),
  });
}
