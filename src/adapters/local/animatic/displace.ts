import type { Frame } from './frames.ts';
import type { Veil } from './veil.ts';

/** Moves what is seen along x and y by the values of two veils (output pixels); `scratch` holds a copy of the frame. */
export function displace(frame: Frame, across: Veil, down: Veil, scratch: Uint8Array): void {
  scratch.set(frame.bytes);
  const { width, height } = frame;
  const luma = width * height;
  movePlane(frame.y, scratch.subarray(0, luma), width, height, 1, across, down);
  movePlane(frame.u, scratch.subarray(luma, (luma * 5) / 4), width / 2, height / 2, 2, across, down);
  movePlane(frame.v, scratch.subarray((luma * 5) / 4), width / 2, height / 2, 2, across, down);
}

/** `pitch`: luma pixels per pixel of the plane. */
function movePlane(to: Uint8ClampedArray, from: Uint8Array, width: number, height: number, pitch: number, across: Veil, down: Veil): void {
  const cell = across.cell / pitch;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cell);
    const share = y / cell - row;
    const value = ({ data, columns }: Veil, column: number) => {
      const upper = data[row * columns + column];
      return (upper + (data[(row + 1) * columns + column] - upper) * share) / pitch;
    };
    for (let column = 0; column * cell < width; column++) {
      const [left, right, top, bottom] = [value(across, column), value(across, column + 1), value(down, column), value(down, column + 1)];
      if (Math.abs(left) + Math.abs(right) + Math.abs(top) + Math.abs(bottom) < 0.02) continue;
      const end = Math.min(width, (column + 1) * cell);
      let [dx, dy] = [left, top];
      const [stepX, stepY] = [(right - left) / cell, (bottom - top) / cell];
      for (let x = column * cell; x < end; x++, dx += stepX, dy += stepY) {
        const u = Math.min(Math.max(x + dx, 0), width - 1.001);
        const v = Math.min(Math.max(y + dy, 0), height - 1.001);
        const [iu, iv] = [u | 0, v | 0];
        const at = iv * width + iu;
        const upper = from[at] + (from[at + 1] - from[at]) * (u - iu);
        const lower = from[at + width] + (from[at + width + 1] - from[at + width]) * (u - iu);
        to[y * width + x] = upper + (lower - upper) * (v - iv);
      }
    }
  }
}
