import type { Box, RawImage } from '../../../ports.ts';
import { fromRaw, toRaw } from './sharp.ts';

export interface ResizeOptions {
  width: number;
  height: number;
  fit: 'cover' | 'contain';
  focus?: Box;
}

export interface Pixels {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The largest part of a picture with the target's aspect ratio, in whole pixels, its centre as near to that of `focus` as the borders allow. */
function coverCrop(image: { width: number; height: number }, target: { width: number; height: number }, focus?: Box): Pixels {
  const aspect = target.width / target.height;
  const width = Math.max(1, Math.min(image.width, Math.round(image.height * aspect)));
  const height = Math.max(1, Math.min(image.height, Math.round(image.width / aspect)));
  const place = (centre: number, size: number, whole: number) => Math.round(Math.min(Math.max(centre * whole - size / 2, 0), whole - size));
  return {
    left: place(focus ? focus.x + focus.width / 2 : 0.5, width, image.width),
    top: place(focus ? focus.y + focus.height / 2 : 0.5, height, image.height),
    width,
    height,
  };
}

/** See `Images.resize`; Lanczos-3, the default of libvips. */
export async function resizeRaw(image: RawImage, options: ResizeOptions): Promise<RawImage> {
  const { width, height } = options;
  const pipeline = await fromRaw(image);
  if (options.fit === 'cover') pipeline.extract(coverCrop(image, options, options.focus)).resize({ width, height, fit: 'fill' });
  else pipeline.resize({ width, height, fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 1 } });
  return toRaw(pipeline, image.channels === 1);
}

/** Scales to fit inside a cell, whole and never stretched; small pictures are enlarged. */
export async function fitInside(image: RawImage, width: number, height: number): Promise<RawImage> {
  const pipeline = await fromRaw(image);
  if (image.channels === 4) pipeline.flatten({ background: '#ffffff' });
  return toRaw(pipeline.resize({ width, height, fit: 'inside' }).removeAlpha());
}
