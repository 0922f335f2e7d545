import { SIGNAL_SIDE } from './block-search.ts';
import { type BlockKernel, createBlockKernel } from './kernel.ts';
import { SIGNATURE_CELL, SIGNATURE_GRID } from './loops.ts';

/** A pixel is black where it is darker than 10 % (FFmpeg blackdetect's default pix_th .10). */
const BLACK_PIXEL_BELOW = 0.1 * 255;

/** What every frame is asked, read in one go. */
export interface FrameFigures {
  /** Mean absolute difference to the frame before, levels of 255. */
  difference: number;
  /** Mean luma of SIGNATURE_GRID x SIGNATURE_GRID cells. */
  cells: Float32Array;
  /** Mean luma. */
  brightness: number;
  /** Share of pixels darker than BLACK_PIXEL_BELOW. */
  dark: number;
  /** Mean absolute deviation of luma. */
  deviation: number;
}

const CELLS = SIGNATURE_GRID * SIGNATURE_GRID;
const PIXELS = SIGNAL_SIDE * SIGNAL_SIDE;
/** Pixels that the kernel reads at a time. */
const CHUNK = 16;

/** Where things lie in the kernel's memory: numbers of dark pixels and sum of all, sums of cells, the frame, the one before with room for a byte ahead of it. */
const TOTALS_AT = 0;
const CELLS_AT = 16;
const FRAME_AT = CELLS_AT + 4 * CELLS;
const BEFORE_AT = FRAME_AT + PIXELS + CHUNK;

let opened: { kernel: BlockKernel; pixels: Uint8Array; totals: Uint32Array; sums: Uint32Array } | undefined;

function open(): NonNullable<typeof opened> {
  if (opened) return opened;
  const kernel = createBlockKernel(BEFORE_AT + PIXELS);
  const { buffer } = kernel.memory;
  opened = { kernel, pixels: new Uint8Array(buffer), totals: new Uint32Array(buffer, TOTALS_AT, 2), sums: new Uint32Array(buffer, CELLS_AT, CELLS) };
  return opened;
}

/** Of a luma frame of SIGNAL_SIDE squared and the one before it. */
export function readFrame(luma: Uint8Array, before: Uint8Array): FrameFigures {
  const { kernel, pixels, totals, sums } = open();
  sums.fill(0);
  pixels.set(luma, FRAME_AT);
  pixels.set(before, BEFORE_AT);
  const difference = kernel.figures(FRAME_AT, BEFORE_AT, Math.ceil(BLACK_PIXEL_BELOW), CELLS_AT, TOTALS_AT);
  const [dark, sum] = totals;
  const cells = new Float32Array(CELLS);
  for (let i = 0; i < CELLS; i++) cells[i] = sums[i] / SIGNATURE_CELL ** 2;
  const deviation = kernel.deviation(FRAME_AT, SIGNAL_SIDE, SIGNAL_SIDE / CHUNK, PIXELS, sum);
  return { difference: difference / PIXELS, cells, brightness: sum / PIXELS, dark: dark / PIXELS, deviation: deviation / PIXELS ** 2 };
}

/** Mean absolute difference of two luma frames of SIGNAL_SIDE squared, levels of 255. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  const { kernel, pixels } = open();
  pixels.set(a, FRAME_AT);
  pixels.set(b, BEFORE_AT);
  return kernel.difference(FRAME_AT, BEFORE_AT, PIXELS) / PIXELS;
}

/** Mean absolute difference of neighbours along the rows of a luma frame of SIGNAL_SIDE squared, levels of 255. */
export function meanSlope(luma: Uint8Array): number {
  const { kernel, pixels } = open();
  pixels.set(luma, FRAME_AT);
  // Beside the first pixel lies itself.
  pixels[BEFORE_AT - 1] = luma[0];
  pixels.set(luma, BEFORE_AT);
  return kernel.difference(FRAME_AT, BEFORE_AT - 1, PIXELS) / PIXELS;
}
