import type { Images, RawImage } from '../../../ports.ts';

/** What of the port `Images` is needed here. */
export type Pictures = Pick<Images, 'decode' | 'encode' | 'resize'>;

/** A picture as it is sent: JPEG of this quality, far above what shows, at a tenth of the bytes of PNG. */
const JPEG_QUALITY = 95;

/** A JPEG whose longer side is at most `maxSide`, never enlarged and never stretched. */
export async function jpegWithin(pictures: Pictures, image: RawImage, maxSide: number): Promise<Uint8Array> {
  const scale = Math.min(1, maxSide / Math.max(image.width, image.height));
  const size = { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) };
  const small = scale < 1 ? await pictures.resize(image, { ...size, fit: 'cover' }) : image;
  const { bytes } = await pictures.encode(small, { format: 'jpeg', quality: JPEG_QUALITY });
  return bytes;
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
