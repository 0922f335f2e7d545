import type { RawImage } from '../ports/pictures.ts';
import { createPictureKernel, type PictureKernel } from './kernel.ts';

/** Pixels that go through the kernel at a time. */
const STRIP_PIXELS = 65_536;
/** What is read behind a strip's end. */
const SLACK_BYTES = 16;

/** Where things lie in the kernel's memory: bytes of a strip, its luma, the sums of its Laplacian. */
const BYTES_AT = 0;
const LUMA_AT = 4 * STRIP_PIXELS + SLACK_BYTES;
const SUMS_AT = LUMA_AT + 4 * STRIP_PIXELS + SLACK_BYTES;

let opened: { kernel: PictureKernel; bytes: Uint8Array; luma: Float32Array; sums: Float64Array } | undefined;

function open(): NonNullable<typeof opened> {
  if (opened) return opened;
  const kernel = createPictureKernel(SUMS_AT + 16);
  const { buffer } = kernel.memory;
  opened = {
    ...{
      kernel,
      bytes: new Uint8Array(buffer, BYTES_AT),
      luma: new Float32Array(buffer, LUMA_AT, STRIP_PIXELS + 4),
      sums: new Float64Array(buffer, SUMS_AT, 2),
    },
  };
  return opened;
}

const lumas = new WeakMap<RawImage, Float32Array>();

/** BT.601 luma, 0..255; made once for each picture, whose pixels do not change. */
export function luma(image: RawImage): Float32Array {
  const known = lumas.get(image);
  if (known) return known;
  const { kernel, bytes, luma: strip } = open();
  const { data, channels } = image;
  const y = new Float32Array(image.width * image.height);
  for (let from = 0; from < y.length; from += STRIP_PIXELS) {
    const to = Math.min(y.length, from + STRIP_PIXELS);
    bytes.set(data.subarray(from * channels, to * channels));
    kernel.luma(BYTES_AT, channels, Math.ceil((to - from) / 4) * 4, LUMA_AT);
    y.set(strip.subarray(0, to - from), from);
  }
  lumas.set(image, y);
  return y;
}

/** Fine detail: variance of the 4-neighbour Laplacian of luma (Pech-Pacheco et al. 2000). Compare only pictures of the same size. */
export function sharpness(image: RawImage): number {
  const { width, height } = image;
  const count = (width - 2) * (height - 2);
  if (count <= 0) return 0;
  const { kernel, luma: strip, sums } = open();
  const y = luma(image);
  // At least three: a wider picture than a strip holds of them does not fit, and says so.
  const rows = Math.max(3, Math.floor(STRIP_PIXELS / width));
  sums.fill(0);
  // Each strip begins with the last two rows of the one before: its inner rows have neighbours.
  for (let top = 0; top + 2 < height; top += rows - 2) {
    const bottom = Math.min(height, top + rows);
    strip.set(y.subarray(top * width, bottom * width));
    kernel.laplacian(LUMA_AT, width, bottom - top - 2, SUMS_AT);
  }
  return sums[1] / count - (sums[0] / count) ** 2;
}
