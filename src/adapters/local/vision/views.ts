import type { RawImage } from '../../../ports.ts';

/** Side of the model's square views in pixels. */
export const VIEW_SIDE = 224;

/** Share of the short side that the centre view shows: 224 of 256 (the weights' own evaluation crop). */
const CENTRE_SHARE = 0.875;

/** Cells of the model are 32 pixels wide. */
const CELL = 32;

/** Longest side of a scaled view: bounds time and memory on panoramas (measured: finding a word in a 4:1 picture takes 1.7 times as long as in a 4:3 one, and the child grows from 260 to 360 MB). */
const MAX_SIDE = 1536;

export interface View {
  width: number;
  height: number;
  /** RGB, 3 bytes a pixel. */
  data: Uint8Array;
}

/** The middle square, 87.5 % of the short side, at 224 x 224. */
export function centreView(image: RawImage): Promise<View> {
  const side = Math.max(1, Math.round(Math.min(image.width, image.height) * CENTRE_SHARE));
  const crop = { left: (image.width - side) >> 1, top: (image.height - side) >> 1, width: side, height: side };
  return scaled(image, VIEW_SIDE, VIEW_SIDE, crop);
}

/** The whole picture, squashed to 224 x 224. */
export function wholeView(image: RawImage): Promise<View> {
  return scaled(image, VIEW_SIDE, VIEW_SIDE);
}

/** The whole picture with its shape kept, short side about `shortSide`, both sides multiples of 32. */
export function cellView(image: RawImage, shortSide: number): Promise<View> {
  const factor = shortSide / Math.min(image.width, image.height);
  const side = (length: number) => Math.min(MAX_SIDE, Math.max(2 * CELL, Math.round((length * factor) / CELL) * CELL));
  return scaled(image, side(image.width), side(image.height));
}

interface Crop {
  left: number;
  top: number;
  width: number;
  height: number;
}

async function scaled(image: RawImage, width: number, height: number, crop?: Crop): Promise<View> {
  const { default: sharp } = await import('sharp');
  const input = sharp(image.data, { raw: { width: image.width, height: image.height, channels: image.channels }, limitInputPixels: false });
  if (image.channels === 4) input.flatten({ background: '#fff' });
  if (crop) input.extract(crop);
  const data = await input.resize(width, height, { fit: 'fill', kernel: 'cubic' }).toColourspace('srgb').raw().toBuffer();
  return { width, height, data };
}
