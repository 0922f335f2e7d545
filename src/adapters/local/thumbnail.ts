import type { RawImage } from '../../ports.ts';
import { fromRaw } from './images/sharp.ts';

/** Side of a thumbnail in pixels. */
export const THUMBNAIL_SIDE = 64;

const made = new WeakMap<RawImage, Promise<Uint8Array>>();

/** The whole picture squashed to 64 x 64, RGB, on white; made once per picture object. Throws where size and data disagree. */
export function thumbnail(image: RawImage): Promise<Uint8Array> {
  const known = made.get(image);
  if (known) return known;
  const making = shrunk(image);
  made.set(image, making);
  making.catch(() => made.delete(image));
  return making;
}

async function shrunk(image: RawImage): Promise<Uint8Array> {
  const pipeline = await fromRaw(image);
  if (image.channels === 4) pipeline.flatten({ background: '#ffffff' });
  return pipeline.resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: 'fill', kernel: 'cubic' }).toColourspace('srgb').raw().toBuffer();
}
