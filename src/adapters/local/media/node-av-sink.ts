import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec as AvCodec, CodecContext, Dictionary, FFmpegError, FormatContext, Frame, Packet, Rational, type Stream } from 'node-av/lib';
import { AppError } from '../../../errors.ts';
import { type EncodeJob, type FrameSink, INSTALL_HINT } from './backend.ts';
import { setOptions } from './node-av-options.ts';

/** x264 in process. The frame after the one that is being encoded may be drawn meanwhile: a write waits for the one before it only. */
export async function openNodeAvSink(job: EncodeJob): Promise<FrameSink> {
  const encoder = openX264(job);
  const output = new FormatContext();
  FFmpegError.throwIfError(output.allocOutputContext2(null, 'mp4', `file:${job.path}`), 'MP4 writer');
  const stream = output.newStream();
  stream.codecpar.fromContext(encoder);
  stream.timeBase = encoder.timeBase;
  stream.avgFrameRate = encoder.framerate;
  output.metadata = Dictionary.fromObject(job.metadata);
  setOptions(output, { movflags: '+faststart' });
  FFmpegError.throwIfError(await output.openOutput(), 'open output');
  FFmpegError.throwIfError(await output.writeHeader(), 'write header');
  return nodeAvSink(job, encoder, output, stream);
}

function openX264(job: EncodeJob): CodecContext {
  const x264 = AvCodec.findEncoderByName(FF_ENCODER_LIBX264);
  if (!x264) throw new AppError('UNSUPPORTED', 'The installed node-av has no H.264 encoder (libx264).', { hint: INSTALL_HINT });
  const encoder = new CodecContext();
  encoder.allocContext3(x264);
  encoder.width = job.width;
  encoder.height = job.height;
  encoder.pixelFormat = AV_PIX_FMT_YUV420P;
  encoder.timeBase = new Rational(job.rate.den, job.rate.num);
  encoder.framerate = new Rational(job.rate.num, job.rate.den);
  encoder.gopSize = Math.round(job.rate.num / job.rate.den);
  encoder.colorSpace = AVCOL_SPC_BT709;
  encoder.colorPrimaries = AVCOL_PRI_BT709;
  encoder.colorTrc = AVCOL_TRC_BT709;
  encoder.colorRange = AVCOL_RANGE_MPEG;
  encoder.sampleAspectRatio = new Rational(1, 1);
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  setOptions(encoder, { preset: 'veryfast', crf: '20', profile: 'high' });
  FFmpegError.throwIfError(encoder.open2Sync(x264), 'open libx264');
  return encoder;
}

function nodeAvSink(job: EncodeJob, encoder: CodecContext, output: FormatContext, stream: Stream): FrameSink {
  const packet = new Packet();
  packet.alloc();
  // node-av's frames use the memory they are made from instead of copying it, so two buffers take turns: one is encoded, one is filled.
  const buffers = [0, 1].map(() => Buffer.alloc((job.width * job.height * 3) / 2));
  let index = 0n;
  let before: Promise<void> = Promise.resolve();
  let open = true;

  const encode = async (frame: Frame | null) => {
    try {
      FFmpegError.throwIfError(await encoder.sendFrame(frame), 'encode');
      while ((await encoder.receivePacket(packet)) >= 0) {
        packet.streamIndex = stream.index;
        packet.duration = 1n;
        packet.rescaleTs(encoder.timeBase, stream.timeBase);
        FFmpegError.throwIfError(await output.interleavedWriteFrame(packet), 'write');
        packet.unref();
      }
    } finally {
      frame?.free();
    }
  };
  const close = async () => {
    if (!open) return;
    open = false;
    await before.catch(() => {});
    packet.free();
    encoder.freeContext();
    await output.closeOutput();
    output.freeContext();
  };
  return {
    async write(planes) {
      const bytes = buffers[Number(index % 2n)];
      bytes.set(planes);
      const frame = Frame.fromVideoBuffer(bytes, { width: job.width, height: job.height, format: AV_PIX_FMT_YUV420P, timeBase: encoder.timeBase, pts: index });
      frame.pts = index++;
      const previous = before;
      before = previous.then(() => encode(frame));
      before.catch(() => {});
      await previous;
    },
    async finish() {
      await before;
      await encode(null);
      FFmpegError.throwIfError(await output.writeTrailer(), 'write trailer');
      await close();
    },
    abort: close,
  };
}
