import type { Box, RawImage } from '../ports/pictures.ts';
import { createPictureKernel, type PictureKernel } from './kernel.ts';
import { luma } from './luma.ts';

/** Where a frame lies in a reference: the box of it that the frame shows, and how well that fits (correlation of luma, -1..1). */
export interface Alignment {
  box: Box;
  correlation: number;
}

/** Luma of a picture at full, half, quarter ... size, for sampling without aliasing. */
export interface LumaPyramid {
  levels: Level[];
}

interface Level {
  width: number;
  height: number;
  data: Float32Array;
}

/** Search from coarse to fine: side of the grid the frame is sampled on, scales and offsets (of the box's sides) that are tried. */
const STAGES = [
  { side: 14, scales: [0.8, 0.89, 1, 1.12, 1.25], offsets: [-0.33, -0.22, -0.11, 0, 0.11, 0.22, 0.33] },
  { side: 28, scales: [0.94, 0.97, 1, 1.03, 1.06], offsets: [-0.08, -0.04, 0, 0.04, 0.08] },
  { side: 56, scales: [0.985, 1, 1.015], offsets: [-0.016, 0, 0.016] },
];

/** Views whose place in the reference a search starts from; where that finds nothing as alike as this (correlation of luma), the best of each other size too. */
const STARTS = 2;
const FOUND_FROM = 0.6;

export function lumaPyramid(image: RawImage): LumaPyramid {
  const levels = [{ width: image.width, height: image.height, data: luma(image) }];
  for (let last = levels[0]; Math.min(last.width, last.height) >= 32; last = levels[levels.length - 1]) levels.push(halved(last));
  return { levels };
}

/** Where a frame lies in the reference, from boxes of it that are like the frame, the most alike first; searched in the frame's own shape. */
export function findFrame(frame: RawImage, reference: LumaPyramid, boxes: readonly Box[]): Alignment {
  const [{ width, height }] = reference.levels;
  const aspect = (frame.width / frame.height) * (height / width);
  const pyramid = lumaPyramid(frame);
  const from = (some: readonly Box[]) =>
    alignFrame(
      pyramid,
      reference,
      some.map((box) => ofAspect(box, aspect)),
    );
  const found = from(boxes.slice(0, STARTS));
  const others = otherSizes(boxes);
  if (found.correlation >= FOUND_FROM || others.length === 0) return found;
  const again = from(others);
  return again.correlation > found.correlation ? again : found;
}

/** The first box of each size that the first ones do not have. */
function otherSizes(boxes: readonly Box[]): Box[] {
  const sizes = new Set(boxes.slice(0, STARTS).map(({ width }) => width));
  return boxes.filter(({ width }) => !sizes.has(width) && sizes.add(width));
}

/** The largest box of an aspect (in fractions of the picture's sides) in the middle of a box: alignment keeps the shape that it starts from. */
function ofAspect({ x, y, width, height }: Box, aspect: number): Box {
  const [w, h] = [Math.min(width, height * aspect), Math.min(height, width / aspect)];
  return { x: x + (width - w) / 2, y: y + (height - h) / 2, width: w, height: h };
}

/** Moves and scales the given boxes (about where the frame lies) until its luma correlates best with the reference's. */
export function alignFrame(frame: LumaPyramid, reference: LumaPyramid, starts: readonly Box[]): Alignment {
  let best: Alignment = { box: starts[0], correlation: Number.NEGATIVE_INFINITY };
  for (const [stage, { side, scales, offsets }] of STAGES.entries()) {
    const template = templateOf(frame, side);
    const from = stage === 0 ? starts : [best.box];
    best = { ...best, correlation: Number.NEGATIVE_INFINITY };
    for (const start of from) {
      for (const scale of scales) {
        const found = bestPlace(template, reference, start, { scale, offsets });
        if (found.correlation > best.correlation) best = found;
      }
    }
  }
  return best;
}

/** The best of the places that a box of one size may have around where it begins, kept inside the picture. */
function bestPlace(template: Template, reference: LumaPyramid, start: Box, { scale, offsets }: { scale: number; offsets: readonly number[] }): Alignment {
  const shrink = Math.min(1, 1 / (start.width * scale), 1 / (start.height * scale));
  const [width, height] = [start.width * scale * shrink, start.height * scale * shrink];
  const { side } = template;
  const level = levelFor(reference, { width, height }, side);
  const { kernel, template: values, rows, columns, pixels } = withLevel(level);
  values.set(template.values);
  const xs = places(start.x, start.width, width, offsets);
  for (const [i, x] of xs.entries()) columns.set(pixelsOf(x, width, side, level.width), i * side);
  let best: Alignment = { box: start, correlation: Number.NEGATIVE_INFINITY };
  for (const y of places(start.y, start.height, height, offsets)) {
    rows.set(pixelsOf(y, height, side, level.height));
    for (const [i, x] of xs.entries()) {
      const correlation = kernel.correlate(values.byteOffset, pixels, level.width, rows.byteOffset, columns.byteOffset + 4 * i * side, side);
      if (correlation > best.correlation) best = { box: { x, y, width, height }, correlation };
    }
  }
  return best;
}

const MOST_SIDE = Math.max(...STAGES.map(({ side }) => side));
const MOST_OFFSETS = Math.max(...STAGES.map(({ offsets }) => offsets.length));

/** A kernel with room for a template, the rows and columns where it is compared, and behind them (from the byte `pixels` on) the level that it is compared with. */
interface Loaded {
  kernel: PictureKernel;
  template: Float32Array;
  rows: Int32Array;
  columns: Int32Array;
  pixels: number;
  level: Level;
}

let loaded: Loaded | undefined;

function withLevel(level: Level): Loaded {
  if (loaded?.level === level) return loaded;
  const template = MOST_SIDE ** 2;
  const pixels = 4 * (template + MOST_SIDE + MOST_OFFSETS * MOST_SIDE);
  if (!loaded || loaded.kernel.memory.buffer.byteLength < pixels + level.data.byteLength) {
    const kernel = createPictureKernel(pixels + level.data.byteLength);
    const { buffer } = kernel.memory;
    const integers = (at: number, length: number) => new Int32Array(buffer, 4 * at, length);
    loaded = {
      ...{ kernel, template: new Float32Array(buffer, 0, template), rows: integers(template, MOST_SIDE) },
      ...{ columns: integers(template + MOST_SIDE, MOST_OFFSETS * MOST_SIDE), pixels, level },
    };
  }
  loaded.level = level;
  new Float32Array(loaded.kernel.memory.buffer, pixels, level.data.length).set(level.data);
  return loaded;
}

/** Where a side of the new length begins when its middle is moved by fractions of the old one; each place once. */
function places(from: number, length: number, moved: number, offsets: readonly number[]): number[] {
  return [...new Set(offsets.map((offset) => Math.min(1 - moved, Math.max(0, from + length * (0.5 + offset) - moved / 2))))];
}

/** A square grid of luma values, less their mean, unit length. */
interface Template {
  side: number;
  values: Float32Array;
}

function templateOf(frame: LumaPyramid, side: number): Template {
  const { width, height, data } = levelFor(frame, { width: 1, height: 1 }, side);
  const [rows, columns] = [pixelsOf(0, 1, side, height), pixelsOf(0, 1, side, width)];
  const values = Float32Array.from({ length: side * side }, (_, i) => data[rows[Math.floor(i / side)] * width + columns[i % side]]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const length = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) || 1;
  return { side, values: values.map((value) => (value - mean) / length) };
}

/** The level whose pixels are about as large as the grid's steps. */
function levelFor({ levels }: LumaPyramid, { width, height }: { width: number; height: number }, side: number): Level {
  const step = Math.min(width * levels[0].width, height * levels[0].height) / side;
  return levels[Math.min(levels.length - 1, Math.max(0, Math.round(Math.log2(Math.max(1, step)))))];
}

/** The pixels, of `size` on an axis, in the middles of `side` parts of a length of it. */
function pixelsOf(from: number, length: number, side: number, size: number): Int32Array {
  const found = new Int32Array(side);
  for (let i = 0; i < side; i++) found[i] = Math.min(size - 1, Math.floor((from + (length * (i + 0.5)) / side) * size));
  return found;
}

function halved({ width, height, data }: Level): Level {
  const w = width >> 1;
  const h = height >> 1;
  const half = new Float32Array(w * h);
  for (let y = 0; y < h; y++) halveRows(data, 2 * y * width, width, half.subarray(y * w, (y + 1) * w));
  return { width: w, height: h, data: half };
}

/** The means of two by two pixels of the row from `start` on and the one below. */
function halveRows(data: Float32Array, start: number, width: number, half: Float32Array): void {
  for (let x = 0, i = start; x < half.length; x++, i += 2) half[x] = (data[i] + data[i + 1] + data[i + width] + data[i + width + 1]) / 4;
}
