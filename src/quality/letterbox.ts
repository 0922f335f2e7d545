import type { RawImage } from '../ports/pictures.ts';
import { crop } from './windows.ts';

/** Brightest channel value of a black bar, of 255: 16 of limited range is 0 here, the rest is what encoders leave at the edge of a bar. */
const BAR_BELOW = 24;
/** Share of a line's pixels that must be that dark. */
const DARK_SHARE = 0.98;
/** Bars take at most this part of a side at each end, and at least MIN_BAR of it: less is a dark edge. */
const MOST_BAR = 0.3;
const MIN_BAR = 0.02;

/** The frames of a clip without black bars, where all of them have the same ones at both ends of a side; what is compared then is the picture. */
export function withoutBars(images: RawImage[]): RawImage[] {
  const shown = images.filter((image) => !isDark(image));
  if (shown.length === 0) return images;
  const rows = Math.min(...shown.map((image) => barsOf(image, image.height, rowIsDark)));
  const columns = Math.min(...shown.map((image) => barsOf(image, image.width, columnIsDark)));
  const { width, height } = shown[0];
  const y = rows >= MIN_BAR * height ? rows / height : 0;
  const x = columns >= MIN_BAR * width ? columns / width : 0;
  return x + y === 0 ? images : images.map((image) => crop(image, { x, y, width: 1 - 2 * x, height: 1 - 2 * y }));
}

/** Lines of a bar that is at both ends: the narrower of the two. */
function barsOf(image: RawImage, length: number, isDarkLine: (image: RawImage, line: number) => boolean): number {
  const most = Math.floor(MOST_BAR * length);
  const count = (line: (i: number) => number) => {
    let lines = 0;
    while (lines < most && isDarkLine(image, line(lines))) lines++;
    return lines;
  };
  return Math.min(
    count((i) => i),
    count((i) => length - 1 - i),
  );
}

function rowIsDark(image: RawImage, y: number): boolean {
  return darkShare(image, y * image.width, 1, image.width) >= DARK_SHARE;
}

function columnIsDark(image: RawImage, x: number): boolean {
  return darkShare(image, x, image.width, image.height) >= DARK_SHARE;
}

function isDark(image: RawImage): boolean {
  return darkShare(image, 0, 7, Math.floor((image.width * image.height) / 7)) >= DARK_SHARE;
}

/** Share of `count` pixels from the first on, `step` apart, that are dark in every channel. */
function darkShare({ data, channels }: RawImage, first: number, step: number, count: number): number {
  let dark = 0;
  for (let i = 0; i < count; i++) {
    const at = (first + i * step) * channels;
    if (data[at] < BAR_BELOW && data[at + channels - 1] < BAR_BELOW && data[at + (channels >> 1)] < BAR_BELOW) dark++;
  }
  return dark / count;
}
