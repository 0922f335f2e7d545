import {
  AV_PIX_FMT_NONE,
  AV_PKT_DATA_DISPLAYMATRIX,
  AV_PKT_FLAG_DISCARD,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_CL,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_FCC,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE240M,
  AVMEDIA_TYPE_AUDIO,
  AVSEEK_FLAG_BACKWARD,
} from 'node-av/constants';
import { avGetCodecName, avGetPixFmtName, type FormatContext, Packet } from 'node-av/lib';
import type { ClipLimits } from './backend.ts';
import { alphaDecoderOf, type Clip, type ClipHeader, hasAlpha, mediaTypeOf, type PacketEntry } from './clip.ts';
import { decodeStream } from './node-av-decode.ts';
import { alphaModeOf, type OpenInput, openInput, ticks } from './node-av-input.ts';
import { breather } from './pace.ts';

/** Decoding about 6 frames takes as long as a seek with its flush of the frame threads (measured on 720p, 2 cores). */
const JUMP_COST_FRAMES = 6;

const MATRIX_NAMES = new Map<number, string>([
  [AVCOL_SPC_BT709, 'bt709'],
  [AVCOL_SPC_FCC, 'fcc'],
  [AVCOL_SPC_BT470BG, 'bt470bg'],
  [AVCOL_SPC_SMPTE170M, 'smpte170m'],
  [AVCOL_SPC_SMPTE240M, 'smpte240m'],
  [AVCOL_SPC_BT2020_NCL, 'bt2020nc'],
  [AVCOL_SPC_BT2020_CL, 'bt2020c'],
]);

export async function openNodeAvClip(path: string, limits: ClipLimits): Promise<Clip> {
  let input = openInput(path);
  let atStart = true;
  let decodeErrors = 0;
  let first: PacketEntry | undefined;
  const header = readHeader(input);
  const rewind = () => {
    if (!atStart && !(first && isIndexed(header) && seekTo(input, first))) {
      input.demuxer.closeInputSync();
      input = openInput(path);
    }
    atStart = false;
  };
  return {
    header,
    jumpCostFrames: JUMP_COST_FRAMES,
    looksAside: true,
    get decodeErrors() {
      return decodeErrors;
    },
    async packets() {
      rewind();
      const packets = await readPackets(input, limits.signal);
      first = packets[0]?.keyframe ? packets[0] : undefined;
      return packets;
    },
    async *decode(pass) {
      if (pass.from) {
        atStart = false;
        seekTo(input, pass.from);
      } else rewind();
      yield* decodeStream(input, pass, limits, () => decodeErrors++);
    },
    close: () => input.demuxer.closeInputSync(),
  };
}

/** Containers with an index of every packet, in which the first one can be sought: that costs nothing, opening the file again 20 ms. */
const isIndexed = ({ mediaType }: ClipHeader): boolean => mediaType === 'video/mp4' || mediaType === 'video/quicktime';

function seekTo({ demuxer, stream }: OpenInput, { dts, pts }: PacketEntry): boolean {
  return demuxer.seekFrameSync(stream.index, BigInt(dts ?? pts ?? 0), AVSEEK_FLAG_BACKWARD) >= 0;
}

function readHeader({ demuxer, stream }: OpenInput): ClipHeader {
  const par = stream.codecpar;
  const codec = avGetCodecName(par.codecId) ?? 'unknown';
  const matrix = par.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX);
  const tickSeconds = stream.timeBase.num / stream.timeBase.den;
  const pixelFormat = par.format === AV_PIX_FMT_NONE ? 'unknown' : (avGetPixFmtName(par.format as never) ?? 'unknown');
  const { num, den } = stream.sampleAspectRatio;
  const rate = stream.avgFrameRate;
  return {
    codedWidth: par.width,
    codedHeight: par.height,
    pixelAspect: num > 0 && den > 0 ? num / den : 1,
    displayMatrix: matrix ? Array.from({ length: 9 }, (_, index) => matrix.readInt32LE(index * 4)) : undefined,
    tickSeconds,
    startTicks: ticks(stream.startTime),
    durationSeconds: (ticks(stream.duration) ?? 0) * tickSeconds || (ticks(demuxer.duration) ?? 0) / 1e6,
    fps: rate.num > 0 && rate.den > 0 ? rate.num / rate.den : 0,
    frames: Number(stream.nbFrames),
    codec,
    pixelFormat,
    colourMatrix: MATRIX_NAMES.get(par.colorSpace) ?? 'unknown',
    fullRange: par.colorRange === AVCOL_RANGE_JPEG || pixelFormat.startsWith('yuvj'),
    alpha: hasAlpha(pixelFormat) || alphaDecoderOf(codec, alphaModeOf(stream)) !== undefined,
    hasAudio: demuxer.findBestStream(AVMEDIA_TYPE_AUDIO) >= 0,
    mediaType: mediaTypeOf(demuxer.iformat?.name ?? '', demuxer.metadata?.get('major_brand') ?? undefined, codec),
    join: { codec: `${codec} ${par.profile}`, size: `${par.width}x${par.height}`, pixels: pixelFormat, rate: `${rate.num}/${rate.den}`, ...joinAudio(demuxer) },
  };
}

function joinAudio(demuxer: FormatContext): { audio: string } {
  const index = demuxer.findBestStream(AVMEDIA_TYPE_AUDIO);
  if (index < 0) return { audio: 'none' };
  const par = demuxer.streams[index].codecpar;
  return { audio: `${avGetCodecName(par.codecId)} ${par.sampleRate} Hz, ${par.channels} channels` };
}

async function readPackets({ demuxer, stream }: OpenInput, signal: AbortSignal): Promise<PacketEntry[]> {
  const packet = new Packet();
  packet.alloc();
  const entries: PacketEntry[] = [];
  const breathe = breather(signal);
  while (true) {
    const read = demuxer.readFrameSync(packet);
    if (read < 0) break;
    if (packet.streamIndex === stream.index) {
      const hidden = (packet.flags & AV_PKT_FLAG_DISCARD) !== 0;
      entries.push({ pts: ticks(packet.pts), dts: ticks(packet.dts), keyframe: packet.isKeyframe, hidden });
    }
    packet.unref();
    await breathe();
  }
  packet.free();
  return entries;
}
