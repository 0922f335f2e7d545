import { AppError } from '../../../errors.ts';
import type { Inpainter, InpaintMode, InpaintRequest, RawImage } from '../../../ports.ts';
import { ChildPool } from '../child/pool.ts';
import type { RepairParams } from './child.ts';
import type { Repair } from './repair.ts';

/** Measured on one core of a busy cloud machine: 12 megapixels take 5 to 10 s with a 5 % mask, 30 to 60 s with a 50 % one. */
const TIMEOUT_SECONDS = 300;

const MODES: readonly InpaintMode[] = ['remove', 'extend'];

/** At a time; each works on one core and holds some 50 bytes for each pixel around its mask. */
const CHILDREN = 2;

/**
 * The in-painter that needs no model: Telea for thin masks, PatchMatch completion for areas, in child processes that start with the first
 * calls, two at a time. Pixels whose mask is 0 come back bit for bit; the same request gives the same pixels. Throws INVALID_INPUT (sizes differ, wrong
 * channels, nothing masked, everything masked), UNSUPPORTED (`replace`), CANCELLED, and UNAVAILABLE where the child was killed or takes longer than five
 * minutes.
 */
export function createInpainter(): Inpainter & { close(): void } {
  const children = new ChildPool(new URL('./child.js', import.meta.url), { name: 'in-painting', size: CHILDREN });
  return {
    id: 'patchmatch.2',
    modes: MODES,
    generative: false,
    close: () => children.close(),
    async inpaint(request, options = {}) {
      check(request);
      const { image, mask, avoid, seed } = request;
      const params: RepairParams = { image, mask, avoid, seed };
      const onEvent = (fraction: number): void => options.onProgress?.(fraction);
      const limits = { signal: options.signal, timeoutSeconds: TIMEOUT_SECONDS, onEvent };
      const result = await children.use(options.signal, (child) => child.call<Repair>('repair', params, limits));
      options.onProgress?.(1);
      return { image: { width: image.width, height: image.height, channels: 3, data: result.data }, algorithm: result.algorithm };
    },
  };
}

function check({ image, mask, avoid, mode }: InpaintRequest): void {
  if (!MODES.includes(mode)) {
    throw new AppError('UNSUPPORTED', `Mode ${mode} makes new content, which this in-painter cannot: it copies texture from around the mask.`, {
      hint: 'Use remove, or configure a generative in-painter.',
    });
  }
  if (image.width !== mask.width || image.height !== mask.height) {
    throw new AppError('INVALID_INPUT', `The mask is ${mask.width} x ${mask.height} pixels, but the image is ${image.width} x ${image.height}.`, {
      hint: 'Give a mask of exactly the size of the image.',
    });
  }
  checkPlane('image', image, 3);
  checkPlane('mask', mask, 1);
  if (avoid) checkPlane('avoid', { ...avoid, width: image.width, height: image.height }, 1);
  const masked = mask.data.some((value) => value > 0);
  if (!masked) {
    throw new AppError('INVALID_INPUT', 'The mask is empty: no pixel of it is over 0.', { hint: 'White (255) marks what is to be changed.' });
  }
  if (mask.data.every((value) => value > 0)) {
    throw new AppError('INVALID_INPUT', 'The mask covers the whole image: nothing is left to take texture from.', {
      hint: 'White (255) marks what is to be changed, black (0) what stays; perhaps the mask is inverted.',
    });
  }
}

function checkPlane(name: string, { width, height, channels, data }: RawImage, wanted: number): void {
  if (channels === wanted && data.length === width * height * wanted) return;
  throw new AppError('INVALID_INPUT', `The ${name} has ${channels} channels and ${data.length} bytes for ${width} x ${height} pixels.`, {
    hint: `Give ${wanted} channel${wanted === 1 ? '' : 's'} of 8 bits a pixel.`,
  });
}
