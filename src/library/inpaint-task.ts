import { AppError } from '../errors.ts';
import type { Asset, CallOptions, InpaintMode, Ports, RawImage } from '../ports.ts';
import { originalBytes, requireAsset } from './assets.ts';
import { extendCanvas, readBorder } from './extend.ts';
import { enlargeMask, type FoundMask, findByWords, findSubject } from './find-mask.ts';
import { visionCopy } from './look.ts';
import { drawMask, type MaskShapes, maskWarnings, share } from './mask.ts';

export interface MaskDraft extends Omit<MaskShapes, 'image' | 'found'> {
  /** A path, or the id of an image asset. */
  maskImage?: string | undefined;
  maskPrompt?: string | undefined;
  /** See `findSubject`. */
  subject?: number[] | undefined;
  invert?: boolean | undefined;
  /** Default 4, of masks that were found 1/150 of the longer side where that is more: their outline is that of a small copy. */
  growPixels?: number | undefined;
  /** Default 2; of `extend` always 0, since nothing of the picture is changed. */
  featherPixels?: number | undefined;
  /** See `readBorder`. */
  extend?: string | undefined;
}

/** A picture with what is to be changed in it. */
export interface InpaintTask {
  source: Asset;
  mode: InpaintMode;
  /** Decoded, upright. */
  original: RawImage;
  /** The same; of `extend` on its larger canvas. */
  image: RawImage;
  mask: RawImage;
  /** Share 0..1 of the pixels that were marked, before the mask was grown, and that may change. */
  markedShare: number;
  changedShare: number;
  /** Of a mask by words: the model's probability of them. */
  confidence?: number;
  warnings: string[];
}

const GROW = 4;
const FEATHER = 2;
const FOUND_GROW = 1 / 150;

/** Decodes the picture and draws or finds the mask. INVALID_INPUT as `drawMask`, `readBorder`, `findByWords` and `findSubject`; NOT_FOUND as the last two and `requireAsset`. */
export async function prepareInpaint(ports: Ports, imageId: string, mode: InpaintMode, draft: MaskDraft, options: CallOptions): Promise<InpaintTask> {
  const source = await requireAsset(ports, imageId, 'image');
  const bytes = await originalBytes(ports, source);
  const image = await ports.images.decode(bytes);
  if (mode === 'extend') return { source, mode, original: image, ...extended(image, draft) };
  const found = await findAll(ports, image, bytes, draft, options);
  const shapes = { ...draft, image: draft.maskImage === undefined ? undefined : await decodeMask(ports, draft.maskImage), found: joined(found, image) };
  const size = { width: image.width, height: image.height };
  const grow = found.length > 0 ? Math.max(GROW, Math.round(FOUND_GROW * Math.max(image.width, image.height))) : GROW;
  const markedShare = share(drawMask({ ...shapes, ...size, growPixels: 0, featherPixels: 0 }).data);
  const mask = drawMask({ ...shapes, ...size, growPixels: draft.growPixels ?? grow, featherPixels: draft.featherPixels ?? FEATHER });
  const changedShare = share(mask.data);
  const warnings = [...found.flatMap((each) => each.notes), ...maskWarnings(shapes, markedShare, changedShare)];
  const confidence = found.find((each) => each.confidence !== undefined)?.confidence;
  return { source, mode, original: image, image, mask, markedShare, changedShare, warnings, ...(confidence === undefined ? {} : { confidence }) };
}

function extended(image: RawImage, draft: MaskDraft) {
  const marked = draft.boxes ?? draft.ellipses ?? draft.polygons ?? draft.maskImage ?? draft.maskPrompt ?? draft.subject;
  if (draft.extend === undefined || marked !== undefined) {
    throw new AppError('INVALID_INPUT', 'Mode extend takes extend (a ratio or sides) and no mask: what is added is what is filled.', {
      hint: 'Give mode "extend" with extend "16:9", or leave both out.',
    });
  }
  const canvas = extendCanvas(image, readBorder(draft.extend, image));
  // Draws nothing more, but checks the size.
  const mask = drawMask({ width: canvas.image.width, height: canvas.image.height, image: canvas.mask });
  const changedShare = share(mask.data);
  return { ...canvas, mask, markedShare: changedShare, changedShare, warnings: [] };
}

async function findAll(ports: Ports, image: RawImage, bytes: Uint8Array, draft: MaskDraft, options: CallOptions): Promise<FoundMask[]> {
  if (draft.maskPrompt === undefined && draft.subject === undefined) return [];
  const copy = await visionCopy(ports, bytes, image);
  const found: FoundMask[] = [];
  if (draft.maskPrompt !== undefined) found.push(await findByWords(ports, copy, draft.maskPrompt, options));
  if (draft.subject !== undefined) found.push(await findSubject(ports, copy, draft.subject, image, options));
  return found;
}

function joined(found: FoundMask[], size: { width: number; height: number }): RawImage | undefined {
  const masks = found.map(({ mask }) => enlargeMask(mask, { width: size.width, height: size.height }));
  for (const other of masks.slice(1)) for (let at = 0; at < other.data.length; at++) masks[0].data[at] |= other.data[at];
  return masks[0];
}

async function decodeMask(ports: Ports, given: string): Promise<RawImage> {
  if (/^(img_|vrag:)/.test(given)) return ports.images.decode(await originalBytes(ports, await requireAsset(ports, given, 'image')));
  const file = await ports.files.resolve(given);
  return ports.images.decode(await ports.files.read(file));
}
