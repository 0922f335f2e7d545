import type { CallOptions } from './call.ts';

/** Decoded sRGB pixels, 8 bits a channel, rows from the top, interleaved, no padding: `data.length === width * height * channels`. */
export interface RawImage {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  data: Uint8Array;
}

/** An encoded file in memory. */
export interface FileBytes {
  bytes: Uint8Array;
  /** IANA media type found by content, e.g. `image/jpeg`, `video/mp4`. */
  mediaType: string;
}

/** A rectangle in fractions of the upright picture: x and y of the top left corner, all values in [0, 1]. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ImageInfo {
  /** Upright size in pixels. */
  width: number;
  height: number;
  mediaType: string;
  hasAlpha: boolean;
  /** Number of frames or pages; only the first is used. */
  pages: number;
  /** Bits per channel as stored: 8 or 16. */
  bitDepth: number;
  colourSpace: string;
  /** What the file's own metadata (XMP, IPTC, EXIF) says of the picture, as somebody wrote it: untrusted, not cleaned, at most 4,000 characters each. */
  written?: { description?: string; creator?: string; licence?: string };
}

/** Decoding, encoding and geometry of still pictures. All work is off the main thread. */
export interface Images {
  /** Reads the header only. INVALID_MEDIA where it is no supported picture (the message names what it looks like) or over the pixel limit. */
  probe(bytes: Uint8Array): Promise<ImageInfo>;
  /**
   * Decodes the first frame upright, converted to 8-bit sRGB, alpha flattened on white (3 channels), or kept with
   * `alpha: true` (4 channels). With `maxSide` the longer side is at most that (never enlarged). INVALID_MEDIA where the data is broken.
   */
  decode(bytes: Uint8Array, options?: { maxSide?: number; alpha?: boolean }): Promise<RawImage>;
  /** JPEG is 4:2:0 with the given quality (1..100, default 85); PNG is lossless. */
  encode(image: RawImage, options: { format: 'jpeg' | 'png' | 'webp'; quality?: number }): Promise<FileBytes>;
  /** Scales to exactly `width` x `height`, never stretching: `cover` crops around the centre of `focus` (default: the middle), `contain` pads with black. */
  resize(image: RawImage, options: { width: number; height: number; fit: 'cover' | 'contain'; focus?: Box }): Promise<RawImage>;
  /** A grid of equal cells (contained on dark grey) with an optional one-line label burnt in under each; JPEG of at most `maxBytes` (quality is lowered to fit). */
  contactSheet(cells: { image: RawImage; label?: string }[], options: { columns: number; cellWidth: number; maxBytes?: number }): Promise<FileBytes>;
  /**
   * An animated WebP that loops, of frames of one size, each shown for `frameSeconds`; quality, then frames are given up to stay within
   * `maxBytes` (its length stays). INVALID_INPUT without frames or where it cannot be met.
   */
  animate(frames: RawImage[], options: { frameSeconds: number; maxBytes: number }): Promise<FileBytes>;
  /**
   * Numbers for telling pictures apart without a model: mean lightness (0 black .. 1 white, mean of sRGB luma) and a 64-bit perceptual
   * hash (16 hex digits), which stays within a few bits when the picture is scaled, re-compressed or slightly recoloured.
   */
  fingerprint(image: RawImage): Promise<{ brightness: number; perceptualHash: string }>;
  /** A storyboard card: the wrapped `text` on a neutral ground with a small `title`; no system font is needed. */
  card(text: string, options: { width: number; height: number; title?: string }): Promise<RawImage>;
}

export interface VideoInfo {
  width: number;
  height: number;
  durationSeconds: number;
  /** Average frames per second. */
  fps: number;
  /** Number of video frames; counted by the container, else estimated. */
  frames: number;
  /** Codec name, e.g. `h264`. */
  codec: string;
  /** e.g. `yuv420p`. */
  pixelFormat: string;
  hasAudio: boolean;
  mediaType: string;
}

/** One decoded frame of `Media.scan`; `image` is valid only during the callback. */
export interface ScannedFrame {
  index: number;
  timeSeconds: number;
  image: RawImage;
}

/** Frames that a scan hands over larger. */
export interface ScanLooks {
  timesSeconds: number[];
  maxSide: number;
  onLook: (index: number, image: RawImage) => void;
}

export interface EncodeOptions {
  /** File to write; written under another name and renamed when complete. */
  path: string;
  width: number;
  height: number;
  fps: number;
  /** Container tags such as `title`, `comment`. */
  metadata?: Record<string, string>;
}

/** Clips in one file. */
export interface JoinedVideo extends VideoInfo {
  /** When each clip begins; of a dissolve: when it begins to show. */
  startsSeconds: number[];
  /** True where the streams were copied as they were. */
  copied: boolean;
}

/**
 * Video decoding and encoding, in a child process. Every method is UNSUPPORTED where no codec is installed, and says how to get one;
 * INVALID_MEDIA where a file is broken; all have time limits, after which the child is killed (INVALID_MEDIA).
 * Paths are absolute paths of local files that the caller has already been allowed to read.
 */
export interface Media {
  /** The codec's name and version, or `undefined` where none is installed; never throws. */
  codec(): Promise<string | undefined>;
  probe(path: string, options?: CallOptions): Promise<VideoInfo>;
  /** The frame shown at each time (clamped to the clip), in the order asked, RGB, longer side at most `maxSide`. */
  frames(path: string, timesSeconds: number[], options: { maxSide: number } & CallOptions): Promise<RawImage[]>;
  /**
   * Decodes the whole clip in order and calls `onFrame` with every frame scaled to exactly `width` x `height` (aspect not kept).
   * Resolves with the number of frames and of decode errors; broken data in the middle is counted, not thrown. `looks` gets, in the same
   * pass where the codec can, the frames that `frames` would give for its times (the index is that of the time), in no certain order.
   */
  scan(
    path: string,
    options: { width: number; height: number; format: 'gray' | 'rgb'; looks?: ScanLooks } & CallOptions,
    onFrame: (frame: ScannedFrame) => void,
  ): Promise<{ frames: number; decodeErrors: number }>;
  /** H.264 High, yuv420p, BT.709 tagged limited range, faststart, a keyframe each second. Frames are RGB of the given size. */
  encode(frames: AsyncIterable<RawImage> | Iterable<RawImage>, options: EncodeOptions & CallOptions): Promise<VideoInfo>;
  /** Joins clips of the same size, rate and codec by stream copy. INVALID_INPUT where they differ. */
  concat(paths: string[], options: { path: string; metadata?: Record<string, string> } & CallOptions): Promise<VideoInfo>;
  /**
   * Joins clips of any size, rate, pixel format and colour into one video as `encode` makes it, by cuts or with dissolves of `dissolveSeconds`
   * (default 0: cuts; at most half of the shortest clip), during which both clips run, so that the whole is shorter by them. Each clip keeps
   * its length to the frame. A picture of another shape loses at most 8 % at its edges, else it gets black bars. Clips that are alike and have
   * the asked shape are cut together by stream copy, with their sound; else sound is left out.
   */
  join(paths: string[], options: EncodeOptions & { dissolveSeconds?: number } & CallOptions): Promise<JoinedVideo>;
}
