import type { Frame } from './frames.ts';

/** Spreads each pixel evenly over `length` output pixels along x, as a picture that passes while the shutter is open. */
export function blurAlong(frame: Frame, length: number): void {
  if (length < 1.5) return;
  const { width, height } = frame;
  blurPlane(frame.y, width, height, length);
  blurPlane(frame.u, width / 2, height / 2, length / 2);
  blurPlane(frame.v, width / 2, height / 2, length / 2);
}

/** A running mean whose two outermost pixels count by the part of them that is covered. */
function blurPlane(plane: Uint8ClampedArray, width: number, height: number, length: number): void {
  const reach = Math.floor((length - 1) / 2);
  const edge = (length - 1) / 2 - reach;
  const row = new Float64Array(width + 2 * reach + 2);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    for (let x = 0; x < row.length; x++) row[x] = plane[start + Math.min(Math.max(x - reach - 1, 0), width - 1)];
    let sum = 0;
    for (let x = 1; x <= 2 * reach + 1; x++) sum += row[x];
    for (let x = 0; x < width; x++) {
      plane[start + x] = (sum + edge * (row[x] + row[x + 2 * reach + 2])) / (2 * reach + 1 + 2 * edge);
      if (x < width - 1) sum += row[x + 2 * reach + 2] - row[x + 1];
    }
  }
}
