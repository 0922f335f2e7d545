import path from 'node:path';
import sharp from 'sharp';
import type { Eyes } from '../fixtures/bedrock/models.ts';

/** The pictures of aws-samples/sample-video-rag, which are not part of this repository, and its templates beside them. */
const SAMPLE = path.join(process.env.VRAG_TEST_DATA ?? '.', 'aws-sample-video-rag');
export const IMAGES = path.join(SAMPLE, 'images');
export const PROMPTS = path.join(SAMPLE, 'prompts.txt');
export const pictureFile = (name: string): string => path.join(IMAGES, `${name}.jpg`);

/** What a person sees in them. */
export const SHOWN: Record<string, string> = {
  aurora: 'Green northern lights over dark mountains at night.',
  bag: 'A tan leather handbag with white flowers beside a straw hat.',
  building: 'A glass office building seen from below against a blue sky.',
  'clothes table': 'Folded white shirts and brown leather shoes on a wooden table.',
  clouds: 'Sunbeams break through dark clouds over the sea.',
  dog: 'A golden retriever dog smiles in front of black chairs.',
  flower: 'Purple tulips in a garden.',
  gloves: 'A pair of red leather gloves on a white ground.',
  road: 'A straight empty road under a cloudy sky.',
  shoes: 'Feet in different shoes stand in a circle on cobblestones.',
  shoes2: 'A pair of red canvas shoes with white laces.',
  tree: 'A bare tree on a meadow at sunset.',
  tree_top: 'A dense forest of firs from above.',
  waves: 'Ocean waves under a pale sky.',
};
export const NAMES = Object.keys(SHOWN);

type Picture = string | Buffer;

/** Grey values at a small size. `fill` stretches the picture to it. */
const small = (picture: Picture, width: number, height: number, fit: 'fill' | 'cover' = 'fill'): Promise<Buffer> =>
  sharp(picture).flatten({ background: '#fff' }).resize(width, height, { fit }).greyscale().raw().toBuffer();

const difference = (a: Uint8Array, b: Uint8Array): number => a.reduce((sum, value, at) => sum + Math.abs(value - b[at]), 0) / a.length;

let signs: Promise<Buffer[]> | undefined;

/** Which of the sample's pictures this one is, by its pixels. */
export async function whichPicture(bytes: Buffer): Promise<string> {
  signs ??= Promise.all(NAMES.map((name) => small(pictureFile(name), 16, 16)));
  const own = await small(bytes, 16, 16);
  const differences = (await signs).map((sign) => difference(own, sign));
  return NAMES[differences.indexOf(Math.min(...differences))];
}

/** A model that sees what a person sees. */
export const eyes: Eyes = async (bytes) => SHOWN[await whichPicture(bytes)];

/** Both sides of a picture, in relation to another's: 1 where neither is stretched, to the pixel. */
export async function sameShape(received: Buffer, original: Picture): Promise<boolean> {
  const [got, had] = await Promise.all([sharp(received).metadata(), sharp(original).metadata()]);
  const scale = got.width / had.width;
  return Math.abs(got.height - had.height * scale) <= 1;
}

/**
 * Mean difference (0..255) of a received picture to the best of all cuts of the original that fill its shape, and to the original stretched to it, at 160 pixels
 * of the longer side.
 */
export async function likeness(received: Buffer, original: Picture): Promise<{ cut: number; stretched: number }> {
  const { width, height } = await sharp(received).metadata();
  const size = { width: Math.round((160 * width) / Math.max(width, height)), height: Math.round((160 * height) / Math.max(width, height)) };
  const own = await small(received, size.width, size.height);
  const had = await sharp(original).metadata();
  const scale = Math.max(size.width / had.width, size.height / had.height);
  const whole = { width: Math.round(had.width * scale), height: Math.round(had.height * scale) };
  const covered = await small(original, whole.width, whole.height);
  let cut = 255;
  for (let top = 0; top <= whole.height - size.height; top++) {
    for (let left = 0; left <= whole.width - size.width; left++) {
      const rows = Array.from({ length: size.height }, (_, y) => covered.subarray((top + y) * whole.width + left, (top + y) * whole.width + left + size.width));
      cut = Math.min(cut, difference(own, Buffer.concat(rows)));
    }
  }
  return { cut, stretched: difference(own, await small(original, size.width, size.height)) };
}

/** The size of an encoded picture, and what its bytes are, whatever was said of them. */
export async function factsOf(data: string): Promise<{ width: number; height: number; format: string; hasAlpha: boolean; bytes: Buffer }> {
  const bytes = Buffer.from(data, 'base64');
  const { width, height, format, hasAlpha } = await sharp(bytes).metadata();
  return { width, height, format, hasAlpha, bytes };
}
