import type { RawImage } from '../../../ports.ts';
import { fromRaw } from './sharp.ts';

/** Difference hash over 9 x 8 grey values, and their mean. */
export async function fingerprint(image: RawImage): Promise<{ brightness: number; perceptualHash: string }> {
  const grey = await (await fromRaw(image)).greyscale().resize(9, 8, { fit: 'fill' }).raw().toBuffer();
  let bits = '';
  for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) bits += grey[y * 9 + x] < grey[y * 9 + x + 1] ? '1' : '0';
  const brightness = grey.reduce((sum, value) => sum + value, 0) / grey.length / 255;
  return { brightness, perceptualHash: BigInt(`0b${bits}`).toString(16).padStart(16, '0') };
}
