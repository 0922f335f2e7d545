import type { Box } from '../../../ports.ts';

/** A map over the whole picture, row by row, values 0..1. */
export interface Heat {
  width: number;
  height: number;
  data: Float32Array;
}

/** Bilinear scaling between cell centres; edges are held. */
export function scaleHeat(heat: Heat, width: number, height: number): Heat {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const sy = clamp(((y + 0.5) * heat.height) / height - 0.5, 0, heat.height - 1);
    const top = Math.floor(sy);
    const bottom = Math.min(heat.height - 1, top + 1);
    for (let x = 0; x < width; x++) {
      const sx = clamp(((x + 0.5) * heat.width) / width - 0.5, 0, heat.width - 1);
      const left = Math.floor(sx);
      const right = Math.min(heat.width - 1, left + 1);
      const upper = mix(heat.data[top * heat.width + left], heat.data[top * heat.width + right], sx - left);
      const lower = mix(heat.data[bottom * heat.width + left], heat.data[bottom * heat.width + right], sx - left);
      data[y * width + x] = mix(upper, lower, sy - top);
    }
  }
  return { width, height, data };
}

/** Mean of maps of the same size. */
export function meanHeat(maps: Heat[]): Heat {
  const [{ width, height }] = maps;
  const data = Float32Array.from({ length: width * height }, (_, i) => maps.reduce((sum, map) => sum + map.data[i], 0) / maps.length);
  return { width, height, data };
}

/** Index of the highest value. */
export function peakIndex(heat: Heat): number {
  const { data } = heat;
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i] > data[best]) best = i;
  return best;
}

/** Islands smaller than this part of the largest are not part of the thing. */
const SMALLEST_ISLAND = 0.15;

/** Bounding box of the cells at or above `least`: the largest connected part and those not much smaller. `undefined` where there is none. */
export function strongBox(heat: Heat, least: number): Box | undefined {
  const islands = connected(heat, least);
  const largest = Math.max(0, ...islands.map((island) => island.length));
  const cells = islands.filter((island) => island.length >= SMALLEST_ISLAND * largest).flat();
  if (cells.length === 0) return undefined;
  const columns = cells.map((cell) => cell % heat.width);
  const rows = cells.map((cell) => Math.floor(cell / heat.width));
  const x = Math.min(...columns) / heat.width;
  const y = Math.min(...rows) / heat.height;
  return { x, y, width: (Math.max(...columns) + 1) / heat.width - x, height: (Math.max(...rows) + 1) / heat.height - y };
}

/** The box grown by `margin` (fraction of the picture) on each side, inside the picture. */
export function padBox(box: Box, margin: number): Box {
  const x = Math.max(0, box.x - margin);
  const y = Math.max(0, box.y - margin);
  return { x, y, width: Math.min(1, box.x + box.width + margin) - x, height: Math.min(1, box.y + box.height + margin) - y };
}

/** Groups of neighbouring cells (sharing a side) at or above `least`. */
function connected(heat: Heat, least: number): number[][] {
  const seen = new Uint8Array(heat.data.length);
  const islands: number[][] = [];
  for (let start = 0; start < heat.data.length; start++) {
    if (seen[start] || heat.data[start] < least) continue;
    const island = [start];
    seen[start] = 1;
    for (let i = 0; i < island.length; i++) {
      for (const next of neighbours(island[i], heat)) {
        if (seen[next] || heat.data[next] < least) continue;
        seen[next] = 1;
        island.push(next);
      }
    }
    islands.push(island);
  }
  return islands;
}

function neighbours(cell: number, { width, height }: Heat): number[] {
  const x = cell % width;
  const result: number[] = [];
  if (x > 0) result.push(cell - 1);
  if (x < width - 1) result.push(cell + 1);
  if (cell >= width) result.push(cell - width);
  if (cell < width * (height - 1)) result.push(cell + width);
  return result;
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

const mix = (a: number, b: number, part: number): number => a + (b - a) * part;
