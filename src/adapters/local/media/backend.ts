import type { Clip } from './clip.ts';

/** Which codec to use; `auto` takes node-av, else the ffmpeg program. */
export type CodecChoice = 'auto' | 'node-av' | 'ffmpeg';

/** Frames per second as an exact fraction. */
export interface FrameRate {
  num: number;
  den: number;
}

/** What an encoder of a codec is opened with: all values are checked already. */
export interface EncodeJob {
  /** The file to write, under its temporary name. */
  path: string;
  width: number;
  height: number;
  rate: FrameRate;
  metadata: Record<string, string>;
}

/** Takes planar yuv420p frames and writes one MP4 file. */
export interface FrameSink {
  write(planes: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** What every call on a file is bounded by. */
export interface ClipLimits {
  /** Most pixels of one frame; a file that says more is INVALID_MEDIA. */
  maxPixels: number;
  /** Seconds after which a program that was started for the call is killed. */
  timeLimitSeconds: number;
  signal: AbortSignal;
}

/** One clip of a join; all have equal parameters. */
export interface JoinedClip {
  path: string;
  /** Length of the video track. */
  durationSeconds: number;
  hasAudio: boolean;
}

/** One installed codec. Used only inside child processes: hostile files may crash it. */
export interface Codec {
  /** Name and version, e.g. `node-av 6.1.1 (FFmpeg 8.1)`. */
  readonly name: string;
  openSink(job: EncodeJob): Promise<FrameSink>;
  /** Opens a file and reads its header. INVALID_MEDIA where it is no video. */
  openClip(path: string, limits: ClipLimits): Promise<Clip>;
  /** Copies the video packets of the clips, which have equal parameters, one after the other into an MP4 file. */
  concat(clips: JoinedClip[], path: string, metadata: Record<string, string>, limits: ClipLimits): Promise<void>;
}

/** How to get a codec; the hint of every UNSUPPORTED of this adapter. */
export const INSTALL_HINT = 'Run `npm install node-av` where vrag-mcp is installed, or put ffmpeg 5.1 or newer and ffprobe on PATH, then restart the server.';
