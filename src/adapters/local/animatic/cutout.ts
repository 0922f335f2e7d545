import { createHash } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Box, RawImage } from '../../../ports/pictures.ts';
import { complete } from '../inpainter/completion.ts';
import { dilate, distances } from '../inpainter/region.ts';
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
  /** For each pixel of the fill the number of the one that it was copied from; -1 outside. */
  origins: Int32Array;
}

/**
 * Longer side at which a subject is cut out: outlines are refined in the large picture, the fill is copied from it. At this size GrabCut takes
 * about .4 s and PatchMatch .4 to .9 s of one core; a pixel's number in a row fits into a byte of the cache.
 */
const SIDE = 224;
/** Part of the cache's key: raised where the cut-outs change. */
const VERSION = 1;
/** The hole is this much larger than the subject, in small pixels, so that none of its soft edge is copied into the background. */
const GROWTH = 3;

/**
 * The subject in `box` of a picture file and what lies behind it, or `undefined` where it is not clear enough. Kept in `folder` by what is seen
 * (so the same reference is cut out once, whatever its name); a file that cannot be written or read only costs the time.
 */
export async function findCutout(
  file: string,
  source: { width: number; height: number },
  box: Box,
  options: { folder: string; breathe: () => Promise<void> },
): Promise<Cutout | undefined> {
  const scale = Math.min(1, SIDE / Math.max(source.width, source.height));
  const image = asRgb(
    await decodePicture(file, { width: Math.max(1, Math.round(source.width * scale)), height: Math.max(1, Math.round(source.height * scale)) }),
  );
  const key = createHash('sha256')
    .update(image.data)
    .update(JSON.stringify([VERSION, image.width, image.height, box]))
    .digest('hex');
  const kept = path.join(options.folder, `animatic-cutout-${key.slice(0, 32)}.png`);
  const known = await readCutout(kept);
  if (known !== 'missing') return known;
  const cutout = await cut(image, box, options.breathe);
  await writeCutout(kept, cutout);
  return cutout;
}

async function cut(image: RawImage, box: Box, breathe: () => Promise<void>): Promise<Cutout | undefined> {
  const { width, height, data } = image;
  const matte = await findMatte(image, box);
  if (!matte) return undefined;
  await breathe();
  const hole = dilate({ width, height, data: matte }, GROWTH);
  const depth = distances({ width, height, data: hole }).reduce((most, value) => Math.max(most, value), 0);
  const completed = await complete({ width, height, pixels: data, hole, forbidden: hole }, depth, 1, breathe);
  return completed && { width, height, matte, backdrop: completed.pixels, origins: completed.origins };
}

function asRgb({ width, height, channels, data }: RawImage): RawImage {
  if (channels === 3) return { width, height, channels, data };
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < width * height; at++) rgb.fill(data[at], at * 3, at * 3 + 3);
  return { width, height, channels: 3, data: rgb };
}

/**
 * One PNG: the backdrop with the matte as its alpha, and under it where the fill was copied from (column in red, row in green; opaque); a single
 * pixel where the subject was not clear.
 */
async function writeCutout(file: string, cutout: Cutout | undefined): Promise<void> {
  const { default: sharp } = await import('sharp');
  const { width, height } = cutout ? { width: cutout.width, height: 2 * cutout.height } : { width: 1, height: 1 };
  const rgba = new Uint8Array(width * height * 4);
  const count = cutout?.matte.length ?? 0;
  for (let at = 0; cutout && at < count; at++) {
    const origin = cutout.origins[at] < 0 ? at : cutout.origins[at];
    rgba.set([...cutout.backdrop.subarray(at * 3, at * 3 + 3), cutout.matte[at]], at * 4);
    rgba.set([origin % width, Math.floor(origin / width), 0, 255], (count + at) * 4);
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
    if (info.width * info.height === 1) return undefined;
    const { width } = info;
    const height = info.height / 2;
    const count = width * height;
    const cutout = { width, height, matte: new Uint8Array(count), backdrop: new Uint8Array(count * 3), origins: new Int32Array(count) };
    for (let at = 0; at < count; at++) {
      const [red, green, blue, alpha] = data.subarray(at * 4, at * 4 + 4);
      cutout.backdrop.set([red, green, blue], at * 3);
      cutout.matte[at] = alpha;
      const origin = data[(count + at) * 4 + 1] * width + data[(count + at) * 4];
      cutout.origins[at] = origin === at ? -1 : origin;
    }
    return cutout;
  } catch {
    return 'missing';
  }
}
