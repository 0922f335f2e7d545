import type { Box, RawImage } from '../ports/pictures.ts';

/** Scales of the windows, fractions of the largest one; neighbours on a grid overlap by a third. */
const SCALES = [1, 0.75, 0.5];
/** Bounds the model's time per reference: above it the smallest windows are left out (long panoramas, tall pictures). */
const MOST_WINDOWS = 24;
/** A window this much of an axis has one position on it. */
const WHOLE_AXIS = 0.97;

/**
 * Windows of a video's aspect ratio over a reference: the parts of it that a frame may show while the camera moves over it.
 * In fractions of the picture, largest first, left to right, top to bottom; at most 24.
 */
export function aspectWindows(width: number, height: number, aspect: number): Box[] {
  for (let count = SCALES.length; ; count--) {
    const windows = windowsAt(SCALES.slice(0, count), width, height, aspect);
    if (windows.length <= MOST_WINDOWS) return windows;
    if (count === 1) return windows.filter((_, i) => i % Math.ceil(windows.length / MOST_WINDOWS) === 0);
  }
}

function windowsAt(scales: number[], width: number, height: number, aspect: number): Box[] {
  const largestWidth = Math.min(width, height * aspect);
  return scales.flatMap((scale) => {
    const w = (largestWidth * scale) / width;
    const h = ((largestWidth / aspect) * scale) / height;
    return offsets(h).flatMap((y) => offsets(w).map((x) => ({ x, y, width: w, height: h })));
  });
}

function offsets(size: number): number[] {
  if (size > WHOLE_AXIS) return [(1 - size) / 2];
  const count = Math.ceil((1 - size) / (size * (2 / 3)) - 1e-6) + 1;
  return Array.from({ length: count }, (_, i) => ((1 - size) * i) / (count - 1));
}

/** Copies a window out of a picture, at least one pixel, clipped to the picture; a window of everything is the picture itself. */
export function crop(image: RawImage, box: Box): RawImage {
  const left = Math.min(image.width - 1, Math.max(0, Math.round(box.x * image.width)));
  const top = Math.min(image.height - 1, Math.max(0, Math.round(box.y * image.height)));
  const width = Math.min(image.width - left, Math.max(1, Math.round(box.width * image.width)));
  const height = Math.min(image.height - top, Math.max(1, Math.round(box.height * image.height)));
  if (width === image.width && height === image.height) return image;
  const stride = width * image.channels;
  const data = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * image.channels;
    data.set(image.data.subarray(from, from + stride), y * stride);
  }
  return { width, height, channels: image.channels, data };
}
