import type { RawImage } from '../../../ports/pictures.ts';

/** One channel with its edge pixels repeated `PAD` times on every side, so that filters need no bounds checks. */
export interface Plane {
  /** Size without the border. */
  width: number;
  height: number;
  /** Bytes from one row to the next. */
  stride: number;
  data: Uint8Array;
}

/** Width of the repeated border: more than half the longest filter (16 taps). */
export const PAD = 10;

/** A picture as planar YUV 4:2:0, BT.709, limited range (Y 16..235), chroma sited in the middle of its four pixels. */
export interface Picture {
  y: Plane;
  u: Plane;
  v: Plane;
}

/** A plane of zeros. */
export function createPlane(width: number, height: number): Plane {
  const stride = width + 2 * PAD;
  return { width, height, stride, data: new Uint8Array(stride * (height + 2 * PAD)) };
}

/** Index of a pixel; coordinates may lie up to `PAD` outside. */
export function at(plane: Plane, x: number, y: number): number {
  return (y + PAD) * plane.stride + x + PAD;
}

/** Fills the border with the edge pixels. */
export function repeatEdges(plane: Plane): void {
  const { data, stride, width, height } = plane;
  for (let y = 0; y < height; y++) {
    const first = at(plane, 0, y);
    data.fill(data[first], first - PAD, first);
    data.fill(data[first + width - 1], first + width, first + width + PAD);
  }
  const top = data.slice(PAD * stride, (PAD + 1) * stride);
  const bottom = data.slice((height + PAD - 1) * stride, (height + PAD) * stride);
  for (let row = 0; row < PAD; row++) {
    data.set(top, row * stride);
    data.set(bottom, (height + PAD + row) * stride);
  }
}

/** RGB to planes; matrix and ranges of ITU-R BT.709-6 (sections 3 and 4). Odd sizes are allowed: the last column or row is repeated for chroma. */
export function toPicture(image: RawImage): Picture {
  const { width, height, channels, data } = image;
  const y = createPlane(width, height);
  const u = createPlane((width + 1) >> 1, (height + 1) >> 1);
  const v = createPlane(u.width, u.height);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let row = 0; row < height; row++) {
    let from = row * width * channels;
    let to = at(y, 0, row);
    for (let x = 0; x < width; x++, from += channels) {
      y.data[to++] = 16.5 + 0.182586 * data[from] + 0.614231 * data[from + green] + 0.062007 * data[from + blue];
    }
  }
  for (let row = 0; row < u.height; row++) {
    const upper = 2 * row * width * channels;
    const lower = Math.min(2 * row + 1, height - 1) * width * channels;
    let to = at(u, 0, row);
    for (let x = 0; x < u.width; x++, to++) {
      const left = 2 * x * channels;
      const right = Math.min(2 * x + 1, width - 1) * channels;
      const [a, b, c, d] = [upper + left, upper + right, lower + left, lower + right];
      const red = data[a] + data[b] + data[c] + data[d];
      const greens = data[a + green] + data[b + green] + data[c + green] + data[d + green];
      const blues = data[a + blue] + data[b + blue] + data[c + blue] + data[d + blue];
      u.data[to] = 128.5 + (-0.100644 * red - 0.338572 * greens + 0.439216 * blues) / 4;
      v.data[to] = 128.5 + (0.439216 * red - 0.398942 * greens - 0.040274 * blues) / 4;
    }
  }
  for (const plane of [y, u, v]) repeatEdges(plane);
  return { y, u, v };
}
