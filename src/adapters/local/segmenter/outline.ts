import type { RawImage, Sighting } from '../../../ports.ts';
import { dilate } from '../inpainter/region.ts';
import { cutByColour } from './grab-cut.ts';
import { components } from './parts.ts';
import { plantSeeds } from './seeds.ts';

export interface OutlineParams {
  image: RawImage;
  sighting: Sighting;
}

/** Longer side at which the cut is made: under a second of one core; 512 pixels take 2.5 times as long and gained .02 to .05 of overlap. */
const SIDE = 320;
/** Cracks narrower than twice this, as share of the longer side, are closed. */
const CLOSE = 0.01;
/** Parts smaller than this share of the largest are left out. */
const LEAST_PART = 0.1;

/** The thing's mask at the size of the picture (255 = the thing), or `undefined` where the cut leaves nothing. */
export async function outline({ image, sighting }: OutlineParams): Promise<Uint8Array | undefined> {
  const small = await scaledTo(image, Math.min(1, SIDE / Math.max(image.width, image.height)));
  const { labels, sighted } = plantSeeds(sighting, small);
  const thing = tidy(await cutByColour(small, labels), sighted, small);
  if (!thing.includes(1)) return undefined;
  return enlarged({ width: small.width, height: small.height, channels: 1, data: thing.map((value) => value * 255) }, image);
}

async function scaledTo(image: RawImage, scale: number): Promise<RawImage> {
  const { default: sharp } = await import('sharp');
  const { width, height } = image;
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const data = await sharp(image.data, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: 'fill' })
    .raw()
    .toBuffer();
  return { ...size, channels: 3, data: new Uint8Array(data) };
}

/** The parts that were sighted, without cracks and gaps: 1 = the thing. */
function tidy(cut: Uint8Array, sighted: Uint8Array, { width, height }: RawImage): Uint8Array {
  const radius = Math.round(CLOSE * Math.max(width, height));
  const grown = dilate({ width, height, data: cut }, radius);
  const eroded = dilate({ width, height, data: grown.map((value) => 1 - value) }, radius);
  const thing = cut.map((value, at) => (value === 1 || eroded[at] === 0 ? 1 : 0));
  const parts = components(thing, 1, width, height);
  const largest = parts.reduce((most, part) => Math.max(most, part.length), 0);
  for (const part of parts) {
    if (part.length >= LEAST_PART * largest && part.some((at) => sighted[at] > 0)) continue;
    for (const at of part) thing[at] = 0;
  }
  const atEdge = (at: number) => at % width === 0 || at % width === width - 1 || at < width || at >= width * (height - 1);
  for (const gap of components(thing, 0, width, height)) if (!gap.some(atEdge)) for (const at of gap) thing[at] = 1;
  return thing;
}

/** Cubic, cut at one half: smooth outlines. */
async function enlarged(mask: RawImage, { width, height }: RawImage): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp');
  const data = await sharp(mask.data, { raw: { width: mask.width, height: mask.height, channels: 1 } })
    .resize({ width, height, fit: 'fill' })
    .extractChannel(0)
    .raw()
    .toBuffer();
  return Uint8Array.from(data, (value) => (value > 127 ? 255 : 0));
}
