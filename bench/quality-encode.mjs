// H.264 files of RGB frames at a chosen quality, with x264 of node-av as the product's own encoder uses it.
import { rename } from 'node:fs/promises';
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_ERROR,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
} from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FormatContext, Frame, Log, Packet, Rational } from 'node-av/lib';
import { toYuv420 } from '../dist/adapters/local/media/colour.js';
import { setOptions } from '../dist/adapters/local/media/node-av-options.js';

Log.setLevel(AV_LOG_ERROR);
const must = (code, what) => FFmpegError.throwIfError(code, what);

function openX264({ width, height, fps, crf }) {
  const x264 = Codec.findEncoderByName('libx264');
  const encoder = new CodecContext();
  encoder.allocContext3(x264);
  Object.assign(encoder, { width, height, pixelFormat: AV_PIX_FMT_YUV420P, timeBase: new Rational(1, fps), framerate: new Rational(fps, 1), gopSize: fps });
  Object.assign(encoder, { colorSpace: AVCOL_SPC_BT709, colorPrimaries: AVCOL_PRI_BT709, colorTrc: AVCOL_TRC_BT709, colorRange: AVCOL_RANGE_MPEG });
  encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  setOptions(encoder, { preset: 'veryfast', crf: String(crf), profile: 'high' });
  must(encoder.open2Sync(x264), 'open libx264');
  return encoder;
}

/** Even sides and whole frame rates; `crf` default 20. The file appears when it is complete. */
export async function encodeClip(file, frames, { fps, crf = 20 }) {
  const { width, height } = frames[0];
  const encoder = openX264({ width, height, fps, crf });
  const output = new FormatContext();
  const partial = `${file}.${process.pid}.partial`;
  must(output.allocOutputContext2(null, 'mp4', `file:${partial}`), 'MP4 writer');
  const stream = output.newStream();
  stream.codecpar.fromContext(encoder);
  stream.timeBase = encoder.timeBase;
  stream.avgFrameRate = encoder.framerate;
  setOptions(output, { movflags: '+faststart' });
  must(await output.openOutput(), 'open output');
  must(await output.writeHeader(), 'write header');
  const packet = new Packet();
  packet.alloc();
  const send = async (frame) => {
    must(await encoder.sendFrame(frame), 'encode');
    while ((await encoder.receivePacket(packet)) >= 0) {
      packet.streamIndex = stream.index;
      packet.duration = 1n;
      packet.rescaleTs(encoder.timeBase, stream.timeBase);
      must(await output.interleavedWriteFrame(packet), 'write');
      packet.unref();
    }
  };
  for (const [index, image] of frames.entries()) {
    const planes = Buffer.alloc((width * height * 3) / 2);
    toYuv420(image, planes);
    const frame = Frame.fromVideoBuffer(planes, { width, height, format: AV_PIX_FMT_YUV420P, timeBase: encoder.timeBase });
    frame.pts = BigInt(index);
    Object.assign(frame, { colorSpace: AVCOL_SPC_BT709, colorRange: AVCOL_RANGE_MPEG });
    await send(frame);
    frame.free();
  }
  await send(null);
  must(await output.writeTrailer(), 'finish');
  await output.closeOutput();
  packet.free();
  encoder.freeContext();
  await rename(partial, file);
}
