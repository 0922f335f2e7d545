import { AppError } from '../../../errors.ts';
import type { CallOptions, RawImage } from '../../../ports.ts';
import { thumbnail } from '../thumbnail.ts';
import { oklab } from './oklab.ts';
import { PassCache } from './pass-cache.ts';

/** Whole pictures, squashed to 64 x 64, in OKLab: `lab[3 * (y * 64 + x)]` is the lightness. Made once per picture object. */
export type ColourThumbnails = (images: RawImage[], options: CallOptions) => Promise<Float32Array[]>;

/** Thumbnails for what needs colours and no model. CANCELLED by the signal. */
export function createThumbnails(): ColourThumbnails {
  const cache = new PassCache((images) => Promise.all(images.map(async (image) => oklab(await thumbnail(image)))));
  return async (images, options) => {
    if (options.signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
    return cache.get(images, options);
  };
}
