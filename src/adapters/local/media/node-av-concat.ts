import { AVMEDIA_TYPE_AUDIO } from 'node-av/constants';
import { Dictionary, FFmpegError, FormatContext, Packet, type Stream } from 'node-av/lib';
import type { ClipLimits, JoinedClip } from './backend.ts';
import { brokenFile } from './clip.ts';
import { openInput, ticks } from './node-av-input.ts';
import { setOptions } from './node-av-options.ts';
import { breather } from './pace.ts';

/** Copies picture and sound packets clip after clip; each clip starts where the longer of the two tracks before it ended. */
export async function concatWithNodeAv(clips: JoinedClip[], path: string, metadata: Record<string, string>, limits: ClipLimits): Promise<void> {
  const output = new FormatContext();
  FFmpegError.throwIfError(output.allocOutputContext2(null, 'mp4', `file:${path}`), 'MP4 writer');
  setOptions(output, { movflags: '+faststart' });
  output.metadata = Dictionary.fromObject(metadata);
  const joiner = new Joiner(output, breather(limits.signal));
  try {
    for (const clip of clips) await joiner.add(clip.path);
    FFmpegError.throwIfError(output.writeTrailerSync(), 'write trailer');
  } finally {
    output.closeOutputSync();
    output.freeContext();
  }
}

interface Track {
  stream: Stream;
  /** Decoding time of the last packet, in the track's own ticks. */
  lastDts: bigint | undefined;
}

class Joiner {
  readonly #output: FormatContext;
  readonly #breathe: () => Promise<void>;
  #tracks: Track[] = [];
  #startSeconds = 0;

  constructor(output: FormatContext, breathe: () => Promise<void>) {
    this.#output = output;
    this.#breathe = breathe;
  }

  /** Appends the clip's packets. The first clip decides the tracks. */
  async add(path: string): Promise<void> {
    const { demuxer, stream } = openInput(path, { audio: true });
    const packet = new Packet();
    packet.alloc();
    try {
      const audio = demuxer.findBestStream(AVMEDIA_TYPE_AUDIO);
      const sources = audio >= 0 ? [stream, demuxer.streams[audio]] : [stream];
      if (this.#tracks.length === 0) this.#begin(sources);
      let end = this.#startSeconds;
      while (demuxer.readFrameSync(packet) >= 0) {
        const track = sources.findIndex((one) => one.index === packet.streamIndex);
        if (track >= 0) end = Math.max(end, this.#copy(packet, sources[track], this.#tracks[track]));
        packet.unref();
        await this.#breathe();
      }
      this.#startSeconds = end;
    } finally {
      packet.free();
      demuxer.closeInputSync();
    }
  }

  #begin(sources: Stream[]): void {
    this.#tracks = sources.map((source) => {
      const stream = this.#output.newStream();
      FFmpegError.throwIfError(source.codecpar.copy(stream.codecpar), 'copy parameters');
      stream.codecpar.codecTag = 0;
      stream.timeBase = source.timeBase;
      stream.avgFrameRate = source.avgFrameRate;
      stream.sampleAspectRatio = source.sampleAspectRatio;
      return { stream, lastDts: undefined };
    });
    FFmpegError.throwIfError(this.#output.openOutputSync(), 'open output');
    FFmpegError.throwIfError(this.#output.writeHeaderSync(), 'write header');
  }

  /** Copies one packet and returns when it ends in the joined file, in seconds. */
  #copy(packet: Packet, source: Stream, track: Track): number {
    if (ticks(packet.pts) === undefined || ticks(packet.dts) === undefined) throw brokenFile('has no presentation times, so it cannot be joined');
    const { num, den } = source.timeBase;
    const shift = BigInt(Math.round((this.#startSeconds * den) / num));
    packet.pts += shift;
    packet.dts += shift;
    const end = (Number(packet.pts + packet.duration) * num) / den;
    packet.streamIndex = track.stream.index;
    packet.pos = -1n;
    packet.rescaleTs(source.timeBase, track.stream.timeBase);
    // Sound starts with a few packets of run-up from before the clip; they would overlap the clip before and are not to be heard.
    if (track.lastDts !== undefined && packet.dts <= track.lastDts) return end;
    track.lastDts = packet.dts;
    if (this.#output.interleavedWriteFrameSync(packet) < 0) throw brokenFile('has time stamps that cannot be joined');
    return end;
  }
}
