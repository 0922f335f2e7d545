// A child process that decodes a file with FFmpeg on all threads and throws the frames away. Message in: { file }. Message out: { frames } or { error }.
import { AV_LOG_QUIET, AVERROR_EOF } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FormatContext, Frame, Log, Packet } from 'node-av/lib';
import { setOptions } from '../dist/adapters/local/media/node-av-options.js';

Log.setLevel(AV_LOG_QUIET);

function decode(file) {
  const input = new FormatContext();
  FFmpegError.throwIfError(input.openInputSync(file, null, null), 'open');
  FFmpegError.throwIfError(input.findStreamInfoSync(null), 'read');
  const stream = input.streams[0];
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  setOptions(decoder, { threads: 'auto' });
  FFmpegError.throwIfError(decoder.open2Sync(codec), 'decoder');
  const [packet, frame] = [new Packet(), new Frame()];
  packet.alloc();
  frame.alloc();
  let frames = 0;
  for (let read = 0; read !== AVERROR_EOF; ) {
    read = input.readFrameSync(packet);
    decoder.sendPacketSync(read < 0 ? null : packet);
    packet.unref();
    for (; decoder.receiveFrameSync(frame) >= 0; frames++) frame.unref();
  }
  packet.free();
  frame.free();
  decoder.freeContext();
  input.closeInputSync();
  return frames;
}

process.on('disconnect', () => process.exit(0));
process.on('message', ({ file }) => {
  try {
    process.send({ frames: decode(file) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
