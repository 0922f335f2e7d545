import { randomUUID } from 'node:crypto';
import { access, constants, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { EncodeOptions } from '../../../ports/pictures.ts';
import type { CodecChoice, FrameRate } from './backend.ts';
import { findCodec } from './codec.ts';

/** Writes one H.264 MP4 file frame by frame; for use inside a child process. */
export interface VideoEncoder {
  /** The temporary name beside `options.path`; whoever sees this process die removes it. */
  readonly partialPath: string;
  /**
   * One planar yuv420p BT.709 limited-range frame: Y, then U, then V, without padding, `width * height * 3 / 2` bytes.
   * The buffer may be reused once the promise resolves. INVALID_INPUT where the length is wrong.
   */
  write(planes: Uint8Array): Promise<void>;
  /** Finishes the file and renames it to `options.path`. INVALID_INPUT where no frame was written. */
  finish(): Promise<void>;
  /** Removes the partial file; safe after `finish` and more than once. */
  abort(): Promise<void>;
}

/** Largest side: H.264 level 6.2 allows 139264 macroblocks and a side of sqrt(8 x that) x 16 = 16888 (ITU-T H.264, A.3.1); x264 takes up to 16384. */
const MAX_SIDE = 16384;
const MAX_FPS = 240;

/** A frame rate as an exact fraction: whole numbers, NTSC rates (n x 1000/1001, SMPTE ST 170), else thousandths. */
function frameRate(fps: number): FrameRate {
  const ntsc = (Math.round(fps) * 1000) / 1001;
  if (Number.isInteger(fps)) return { num: fps, den: 1 };
  if (Math.abs(fps - ntsc) < 0.005) return { num: Math.round(fps) * 1000, den: 1001 };
  return { num: Math.round(fps * 1000), den: 1000 };
}

/**
 * Opens an H.264 High encoder: x264 preset veryfast, CRF 20, a keyframe at least each second, yuv420p tagged BT.709 limited range, MP4 with the
 * index in front. Of `metadata` MP4 keeps `title`, `comment`, `artist`, `description`, `copyright` and the like.
 * INVALID_INPUT for odd or absurd sizes and rates, UNSUPPORTED without a codec.
 */
export async function openEncoder(options: EncodeOptions, choice: CodecChoice = 'auto'): Promise<VideoEncoder> {
  checkOptions(options);
  const codec = await findCodec(choice);
  const { dir, name, ext } = path.parse(options.path);
  const partialPath = path.join(dir, `.${name}.${randomUUID()}.partial${ext || '.mp4'}`);
  const { width, height } = options;
  const metadata = checkedTags(options.metadata ?? {});
  await access(dir, constants.W_OK).catch((error) => Promise.reject(unwritable(error)));
  const sink = await codec.openSink({ path: partialPath, width, height, rate: frameRate(options.fps), metadata });
  const frameBytes = (width * height * 3) / 2;
  let frames = 0;
  let done = false;
  const abort = async () => {
    if (done) return;
    done = true;
    await sink.abort();
    await rm(partialPath, { force: true });
  };
  const orAbort = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (error) {
      await abort();
      throw unwritable(error);
    }
  };
  return {
    partialPath,
    abort,
    async write(planes) {
      if (planes.length !== frameBytes) throw new AppError('INVALID_INPUT', `A frame of ${width}x${height} has ${frameBytes} bytes, not ${planes.length}.`);
      await orAbort(sink.write(planes));
      frames++;
    },
    async finish() {
      if (frames === 0) {
        await abort();
        throw new AppError('INVALID_INPUT', 'No frames were given to encode.', { hint: 'Give at least one frame.' });
      }
      await orAbort(sink.finish());
      await orAbort(rename(partialPath, options.path));
      done = true;
    },
  };
}

function unwritable(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('UNAVAILABLE', 'The video file cannot be written.', {
    hint: 'Check that its folder exists, is writable and has free space.',
    cause: error,
  });
}

function checkOptions({ width, height, fps }: EncodeOptions): void {
  for (const [field, value] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isInteger(value) || value < 2 || value > MAX_SIDE || value % 2 !== 0) {
      throw new AppError('INVALID_INPUT', `${field} ${value} cannot be encoded.`, {
        hint: `H.264 with 4:2:0 chroma needs an even ${field} from 2 to ${MAX_SIDE}.`,
      });
    }
  }
  if (!(fps >= 1 && fps <= MAX_FPS)) throw new AppError('INVALID_INPUT', `fps ${fps} cannot be encoded.`, { hint: `fps is from 1 to ${MAX_FPS}.` });
}

/** Container tags fit for both codecs: names of letters and underscores (else INVALID_INPUT), values without control characters. */
export function checkedTags(metadata: Record<string, string>): Record<string, string> {
  const wrong = Object.keys(metadata).find((key) => !/^[A-Za-z_]{1,40}$/.test(key));
  if (wrong !== undefined) throw new AppError('INVALID_INPUT', `metadata has the key "${wrong.slice(0, 40)}".`, { hint: 'Keys are letters and underscores.' });
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, value.replace(/\p{Cc}+/gu, ' ')]));
}
