import { AppError } from '../../../errors.ts';
import type { CallOptions, Inpainter, InpaintMode, InpaintRequest, RawImage } from '../../../ports.ts';
import type { Pictures } from './pictures.ts';

/** What a service gets: a picture and a mask of one size that it takes. */
export interface PaintJob {
  mode: InpaintMode;
  image: RawImage;
  /** 255 = change, 0 = keep, nothing between. */
  mask: RawImage;
  prompt?: string | undefined;
  negativePrompt?: string | undefined;
  /** Words for what is replaced, instead of the mask. */
  search?: string | undefined;
  seed: number;
}

export interface Painted {
  /** An encoded picture of the job's size. */
  bytes: Uint8Array;
  /** The model's id. */
  algorithm: string;
  notes: string[];
}

/** An in-painting service of Bedrock. */
export interface Painter {
  id: string;
  modes: readonly InpaintMode[];
  searches: boolean;
  size: { minSide: number; maxSide?: number; maxPixels: number };
  maxPromptCharacters: number;
  costUsd(mode: InpaintMode, width: number, height: number): number;
  paint(job: PaintJob, call: CallOptions & { costUsd: number }): Promise<Painted>;
}

/**
 * An in-painter on Bedrock. The service sees the whole picture, scaled where it has to be; only what lies under the mask is taken from its answer, blended by the mask, so
 * everything else comes back bit for bit. One request is billed once: it is sent again only after a refusal.
 */
export function createBedrockInpainter(painter: Painter, pictures: Pictures): Inpainter {
  return {
    id: painter.id,
    modes: painter.modes,
    generative: true,
    searches: painter.searches,
    estimate: ({ mode, width, height }) => ({ costUsd: painter.costUsd(mode, width, height) }),
    async inpaint(request, { signal, onProgress } = {}) {
      checkRequest(request, painter);
      onProgress?.(0);
      if (signal?.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
      const { image, mask, mode } = request;
      const costUsd = painter.costUsd(mode, image.width, image.height);
      const { job, notes } = await jobOf(request, painter, pictures);
      const painted = await painter.paint(job, { signal, costUsd });
      const back = await fitted(pictures, await pictures.decode(painted.bytes), image);
      onProgress?.(1);
      return { image: blended(image, back, mask), algorithm: painted.algorithm, costUsd, notes: [...notes, ...painted.notes] };
    },
  };
}

async function jobOf(request: InpaintRequest, { size }: Painter, pictures: Pictures): Promise<{ job: PaintJob; notes: string[] }> {
  const { image, mask, mode, prompt, negativePrompt, search, seed } = request;
  const { width, height } = scaledSize(image, size);
  const same = width === image.width && height === image.height;
  const notes = same ? [] : [`The service worked at ${width}x${height}; only what was changed is scaled back, the rest is the original.`];
  if (mode === 'remove' && prompt) notes.push('The prompt is not used: removing fills from the surroundings.');
  const scale = (picture: RawImage): Promise<RawImage> => (same ? Promise.resolve(picture) : pictures.resize(picture, { width, height, fit: 'cover' }));
  const scaledMask = await scale(mask);
  const hard = { ...scaledMask, data: scaledMask.data.map((value) => (value > 0 ? 255 : 0)) };
  return { job: { mode, image: await scale(image), mask: hard, prompt, negativePrompt, search, seed }, notes };
}

/** The nearest size that the service takes, of the same shape to the pixel. */
function scaledSize(
  { width, height }: RawImage,
  { minSide, maxSide = Number.POSITIVE_INFINITY, maxPixels }: Painter['size'],
): { width: number; height: number } {
  const down = Math.min(1, maxSide / Math.max(width, height), Math.sqrt(maxPixels / (width * height)));
  const scale = Math.max(down, minSide / Math.min(width, height));
  if (down < 1 && scale > down) {
    throw new AppError('INVALID_INPUT', `A picture of ${width} x ${height} pixels is too long for the in-painting service.`, { hint: 'Crop it first.' });
  }
  if (scale === 1) return { width, height };
  const round = scale < 1 ? Math.floor : Math.ceil;
  return { width: round(width * scale), height: round(height * scale) };
}

/** Services may round the size of what they give back. */
async function fitted(pictures: Pictures, painted: RawImage, { width, height }: RawImage): Promise<RawImage> {
  if (painted.width === width && painted.height === height) return painted;
  return pictures.resize(painted, { width, height, fit: 'cover' });
}

function blended(image: RawImage, painted: RawImage, mask: RawImage): RawImage {
  const data = Uint8Array.from(image.data);
  for (let point = 0; point < mask.data.length; point++) {
    const share = mask.data[point];
    if (share === 0) continue;
    for (let at = point * 3; at < point * 3 + 3; at++) data[at] = Math.round((image.data[at] * (255 - share) + painted.data[at] * share) / 255);
  }
  return { ...image, data };
}

function checkRequest({ image, mask, mode, prompt, negativePrompt, search }: InpaintRequest, { modes, id, maxPromptCharacters, searches }: Painter): void {
  if (!modes.includes(mode)) throw new AppError('UNSUPPORTED', `The in-painter "${id}" has no mode ${mode}.`, { hint: `It has: ${modes.join(', ')}.` });
  if (search && !(searches && mode === 'replace')) {
    throw new AppError('UNSUPPORTED', `The in-painter "${id}" does not find what to ${mode} by words.`, { hint: 'Mark it with a mask.' });
  }
  checkPlane('image', image, 3);
  checkPlane('mask', mask, 1);
  if (image.width !== mask.width || image.height !== mask.height) {
    throw new AppError('INVALID_INPUT', `The mask is ${mask.width} x ${mask.height} pixels, but the image is ${image.width} x ${image.height}.`, {
      hint: 'Give a mask of exactly the size of the image.',
    });
  }
  if (!mask.data.some((value) => value > 0)) {
    throw new AppError('INVALID_INPUT', 'The mask is empty: no pixel of it is over 0.', { hint: 'White (255) marks what is to be changed.' });
  }
  if (!search && mask.data.every((value) => value > 0)) {
    throw new AppError('INVALID_INPUT', 'The mask covers the whole image.', { hint: 'Perhaps it is inverted: white (255) marks what is to be changed.' });
  }
  if (mode === 'replace' && !prompt) {
    throw new AppError('INVALID_INPUT', 'Mode replace needs a prompt.', { hint: 'Say what shall stand under the mask.' });
  }
  for (const text of [prompt, negativePrompt, search]) {
    if ((text?.length ?? 0) <= maxPromptCharacters) continue;
    throw new AppError('INVALID_INPUT', `The prompt has ${text?.length} characters.`, { hint: `At most ${maxPromptCharacters}.` });
  }
}

function checkPlane(name: string, { width, height, channels, data }: RawImage, wanted: number): void {
  if (channels === wanted && data.length === width * height * wanted) return;
  throw new AppError('INVALID_INPUT', `The ${name} has ${channels} channels and ${data.length} bytes for ${width} x ${height} pixels.`, {
    hint: `Give ${wanted} channel${wanted === 1 ? '' : 's'} of 8 bits a pixel.`,
  });
}
