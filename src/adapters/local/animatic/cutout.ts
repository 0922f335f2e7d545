import { createHash } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Box, RawImage } from '../../../ports/pictures.ts';
import { fillThin } from '../inpainter/telea.ts';
import { decodePicture } from './decode.ts';
import { findMatte } from './matte.ts';

/** A subject cut out of a picture, at a small size. */
export interface Cutout {
  width: number;
  height: number;
  /** One byte a pixel: 255 = subject. */
  matte: Uint8Array;
  /** RGB: the picture with its subject filled in from around. */
  backdrop: Uint8Array;
}

/** Longer side at which a subject is cut out: outlines are refined in the large picture. GrabCut takes .2 to .5 s at this size. */
const SIDE = 256;
/** Part of the cache's key: raised where the cut-outs change. */
const VERSION = 1;
/** The hole is this much larger than the subject, in small pixels, so that none of its soft edge is copied into the background. */
const GROWTH = 3;

/**
 * The subject in `box` of a picture file and what lies behind it, or `undefined` where it is not clear enough. Kept in `folder` by what is seen
 * (so the same reference is cut out once, whatever its name); a file that cannot be written or read only costs the time.
 */
export async function findCutout(file: string, source: { width: number; height: number }, box: Box, folder: string): Promise<Cutout | undefined> {
  const scale = Math.min(1, SIDE / Math.max(source.width, source.height));
  const image = asRgb(
    await decodePicture(file, { width: Math.max(1, Math.round(source.width * scale)), height: Math.max(1, Math.round(source.height * scale)) }),
  );
  const key = createHash('sha256')
    .update(image.data)
    .update(JSON.stringify([VERSION, image.width, image.height, box]))
    .digest('hex');
  const kept = path.join(folder, `animatic-cutout-${key.slice(0, 32)}.png`);
  const known = await readCutout(kept);
  if (known !== 'missing') return known;
  const cutout = await cut(image, box);
  await writeCutout(kept, cutout);
  return cutout;
}

async function cut(image: RawImage, box: Box): Promise<Cutout | undefined> {
  const { width, height } = image;
  const matte = await findMatte(image, box);
  if (!matte) return undefined;
  return { width, height, matte, backdrop: await fillThin(image.data, grown(matte, width, height), { width, height }) };
}

function asRgb({ width, height, channels, data }: RawImage): RawImage {
  if (channels === 3) return { width, height, channels, data };
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) rgb.fill(data[at], at * 3, at * 3 + 3);
  return { width, height, channels: 3, data: rgb };
}

function grown(matte: Uint8Array, width: number, height: number): Uint8Array {
  const across = new Uint8Array(matte.length);
  const out = new Uint8Array(matte.length);
  for (let at = 0; at < matte.length; at++) {
    if (matte[at] === 0) continue;
    const x = at % width;
    across.fill(255, at - Math.min(x, GROWTH), at + Math.min(width - 1 - x, GROWTH) + 1);
  }
  for (let at = 0; at < across.length; at++) {
    if (across[at] === 0) continue;
    const y = Math.floor(at / width);
    for (let row = Math.max(0, y - GROWTH); row <= Math.min(height - 1, y + GROWTH); row++) out[at + (row - y) * width] = 255;
  }
  return out;
}

/** One PNG: the backdrop with the matte as its alpha; a single pixel where the subject was not clear. */
async function writeCutout(file: string, cutout: Cutout | undefined): Promise<void> {
  const { default: sharp } = await import('sharp');
  const { width, height } = cutout ?? { width: 1, height: 1 };
  const rgba = new Uint8Array(width * height * 4);
  for (let at = 0; cutout && at < width * height; at++) {
    rgba.set(cutout.backdrop.subarray(at * 3, at * 3 + 3), at * 4);
    rgba[at * 4 + 3] = cutout.matte[at];
  }
  const png = sharp(rgba, { raw: { width, height, channels: 4 } }).png({ compressionLevel: 3 });
  await png.toFile(file).catch((error: unknown) => console.error('[animatic]', error));
}

async function readCutout(file: string): Promise<Cutout | undefined | 'missing'> {
  const { default: sharp } = await import('sharp');
  try {
    const { data, info } = await sharp(file).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    // A file that is used stays: those that nobody used for a day are swept away.
    await utimes(file, new Date(), new Date());
    const { width, height } = info;
    if (width * height === 1) return undefined;
    const matte = new Uint8Array(width * height);
    const backdrop = new Uint8Array(width * height * 3);
    for (let at = 0; at < matte.length; at++) {
      matte[at] = data[at * 4 + 3];
      backdrop.set(data.subarray(at * 4, at * 4 + 3), at * 3);
    }
    return { width, height, matte, backdrop };
  } catch {
    return 'missing';
  }
}
