import { AppError } from '../../../errors.ts';
import type { Segmenter } from '../../../ports.ts';
import { ChildPool } from '../child/pool.ts';
import type { OutlineParams } from './outline.ts';

/** An outline takes about a second of one core. */
const TIMEOUT_SECONDS = 60;

/**
 * Outlines by GrabCut (Rother, Kolmogorov, Blake 2004), in a child process that starts with the first call. Besides the port's errors: CANCELLED, and
 * UNAVAILABLE where the child was killed or takes longer than a minute.
 */
export function createSegmenter(): Segmenter & { close(): void } {
  const children = new ChildPool(new URL('./child.js', import.meta.url), { name: 'outlining', size: 1 });
  return {
    id: 'grabcut.1',
    close: () => children.close(),
    async refine(image, sighting, { signal } = {}) {
      const { width, height, channels, data } = image;
      if (channels !== 3 || data.length !== width * height * 3) {
        throw new AppError('INVALID_INPUT', `The picture has ${channels} channels and ${data.length} bytes for ${width} x ${height} pixels.`, {
          hint: 'Give 3 channels of 8 bits a pixel.',
        });
      }
      const params: OutlineParams = { image, sighting };
      const limits = { signal, timeoutSeconds: TIMEOUT_SECONDS };
      const mask = await children.use(signal, (child) => child.call<Uint8Array | undefined>('refine', params, limits));
      return mask && { width, height, channels: 1, data: mask };
    },
  };
}
