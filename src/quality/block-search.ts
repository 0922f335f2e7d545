import { type BlockKernel, createBlockKernel } from './kernel.ts';

/** Side of the square luma frames that all pixel checks work on. */
export const SIGNAL_SIDE = 128;
export const BLOCK = 16;
const REACH = 7;

/** Price of each pixel of a displacement, so that ties stay put. */
const PRICE = 2.4;

/** Displacements within REACH, the shortest first; `rank` is their place row by row, the lesser of which wins where two cost the same. */
const SHIFTS = Array.from({ length: (2 * REACH + 1) ** 2 }, (_, rank) => {
  const [dx, dy] = [(rank % (2 * REACH + 1)) - REACH, Math.floor(rank / (2 * REACH + 1)) - REACH];
  return { dx, dy, rank, price: PRICE * (Math.abs(dx) + Math.abs(dy)), offset: dy * SIGNAL_SIDE + dx };
}).sort((a, b) => a.price - b.price || a.rank - b.rank);

/** Bytes of a shift, and where things lie in the kernel's memory; pictures have room around them. */
const SHIFT_BYTES = 24;
const SHIFTS_AT = 0;
const SUMS_AT = 5632;
const BEFORE_AT = 8192;
const AFTER_AT = 32_768;
const MEMORY_BYTES = 65_536;

let opened: { kernel: BlockKernel; pixels: Uint8Array; sums: Int32Array } | undefined;

function open(): NonNullable<typeof opened> {
  if (opened) return opened;
  const kernel = createBlockKernel(MEMORY_BYTES);
  const view = new DataView(kernel.memory.buffer, SHIFTS_AT);
  for (const [i, { dx, dy, offset, rank, price }] of SHIFTS.entries()) {
    for (const [k, value] of [dx, dy, offset, rank].entries()) view.setInt32(i * SHIFT_BYTES + 4 * k, value, true);
    view.setFloat64(i * SHIFT_BYTES + 16, price, true);
  }
  opened = { kernel, pixels: new Uint8Array(kernel.memory.buffer), sums: new Int32Array(kernel.memory.buffer, SUMS_AT, 5) };
  return opened;
}

/** Compares blocks of two luma frames; valid until the next call of `comparing`. */
export interface BlockComparison {
  /** Where the block at (x, y) of the first went in the second, within 7 pixels: least sum of absolute differences over every second pixel plus a price of its length. */
  movement(x: number, y: number): { dx: number; dy: number };
  /**
   * Sums over the block's pixels that have neighbours in the second frame, where (dx, dy) puts it, of products of the second frame's gradients there (x, y) and of
   * what the first has more (t), and their number.
   */
  gradients(x: number, y: number, dx: number, dy: number): { xx: number; xy: number; yy: number; xt: number; yt: number; pixels: number };
}

/** Frames of SIGNAL_SIDE squared. */
export function comparing(before: Uint8Array, after: Uint8Array): BlockComparison {
  const { kernel, pixels, sums } = open();
  pixels.set(before, BEFORE_AT);
  pixels.set(after, AFTER_AT);
  return {
    movement: (x, y) => SHIFTS[kernel.search(BEFORE_AT, AFTER_AT, x, y, SHIFTS_AT, SHIFTS.length)],
    gradients(x, y, dx, dy) {
      const [top, bottom] = insideOf(y + dy);
      const [left, right] = insideOf(x + dx);
      const from = (y + top) * SIGNAL_SIDE + x;
      kernel.gradients(BEFORE_AT + from, AFTER_AT + from + dy * SIGNAL_SIDE + dx, bottom - top, left, right, SUMS_AT);
      // The kernel's gradients are the differences of pixels two apart.
      return { xx: sums[0] / 4, xy: sums[1] / 4, yy: sums[2] / 4, xt: sums[3] / 2, yt: sums[4] / 2, pixels: (bottom - top) * (right - left) };
    },
  };
}

/** Which of a block's pixels, that begins at `start` on an axis, have neighbours on both sides. */
const insideOf = (start: number): [from: number, to: number] => [Math.max(0, 1 - start), Math.min(BLOCK, SIGNAL_SIDE - 1 - start)];

/** Mean absolute deviation of luma of the frame's blocks, row by row. */
export function blockDeviations(frame: Uint8Array): Float32Array {
  const { kernel, pixels } = open();
  pixels.set(frame, BEFORE_AT);
  const across = SIGNAL_SIDE / BLOCK;
  return Float32Array.from({ length: across ** 2 }, (_, i) => {
    const from = BEFORE_AT + Math.floor(i / across) * BLOCK * SIGNAL_SIDE + (i % across) * BLOCK;
    return kernel.deviation(from, BLOCK, 1, BLOCK ** 2, kernel.sum(from)) / BLOCK ** 4;
  });
}
