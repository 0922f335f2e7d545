// A child process that renders a move with FFmpeg's zoompan (of the same FFmpeg build) and encodes it with the settings of our own encoder.
// Message in: { picture, output, width, height, fps, frames, zoom, x, y }; zoom, x and y are zoompan's expressions. Message out: {} or { error }.
import { AV_LOG_QUIET } from 'node-av/constants';
import { Codec, CodecContext, FFmpegError, FilterGraph, FormatContext, Frame, Log, Packet } from 'node-av/lib';
import { openEncoder } from '../dist/adapters/local/media/encoder.js';

Log.setLevel(AV_LOG_QUIET);
const must = (code, what) => FFmpegError.throwIfError(code, what);

/** The picture as FFmpeg decodes it. */
function decode(file) {
  const input = new FormatContext();
  must(input.openInputSync(file, null, null), 'open');
  must(input.findStreamInfoSync(null), 'read');
  const stream = input.streams[0];
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  must(decoder.open2Sync(codec), 'decoder');
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  must(input.readFrameSync(packet), 'packet');
  must(decoder.sendPacketSync(packet), 'decode');
  decoder.sendPacketSync(null);
  must(decoder.receiveFrameSync(frame), 'frame');
  packet.free();
  decoder.freeContext();
  input.closeInputSync();
  return frame;
}

async function render({ picture, output, width, height, fps, frames, zoom, x, y }) {
  const frame = decode(picture);
  const graph = new FilterGraph();
  graph.alloc();
  const source = `buffer@in=video_size=${frame.width}x${frame.height}:pix_fmt=${frame.format}:time_base=1/${fps}:pixel_aspect=1/1`;
  const move = `zoompan=z='${zoom}':x='${x}':y='${y}':d=${frames}:s=${width}x${height}:fps=${fps}`;
  // The picture's JFIF range and matrix to what is encoded, as our side does.
  const convert = 'scale=out_color_matrix=bt709:out_range=tv';
  must(graph.parsePtr(`${source},${convert},format=yuv420p,${move},buffersink@out`), 'graph');
  must(graph.configSync(), 'configure');
  must(graph.getFilter('buffer@in').buffersrcAddFrameSync(frame), 'filter');
  must(graph.getFilter('buffer@in').buffersrcAddFrameSync(null), 'end');
  const sink = graph.getFilter('buffersink@out');
  const encoder = await openEncoder({ path: output, width, height, fps }, 'node-av');
  const result = new Frame();
  result.alloc();
  for (let index = 0; index < frames; index++) {
    must(sink.buffersinkGetFrameSync(result), 'frame');
    await encoder.write(result.toBuffer());
    result.unref();
  }
  await encoder.finish();
  result.free();
  graph.free();
  frame.free();
}

process.on('disconnect', () => process.exit(0));
process.on('message', (job) => {
  render(job).then(
    () => process.send({}),
    (error) => process.send({ error: String(error?.stack ?? error) }),
  );
});
