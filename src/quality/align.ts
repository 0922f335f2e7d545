import type { Box, RawImage } from '../ports/pictures.ts';
import { luma } from './appearance.ts';

/** Where a frame lies in a reference: the box of it that the frame shows, and how well that fits (correlation of luma, -1..1). */
export interface Alignment {
  box: Box;
  correlation: number;
}

/** Luma of a picture at full, half, quarter ... size, for sampling without aliasing. */
export interface LumaPyramid {
  levels: { width: number; height: number; data: Float32Array }[];
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
    const template = sample(frame, { x: 0, y: 0, width: 1, height: 1 }, side);
    const from = stage === 0 ? starts : [best.box];
    best = { ...best, correlation: Number.NEGATIVE_INFINITY };
    for (const start of from)
      for (const scale of scales)
        for (const dy of offsets)
          for (const dx of offsets) {
            const box = moved(start, scale, dx, dy);
            const correlation = correlate(template, sample(reference, box, side));
            if (correlation > best.correlation) best = { box, correlation };
          }
  }
  return best;
}

/** Scaled about its middle and moved by fractions of its sides, kept inside the picture. */
function moved(box: Box, scale: number, dx: number, dy: number): Box {
  const shrink = Math.min(1, 1 / (box.width * scale), 1 / (box.height * scale));
  const width = box.width * scale * shrink;
  const height = box.height * scale * shrink;
  const x = box.x + box.width * (0.5 + dx) - width / 2;
  const y = box.y + box.height * (0.5 + dy) - height / 2;
  return { x: Math.min(1 - width, Math.max(0, x)), y: Math.min(1 - height, Math.max(0, y)), width, height };
}

/** `side` x `side` values of the box, less their mean, unit length. */
function sample({ levels }: LumaPyramid, box: Box, side: number): Float32Array {
  const step = Math.min(box.width * levels[0].width, box.height * levels[0].height) / side;
  const { width, height, data } = levels[Math.min(levels.length - 1, Math.max(0, Math.round(Math.log2(Math.max(1, step)))))];
  const values = new Float32Array(side * side);
  const columns = Int32Array.from({ length: side }, (_, i) => Math.min(width - 1, Math.floor((box.x + (box.width * (i + 0.5)) / side) * width)));
  let sum = 0;
  for (let j = 0; j < side; j++) {
    const row = Math.min(height - 1, Math.floor((box.y + (box.height * (j + 0.5)) / side) * height)) * width;
    for (let i = 0; i < side; i++) {
      const value = data[row + columns[i]];
      values[j * side + i] = value;
      sum += value;
    }
  }
  const mean = sum / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] -= mean;
    squares += values[i] * values[i];
  }
  const length = Math.sqrt(squares) || 1;
  for (let i = 0; i < values.length; i++) values[i] /= length;
  return values;
}

function correlate(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function halved({ width, height, data }: LumaPyramid['levels'][number]): LumaPyramid['levels'][number] {
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
