import { AppError } from '../errors.ts';
import type { RawImage } from '../ports.ts';
import { cleanText } from './text.ts';

type Side = 'left' | 'right' | 'top' | 'bottom';

/** Pixels that are added at each side. */
export type Border = Record<Side, number>;

const HINT = 'Give an aspect ratio such as "16:9" (added on both sides, or on one: "16:9 left"), or pixels such as "left 200, top 80".';

/**
 * What `extend` adds to a picture: an aspect ratio `W:H` (nothing is cut off), in equal halves or on the one named side, or sides with pixels.
 * INVALID_INPUT for anything else, where nothing would be added, and where a side is not among those that the ratio lengthens.
 */
export function readBorder(text: string, { width, height }: { width: number; height: number }): Border {
  const ratio = /^\s*(\d{1,4}(?:\.\d+)?)\s*:\s*(\d{1,4}(?:\.\d+)?)\s*(left|right|top|bottom)?\s*$/.exec(text);
  const border = ratio ? toRatio(Number(ratio[1]) / Number(ratio[2]), ratio[3] as Side | undefined, { width, height }) : toSides(text);
  if (!border || border.left + border.right + border.top + border.bottom === 0) {
    throw new AppError('INVALID_INPUT', `extend "${cleanText(text, 80)}" adds nothing to a picture of ${width}x${height} pixels that can be understood.`, {
      hint: HINT,
    });
  }
  return border;
}

function toRatio(ratio: number, side: Side | undefined, { width, height }: { width: number; height: number }): Border | undefined {
  if (!Number.isFinite(ratio) || ratio <= 0) return undefined;
  const across = Math.max(0, Math.round(height * ratio) - width);
  const down = Math.max(0, Math.round(width / ratio) - height);
  const [first, second, added] = across > 0 ? (['left', 'right', across] as const) : (['top', 'bottom', down] as const);
  const border: Border = { left: 0, right: 0, top: 0, bottom: 0 };
  if (side !== undefined && side !== first && side !== second) return undefined;
  border[first] = side === first ? added : side === second ? 0 : added >> 1;
  border[second] = added - border[first];
  return border;
}

function toSides(text: string): Border | undefined {
  const border: Border = { left: 0, right: 0, top: 0, bottom: 0 };
  const parts = text.split(',').map((part) => /^\s*(left|right|top|bottom)\s+(\d{1,5})\s*$/.exec(part));
  for (const part of parts) {
    if (!part) return undefined;
    border[part[1] as Side] = Number(part[2]);
  }
  return border;
}

/** The picture on a larger canvas, and the mask of what was added. */
export function extendCanvas(image: RawImage, border: Border): { image: RawImage; mask: RawImage } {
  const width = image.width + border.left + border.right;
  const height = image.height + border.top + border.bottom;
  const data = new Uint8Array(width * height * image.channels);
  const mask = new Uint8Array(width * height).fill(255);
  for (let y = 0; y < image.height; y++) {
    const to = (y + border.top) * width + border.left;
    data.set(image.data.subarray(y * image.width * image.channels, (y + 1) * image.width * image.channels), to * image.channels);
    mask.fill(0, to, to + image.width);
  }
  return { image: { width, height, channels: image.channels, data }, mask: { width, height, channels: 1, data: mask } };
}
