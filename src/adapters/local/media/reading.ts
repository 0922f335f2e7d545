import { stat } from 'node:fs/promises';
import { AppError } from '../../../errors.ts';
import type { VideoInfo } from '../../../ports/pictures.ts';
import type { ClipLimits, Codec } from './backend.ts';
import { brokenFile, type Clip, pictureFilter, uprightSize } from './clip.ts';
import { fpsOf, planRuns, positionAt, type Timeline, timelineOf } from './timeline.ts';

/** Opens a video with one message for each kind of file that is none; NOT_FOUND where there is no file. */
export async function openChecked(codec: Codec, path: string, limits: ClipLimits): Promise<Clip> {
  const file = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') throw new AppError('NOT_FOUND', 'There is no such video file.', { cause: error });
    throw new AppError('FORBIDDEN', 'The video file cannot be read.', { cause: error });
  });
  if (!file.isFile()) throw brokenFile('is a folder or a device, not a video');
  if (file.size === 0) throw brokenFile('is empty');
  const clip = await codec.openClip(path, limits);
  const { codedWidth, codedHeight } = clip.header;
  const fault = faultOf(codedWidth, codedHeight, limits.maxPixels);
  if (!fault) return clip;
  clip.close();
  throw brokenFile(fault);
}

function faultOf(width: number, height: number, maxPixels: number): string | undefined {
  if (!(width > 0 && height > 0)) return 'has a video track without a picture size';
  if (width * height <= maxPixels) return undefined;
  return `says that its pictures are ${width}x${height}, more than the limit of ${Math.round(maxPixels / 1e6)} megapixels`;
}

/** What is in the file. Length and number of frames come from the packets where the container does not say them. */
export async function describe(clip: Clip): Promise<VideoInfo> {
  const { header } = clip;
  let { durationSeconds, fps, frames } = header;
  if (!(durationSeconds > 0 && fps > 0)) {
    const timeline = await readTimeline(clip);
    fps = fpsOf(header, timeline);
    frames = timeline.positions.length;
    durationSeconds = frames / fps;
  }
  return {
    ...uprightSize(header),
    durationSeconds,
    fps,
    frames: frames > 0 ? frames : Math.max(1, Math.round(durationSeconds * fps)),
    codec: header.codec,
    pixelFormat: header.pixelFormat,
    hasAudio: header.hasAudio,
    mediaType: header.mediaType,
  };
}

async function readTimeline(clip: Clip): Promise<Timeline> {
  const timeline = timelineOf(await clip.packets());
  if (timeline.positions.length === 0) throw brokenFile('has a video track without pictures');
  return timeline;
}

/** Size of a sampled frame: upright, longer side at most `maxSide`, never enlarged. */
export function sampleSize(clip: Clip, maxSide: number): { width: number; height: number } {
  const { width, height } = uprightSize(clip.header);
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * Decodes the frames shown at the times, each once, and gives every one with the indices of the times it answers.
 * Where a frame cannot be decoded, the nearest one before it stands in, as in a player; INVALID_MEDIA where none can be decoded.
 */
export async function sample(
  clip: Clip,
  timesSeconds: number[],
  size: { width: number; height: number },
  onFrame: (indices: number[], data: Uint8Array) => Promise<void>,
): Promise<void> {
  const timeline = await readTimeline(clip);
  const asked = new Map<number, number[]>();
  timesSeconds.forEach((seconds, index) => {
    const position = positionAt(timeline, clip.header, seconds);
    asked.set(position, [...(asked.get(position) ?? []), index]);
  });
  const wanted = [...asked.keys()].sort((a, b) => a - b);
  const pass = { filter: pictureFilter(clip.header, { ...size, format: 'rgb' }), frameBytes: size.width * size.height * 3, byIndex: timeline.byIndex };
  for (const run of planRuns(timeline, wanted, clip.jumpCostFrames)) {
    for await (const { position, data } of clip.decode({ ...pass, ...run })) {
      const indices = position === undefined ? undefined : asked.get(position);
      if (position === undefined || !indices) continue;
      asked.delete(position);
      await onFrame(indices, data);
    }
  }
  if (asked.size > 0) await standIns(clip, pass, asked, onFrame);
}

async function standIns(
  clip: Clip,
  pass: { filter: string; frameBytes: number; byIndex: boolean },
  missing: Map<number, number[]>,
  onFrame: (indices: number[], data: Uint8Array) => Promise<void>,
): Promise<void> {
  const left = [...missing.entries()].sort(([a], [b]) => a - b);
  let before: Uint8Array | undefined;
  for await (const { position, data } of clip.decode(pass)) {
    while (left.length > 0 && position !== undefined && position > left[0][0]) await onFrame(left.shift()?.[1] ?? [], before ?? data);
    if (left.length === 0) return;
    before = Uint8Array.from(data);
  }
  if (!before) throw brokenFile('has no picture that can be decoded');
  for (const [, indices] of left) await onFrame(indices, before);
}

/** One message of `scan`: `count` frames one after the other in `data`. */
export interface ScanBatch {
  firstIndex: number;
  timesSeconds: number[];
  data: Uint8Array;
}

/** Bytes of frames in one message: large enough that messages cost little, small enough that the parent has done with one before the next is decoded. */
const BATCH_BYTES = 160_000;

/** Frames that a scan hands over larger beside its own: those shown at the times, RGB. */
export interface Looks {
  timesSeconds: number[];
  maxSide: number;
}

type OnLook = (indices: number[], data: Uint8Array) => Promise<void>;

/**
 * Decodes all frames to the size and sends them in batches; one batch, and one frame of `looks`, is on its way while the next is decoded. With `looks` the frames at
 * those times come as `sample` gives them, in the same pass where the codec can.
 */
export async function scan(
  clip: Clip,
  target: { width: number; height: number; format: 'gray' | 'rgb'; looks?: Looks | undefined },
  send: (batch: ScanBatch) => Promise<void>,
  onLook: OnLook = async () => {},
): Promise<{ frames: number; decodeErrors: number }> {
  const frameBytes = target.width * target.height * (target.format === 'gray' ? 1 : 3);
  const perBatch = Math.max(1, Math.floor(BATCH_BYTES / frameBytes));
  const { tickSeconds, startTicks, fps } = clip.header;
  const asked = target.looks && clip.looksAside ? await askedPositions(clip, target.looks) : undefined;
  let origin = startTicks;
  let frames = 0;
  let batch: ScanBatch = { firstIndex: 0, timesSeconds: [], data: new Uint8Array(perBatch * frameBytes) };
  let sending: Promise<void> = Promise.resolve();
  let looking: Promise<void> = Promise.resolve();
  const flush = async () => {
    await sending;
    sending = send({ ...batch, data: batch.data.subarray(0, batch.timesSeconds.length * frameBytes) });
    batch = { firstIndex: frames, timesSeconds: [], data: new Uint8Array(perBatch * frameBytes) };
  };
  const pass = { filter: pictureFilter(clip.header, target), frameBytes, byIndex: false, aside: asked?.aside };
  for await (const { position, data, aside } of clip.decode(pass)) {
    origin ??= position;
    batch.data.set(data, batch.timesSeconds.length * frameBytes);
    batch.timesSeconds.push(position === undefined || origin === undefined ? frames / (fps || 1) : (position - origin) * tickSeconds);
    frames++;
    if (aside && position !== undefined) {
      await looking;
      looking = onLook(asked?.take(position) ?? [], aside);
    }
    if (batch.timesSeconds.length === perBatch) await flush();
  }
  if (batch.timesSeconds.length > 0) await flush();
  await Promise.all([sending, looking]);
  if (frames === 0) throw brokenFile('has no picture that can be decoded');
  const { decodeErrors } = clip;
  if (target.looks) await lookAgain(clip, target.looks, asked?.left(), onLook);
  return { frames, decodeErrors };
}

/** The frames that a pass over the whole clip hands over aside; `undefined` where the file has no presentation times. */
async function askedPositions(clip: Clip, { timesSeconds, maxSide }: Looks) {
  const timeline = await readTimeline(clip);
  if (timeline.byIndex) return undefined;
  const asked = new Map<number, number[]>();
  timesSeconds.forEach((seconds, index) => {
    const position = positionAt(timeline, clip.header, seconds);
    asked.set(position, [...(asked.get(position) ?? []), index]);
  });
  const size = sampleSize(clip, maxSide);
  return {
    aside: { filter: pictureFilter(clip.header, { ...size, format: 'rgb' }), frameBytes: size.width * size.height * 3, wanted: new Set(asked.keys()) },
    take(position: number): number[] {
      const indices = asked.get(position) ?? [];
      asked.delete(position);
      return indices;
    },
    left: () => [...asked.values()].flat(),
  };
}

/** What one pass could not hand over: frames that do not decode, and all of them where the codec gives one size at a time. */
async function lookAgain(clip: Clip, { timesSeconds, maxSide }: Looks, left: number[] | undefined, onLook: OnLook): Promise<void> {
  const indices = left ?? timesSeconds.map((_, index) => index);
  if (indices.length === 0) return;
  const times = indices.map((index) => timesSeconds[index]);
  await sample(clip, times, sampleSize(clip, maxSide), (those, data) =>
    onLook(
      those.map((i) => indices[i]),
      data,
    ),
  );
}
