import type { ClipLimits } from './backend.ts';
import { alphaDecoderOf, brokenFile, type Clip, type ClipHeader, hasAlpha, mediaTypeOf, type PacketEntry } from './clip.ts';
import { decodeWithProgram } from './program-decode.ts';
import { INPUT_GUARDS, runProgram } from './program-run.ts';

/** Starting ffmpeg once more takes as long as decoding about 60 frames (measured on 720p, 2 cores: 0.1 to 0.2 s). */
const JUMP_COST_FRAMES = 60;

/** ffprobe's words for the order of two fields (`tt`: top first, stored and shown). */
const INTERLACED = new Set(['tt', 'bb', 'tb', 'bt']);

/** The fields of `ffprobe -show_streams -show_format` that are used. */
interface Probed {
  streams?: ProbedStream[];
  format?: { format_name?: string; duration?: string; tags?: Record<string, string> };
}

interface ProbedStream {
  index: number;
  codec_type?: string;
  codec_name?: string;
  profile?: string;
  width?: number;
  height?: number;
  sample_aspect_ratio?: string;
  pix_fmt?: string;
  color_space?: string;
  color_range?: string;
  field_order?: string;
  avg_frame_rate?: string;
  time_base?: string;
  start_pts?: number;
  duration?: string;
  nb_frames?: string;
  sample_rate?: string;
  channels?: number;
  disposition?: { attached_pic?: number };
  tags?: { alpha_mode?: string };
  side_data_list?: { displaymatrix?: string }[];
}

export async function openProgramClip(path: string, limits: ClipLimits): Promise<Clip> {
  const show = ['-show_streams', '-show_format', '-of', 'json', `file:${path}`];
  const output = await runProgram('ffprobe', ['-v', 'error', ...INPUT_GUARDS, ...show], limits);
  const probed = parsed(output);
  if (!probed?.format) throw brokenFile('is no readable video');
  const stream = probed.streams?.find((one) => one.codec_type === 'video' && one.disposition?.attached_pic !== 1);
  if (!stream) throw brokenFile('has no video track');
  const header = readHeader(probed, stream);
  const decoder = alphaDecoderOf(header.codec, stream.tags?.alpha_mode);
  const source = {
    path,
    streamIndex: stream.index,
    tickSeconds: header.tickSeconds,
    interlaced: INTERLACED.has(stream.field_order ?? ''),
    ...(decoder ? { decoder } : {}),
  };
  let decodeErrors = 0;
  return {
    header,
    jumpCostFrames: JUMP_COST_FRAMES,
    looksAside: false,
    get decodeErrors() {
      return decodeErrors;
    },
    packets: () => readPackets(path, stream.index, limits),
    decode: (pass) => decodeWithProgram(source, pass, limits, () => decodeErrors++),
    close: () => {},
  };
}

function parsed(output: string): Probed | undefined {
  try {
    return JSON.parse(output) as Probed;
  } catch {
    return undefined;
  }
}

function readHeader(probed: Probed, stream: ProbedStream): ClipHeader {
  const codec = stream.codec_name ?? 'unknown';
  const tickSeconds = fraction(stream.time_base) || 1;
  const matrix = stream.side_data_list?.find((data) => data.displaymatrix)?.displaymatrix;
  const pixelFormat = stream.pix_fmt ?? 'unknown';
  const audio = probed.streams?.find((one) => one.codec_type === 'audio');
  const { width = 0, height = 0 } = stream;
  return {
    codedWidth: width,
    codedHeight: height,
    pixelAspect: fraction(stream.sample_aspect_ratio) || 1,
    displayMatrix: matrix ? matrixOf(matrix) : undefined,
    tickSeconds,
    startTicks: stream.start_pts,
    durationSeconds: Number(stream.duration) || Number(probed.format?.duration) || 0,
    fps: fraction(stream.avg_frame_rate),
    frames: Number(stream.nb_frames) || 0,
    codec,
    pixelFormat,
    colourMatrix: stream.color_space ?? 'unknown',
    fullRange: stream.color_range === 'pc' || pixelFormat.startsWith('yuvj'),
    alpha: hasAlpha(pixelFormat) || alphaDecoderOf(codec, stream.tags?.alpha_mode) !== undefined,
    hasAudio: audio !== undefined,
    mediaType: mediaTypeOf(probed.format?.format_name ?? '', probed.format?.tags?.major_brand, codec),
    join: {
      codec: `${codec} ${stream.profile}`,
      size: `${width}x${height}`,
      pixels: pixelFormat,
      rate: stream.avg_frame_rate ?? '',
      audio: audio ? `${audio.codec_name} ${audio.sample_rate} Hz, ${audio.channels} channels` : 'none',
    },
  };
}

/** `24/1` or `1:1` as a number, 0 where it is none. */
function fraction(text: string | undefined): number {
  const [num, den] = (text ?? '').split(/[/:]/).map(Number);
  return num > 0 && den > 0 ? num / den : 0;
}

/** ffprobe prints three lines like `00000000:   0  65536   0`. */
function matrixOf(text: string): number[] | undefined {
  const numbers = text
    .split('\n')
    .filter((line) => line.includes(':'))
    .flatMap((line) => line.split(':')[1].trim().split(/\s+/).map(Number));
  return numbers.length === 9 && numbers.every(Number.isFinite) ? numbers : undefined;
}

async function readPackets(path: string, streamIndex: number, limits: ClipLimits): Promise<PacketEntry[]> {
  const show = ['-select_streams', `${streamIndex}`, '-show_entries', 'packet=pts,dts,flags', '-of', 'csv=p=0', `file:${path}`];
  const output = await runProgram('ffprobe', ['-v', 'fatal', ...INPUT_GUARDS, ...show], limits);
  const entries: PacketEntry[] = [];
  for (const line of output.split('\n')) {
    const [pts, dts, flags] = line.split(',');
    if (flags === undefined) continue;
    entries.push({ pts: ticks(pts), dts: ticks(dts), keyframe: flags.includes('K'), hidden: flags.includes('D') });
  }
  return entries;
}

function ticks(text: string): number | undefined {
  const value = Number.parseInt(text, 10);
  return Number.isFinite(value) ? value : undefined;
}
