import type { Frame } from './frames.ts';
import type { Density, Overlay } from './overlay.ts';
import { hash } from './random.ts';

/** Grid of the fog in output pixels; it is soft, so it is computed coarse and drawn smooth. */
const CELL = 16;
const STRENGTH: Record<Density, number> = { light: 0.5, normal: 0.78, heavy: 0.92 };
/** Luma of fog in daylight; own choice, judged on stills. */
const FOG_LUMA = 200;
/** Share of the height, from the top, without fog; own choice. */
const CLEAR_ABOVE = 0.3;

/** Low fog: drifting banks, thick near the ground (lower part of the frame), gone above. */
export function createFog(size: { width: number; height: number }, density: Density, seed: number): Overlay {
  const columns = Math.ceil(size.width / CELL) + 2;
  const rows = Math.ceil(size.height / CELL) + 2;
  const grid = new Float32Array(columns * rows);
  return (frame, moment) => {
    fill(grid, columns, rows, STRENGTH[density], seed, moment.timeSeconds, moment.shiftX / size.height, moment.shiftY / size.height);
    const first = Math.floor((frame.height * CLEAR_ABOVE) / 2) * 2;
    for (let y = first; y < frame.height; y++) coverRow(frame, y, grid, columns);
  };
}

/** Blends the fog into one row (and, on even rows, its chroma); within a cell the fog's share changes evenly. */
function coverRow(frame: Frame, y: number, grid: Float32Array, columns: number): void {
  const { width } = frame;
  const row = Math.floor(y / CELL);
  const down = y / CELL - row;
  const share = (column: number) => {
    const upper = grid[row * columns + column];
    return upper + (grid[(row + 1) * columns + column] - upper) * down;
  };
  for (let column = 0; column * CELL < width; column++) {
    const [left, right] = [share(column), share(column + 1)];
    if (left + right < 0.004) continue;
    const step = (right - left) / CELL;
    const end = Math.min(width, (column + 1) * CELL);
    let alpha = left;
    for (let x = column * CELL, at = y * width + x; x < end; x++, at++, alpha += step) {
      // Half a level of fixed noise hides the steps of 8 bits in the soft gradient.
      frame.y[at] += (FOG_LUMA - frame.y[at]) * alpha + DITHER[(y & 15) * 16 + (x & 15)];
    }
    if (y & 1) continue;
    alpha = left;
    for (let x = column * CELL, at = (y >> 1) * (width >> 1) + (x >> 1); x < end; x += 2, at++, alpha += 2 * step) {
      frame.u[at] += (129 - frame.u[at]) * alpha;
      frame.v[at] += (127 - frame.v[at]) * alpha;
    }
  }
}

const DITHER = Float32Array.from({ length: 256 }, (_, index) => hash(7, index, 1) - 0.5);

function fill(grid: Float32Array, columns: number, rows: number, strength: number, seed: number, time: number, shiftX: number, shiftY: number): void {
  const height = rows - 2;
  for (let row = 0; row < rows; row++) {
    const y = row / height;
    const ground = Math.min(Math.max((y - CLEAR_ABOVE) / 0.5, 0), 1);
    if (ground === 0) continue;
    const low = ground * ground * (3 - 2 * ground);
    for (let column = 0; column < columns; column++) {
      const x = column / height;
      // Banks are wider than high; the layers drift against each other.
      const slow = smoothNoise(seed, (x - shiftX) * 1.6 + time * 0.05, (y - shiftY) * 4 + time * 0.012);
      const fine = smoothNoise(seed + 1, (x - shiftX) * 3.7 - time * 0.035, (y - shiftY) * 8.5);
      const finest = smoothNoise(seed + 2, (x - shiftX) * 8 + time * 0.06, (y - shiftY) * 15 + time * 0.03);
      const bank = slow * 0.58 + fine * 0.28 + finest * 0.14;
      const shaped = Math.min(Math.max((bank - 0.22) / 0.5, 0), 1);
      grid[row * columns + column] = strength * low * (0.2 + 0.8 * shaped);
    }
  }
}

/** Value noise with quintic interpolation (Perlin 2002), in [0, 1]. */
function smoothNoise(seed: number, x: number, y: number): number {
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const fade = (t: number) => t * t * t * (t * (6 * t - 15) + 10);
  const [fx, fy] = [fade(x - ix), fade(y - iy)];
  const upper = hash(seed, ix, iy) + (hash(seed, ix + 1, iy) - hash(seed, ix, iy)) * fx;
  const lower = hash(seed, ix, iy + 1) + (hash(seed, ix + 1, iy + 1) - hash(seed, ix, iy + 1)) * fx;
  return upper + (lower - upper) * fy;
}
