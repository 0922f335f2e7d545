import { AppError } from '../../../errors.ts';
import type { RawImage } from '../../../ports/pictures.ts';

/** Same ceiling as for ingested pictures: larger headers are refused before any pixel is decoded. */
const MAX_PIXELS = 100_000_000;

/** Upright size of a picture file. INVALID_MEDIA where it cannot be read. */
export async function pictureSize(path: string): Promise<{ width: number; height: number }> {
  const { default: sharp } = await import('sharp');
  try {
    const info = await sharp(path, { limitInputPixels: MAX_PIXELS }).metadata();
    return { width: info.autoOrient.width, height: info.autoOrient.height };
  } catch (error) {
    throw unreadable(error);
  }
}

/** The first frame, upright, 8-bit sRGB, alpha on white, scaled to exactly `width` x `height` (Lanczos 3). */
export async function decodePicture(path: string, size: { width: number; height: number }): Promise<RawImage> {
  const { default: sharp } = await import('sharp');
  try {
    const { data, info } = await sharp(path, { limitInputPixels: MAX_PIXELS })
      .autoOrient()
      .flatten({ background: 'white' })
      .resize(size.width, size.height, { fit: 'fill', kernel: 'lanczos3' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels as 1 | 3, data };
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause: unknown): AppError {
  return new AppError('INVALID_MEDIA', 'The reference picture cannot be decoded.', { hint: 'Ingest the picture again, or choose another reference.', cause });
}
