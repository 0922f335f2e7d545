import { AppError } from '../../../errors.ts';
import type { FileBytes, RawImage } from '../../../ports.ts';
import { fitInside } from './geometry.ts';
import { fromRaw } from './sharp.ts';
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

const GROUND = [0x1b, 0x1a, 0x19] as const;
const CELL = [0x26, 0x24, 0x23] as const;
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

/** At the best quality that fits. */
async function withinLimit(sheet: RawImage, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array | undefined> {
  for (const quality of QUALITIES) {
    const jpeg = await (await fromRaw(sheet)).jpeg({ quality, chromaSubsampling: '4:2:0' }).toBuffer();
    if (jpeg.length <= maxBytes) return new Uint8Array(jpeg);
  }
  return undefined;
}

/** The median, because most pictures of a sheet share a shape. */
function cellAspect(cells: SheetCell[]): number {
  const sorted = cells.map(({ image }) => image.width / image.height).sort((a, b) => a - b);
  return Math.min(MAX_ASPECT, Math.max(MIN_ASPECT, sorted[sorted.length >> 1]));
}

async function compose(cells: SheetCell[], askedColumns: number, cellWidth: number): Promise<RawImage> {
  const columns = Math.max(1, Math.min(askedColumns, cells.length));
  const cellHeight = Math.round(cellWidth / cellAspect(cells));
  const gap = Math.max(2, Math.round(cellWidth * 0.03));
  const fontSize = Math.min(18, Math.max(9, cellWidth * 0.055));
  const labelHeight = cells.some((cell) => cell.label) ? Math.round(fontSize * 2) : 0;
  // All at once: whoever compares pictures meanwhile leaves this thread few turns.
  const drawn = await Promise.all(
    cells.map(({ image, label }) =>
      Promise.all([fitInside(image, cellWidth, cellHeight), label ? drawLine(label, { size: fontSize, colour: LABEL, strut: true }, cellWidth) : undefined]),
    ),
  );
  const rows = Math.ceil(cells.length / columns);
  const sheet = flat(gap + columns * (cellWidth + gap), gap + rows * (cellHeight + labelHeight + gap), GROUND);
  const ground = flat(cellWidth, cellHeight, CELL);
  for (const [index, [picture, label]] of drawn.entries()) {
    const cell = { left: gap + (index % columns) * (cellWidth + gap), top: gap + Math.floor(index / columns) * (cellHeight + labelHeight + gap) };
    draw(sheet, ground, cell);
    draw(sheet, picture, centred(picture, { ...cell, width: cellWidth, height: cellHeight }));
    if (label)
      draw(sheet, label, centred(label, { left: cell.left, top: cell.top + cellHeight, width: cellWidth, height: Math.max(labelHeight, label.height) }));
  }
  return sheet;
}

/** Where the top left corner of a picture lies in the middle of a rectangle that it fits in. */
function centred(image: RawImage, box: { left: number; top: number; width: number; height: number }): { left: number; top: number } {
  return { left: Math.round(box.left + (box.width - image.width) / 2), top: Math.round(box.top + (box.height - image.height) / 2) };
}

function flat(width: number, height: number, colour: readonly number[]): RawImage {
  const line = Uint8Array.from({ length: width * 3 }, (_, at) => colour[at % 3]);
  const data = new Uint8Array(line.length * height);
  for (let at = 0; at < data.length; at += line.length) data.set(line, at);
  return { width, height, channels: 3, data };
}

/**
 * Draws a picture over a sheet of three channels, by its alpha where it has one; what lies below the sheet's end is left out.
 * sharp's `composite` blends the whole sheet anew for each of three layers a cell, which takes most of a sheet's time.
 */
function draw(sheet: RawImage, { width, height, channels, data }: RawImage, { left, top }: { left: number; top: number }): void {
  for (let y = 0; y < Math.min(height, sheet.height - top); y++) {
    const to = ((top + y) * sheet.width + left) * 3;
    const line = data.subarray(y * width * channels, (y + 1) * width * channels);
    if (channels === 4) blendLine(sheet.data, to, line);
    else sheet.data.set(line, to);
  }
}

function blendLine(out: Uint8Array, to: number, line: Uint8Array): void {
  for (let from = 0; from < line.length; from += 4, to += 3) {
    const alpha = line[from + 3] / 255;
    for (let c = 0; c < 3; c++) out[to + c] = Math.round(out[to + c] + (line[from + c] - out[to + c]) * alpha);
  }
}
