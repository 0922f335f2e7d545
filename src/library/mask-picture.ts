import type { FileBytes, Ports, RawImage } from '../ports.ts';

/** Longer side of one picture of a strip, and the most bytes of a strip. */
const SIDE = 512;
const MOST_BYTES = 200_000;
/** The mask's colour, and how much of it lies over the picture. */
const TINT = [255, 0, 80];
const TINT_SHARE = 0.55;

/** The picture, small, with the mask tinted and its outline drawn. Both of one size. */
export async function drawMaskOver(ports: Pick<Ports, 'images'>, image: RawImage, mask: RawImage): Promise<RawImage> {
  const small = await shrink(ports, image);
  const { width, height } = small;
  const masked = (x: number, y: number) =>
    mask.data[Math.floor(((y + 0.5) * mask.height) / height) * mask.width + Math.floor(((x + 0.5) * mask.width) / width)] > 127;
  const data = Uint8Array.from(small.data);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!masked(x, y)) continue;
      const outline = [
        [x - 1, y],
        [x + 1, y],
        [x, y - 1],
        [x, y + 1],
      ].some(([i, j]) => i >= 0 && j >= 0 && i < width && j < height && !masked(i, j));
      for (let c = 0; c < 3; c++) {
        const at = (y * width + x) * 3 + c;
        data[at] = outline ? 255 : Math.round(data[at] * (1 - TINT_SHARE) + TINT[c] * TINT_SHARE);
      }
    }
  }
  return { ...small, data };
}

async function shrink(ports: Pick<Ports, 'images'>, image: RawImage): Promise<RawImage> {
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return ports.images.resize(image, { width: side(image.width), height: side(image.height), fit: 'cover' });
}

/** The pictures in a row, each labelled, as one JPEG. */
export async function drawStrip(ports: Pick<Ports, 'images'>, cells: { image: RawImage; label: string }[]): Promise<FileBytes> {
  const small = await Promise.all(cells.map(async ({ image, label }) => ({ image: await shrink(ports, image), label })));
  return ports.images.contactSheet(small, { columns: cells.length, cellWidth: cells.length > 3 ? 320 : 448, maxBytes: MOST_BYTES });
}
