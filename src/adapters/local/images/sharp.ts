import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { AppError } from '../../../errors.ts';
import type { ImageInfo, RawImage } from '../../../ports.ts';
import { isCutOff, type Kind, SVG, sniff, TIFF } from './sniff.ts';
import { writtenText } from './written.ts';

export type SharpFactory = typeof import('sharp').default;

/** The only loaders that foreign bytes may reach; libvips would also try e.g. CSV, matrix and Ultra HDR (which then reads as the plain JPEG it is). */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Tiff', 'Nsgif', 'Svg'].map((name) => `VipsForeignLoad${name}`);

let loading: Promise<SharpFactory> | undefined;

/** Loads sharp at the first use, with one thread a picture (sharp docs, "Performance": glibc's allocator; two pictures at a time run anyway) and without cache. */
export function loadSharp(): Promise<SharpFactory> {
  loading ??= import('sharp').then(
    ({ default: sharp }) => {
      sharp.cache(false);
      sharp.concurrency(1);
      sharp.block({ operation: ['VipsForeignLoad'] });
      sharp.unblock({ operation: LOADERS });
      return sharp;
    },
    (cause) => {
      loading = undefined;
      throw new AppError('MISCONFIGURED', 'The image library sharp could not be loaded.', {
        hint: 'Run `npm install --include=optional sharp` in the folder of the server, on the same kind of computer that runs it.',
        cause,
      });
    },
  );
  return loading;
}

/** Longest time for one picture, in seconds: a 100-megapixel JPEG takes about 0.5 s, a 36-megapixel AVIF about 2 s (measured: 2 cores, sharp 0.35.5). */
export const PICTURE_SECONDS = 30;

/** Small drawings are enlarged to a longer side of at least this many pixels, by a whole factor so that their edges stay sharp: a 24-pixel icon makes no reference. */
const SVG_MIN_SIDE = 1024;
/** At most 32 times the nominal 72 dpi (sharp docs: `density`, 72 is one pixel to one CSS pixel). */
const SVG_MAX_SCALE = 32;

/** A checked picture: its kind, its header, and the options to decode it with. */
export interface Opened {
  kind: Kind;
  info: ImageInfo;
  input: SharpOptions;
}

const openedBefore = new WeakMap<Uint8Array, { maxPixels: number; opened: Promise<Opened> }>();

/** `open`, once for bytes that are probed and then decoded; bytes do not change while somebody holds them. */
export function opened(bytes: Uint8Array, maxPixels: number): Promise<Opened> {
  const before = openedBefore.get(bytes);
  if (before?.maxPixels === maxPixels) return before.opened;
  const opening = open(bytes, maxPixels);
  openedBefore.set(bytes, { maxPixels, opened: opening });
  opening.catch(() => openedBefore.delete(bytes));
  return opening;
}

/** Reads the header, and refuses what cannot or must not be decoded (INVALID_MEDIA). Foreign drawings pass `checkSvg` first. */
export async function open(bytes: Uint8Array, maxPixels: number): Promise<Opened> {
  const kind = supportedKind(bytes);
  const sharp = await loadSharp();
  const input: SharpOptions = { failOn: 'truncated', sequentialRead: true, limitInputPixels: false, autoOrient: true };
  let meta = await header(sharp, bytes, input, kind);
  const limit = kind === SVG ? svgDensity(meta) : undefined;
  if (limit !== undefined) {
    input.density = limit;
    meta = await header(sharp, bytes, input, kind);
  }
  const { width, height } = meta.autoOrient;
  if (width * height > maxPixels) {
    const asked = `${width} x ${height} pixels (${Math.round((width * height) / 1e6)} megapixels)`;
    throw new AppError('INVALID_MEDIA', `The picture has ${asked}; the limit is ${Math.round(maxPixels / 1e6)} megapixels.`, {
      hint: 'Make it smaller, or raise VRAG_MAX_MEGAPIXELS in the settings of the server.',
    });
  }
  input.limitInputPixels = maxPixels;
  return { kind, info: imageInfo(meta, kind, bytes), input };
}

function header(sharp: SharpFactory, bytes: Uint8Array, input: SharpOptions, kind: Kind): Promise<Metadata> {
  return sharp(bytes, input)
    .metadata()
    .catch((cause) => {
      throw broken(bytes, kind, cause);
    });
}

function svgDensity(meta: Metadata): number | undefined {
  const side = Math.max(meta.width, meta.height);
  return side >= SVG_MIN_SIDE ? undefined : 72 * Math.min(SVG_MAX_SCALE, Math.ceil(SVG_MIN_SIDE / side));
}

function imageInfo(meta: Metadata, kind: Kind, bytes: Uint8Array): ImageInfo {
  const written = writtenText(meta, kind === TIFF ? bytes : undefined);
  return {
    width: meta.autoOrient.width,
    height: meta.autoOrient.height,
    mediaType: kind.mediaType ?? '',
    hasAlpha: meta.hasAlpha,
    pages: meta.pages ?? 1,
    bitDepth: meta.depth === 'uchar' || meta.depth === 'char' ? 8 : 16,
    colourSpace: meta.space,
    ...(written ? { written } : {}),
  };
}

/** The kind of the bytes, or INVALID_MEDIA that names what they are and what to do. */
export function supportedKind(bytes: Uint8Array): Kind {
  if (bytes.length === 0)
    throw new AppError('INVALID_MEDIA', 'The file is empty (0 bytes).', { hint: 'Give a JPEG, PNG, WebP, AVIF, TIFF, GIF or SVG picture.' });
  const kind = sniff(bytes);
  if (kind.mediaType) return kind;
  const hint = hints.find(([pattern]) => pattern.test(kind.name))?.[1] ?? 'Give a JPEG, PNG, WebP, AVIF, TIFF, GIF or SVG picture.';
  throw new AppError('INVALID_MEDIA', `The content is ${kind.name}, not a picture that can be read here.`, { hint });
}

const hints: [RegExp, string][] = [
  [/HEIC/, 'Convert it to JPEG or PNG (macOS: Preview, File > Export; iPhone: Settings > Camera > Formats > Most Compatible) and use that.'],
  [/raw picture|Photoshop|JPEG XL|JPEG 2000|bitmap|icon|EXR|HDR/, 'Convert it to JPEG or PNG and use that.'],
  [/PDF|PostScript/, 'Export the page as JPEG or PNG and use that.'],
  [/video/, 'Give a still picture, or save a frame of it as JPEG or PNG.'],
];

const CUT_OFF = /premature end|truncat|unexpected end|end of (?:file|stream|source|input)|bad seek/i;

/** What went wrong while a picture was read, in our words; the library's own text may quote the file and stays in `cause`. */
export function broken(bytes: Uint8Array, kind: Kind, cause: unknown): AppError {
  const text = cause instanceof Error ? cause.message : '';
  if (/^timeout/.test(text)) return tooSlow(kind, cause);
  if (/pixel limit/.test(text)) return new AppError('INVALID_MEDIA', 'The picture has more pixels than the limit.', { hint: 'Make it smaller.', cause });
  if (CUT_OFF.test(text) || isCutOff(bytes, kind)) {
    return new AppError('INVALID_MEDIA', `The file is cut off: ${kind.name} whose end is missing.`, {
      hint: 'Copy or download it again; it is incomplete.',
      cause,
    });
  }
  return new AppError('INVALID_MEDIA', `The file is damaged: ${kind.name} that cannot be decoded.`, {
    hint: 'Open it in a picture viewer; where that works, save it again as JPEG or PNG and use that.',
    cause,
  });
}

export function tooSlow(kind: Kind, cause: unknown): AppError {
  return new AppError('INVALID_MEDIA', `The file is ${kind.name} that takes longer than ${PICTURE_SECONDS} s to decode.`, {
    hint: 'Make it smaller or simpler, or export it as a JPEG or PNG.',
    cause,
  });
}

/** Pixels as sharp input. Throws where size and data disagree, which is a defect of the caller. */
export async function fromRaw(image: RawImage): Promise<Sharp> {
  const { width, height, channels, data } = image;
  if (data.length !== width * height * channels) throw new Error(`RawImage of ${width} x ${height} x ${channels} has ${data.length} bytes`);
  const sharp = await loadSharp();
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** Runs a pipeline to 8-bit pixels; `grey` keeps one channel as one. */
export async function toRaw(pipeline: Sharp, grey = false): Promise<RawImage> {
  const { data, info } = await pipeline
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3 && channels !== 4) throw new Error(`${channels} channels`);
  return { width, height, channels, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
