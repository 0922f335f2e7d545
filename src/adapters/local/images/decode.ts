import type { ImageInfo, RawImage } from '../../../ports.ts';
import { broken, loadSharp, opened, PICTURE_SECONDS, toRaw } from './sharp.ts';

export interface DecodeOptions {
  maxSide?: number;
  alpha?: boolean;
}

/** Reads the header in this process; see `Images.probe`. */
export async function probeHere(bytes: Uint8Array, maxPixels: number): Promise<ImageInfo> {
  return (await opened(bytes, maxPixels)).info;
}

/**
 * Decodes in this process, on libuv's threads; see `Images.decode`. libvips applies EXIF orientation, embedded ICC profiles and
 * its own CMYK profile, and with `maxSide` decodes JPEG, WebP and SVG at a reduced size (sharp docs, `resize`).
 */
export async function decodeHere(bytes: Uint8Array, maxPixels: number, options: DecodeOptions): Promise<RawImage> {
  const { kind, input } = await opened(bytes, maxPixels);
  const sharp = await loadSharp();
  let pipeline = sharp(bytes, input).timeout({ seconds: PICTURE_SECONDS });
  const side = options.maxSide;
  if (side !== undefined) pipeline = pipeline.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
  pipeline = options.alpha ? pipeline.ensureAlpha() : pipeline.flatten({ background: '#ffffff' }).removeAlpha();
  try {
    return await toRaw(pipeline);
  } catch (cause) {
    throw broken(bytes, kind, cause);
  }
}
