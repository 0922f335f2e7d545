import { AV_FRAME_FLAG_CORRUPT, AV_FRAME_FLAG_INTERLACED, AVERROR_EAGAIN, AVERROR_EOF } from 'node-av/constants';
import { Codec as AvCodec, avGetCodecName, CodecContext, FilterGraph, Frame, Packet } from 'node-av/lib';
import { AppError } from '../../../errors.ts';
import type { ClipLimits } from './backend.ts';
import { alphaDecoderOf, brokenFile, type DecodedFrame, type DecodePass, ONE_FIELD } from './clip.ts';
import { alphaModeOf, type OpenInput, ticks } from './node-av-input.ts';
import { setOptions } from './node-av-options.ts';
import { breather } from './pace.ts';

/** Decodes from where the demuxer stands to the end, or to the last frame wanted. */
export async function* decodeStream(input: OpenInput, pass: DecodePass, limits: ClipLimits, onError: () => void): AsyncGenerator<DecodedFrame> {
  const decoder = openDecoder(input, limits);
  const picture = new Picture(pass);
  const aside = pass.aside && { picture: new Picture(pass.aside), wanted: pass.aside.wanted };
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  const breathe = breather(limits.signal);
  const wanted = pass.wanted ? new Set(pass.wanted) : undefined;
  const last = pass.wanted ? pass.wanted[pass.wanted.length - 1] : Infinity;
  let count = 0;
  try {
    while (true) {
      const more = feed(input, decoder, packet, onError);
      let received = decoder.receiveFrameSync(frame);
      for (; received >= 0; received = decoder.receiveFrameSync(frame)) {
        if (frame.decodeErrorFlags !== 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) !== 0) onError();
        const position = pass.byIndex ? count : ticks(frame.bestEffortTimestamp);
        count++;
        if (!wanted || (position !== undefined && wanted.has(position))) {
          const beside = position !== undefined && aside?.wanted.has(position) ? aside.picture.convertCopy(frame) : undefined;
          yield { position, data: picture.convert(frame), aside: beside };
        }
        if (position !== undefined && position >= last) return;
        frame.unref();
        await breathe();
      }
      if (received !== AVERROR_EAGAIN && received !== AVERROR_EOF) onError();
      if (!more) return;
      await breathe();
    }
  } finally {
    picture.free();
    aside?.picture.free();
    frame.free();
    packet.free();
    decoder.freeContext();
  }
}

function openDecoder({ stream }: OpenInput, limits: ClipLimits): CodecContext {
  const { codecId } = stream.codecpar;
  const withAlpha = alphaDecoderOf(avGetCodecName(codecId) ?? '', alphaModeOf(stream));
  const codec = (withAlpha && AvCodec.findDecoderByName(withAlpha as never)) || AvCodec.findDecoder(codecId);
  if (!codec) throw brokenFile('is in a video format that cannot be decoded here');
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.pktTimebase = stream.timeBase;
  setOptions(decoder, { max_pixels: String(limits.maxPixels), threads: 'auto' });
  const opened = decoder.open2Sync(codec);
  if (opened < 0) throw brokenFile('cannot be decoded', opened);
  return decoder;
}

/** Gives the decoder its next packet, or tells it that the end is reached: then false. */
function feed({ demuxer, stream }: OpenInput, decoder: CodecContext, packet: Packet, onError: () => void): boolean {
  while (true) {
    const read = demuxer.readFrameSync(packet);
    if (read < 0) {
      if (read !== AVERROR_EOF) onError();
      decoder.sendPacketSync(null);
      return false;
    }
    const ours = packet.streamIndex === stream.index;
    const sent = ours ? decoder.sendPacketSync(packet) : 0;
    packet.unref();
    if (sent < 0) onError();
    if (ours) return true;
  }
}

function mustWork(code: number): void {
  if (code < 0) throw brokenFile('has pictures that cannot be converted', code);
}

/** FFmpeg's filter chain from decoded pictures to packed pixels; made again where pictures change their size or format. */
class Picture {
  readonly #pass: Pick<DecodePass, 'filter' | 'frameBytes'>;
  readonly #result = new Frame();
  #graph: FilterGraph | undefined;
  #shape = '';
  #interlaced = false;

  constructor(pass: Pick<DecodePass, 'filter' | 'frameBytes'>) {
    this.#pass = pass;
    this.#result.alloc();
  }

  /** Leaves the frame as it is, and the pixels to the caller. */
  convertCopy(frame: Frame): Uint8Array {
    const copy = frame.clone();
    if (!copy) throw new AppError('INTERNAL', 'A picture could not be copied.');
    try {
      return Uint8Array.from(this.convert(copy));
    } finally {
      copy.free();
    }
  }

  /** Takes the picture out of the frame; the pixels are valid until the next call. */
  convert(frame: Frame): Uint8Array {
    // For good once there was one: broadcasts change from frame to frame.
    this.#interlaced ||= (frame.flags & AV_FRAME_FLAG_INTERLACED) !== 0;
    const shape = `video_size=${frame.width}x${frame.height}:pix_fmt=${frame.format}:time_base=1/1000:pixel_aspect=1/1${this.#interlaced ? `,${ONE_FIELD}` : ''}`;
    if (shape !== this.#shape) this.#build(shape);
    const source = this.#graph?.getFilter('buffer@in');
    const sink = this.#graph?.getFilter('buffersink@out');
    if (!source || !sink) throw new AppError('INTERNAL', 'The picture filter has no ends.');
    mustWork(source.buffersrcAddFrameSync(frame));
    this.#result.unref();
    mustWork(sink.buffersinkGetFrameSync(this.#result));
    const data = this.#result.toBuffer();
    if (data.length !== this.#pass.frameBytes) throw new AppError('INTERNAL', `A picture has ${data.length} bytes instead of ${this.#pass.frameBytes}.`);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }

  #build(shape: string): void {
    this.#graph?.free();
    this.#graph = new FilterGraph();
    this.#graph.alloc();
    this.#graph.nbThreads = 1;
    const parsed = this.#graph.parsePtr(`buffer@in=${shape},${this.#pass.filter},buffersink@out`);
    mustWork(parsed);
    mustWork(this.#graph.configSync());
    this.#shape = shape;
  }

  free(): void {
    this.#graph?.free();
    this.#result.free();
  }
}
