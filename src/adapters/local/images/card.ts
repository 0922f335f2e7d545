import type { OverlayOptions } from 'sharp';
import type { RawImage } from '../../../ports.ts';
import { loadSharp, toRaw } from './sharp.ts';
import { drawFitted, drawLine } from './text.ts';

/** Sizes as fractions of the shorter side. */
const MARGIN = 0.1;
const FRAME = 0.045;
const TITLE_SIZE = 0.042;
const LARGEST_TEXT = 0.085;
const SMALLEST_TEXT = 0.032;

/** See `Images.card`. Text that does not fit even at the smallest size is shortened with an ellipsis. */
export async function drawCard(text: string, options: { width: number; height: number; title?: string }): Promise<RawImage> {
  const { width, height } = options;
  const side = Math.min(width, height);
  const margin = Math.round(side * MARGIN);
  const inner = width - 2 * margin;
  const layers: OverlayOptions[] = [];
  const title = options.title && (await drawLine(options.title, { size: side * TITLE_SIZE, colour: '#d9a066', bold: true }, inner));
  const top = margin + Math.round(side * TITLE_SIZE * 3);
  if (title && title.height < top) layers.push(layer(title, margin, margin));
  const room = height - top - margin;
  const sizes = { size: side * LARGEST_TEXT, minSize: Math.max(6, side * SMALLEST_TEXT) };
  const block = await drawFitted(text, { ...sizes, colour: '#f3ede4', width: inner }, room);
  if (block) layers.push(layer(block, margin, top + Math.round((room - block.height) * 0.42)));
  const sharp = await loadSharp();
  return toRaw(
    sharp(Buffer.from(ground(width, height, side)))
      .composite(layers)
      .flatten()
      .removeAlpha(),
  );
}

/** A dark warm grey, a little lighter towards the upper left, with a thin frame and a short rule under the title. */
function ground(width: number, height: number, side: number): string {
  const inset = side * FRAME;
  const stroke = Math.max(1, side * 0.003);
  const rule = side * (MARGIN + TITLE_SIZE * 1.75);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<defs><radialGradient id="g" cx="0.3" cy="0.2" r="1.1"><stop offset="0" stop-color="#45403b"/><stop offset="1" stop-color="#26231f"/></radialGradient></defs>
<rect width="${width}" height="${height}" fill="url(#g)"/>
<rect x="${inset}" y="${inset}" width="${width - 2 * inset}" height="${height - 2 * inset}" fill="none" stroke="#8a7f72" stroke-opacity="0.55" stroke-width="${stroke}"/>
<rect x="${side * MARGIN}" y="${rule}" width="${side * 0.12}" height="${stroke * 1.6}" fill="#d9a066" fill-opacity="0.8"/>
</svg>`;
}

function layer(image: RawImage, left: number, top: number): OverlayOptions {
  const { width, height, channels, data } = image;
  return { input: Buffer.from(data.buffer, data.byteOffset, data.byteLength), raw: { width, height, channels }, left, top };
}
