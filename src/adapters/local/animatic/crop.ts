import type { Grid } from './box-filter.ts';
import { at, createPlane, type Plane, repeatEdges } from './planes.ts';

/** Part of a plane in its pixels. */
export interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The same part of a chroma plane. */
export function halved({ left, top, width, height }: Crop): Crop {
  return { left: left / 2, top: top / 2, width: (width + 1) >> 1, height: (height + 1) >> 1 };
}

/** Part of a small grid, enlarged to the picture's size with even steps between its values. */
export function enlarged(small: Grid, crop: Crop, size: { width: number; height: number }): Grid {
  const data = new Float32Array(crop.width * crop.height);
  const position = (index: number, from: number, to: number) => Math.min(Math.max(((index + 0.5) * to) / from - 0.5, 0), to - 1);
  for (let y = 0; y < crop.height; y++) {
    const v = position(crop.top + y, size.height, small.height);
    const row = Math.min(Math.floor(v), Math.max(0, small.height - 2));
    const share = v - row;
    for (let x = 0; x < crop.width; x++) {
      const u = position(crop.left + x, size.width, small.width);
      const column = Math.min(Math.floor(u), Math.max(0, small.width - 2));
      const from = row * small.width + column;
      const below = row + 1 < small.height ? from + small.width : from;
      const right = column + 1 < small.width ? 1 : 0;
      const upper = small.data[from] + (small.data[from + right] - small.data[from]) * (u - column);
      const lower = small.data[below] + (small.data[below + right] - small.data[below]) * (u - column);
      data[y * crop.width + x] = upper + (lower - upper) * share;
    }
  }
  return { width: crop.width, height: crop.height, data };
}

/** The values of a part of a plane. */
export function readPlane(plane: Plane, { left, top, width, height }: Crop): Grid {
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = plane.data[at(plane, left + x, top + y)];
  return { width, height, data };
}

/** Means of four, as chroma lies. */
export function halfGrid({ width, height, data }: Grid): Grid {
  const [halfWidth, halfHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const out = new Float32Array(halfWidth * halfHeight);
  for (let y = 0; y < halfHeight; y++) {
    const [upper, lower] = [2 * y * width, Math.min(2 * y + 1, height - 1) * width];
    for (let x = 0; x < halfWidth; x++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      out[y * halfWidth + x] = (data[upper + left] + data[upper + right] + data[lower + left] + data[lower + right]) / 4;
    }
  }
  return { width: halfWidth, height: halfHeight, data: out };
}

/** A plane of rounded values. */
export function toPlane({ width, height }: Grid, value: (index: number) => number): Plane {
  const plane = createPlane(width, height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) plane.data[at(plane, x, y)] = Math.round(value(y * width + x));
  repeatEdges(plane);
  return plane;
}
