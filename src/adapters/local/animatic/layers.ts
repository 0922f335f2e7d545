import type { RawImage } from '../../../ports/pictures.ts';
import { distances } from '../inpainter/region.ts';
import { fillBackdrop } from './backdrop.ts';
import { boxMean, combine, type Grid } from './box-filter.ts';
import { type Crop, enlarged, halfGrid, halved, readPlane, toPlane } from './crop.ts';
import type { Cutout } from './cutout.ts';
import { smoothstep } from './ease.ts';
import { type Picture, type Plane, toPicture } from './planes.ts';
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
  const matte = refineMatte(enlarged(matteGrid(cutout), crop, image), readPlane(backdrop.y, crop), scale);
  const subject = cutSubject(backdrop, crop, matte, scale);
  fillBackdrop(backdrop, crop, enlarged(holeAround(cutout), crop, image), cutout);
  return { backdrop, subject };
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

function matteGrid({ width, height, matte }: Cutout): Grid {
  return { width, height, data: Float32Array.from(matte, (value) => value / 255) };
}

/** Distances from the matte, in small pixels, up to which the fill hides the picture and from which it does not show; between, it fades, so that no seam shows. */
const FILLED_WITHIN = 1;
const UNFILLED_FROM = 3.5;

/** Share of the fill: 1 behind the subject and its soft edge. */
function holeAround({ width, height, matte }: Cutout): Grid {
  const away = distances({ width, height, data: matte.map((value) => (value > 0 ? 0 : 1)) });
  const share = Float32Array.from(away, (distance) => Math.min(Math.max((UNFILLED_FROM - distance) / (UNFILLED_FROM - FILLED_WITHIN), 0), 1));
  return { width, height, data: share };
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
