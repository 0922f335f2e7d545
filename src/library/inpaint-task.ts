import { AppError } from '../errors.ts';
import type { Asset, CallOptions, InpaintMode, Ports, RawImage } from '../ports.ts';
import { originalBytes, requireAsset } from './assets.ts';
import { type Border, extendCanvas, readBorder } from './extend.ts';
import { enlargeMask, type FoundMask, findByWords, findSubject } from './find-mask.ts';
import { visionCopy } from './look.ts';
import { drawMask, type MaskShapes, maskWarnings, share } from './mask.ts';
import { cleanText } from './text.ts';

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
  /** Of `extend`: the subject, which must not come twice. */
  avoid?: RawImage;
  /** Share 0..1 of the pixels that were marked, before the mask was grown, and that may change. */
  markedShare: number;
  changedShare: number;
  /** Of a mask by words: the model's probability of them. */
  confidence?: number;
  /** Words by which the in-painter itself finds what it replaces; then the mask is all 255. */
  search?: string;
  warnings: string[];
}

const GROW = 4;
const FEATHER = 2;
const FOUND_GROW = 1 / 150;
/** Of `extend`: how far around the subject nothing is copied either, as share of the longer side, and the largest subject whose surroundings are enough. */
const SUBJECT_GROW = 1 / 50;
const MOST_SUBJECT = 0.6;

export interface PrepareOptions extends CallOptions {
  /** The in-painter finds by words what cannot be found here, where words are all that marks it. */
  searches?: boolean;
}

/** Decodes the picture and draws or finds the mask. INVALID_INPUT as `drawMask`, `readBorder`, `findByWords` and `findSubject`; NOT_FOUND as the last two and `requireAsset`. */
export async function prepareInpaint(ports: Ports, imageId: string, mode: InpaintMode, draft: MaskDraft, options: PrepareOptions): Promise<InpaintTask> {
  const source = await requireAsset(ports, imageId, 'image');
  const bytes = await originalBytes(ports, source);
  const image = await ports.images.decode(bytes);
  if (mode === 'extend') return { source, mode, original: image, ...(await extended(ports, image, bytes, draft, options)) };
  const found = await findAll(ports, image, bytes, draft, options).catch((error: unknown) => {
    if (options.searches && isWordsAlone(draft) && isNotFoundHere(error)) return undefined;
    throw error;
  });
  if (!found) return searched(source, mode, image, draft.maskPrompt ?? '');
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

const isWordsAlone = ({ maskPrompt, boxes, ellipses, polygons, maskImage, subject, invert }: MaskDraft): boolean =>
  maskPrompt !== undefined && !invert && (maskImage ?? subject) === undefined && [boxes, ellipses, polygons].every((shapes = []) => shapes.length === 0);

/** Words that the recogniser does not know, or a thing that it does not see. */
const isNotFoundHere = (error: unknown): boolean => error instanceof AppError && (error.code === 'INVALID_INPUT' || error.code === 'NOT_FOUND');

function searched(source: Asset, mode: InpaintMode, image: RawImage, words: string): InpaintTask {
  const search = cleanText(words, 200);
  const mask: RawImage = { width: image.width, height: image.height, channels: 1, data: new Uint8Array(image.width * image.height).fill(255) };
  const warnings = [`Nothing here could mark "${search}": the in-painter looked for it itself, and every pixel may have changed.`];
  return { source, mode, original: image, image, mask, search, markedShare: 1, changedShare: 1, warnings };
}

async function extended(ports: Ports, image: RawImage, bytes: Uint8Array, draft: MaskDraft, options: CallOptions) {
  const marked = draft.boxes ?? draft.ellipses ?? draft.polygons ?? draft.maskImage ?? draft.maskPrompt ?? draft.subject;
  if (draft.extend === undefined || marked !== undefined) {
    throw new AppError('INVALID_INPUT', 'Mode extend takes extend (a ratio or sides) and no mask: what is added is what is filled.', {
      hint: 'Give mode "extend" with extend "16:9", or leave both out.',
    });
  }
  const border = readBorder(draft.extend, image);
  const canvas = extendCanvas(image, border);
  // Draws nothing more, but checks the size.
  const mask = drawMask({ width: canvas.image.width, height: canvas.image.height, image: canvas.mask });
  const changedShare = share(mask.data);
  const subject = await subjectOf(ports, image, bytes, options);
  const avoid = subject && { avoid: onCanvas(subject, border, canvas.image) };
  return { ...canvas, mask, ...avoid, markedShare: changedShare, changedShare, warnings: [] };
}

/** The subject, generously outlined, at the size of the picture; `undefined` where nothing stands out. */
async function subjectOf(ports: Ports, image: RawImage, bytes: Uint8Array, options: CallOptions): Promise<RawImage | undefined> {
  const copy = await visionCopy(ports, bytes, image);
  const box = await ports.recogniser.subject(copy, options);
  const mask = box && (await ports.segmenter.refine(copy, { box }, options));
  if (!mask) return undefined;
  const size = { width: image.width, height: image.height };
  const found = enlargeMask(mask, size);
  if (share(found.data) === 0 || share(found.data) > MOST_SUBJECT) return undefined;
  const grown = drawMask({ ...size, found, growPixels: Math.round(SUBJECT_GROW * Math.max(image.width, image.height)) });
  return share(grown.data) > MOST_SUBJECT ? undefined : grown;
}

function onCanvas(mask: RawImage, border: Border, { width, height }: RawImage): RawImage {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < mask.height; y++) data.set(mask.data.subarray(y * mask.width, (y + 1) * mask.width), (y + border.top) * width + border.left);
  return { width, height, channels: 1, data };
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
