import { AppError } from '../../../errors.ts';

/** What the header of a video file says, as both codecs report it. Ticks are units of `tickSeconds`. */
export interface ClipHeader {
  /** Stored size in pixels, before rotation. */
  codedWidth: number;
  codedHeight: number;
  /** Shape of one stored pixel, width / height; 1 where the file does not say. */
  pixelAspect: number;
  /** The display matrix (ISO/IEC 14496-12, 8.5.2.3) as nine integers, or `undefined` where there is none. */
  displayMatrix: number[] | undefined;
  tickSeconds: number;
  /** Presentation time of the first picture in ticks; `undefined` where the container does not say. */
  startTicks: number | undefined;
  /** 0 where the container does not say. */
  durationSeconds: number;
  /** Average frames per second; 0 where the container does not say. */
  fps: number;
  /** 0 where the container does not count. */
  frames: number;
  codec: string;
  pixelFormat: string;
  /** FFmpeg's name of the YUV matrix, e.g. `bt709`; `unknown` where the file does not say. */
  colourMatrix: string;
  fullRange: boolean;
  /** Pictures may be transparent. */
  alpha: boolean;
  hasAudio: boolean;
  mediaType: string;
  /** What clips must share to be joined by stream copy. */
  join: { codec: string; size: string; pixels: string; rate: string; audio: string };
}

/** One video packet of the file, in stored (decoding) order. */
export interface PacketEntry {
  /** Presentation time in ticks, or `undefined` where the container has none. */
  pts: number | undefined;
  dts: number | undefined;
  keyframe: boolean;
  /** Cut off by an edit list: decoded, never shown. */
  hidden: boolean;
}

/** One pass of the decoder over a part of the clip. */
export interface DecodePass {
  /** FFmpeg filter chain that ends in packed pixels of `frameBytes`. */
  filter: string;
  frameBytes: number;
  /** Start at this keyframe instead of at the beginning. */
  from?: PacketEntry | undefined;
  /** Only these frames, by presentation time (or by index where `byIndex`), ascending; all without it. */
  wanted?: number[] | undefined;
  /** The file has no presentation times: `position` counts frames. */
  byIndex: boolean;
  /** Pixels of another shape of some of the frames, beside those of all; a clip without `looksAside` does not give them. */
  aside?: { filter: string; frameBytes: number; wanted: ReadonlySet<number> } | undefined;
}

export interface DecodedFrame {
  /** Presentation time in ticks (`undefined` where the file has none), or the index where the pass is `byIndex`. */
  position: number | undefined;
  /** Packed pixels, valid until the next frame is asked for. */
  data: Uint8Array;
  /** Those of `DecodePass.aside`, where this frame is wanted there. */
  aside?: Uint8Array | undefined;
}

/** An open video file. */
export interface Clip {
  readonly header: ClipHeader;
  /** How many frames' decoding one jump costs; the planner weighs it against decoding on. */
  readonly jumpCostFrames: number;
  /** Whether passes give `aside`. */
  readonly looksAside: boolean;
  /** All video packets, without decoding. */
  packets(): Promise<PacketEntry[]>;
  /** Decodes; broken data is counted in `decodeErrors` and skipped. */
  decode(pass: DecodePass): AsyncIterable<DecodedFrame>;
  /** Decode errors of all passes so far: packets the decoder refused and pictures it marked as damaged. */
  readonly decodeErrors: number;
  close(): void;
}

/** INVALID_MEDIA with a fixed text; the codec's own words go to `cause`. */
export function brokenFile(what: string, cause?: unknown): AppError {
  return new AppError('INVALID_MEDIA', `The file ${what}.`, {
    hint: 'Give an MP4, MOV, WebM, MKV, AVI, MPEG or Ogg video that plays in a video player.',
    cause,
  });
}

/** IANA media types by FFmpeg's demuxer names (the keys are also the only ones that are opened: no playlists, scripts or devices). */
const MEDIA_TYPES: Record<string, string> = {
  'mov,mp4,m4a,3gp,3g2,mj2': 'video/mp4',
  'matroska,webm': 'video/webm',
  avi: 'video/x-msvideo',
  mpegts: 'video/mp2t',
  mpeg: 'video/mpeg',
  ogg: 'video/ogg',
};

/** Value of FFmpeg's `format_whitelist`. */
export const FORMAT_WHITELIST = Object.keys(MEDIA_TYPES).join(',');

/** WebM's codecs (webmproject.org, container guidelines); anything else in that container is Matroska. */
const WEBM_CODECS = new Set(['vp8', 'vp9', 'av1']);

/** The media type by container, its major brand (`qt  ` is QuickTime) and its codec. */
export function mediaTypeOf(format: string, majorBrand: string | undefined, codec: string): string {
  const type = MEDIA_TYPES[format] ?? 'application/octet-stream';
  if (type === 'video/mp4' && majorBrand?.trim() === 'qt') return 'video/quicktime';
  if (type === 'video/webm' && !WEBM_CODECS.has(codec)) return 'video/x-matroska';
  return type;
}

/** How a stored picture is turned upright: FFmpeg filters, and whether width and height change places. */
export function orientation(matrix: number[] | undefined): { filters: string[]; quarterTurn: boolean } {
  if (!matrix) return { filters: [], quarterTurn: false };
  const [a, b, , c, d] = matrix;
  // The same eight cases as FFmpeg's own rotation (fftools/ffmpeg_filter.c, configure_input_video_filter).
  if (Math.abs(b) > Math.abs(a)) {
    const turn = b > 0 ? (c > 0 ? 'cclock_flip' : 'clock') : c < 0 ? 'clock_flip' : 'cclock';
    return { filters: [`transpose=${turn}`], quarterTurn: true };
  }
  return { filters: [...(a < 0 ? ['hflip'] : []), ...(d < 0 ? ['vflip'] : [])], quarterTurn: false };
}

/** Size of the upright picture in square pixels. Pixel shapes beyond 1:4 are taken for nonsense and ignored. */
export function uprightSize(header: ClipHeader): { width: number; height: number } {
  const aspect = header.pixelAspect > 0.25 && header.pixelAspect < 4 ? header.pixelAspect : 1;
  const width = Math.max(1, Math.round(header.codedWidth * aspect));
  return orientation(header.displayMatrix).quarterTurn ? { width: header.codedHeight, height: width } : { width, height: header.codedHeight };
}

/** FFmpeg's names of matrices to what its scale filter takes. */
const MATRIX_OPTIONS: Record<string, string> = {
  bt709: 'bt709',
  fcc: 'fcc',
  bt470bg: 'bt470',
  smpte170m: 'smpte170m',
  smpte240m: 'smpte240m',
  bt2020nc: 'bt2020',
  bt2020c: 'bt2020',
};

/** What codecs put before the filters of pictures that hold two fields of two moments: half the lines, but of one moment, where both together have combs. */
export const ONE_FIELD = 'field=type=top';

/** FFmpeg's names of pixel formats that have an alpha channel. */
export const hasAlpha = (pixelFormat: string): boolean => /^(yuva|rgba|bgra|argb|abgr|gbrap|ya\d|pal8)/.test(pixelFormat);

/** The decoder that gives the alpha channel of WebM, which FFmpeg's own VP8 and VP9 decoders leave out (libavcodec/libvpxdec.c); `undefined` for other codecs. */
export function alphaDecoderOf(codec: string, alphaMode: string | undefined): string | undefined {
  return alphaMode === '1' ? { vp8: 'libvpx', vp9: 'libvpx-vp9' }[codec] : undefined;
}

/**
 * Lays pictures over white, as `Images.decode` does, while they have their own size: colours of what is transparent must not bleed into what is
 * not. Premultiplied colour p becomes p + (255 - alpha), which is the inverse of alpha - p.
 */
const ON_WHITE = 'format=gbrap,premultiply=inplace=1,colorchannelmixer=rr=-1:ra=1:gg=-1:ga=1:bb=-1:ba=1,negate,format=gbrp';

/** By way of planar RGB, which has the same values and takes FFmpeg's scaler two thirds of the time or less (measured, FFmpeg 8.1, 720p to 512 x 288). */
const PACKED_RGB = 'format=gbrp,format=rgb24';

/** Pictures with eight bits of luma in a plane of its own. */
const PLANAR_YUV = /^yuvj?4(20|22|44)p$/;

/**
 * The luma plane scaled alone, then from limited to full range: FFmpeg's scaler takes half the time or less where it knows of no colours and of no
 * range (measured, FFmpeg 8.1, 720p to 128 x 128: .35 ms instead of .8 ms; a fifth of the pixels are one level of 255 darker). Ten bits in between, so that no level is lost,
 * then whole levels, which versions of FFmpeg agree on.
 */
function greyOfLuma(header: ClipHeader, size: { width: number; height: number }): string {
  // As it is: older versions of FFmpeg would bring the plane of a tagged picture to full range by themselves.
  const scale = `extractplanes=y,scale=${size.width}:${size.height}:flags=${scaleFlags(header, size)}:in_range=pc:out_range=pc`;
  // Luma is 16 to 235 of 255 (ITU-R BT.709-6, table 3.5), 64 to 940 in ten bits.
  const range = "format=gray10le,lut=y='clip(4*floor((val-64)*255/876+0.5),0,1020)'";
  return [scale, ...(header.fullRange ? [] : [range]), 'format=gray'].join(',');
}

/**
 * The filter chain from stored pictures to upright RGB or grey (full range) of exactly `width` x `height`.
 * Untagged files: BT.709 from 1280 pixels wide or above 576 high, else BT.601, as mpv guesses (video/csputils.c, mp_csp_guess_colorspace).
 */
export function pictureFilter(header: ClipHeader, target: { width: number; height: number; format: 'gray' | 'rgb' }): string {
  const { filters, quarterTurn } = orientation(header.displayMatrix);
  const [width, height] = quarterTurn ? [target.height, target.width] : [target.width, target.height];
  if (target.format === 'gray' && !header.alpha && PLANAR_YUV.test(header.pixelFormat)) return [greyOfLuma(header, { width, height }), ...filters].join(',');
  const packed = target.format === 'gray' ? 'format=gray' : PACKED_RGB;
  const scaled = `${scaleFilter(header, header.alpha ? undefined : { width, height })}:out_range=pc`;
  const onWhite = header.alpha ? [ON_WHITE, `scale=${width}:${height}:flags=${scaleFlags(header, { width, height })}`] : [];
  return [scaled, ...onWhite, packed, ...filters].join(',');
}

function scaleFlags(header: ClipHeader, size: { width: number; height: number } | undefined): string {
  const smaller = size && (size.width < header.codedWidth || size.height < header.codedHeight);
  return `${smaller ? 'area' : 'bicubic'}+accurate_rnd+full_chroma_int`;
}

/** To `size`, or to the stored one. */
function scaleFilter(header: ClipHeader, size: { width: number; height: number } | undefined): string {
  const flags = scaleFlags(header, size);
  const { width, height } = size ?? { width: header.codedWidth, height: header.codedHeight };
  const guess = header.codedWidth >= 1280 || header.codedHeight > 576 ? 'bt709' : 'smpte170m';
  const matrix = MATRIX_OPTIONS[header.colourMatrix] ?? guess;
  return `scale=${width}:${height}:flags=${flags}:in_color_matrix=${matrix}:in_range=${header.fullRange ? 'pc' : 'tv'}`;
}

/** Most of a picture that may be cut off to fill another shape; what differs more gets black bars. */
const MOST_CROPPED = 0.08;

/** The filter chain from stored pictures to upright yuv420p, BT.709 limited range, of exactly `target`: never stretched, cropped a little or padded with black. */
export function planesFilter(header: ClipHeader, target: { width: number; height: number }): string {
  const { filters, quarterTurn } = orientation(header.displayMatrix);
  const own = uprightSize(header);
  const [across, down] = [target.width / own.width, target.height / own.height];
  const crops = 1 - Math.min(across, down) / Math.max(across, down) <= MOST_CROPPED;
  const scale = crops ? Math.max(across, down) : Math.min(across, down);
  const even = (length: number, limit: number) => Math[crops ? 'max' : 'min'](limit, Math.round((length * scale) / 2) * 2);
  const [width, height] = [even(own.width, target.width), even(own.height, target.height)];
  const scaled = scaleFilter(header, quarterTurn ? { width: height, height: width } : { width, height });
  const fit = crops ? `crop=${target.width}:${target.height}` : `pad=${target.width}:${target.height}:-1:-1`;
  return [`${scaled}:out_color_matrix=bt709:out_range=tv`, 'format=yuv420p', ...filters, fit].join(',');
}
