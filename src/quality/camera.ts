import { SIGNAL_SIDE } from './block-search.ts';
import type { CameraShift } from './motion.ts';
import type { CameraPath } from './report.ts';
import { rounded } from './statistics.ts';

/** From this much over a shot a component counts as a move (shares of the width, logarithm of the zoom, radians), and under STILL of it as none. */
const UNITS = { across: 0.04, zoom: 0.05, roll: 0.05 };
const STILL = 0.6;
/** The largest component must be this much above the second for the move to have its name alone. */
const CLEAR = 1.5;

/** Adds up what the picture did from step to step; a camera that goes right makes the picture go left. */
export function cameraPath(steps: readonly CameraShift[]): CameraPath {
  const sum = { dx: 0, dy: 0, growth: 0, turn: 0 };
  for (const step of steps) for (const key of Object.keys(sum) as (keyof CameraShift)[]) sum[key] += step[key];
  const right = -sum.dx / SIGNAL_SIDE;
  const down = -sum.dy / SIGNAL_SIDE;
  const components: [amount: number, name: string][] = [
    [Math.abs(right) / UNITS.across, right > 0 ? 'pan right' : 'pan left'],
    [Math.abs(down) / UNITS.across, down > 0 ? 'tilt down' : 'tilt up'],
    [Math.abs(sum.growth) / UNITS.zoom, sum.growth > 0 ? 'zoom in' : 'zoom out'],
    [Math.abs(sum.turn) / UNITS.roll, sum.turn > 0 ? 'roll left' : 'roll right'],
  ];
  const [first, second] = components.sort((a, b) => b[0] - a[0]);
  const move = first[0] < STILL ? 'static' : first[0] >= 1 && first[0] >= CLEAR * second[0] ? first[1] : 'mixed';
  const degrees = (-sum.turn * 180) / Math.PI;
  return { right: rounded(right, 3), down: rounded(down, 3), zoom: rounded(Math.exp(sum.growth), 3), roll: rounded(degrees, 1), move };
}

/** Moves that look alike on the screen, by the words of camera people; moves not named here cannot be told from the picture alone. */
const ALIKE: Readonly<Record<string, string>> = {
  ...{ static: 'static', 'pan left': 'pan left', 'truck left': 'pan left', 'whip left': 'pan left' },
  ...{ 'pan right': 'pan right', 'truck right': 'pan right', 'whip right': 'pan right' },
  ...{ 'tilt up': 'tilt up', 'pedestal up': 'tilt up', 'tilt down': 'tilt down', 'pedestal down': 'tilt down' },
  ...{ 'zoom in': 'zoom in', 'dolly in': 'zoom in', 'zoom out': 'zoom out', 'dolly out': 'zoom out', 'roll left': 'roll left', 'roll right': 'roll right' },
};

/** Whether the picture moved as the camera move that was asked for would make it: `undefined` where that cannot be told. */
export function cameraAgrees(path: CameraPath, asked: string): boolean | undefined {
  const wanted = ALIKE[asked];
  if (wanted === undefined || path.move === 'mixed') return undefined;
  return path.move === wanted;
}
