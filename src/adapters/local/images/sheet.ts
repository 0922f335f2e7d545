import type { OverlayOptions, Sharp } from 'sharp';
import { AppError } from '../../../errors.ts';
import type { FileBytes, RawImage } from '../../../ports.ts';
import { fitInside } from './geometry.ts';
import { fromRaw, loadSharp, toRaw } from './sharp.ts';
import { drawLine } from './text.ts';

export interface SheetCell {
  image: RawImage;
  label?: string;
}

export interface SheetOptions {
  columns: number;
  cellWidth: number;
  maxBytes?: number;
}

const GROUND = '#1b1a19';
const CELL = '#262423';
const LABEL = '#e8e2da';
/** Cells are never flatter than 3:1 nor taller than 1:2, so that one odd picture does not spoil the grid. */
const MIN_ASPECT = 0.5;
const MAX_ASPECT = 3;
const QUALITIES = [85, 75, 65, 55, 45, 35];
const SCALES = [1, 0.75, 0.5, 0.35, 0.25];

/** See `Images.contactSheet`. INVALID_INPUT without cells or where `maxBytes` cannot be met even at a quarter of the size. */
export async function drawSheet(cells: SheetCell[], options: SheetOptions): Promise<FileBytes> {
  if (cells.length === 0) throw new AppError('INVALID_INPUT', 'A contact sheet needs at least one picture.');
  for (const scale of SCALES) {
    const sheet = await compose(cells, options.columns, Math.max(16, Math.round(options.cellWidth * scale)));
    const bytes = await withinLimit(sheet, options.maxBytes);
    if (bytes) return { bytes, mediaType: 'image/jpeg' };
  }
  throw new AppError('INVALID_INPUT', `A contact sheet of ${cells.length} pictures does not fit in ${options.maxBytes} bytes.`, {
    hint: 'Ask for fewer pictures or more bytes.',
  });
}

/** At the best quality that fits: mostly the first, so pixels are drawn for themselves only where it does not. */
async function withinLimit(sheet: Sharp, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
  let drawn: RawImage | undefined;
  for (const quality of QUALITIES) {
    const pixels = drawn ? await fromRaw(drawn) : sheet.clone();
    const jpeg = await pixels.jpeg({ quality, chromaSubsampling: '4:2:0' }).toBuffer();
    if (jpeg.length <= maxBytes) return new Uint8Array(jpeg);
    drawn ??= await toRaw(sheet);
  }
  return undefined;
}

/** The median, because most pictures of a sheet share a shape. */
function cellAspect(cells: SheetCell[]): number {
  const sorted = cells.map(({ image }) => image.width / image.height).sort((a, b) => a - b);
  return Math.min(MAX_ASPECT, Math.max(MIN_ASPECT, sorted[sorted.length >> 1]));
}

async function compose(cells: SheetCell[], askedColumns: number, cellWidth: number): Promise<Sharp> {
  const columns = Math.max(1, Math.min(askedColumns, cells.length));
  const cellHeight = Math.round(cellWidth / cellAspect(cells));
  const gap = Math.max(2, Math.round(cellWidth * 0.03));
  const fontSize = Math.min(18, Math.max(9, cellWidth * 0.055));
  const labelHeight = cells.some((cell) => cell.label) ? Math.round(fontSize * 2) : 0;
  const layersOf = async (cell: SheetCell, index: number): Promise<OverlayOptions[]> => {
    const left = gap + (index % columns) * (cellWidth + gap);
    const top = gap + Math.floor(index / columns) * (cellHeight + labelHeight + gap);
    const ground = { input: { create: { width: cellWidth, height: cellHeight, channels: 3 as const, background: CELL } }, left, top };
    const [picture, label] = await Promise.all([
      fitInside(cell.image, cellWidth, cellHeight),
      cell.label ? drawLine(cell.label, { size: fontSize, colour: LABEL, strut: true }, cellWidth) : undefined,
    ]);
    const shown = centred(picture, { left, top, width: cellWidth, height: cellHeight });
    return [ground, shown, ...(label ? [centred(label, { left, top: top + cellHeight, width: cellWidth, height: Math.max(labelHeight, label.height) })] : [])];
  };
  // All at once: whoever compares pictures meanwhile leaves this thread few turns.
  const layers = (await Promise.all(cells.map(layersOf))).flat();
  const rows = Math.ceil(cells.length / columns);
  const width = gap + columns * (cellWidth + gap);
  const height = gap + rows * (cellHeight + labelHeight + gap);
  const sharp = await loadSharp();
  return sharp({ create: { width, height, channels: 3, background: GROUND }, limitInputPixels: false })
    .composite(layers)
    .removeAlpha();
}

/** A picture in the middle of a rectangle that it fits in. */
function centred(image: RawImage, box: { left: number; top: number; width: number; height: number }): OverlayOptions {
  return layer(image, Math.round(box.left + (box.width - image.width) / 2), Math.round(box.top + (box.height - image.height) / 2));
}

export function layer(image: RawImage, left: number, top: number): OverlayOptions {
  const { width, height, channels, data } = image;
  return { input: Buffer.from(data.buffer, data.byteOffset, data.byteLength), raw: { width, height, channels }, left, top };
}
