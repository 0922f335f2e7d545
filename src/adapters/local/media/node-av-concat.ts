import { AVMEDIA_TYPE_AUDIO } from 'node-av/constants';
import { Dictionary, FFmpegError, FormatContext, Packet, type Stream } from 'node-av/lib';
import type { ClipLimits, JoinedClip } from './backend.ts';
import { openInput } from './node-av-input.ts';
import { setOptions } from './node-av-options.ts';
import { breather } from './pace.ts';

/** Copies picture and sound packets clip after clip; each clip starts where the longer of the two tracks before it ended. */
export async function concatWithNodeAv(clips: JoinedClip[], path: string, metadata: Record<string, string>, limits: ClipLimits): Promise<void> {
  const output = new FormatContext();
  FFmpegError.throwIfError(output.allocOutputContext2(null, 'mp4', `file:${path}`), 'MP4 writer');
  setOptions(output, { movflags: '+faststart' });
  output.metadata = Dictionary.fromObject(metadata);
  const breathe = breather(limits.signal);
  let targets: Stream[] = [];
  let startSeconds = 0;
  try {
    for (const clip of clips) {
      const { demuxer, streams } = openTracks(clip.path);
      try {
        if (targets.length === 0) {
          targets = streams.map((stream) => addTrack(output, stream));
          FFmpegError.throwIfError(output.openOutputSync(), 'open output');
          FFmpegError.throwIfError(output.writeHeaderSync(), 'write header');
        }
        startSeconds = await copyPackets(demuxer, streams, output, targets, startSeconds, breathe);
      } finally {
        demuxer.closeInputSync();
      }
    }
    FFmpegError.throwIfError(output.writeTrailerSync(), 'write trailer');
  } finally {
    output.closeOutputSync();
    output.freeContext();
  }
}

function openTracks(path: string): { demuxer: FormatContext; streams: Stream[] } {
  const { demuxer, stream } = openInput(path, { audio: true });
  const audio = demuxer.findBestStream(AVMEDIA_TYPE_AUDIO);
  return { demuxer, streams: audio >= 0 ? [stream, demuxer.streams[audio]] : [stream] };
}

function addTrack(output: FormatContext, from: Stream): Stream {
  const track = output.newStream();
  FFmpegError.throwIfError(from.codecpar.copy(track.codecpar), 'copy parameters');
  track.codecpar.codecTag = 0;
  track.timeBase = from.timeBase;
  track.avgFrameRate = from.avgFrameRate;
  track.sampleAspectRatio = from.sampleAspectRatio;
  return track;
}

/** Copies one clip to start at `startSeconds` and returns where it ends. */
async function copyPackets(
  demuxer: FormatContext,
  streams: Stream[],
  output: FormatContext,
  targets: Stream[],
  startSeconds: number,
  breathe: () => Promise<void>,
): Promise<number> {
  const packet = new Packet();
  packet.alloc();
  let end = startSeconds;
  try {
    while (demuxer.readFrameSync(packet) >= 0) {
      const track = streams.findIndex((stream) => stream.index === packet.streamIndex);
      if (track >= 0) {
        const { timeBase } = streams[track];
        const shift = BigInt(Math.round((startSeconds * timeBase.den) / timeBase.num));
        packet.pts += shift;
        packet.dts += shift;
        end = Math.max(end, (Number(packet.pts + packet.duration) * timeBase.num) / timeBase.den);
        packet.streamIndex = targets[track].index;
        packet.pos = -1n;
        packet.rescaleTs(timeBase, targets[track].timeBase);
        FFmpegError.throwIfError(output.interleavedWriteFrameSync(packet), 'write');
      }
      packet.unref();
      await breathe();
    }
  } finally {
    packet.free();
  }
  return end;
}
