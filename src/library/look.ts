import { AppError } from '../errors.ts';
import type { Asset, CallOptions, ClipFile, FileBytes, ImageInfo, Ports, RawImage, Seen } from '../ports.ts';
import { originalBytes } from './assets.ts';

/** What the pixels of a picture or clip tell, and the decoded pictures themselves for whoever embeds them. */
export interface Look {
  /** Computed fields of the asset. */
  fields: Pick<Asset, 'kind' | 'mediaType' | 'width' | 'height'> &
    Partial<Pick<Asset, 'durationSeconds' | 'fps' | 'seen' | 'subject' | 'brightness' | 'perceptualHash'>>;
  /**
   * What is embedded: a picture, followed by squares of it where it is a panorama; for a video one for each of `times`. The same objects that the
   * recogniser saw: an embedder gets its passes for nothing.
   */
  frames: RawImage[];
  /** Seconds. */
  times?: number[];
  /** Of a video: the whole of it, for embedders that take clips. */
  clip?: ClipFile;
  preview: FileBytes;
  written: NonNullable<ImageInfo['written']>;
}

/** Longer side of previews, and their JPEG quality: 20 to 60 kB. */
export const PREVIEW = { maxSide: 512, quality: 80 };

/** What embedders want of the shorter side (port `Embedder`), and the longest side that a panorama gets for it. */
const SHORT_SIDE = 256;
const MAX_SIDE = 1024;

/**
 * From this ratio of its sides on a picture is a panorama, and squares along its longer side, each half over the next, are embedded too: a vector is
 * that of the middle square and knows nothing of the rest. Measured with 15 objects anywhere in pictures of 3:1, searched for by 66 other photographs of
 * them: the right one comes first in .62, with the squares in .95 (without overlap, or with the subject's crop instead, in .91).
 */
const PANORAMA = 2;
const MOST_SQUARES = 9;

/** Frames of a video that get a vector of their own, and their longer side. */
const CLIP = { frames: 8, maxSide: 640 };

/** Least share of the announced frames that must decode; containers that only estimate their number are off by a little. */
const WHOLE_SHARE = 0.9;

/**
 * The copy of a picture that everything but the original's own use works with (vectors, what is seen, hash, preview), decoded once and small,
 * so that JPEG and WebP are shrunk while they are read. INVALID_MEDIA as `Images.decode`.
 */
export async function visionCopy(ports: Ports, bytes: Uint8Array, info?: { width: number; height: number }): Promise<RawImage> {
  const { width, height } = info ?? (await ports.images.probe(bytes));
  const longSide = Math.ceil((SHORT_SIDE * Math.max(width, height)) / Math.min(width, height));
  return ports.images.decode(bytes, { maxSide: Math.min(MAX_SIDE, Math.max(PREVIEW.maxSide, longSide)) });
}

/** Looks at a still picture. INVALID_MEDIA as `Images.decode`. */
export async function lookAtPicture(ports: Ports, bytes: Uint8Array, options: CallOptions = {}): Promise<Look> {
  const info = await ports.images.probe(bytes);
  const picture = await visionCopy(ports, bytes, info);
  const [[seen], subject, { brightness, perceptualHash }, preview] = await Promise.all([
    ports.recogniser.recognise([picture], options),
    ports.recogniser.subject(picture, options),
    ports.images.fingerprint(picture),
    encodePreview(ports, picture),
  ]);
  const { width, height, mediaType, written = {} } = info;
  const fields = { kind: 'image' as const, width, height, mediaType, seen, ...(subject ? { subject } : {}), brightness: round(brightness), perceptualHash };
  return { fields, frames: await withSquares(ports, picture), preview, written };
}

async function withSquares(ports: Ports, picture: RawImage): Promise<RawImage[]> {
  const { width, height } = picture;
  const side = Math.min(width, height);
  const ratio = Math.max(width, height) / side;
  if (ratio < PANORAMA) return [picture];
  const count = Math.min(MOST_SQUARES, Math.ceil(2 * (ratio - 1)) + 1);
  const share = 1 / ratio;
  const squares = Array.from({ length: count }, (_, index) => {
    const at = (index * (1 - share)) / (count - 1);
    const focus = width > height ? { x: at, y: 0, width: share, height: 1 } : { x: 0, y: at, width: 1, height: share };
    return ports.images.resize(picture, { width: side, height: side, fit: 'cover', focus });
  });
  return [picture, ...(await Promise.all(squares))];
}

/**
 * The pictures of a stored asset as they are embedded when it is added: the copy of a picture (and squares of a panorama), or frames of a video at even times. NOT_FOUND where
 * the file is gone; else as `Images.decode` and `Media.frames`.
 */
export async function framesOf(ports: Ports, asset: Asset, options: CallOptions = {}): Promise<Pick<Look, 'frames' | 'times' | 'clip'>> {
  if (asset.kind === 'image') return { frames: await withSquares(ports, await visionCopy(ports, await originalBytes(ports, asset), asset)) };
  const path = await ports.objects.localPath(asset.objectKey);
  if (!path) throw new AppError('NOT_FOUND', `The file of "${asset.id}" is no longer in the store.`, { hint: 'Ingest the video again.' });
  const { durationSeconds = 0, mediaType } = asset;
  return { ...(await clipFrames(ports, path, durationSeconds, options)), clip: { path, mediaType, durationSeconds } };
}

async function clipFrames(ports: Ports, path: string, durationSeconds: number, options: CallOptions): Promise<{ frames: RawImage[]; times: number[] }> {
  const times = Array.from({ length: CLIP.frames }, (_, index) => (durationSeconds * (index + 0.5)) / CLIP.frames);
  return { frames: await ports.media.frames(path, times, { maxSide: CLIP.maxSide, ...options }), times };
}

/** Looks at frames of a stored clip; its preview is the middle one. Errors as `Media.frames`. */
export async function lookAtClip(ports: Ports, path: string, options: CallOptions = {}): Promise<Look> {
  const { width, height, mediaType, durationSeconds, fps } = await ports.media.probe(path, options);
  const { frames, times } = await clipFrames(ports, path, durationSeconds, options);
  const [middle] = await ports.media.frames(path, [durationSeconds / 2], { maxSide: PREVIEW.maxSide, ...options });
  const [seen, prints, preview] = await Promise.all([
    ports.recogniser.recognise(frames, options),
    Promise.all(frames.map((frame) => ports.images.fingerprint(frame))),
    encodePreview(ports, middle),
  ]);
  const brightness = round(prints.reduce((sum, print) => sum + print.brightness, 0) / prints.length);
  const fields = { kind: 'video' as const, width, height, mediaType, durationSeconds, fps, seen: strongest(seen), brightness };
  return { fields, frames, times, clip: { path, mediaType, durationSeconds }, preview, written: {} };
}

/** A clip whose data ends early would be used, and measured, as if it were whole: INVALID_MEDIA. */
export async function refuseCutOff(ports: Ports, path: string, options: CallOptions = {}): Promise<void> {
  const { frames: announced } = await ports.media.probe(path, options);
  const { frames } = await ports.media.scan(path, { width: 16, height: 16, format: 'gray', ...options }, () => undefined);
  if (frames >= announced * WHOLE_SHARE) return;
  throw new AppError('INVALID_MEDIA', `The video is cut off or damaged: ${frames} of ${announced} frames decode.`, { hint: 'Export or download it again.' });
}

/** The preview of a decoded picture: a JPEG of at most 512 px, never enlarged, without metadata. */
export async function encodePreview(ports: Ports, picture: RawImage): Promise<FileBytes> {
  const scale = Math.min(1, PREVIEW.maxSide / Math.max(picture.width, picture.height));
  const size = { width: Math.max(1, Math.round(picture.width * scale)), height: Math.max(1, Math.round(picture.height * scale)) };
  const small = scale < 1 ? await ports.images.resize(picture, { ...size, fit: 'cover' }) : picture;
  return ports.images.encode(small, { format: 'jpeg', quality: PREVIEW.quality });
}

/** Per class and colour the maximum over the frames. */
function strongest(frames: Seen[]): Seen {
  const maxima = <K>(lists: [K, number][][]): [K, number][] => {
    const found = new Map<K, number>();
    for (const [key, value] of lists.flat()) found.set(key, Math.max(value, found.get(key) ?? 0));
    return [...found].sort((a, b) => b[1] - a[1]);
  };
  const subjectColours = maxima(frames.map((frame) => frame.subjectColours ?? []));
  return {
    classes: maxima(frames.map((frame) => frame.classes)).slice(0, 64),
    colours: maxima(frames.map((frame) => frame.colours)),
    ...(subjectColours.length > 0 ? { subjectColours } : {}),
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
