import { AppError } from '../../../errors.ts';
import type { EncodeOptions, RawImage, VideoInfo } from '../../../ports/pictures.ts';
import { type CallContext, serve } from '../child/serve.ts';
import type { ClipLimits, Codec, CodecChoice } from './backend.ts';
import type { Clip } from './clip.ts';
import { findCodec } from './codec.ts';
import { toYuv420 } from './colour.ts';
import { openEncoder, type VideoEncoder } from './encoder.ts';
import { joinClips, joinOrSplice, type SpliceJob } from './joining.ts';
import { keepClip, openOrTake } from './kept-clip.ts';
import { describe, type Looks, openChecked, sample, sampleSize, scan } from './reading.ts';

/** What every call carries. */
export interface CallParams {
  codec: CodecChoice;
  maxPixels: number;
  timeLimitSeconds: number;
}

interface FileParams extends CallParams {
  path: string;
}

async function withClip<T>(params: FileParams, context: CallContext, use: (clip: Clip) => Promise<T>): Promise<T> {
  const codec = await findCodec(params.codec);
  const { clip } = await openOrTake(codec, params.path, limitsOf(params, context));
  try {
    return await use(clip);
  } finally {
    clip.close();
  }
}

async function probe(params: FileParams, context: CallContext): Promise<VideoInfo> {
  const codec = await findCodec(params.codec);
  const open = await openOrTake(codec, params.path, limitsOf(params, context));
  try {
    const found = await describe(open.clip);
    await keepClip(params.path, open);
    return found;
  } catch (error) {
    open.clip.close();
    throw error;
  }
}

const limitsOf = ({ maxPixels, timeLimitSeconds }: CallParams, { signal }: CallContext): ClipLimits => ({ maxPixels, timeLimitSeconds, signal });

/** The file being written; the parent gives a child to one call at a time. */
let writing: { encoder: VideoEncoder; options: EncodeOptions; planes: Uint8Array } | undefined;

function open(): NonNullable<typeof writing> {
  if (!writing) throw new AppError('UNAVAILABLE', 'The encoder has stopped: no frame came for too long.', { hint: 'Encode the clip again.' });
  return writing;
}

async function info(codec: Codec, path: string, limits: ClipLimits): Promise<VideoInfo> {
  const clip = await openChecked(codec, path, limits);
  try {
    return await describe(clip);
  } finally {
    clip.close();
  }
}

serve({
  async codec(params: CallParams) {
    return (await findCodec(params.codec)).name;
  },

  probe,

  /** Emits `{ indices, image }` for every frame. */
  frames: (params: FileParams & { timesSeconds: number[]; maxSide: number }, context) =>
    withClip(params, context, async (clip) => {
      const size = sampleSize(clip, params.maxSide);
      await sample(clip, params.timesSeconds, size, (indices, data) => context.emit({ indices, image: { ...size, channels: 3, data } }));
    }),

  /** Emits `ScanBatch`es, and `{ indices, image }` for every frame of `looks`. */
  scan: (params: FileParams & { width: number; height: number; format: 'gray' | 'rgb'; looks?: Looks }, context) =>
    withClip(params, context, (clip) => {
      const size = sampleSize(clip, params.looks?.maxSide ?? 1);
      const onLook = (indices: number[], data: Uint8Array) => context.emit({ indices, image: { ...size, channels: 3, data } });
      return scan(clip, params, (batch) => context.emit(batch), onLook);
    }),

  async encodeOpen(params: CallParams & { options: EncodeOptions }) {
    const { options } = params;
    const encoder = await openEncoder(options, params.codec);
    writing = { encoder, options, planes: new Uint8Array((options.width * options.height * 3) / 2) };
    return encoder.partialPath;
  },

  async encodeWrite(params: { image: RawImage }) {
    const { encoder, planes } = open();
    toYuv420(params.image, planes);
    await encoder.write(planes);
  },

  async encodeFinish(params: CallParams, context) {
    const { encoder, options } = open();
    writing = undefined;
    await encoder.finish();
    return await info(await findCodec(params.codec), options.path, { ...params, signal: context.signal });
  },

  async encodeAbort() {
    const encoder = writing?.encoder;
    writing = undefined;
    await encoder?.abort();
  },

  async concat(params: CallParams & { paths: string[]; path: string; partialPath: string; metadata: Record<string, string> }, context) {
    const codec = await findCodec(params.codec);
    const limits = { ...params, signal: context.signal };
    await joinClips(codec, params, limits);
    return await info(codec, params.path, limits);
  },

  /** Emits `{ partialPath }` where it encodes. */
  async join(params: CallParams & SpliceJob, context) {
    const codec = await findCodec(params.codec);
    const limits = { ...params, signal: context.signal };
    const joined = await joinOrSplice(codec, params.codec, params, limits, (partialPath) => context.emit({ partialPath }));
    return { ...(await info(codec, params.path, limits)), ...joined };
  },
});
