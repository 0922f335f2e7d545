import type { Grid } from './box-filter.ts';
import { type Crop, halfGrid, halved } from './crop.ts';
import type { Cutout } from './cutout.ts';
import { smoothstep } from './ease.ts';
import { at, type Picture, type Plane, repeatEdges } from './planes.ts';

/** Weights of red, green and blue in Y, U and V: ITU-R BT.709-6 in limited range, as in planes.ts. */
const WEIGHTS = {
  y: [0.182586, 0.614231, 0.062007],
  u: [-0.100644, -0.338572, 0.439216],
  v: [0.439216, -0.398942, -0.040274],
} as const;

/**
 * Puts the fill of a small cut-out into the large picture where `hole` (0 to 1) is: each pixel is copied from where the small one was copied
 * from, with what levelling its seams changed, so the fill is as sharp as the picture itself. Copies of neighbouring small pixels are mixed.
 */
export function fillBackdrop(picture: Picture, crop: Crop, hole: Grid, cutout: Cutout): void {
  const parts = [
    { name: 'y', part: crop, share: hole },
    { name: 'u', part: halved(crop), share: halfGrid(hole) },
    { name: 'v', part: halved(crop), share: halfGrid(hole) },
  ] as const;
  for (const { name, part, share } of parts) {
    const plane = picture[name];
    paste(plane, part, share, copies(plane, part, share, cutout, levelled(cutout, WEIGHTS[name])));
    repeatEdges(plane);
  }
}

/** What levelling added to each copied small pixel, in levels of one plane. */
function levelled({ backdrop, origins }: Cutout, weights: readonly number[]): Float32Array {
  return Float32Array.from(origins, (origin, index) => {
    if (origin < 0) return 0;
    return weights.reduce((sum, weight, channel) => sum + weight * (backdrop[index * 3 + channel] - backdrop[origin * 3 + channel]), 0);
  });
}

function copies(plane: Plane, part: Crop, share: Grid, cutout: Cutout, added: Float32Array): Grid {
  const { width, height } = cutout;
  const [stepX, stepY] = [plane.width / width, plane.height / height];
  const data = new Float32Array(share.data.length);
  for (let y = 0; y < part.height; y++) {
    const v = Math.min(Math.max((part.top + y + 0.5) / stepY - 0.5, 0), height - 1.001);
    const row = Math.floor(v);
    for (let x = 0; x < part.width; x++) {
      const index = y * part.width + x;
      if (share.data[index] === 0) continue;
      const u = Math.min(Math.max((part.left + x + 0.5) / stepX - 0.5, 0), width - 1.001);
      const column = Math.floor(u);
      let sum = 0;
      for (let corner = 0; corner < 4; corner++) {
        const [right, below] = [corner & 1, corner >> 1];
        const small = (row + below) * width + column + right;
        const weight = (right ? u - column : 1 - u + column) * (below ? v - row : 1 - v + row);
        if (weight > 0) sum += weight * (copied(plane, cutout, small, part.left + x, part.top + y) + added[small]);
      }
      data[index] = sum;
    }
  }
  return { width: part.width, height: part.height, data };
}

/** The pixel that lies as far from (x, y) as the small pixel's origin lies from it. */
function copied(plane: Plane, { width, height, origins }: Cutout, small: number, x: number, y: number): number {
  const origin = origins[small] < 0 ? small : origins[small];
  const across = Math.round((((origin % width) - (small % width)) * plane.width) / width);
  const down = Math.round(((Math.floor(origin / width) - Math.floor(small / width)) * plane.height) / height);
  return plane.data[at(plane, Math.min(Math.max(x + across, 0), plane.width - 1), Math.min(Math.max(y + down, 0), plane.height - 1))];
}

function paste(plane: Plane, { left, top }: Crop, share: Grid, values: Grid): void {
  for (let y = 0; y < share.height; y++) {
    for (let x = 0, from = y * share.width, to = at(plane, left, top + y); x < share.width; x++, from++, to++) {
      if (share.data[from] > 0)
        plane.data[to] = Math.min(Math.max(Math.round(plane.data[to] + (values.data[from] - plane.data[to]) * smoothstep(share.data[from])), 0), 255);
    }
  }
}
