import type { RawImage } from '../../../ports/pictures.ts';
import { boxMean, combine, type Grid } from './box-filter.ts';
import type { Cutout } from './cutout.ts';
import { smoothstep } from './ease.ts';
import { at, createPlane, type Picture, type Plane, repeatEdges, toPicture } from './planes.ts';
import { refineMatte } from './soft-matte.ts';

/** The cut-out subject as planes of their own, cropped; colours are multiplied with the matte. */
export interface SubjectLayer {
  /** Place of the crop in the picture, even numbers. */
  left: number;
  top: number;
  colours: Picture;
  /** Matte for luma and, at half size, for chroma: 255 = subject. */
  matte: Plane;
  halfMatte: Plane;
}

/** A picture taken apart. */
export interface Layers {
  backdrop: Picture;
  subject: SubjectLayer;
}

/** Small pixels around the matte that the crop keeps. */
const MARGIN = 6;

/** Draws a small cut-out onto the outlines of the decoded picture: a soft subject without the colours of its background, and a background without it. */
export function splitLayers(image: RawImage, cutout: Cutout): Layers {
  const backdrop = toPicture(image);
  const crop = cropAround(cutout, image);
  const scale = image.width / cutout.width;
  const hole = enlarged(holeAround(cutout), crop, image);
  const matte = refineMatte(enlarged(matteGrid(cutout), crop, image), readPlane(backdrop.y, crop), scale);
  const subject = cutSubject(backdrop, crop, matte, scale);
  const fill = toPicture({ width: cutout.width, height: cutout.height, channels: 3, data: cutout.backdrop });
  const halfCrop = halved(crop);
  const halfHole = halfGrid(hole);
  paste(backdrop.y, crop, hole, enlarged(readPlane(fill.y), crop, backdrop.y));
  for (const name of ['u', 'v'] as const) paste(backdrop[name], halfCrop, halfHole, enlarged(readPlane(fill[name]), halfCrop, backdrop[name]));
  for (const plane of [backdrop.y, backdrop.u, backdrop.v]) repeatEdges(plane);
  return { backdrop, subject };
}

interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

function cropAround({ width, height, matte }: Cutout, image: { width: number; height: number }): Crop {
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let index = 0; index < matte.length; index++) {
    if (matte[index] === 0) continue;
    const [x, y] = [index % width, Math.floor(index / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  }
  const even = (value: number) => 2 * Math.floor(value / 2);
  const [across, down] = [image.width / width, image.height / height];
  const start = { left: even(Math.max(0, left - MARGIN) * across), top: even(Math.max(0, top - MARGIN) * down) };
  // An odd picture's last column or row has no chroma of its own, so a crop that reaches it ends there too.
  const end = (small: number, size: number, step: number, most: number) => (small + 1 + MARGIN >= size ? most : even((small + 1 + MARGIN) * step));
  return { ...start, width: end(right, width, across, image.width) - start.left, height: end(bottom, height, down, image.height) - start.top };
}

function halved({ left, top, width, height }: Crop): Crop {
  return { left: left / 2, top: top / 2, width: (width + 1) >> 1, height: (height + 1) >> 1 };
}

/** Part of a small grid, enlarged to the picture's size with even steps between its values. */
function enlarged(small: Grid, crop: Crop, size: { width: number; height: number }): Grid {
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

function matteGrid({ width, height, matte }: Cutout): Grid {
  return { width, height, data: Float32Array.from(matte, (value) => value / 255) };
}

/** 1 within two small pixels of the subject: the fill begins outside its soft edge. */
function holeAround(cutout: Cutout): Grid {
  const near = boxMean(matteGrid(cutout), 2);
  return combine([near], (index) => (near.data[index] > 0.001 ? 1 : 0));
}

function readPlane(plane: Plane, crop: Crop = { left: 0, top: 0, width: plane.width, height: plane.height }): Grid {
  const { left, top, width, height } = crop;
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = plane.data[at(plane, left + x, top + y)];
  return { width, height, data };
}

function halfGrid({ width, height, data }: Grid): Grid {
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

function paste(plane: Plane, { left, top }: Crop, share: Grid, values: Grid): void {
  for (let y = 0; y < share.height; y++) {
    for (let x = 0, from = y * share.width, to = at(plane, left, top + y); x < share.width; x++, from++, to++) {
      plane.data[to] = Math.round(plane.data[to] + (values.data[from] - plane.data[to]) * smoothstep(share.data[from]));
    }
  }
}

function cutSubject(picture: Picture, crop: Crop, matte: Grid, scale: number): SubjectLayer {
  const halfMatte = halfGrid(matte);
  const halfCrop = halved(crop);
  return {
    left: crop.left,
    top: crop.top,
    colours: {
      y: premultiplied(readPlane(picture.y, crop), matte, scale),
      u: premultiplied(readPlane(picture.u, halfCrop), halfMatte, scale / 2),
      v: premultiplied(readPlane(picture.v, halfCrop), halfMatte, scale / 2),
    },
    matte: toPlane(matte, (index) => matte.data[index] * 255),
    halfMatte: toPlane(halfMatte, (index) => halfMatte.data[index] * 255),
  };
}

/** Along the soft edge the picture shows subject and background mixed: there the colour is that of the subject beside it. */
function premultiplied(values: Grid, matte: Grid, scale: number): Plane {
  const radius = Math.max(1, Math.round(scale));
  const inner = combine([matte], (index) => (matte.data[index] > 0.97 ? 1 : 0));
  const weight = boxMean(inner, radius);
  const sum = boxMean(
    combine([values], (index) => values.data[index] * inner.data[index]),
    radius,
  );
  return toPlane(matte, (index) => {
    const share = matte.data[index];
    const pure = smoothstep((share - 0.6) / 0.4);
    const beside = weight.data[index] > 0.01 ? sum.data[index] / weight.data[index] : values.data[index];
    return share * (beside + (values.data[index] - beside) * pure);
  });
}

function toPlane({ width, height }: Grid, value: (index: number) => number): Plane {
  const plane = createPlane(width, height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) plane.data[at(plane, x, y)] = Math.round(value(y * width + x));
  repeatEdges(plane);
  return plane;
}
