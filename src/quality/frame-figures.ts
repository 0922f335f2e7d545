import { SIGNAL_SIDE } from './block-search.ts';
import { createKernel, type Kernel } from './kernel.ts';
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

const LEVELS = 256;
const CELLS = SIGNATURE_GRID * SIGNATURE_GRID;
const PIXELS = SIGNAL_SIDE * SIGNAL_SIDE;

/** Where things lie in the kernel's memory. */
const COUNTS_AT = 0;
const CELLS_AT = COUNTS_AT + 4 * LEVELS;
const FRAME_AT = CELLS_AT + 4 * CELLS;
const BEFORE_AT = FRAME_AT + PIXELS;

let opened: { kernel: Kernel; pixels: Uint8Array; counts: Uint32Array; sums: Uint32Array } | undefined;

function open(): NonNullable<typeof opened> {
  if (opened) return opened;
  const kernel = createKernel(BEFORE_AT + PIXELS);
  const { buffer } = kernel.memory;
  opened = { kernel, pixels: new Uint8Array(buffer), counts: new Uint32Array(buffer, COUNTS_AT, LEVELS), sums: new Uint32Array(buffer, CELLS_AT, CELLS) };
  return opened;
}

/** Of a luma frame of SIGNAL_SIDE squared and the one before it. */
export function readFrame(luma: Uint8Array, before: Uint8Array): FrameFigures {
  const { kernel, pixels, counts, sums } = open();
  pixels.fill(0, COUNTS_AT, FRAME_AT);
  pixels.set(luma, FRAME_AT);
  pixels.set(before, BEFORE_AT);
  const difference = kernel.figures(FRAME_AT, BEFORE_AT, COUNTS_AT, CELLS_AT);
  const cells = new Float32Array(CELLS);
  for (let i = 0; i < CELLS; i++) cells[i] = sums[i] / SIGNATURE_CELL ** 2;
  return { difference: difference / PIXELS, cells, ...spreadOf(counts) };
}

function spreadOf(counts: Uint32Array): Pick<FrameFigures, 'brightness' | 'dark' | 'deviation'> {
  let [sum, dark] = [0, 0];
  for (let value = 0; value < LEVELS; value++) {
    sum += counts[value] * value;
    if (value < BLACK_PIXEL_BELOW) dark += counts[value];
  }
  const brightness = sum / PIXELS;
  let deviation = 0;
  for (let value = 0; value < LEVELS; value++) deviation += counts[value] * Math.abs(value - brightness);
  return { brightness, dark: dark / PIXELS, deviation: deviation / PIXELS };
}
