import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { EncodeOptions, JoinedVideo, Media, RawImage, ScannedFrame, VideoInfo } from '../../../ports/pictures.ts';
import type { CallOptions } from '../../../ports.ts';
import { type ChildHost, ChildStopped } from '../child/host.ts';
import { ChildPool } from '../child/pool.ts';
import type { CodecChoice } from './backend.ts';
import type { CallParams } from './child.ts';
import type { ScanBatch } from './reading.ts';

export interface OpenMediaOptions {
  /** `auto` (the default) takes node-av, else the ffmpeg program on PATH. */
  codec?: CodecChoice;
  /** Most pixels of one frame, default 100 million; larger files are INVALID_MEDIA before anything is decoded. */
  maxPixels?: number;
  /** One time limit for every call instead of the ones below. */
  timeLimitSeconds?: number;
  /** Seconds without a frame after which a scan is given up, default 60. */
  scanQuietSeconds?: number;
}

/** Seconds until a child is killed: far above what files of a few minutes take on two cores, so only hangs and abuse reach them. */
const TIME_LIMITS = { codec: 30, probe: 30, frames: 180, scan: 900, encode: 120, concat: 300, join: 1800 };
/** A scan sends its frames as it goes, 30 small ones at a time (8K: some seconds); one that sends none hangs. */
const SCAN_QUIET_SECONDS = 60;
/** Children at a time; each uses all cores by itself, so two keep a short call from waiting behind a long one. */
const CHILDREN = 2;
/** A program that a child started is killed this much before the child itself, so that it cannot outlive it. */
const EARLIER = 0.9;

/** Video files through FFmpeg, in child processes that start at the first call. */
export function openMedia(options: OpenMediaOptions = {}): Media & { close(): void } {
  const pool = new ChildPool(new URL('./child.js', import.meta.url), { name: 'media', size: CHILDREN });
  const params = (method: keyof typeof TIME_LIMITS): CallParams => ({
    codec: options.codec ?? 'auto',
    maxPixels: options.maxPixels ?? 100_000_000,
    timeLimitSeconds: (options.timeLimitSeconds ?? TIME_LIMITS[method]) * EARLIER,
  });
  const timeoutSeconds = (method: keyof typeof TIME_LIMITS) => options.timeLimitSeconds ?? TIME_LIMITS[method];

  /** One call on one file in one child. */
  function ask<T>(method: keyof typeof TIME_LIMITS, more: object, call: CallOptions, onEvent?: (event: never) => void): Promise<T> {
    const quietSeconds = method === 'scan' ? (options.scanQuietSeconds ?? SCAN_QUIET_SECONDS) : undefined;
    const limits = { signal: call.signal, timeoutSeconds: timeoutSeconds(method), quietSeconds, ...(onEvent ? { onEvent } : {}) };
    return pool.use(call.signal, (host) => host.call<T>(method, { ...params(method), ...more }, limits).catch(blameFile));
  }

  return {
    codec: () => ask<string>('codec', {}, {}).catch(() => undefined),
    probe: (file, call = {}) => ask<VideoInfo>('probe', { path: file }, call),

    async frames(file, timesSeconds, { maxSide, signal }) {
      checkNumbers('timesSeconds', timesSeconds);
      const images: RawImage[] = [];
      await ask('frames', { path: file, timesSeconds, maxSide }, { signal }, ({ indices, image }: { indices: number[]; image: RawImage }) => {
        for (const index of indices) images[index] = image;
      });
      return images;
    },

    async scan(file, { width, height, format, looks, signal }, onFrame) {
      if (looks) checkNumbers('looks.timesSeconds', looks.timesSeconds);
      const wanted = looks ? { looks: { timesSeconds: looks.timesSeconds, maxSide: looks.maxSide } } : {};
      const stop = new AbortController();
      let thrown: { error: unknown } | undefined;
      const onEvent = (event: ScanBatch | { indices: number[]; image: RawImage }) => {
        if ('image' in event) for (const index of event.indices) looks?.onLook(index, event.image);
        else onBatch(event);
      };
      const onBatch = (batch: ScanBatch) => {
        if (thrown) return;
        try {
          for (const frame of framesOf(batch, { width, height, channels: format === 'gray' ? 1 : 3 })) onFrame(frame);
        } catch (error) {
          thrown = { error };
          stop.abort();
        }
      };
      const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
      try {
        const result = await ask<{ frames: number; decodeErrors: number }>(
          'scan',
          { path: file, width, height, format, ...wanted },
          { signal: either },
          onEvent,
        );
        if (!thrown) return result;
      } catch (error) {
        if (!thrown) throw error;
      }
      throw thrown.error;
    },

    encode: (frames, { signal, ...job }) =>
      pool.use(signal, (host) => encodeIn(host, frames, job, { signal, timeoutSeconds: timeoutSeconds('encode') }, params('encode'))),

    async concat(paths, { path: target, metadata, signal }) {
      if (paths.length === 0) throw new AppError('INVALID_INPUT', 'No clips were given to join.', { hint: 'Give at least one clip.' });
      const { dir, name } = path.parse(target);
      const partialPath = path.join(dir, `.${name}.${randomUUID()}.partial.mp4`);
      try {
        return await ask<VideoInfo>('concat', { paths, path: target, partialPath, metadata: metadata ?? {} }, { signal });
      } finally {
        await rm(partialPath, { force: true });
      }
    },

    async join(paths, { signal, dissolveSeconds = 0, metadata = {}, ...shape }) {
      if (paths.length === 0) throw new AppError('INVALID_INPUT', 'No clips were given to join.', { hint: 'Give at least one clip.' });
      const { dir, name } = path.parse(shape.path);
      const partial = [path.join(dir, `.${name}.${randomUUID()}.partial.mp4`)];
      try {
        const job = { paths, ...shape, dissolveSeconds, metadata, partialPath: partial[0] };
        return await ask<JoinedVideo>('join', job, { signal }, ({ partialPath }: { partialPath: string }) => partial.push(partialPath));
      } finally {
        for (const one of partial) await rm(one, { force: true });
      }
    },

    close: () => pool.close(),
  };
}

/** Sends the frames one by one to the child that encodes; an error on either side ends both and leaves no file. */
async function encodeIn(
  host: ChildHost,
  frames: AsyncIterable<RawImage> | Iterable<RawImage>,
  job: EncodeOptions,
  limits: { signal: AbortSignal | undefined; timeoutSeconds: number },
  params: CallParams,
): Promise<VideoInfo> {
  const partialPath = await host.call<string>('encodeOpen', { ...params, options: job }, limits);
  try {
    let before: Promise<unknown> = Promise.resolve();
    let index = 0;
    for await (const image of frames) {
      checkFrame(image, job, index++);
      await before;
      before = host.call('encodeWrite', { image }, limits);
      before.catch(() => {});
    }
    await before;
    return await host.call<VideoInfo>('encodeFinish', params, limits);
  } catch (error) {
    if (!(error instanceof ChildStopped)) await host.call('encodeAbort', {}, { timeoutSeconds: 10 }).catch(() => {});
    await rm(partialPath, { force: true });
    throw error;
  }
}

function checkFrame(image: RawImage, job: EncodeOptions, index: number): void {
  const { width, height, channels, data } = image;
  if (width !== job.width || height !== job.height || data.length !== width * height * channels) {
    throw new AppError('INVALID_INPUT', `Frame ${index} is ${width}x${height} with ${data.length} bytes, the video is ${job.width}x${job.height}.`, {
      hint: 'Resize every frame to the size of the video.',
    });
  }
}

function checkNumbers(field: string, values: number[]): void {
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new AppError('INVALID_INPUT', `${field} has the value ${wrong}.`, { hint: 'Times are finite numbers of seconds.' });
}

function* framesOf(batch: ScanBatch, shape: { width: number; height: number; channels: 1 | 3 }): Generator<ScannedFrame> {
  const bytes = shape.width * shape.height * shape.channels;
  for (const [offset, timeSeconds] of batch.timesSeconds.entries()) {
    const data = batch.data.subarray(offset * bytes, (offset + 1) * bytes);
    yield { index: batch.firstIndex + offset, timeSeconds, image: { ...shape, data } };
  }
}

/** A child that died or hung over one file says that the file is hostile or beyond its limits. */
function blameFile(error: unknown): never {
  if (!(error instanceof ChildStopped) || error.code === 'CANCELLED' || error.message.includes('was closed')) throw error;
  throw new AppError('INVALID_MEDIA', 'The video could not be processed: the decoder crashed or took too long on it.', {
    hint: 'Give a shorter or smaller video, or convert it to H.264 MP4 first.',
    cause: error,
  });
}
