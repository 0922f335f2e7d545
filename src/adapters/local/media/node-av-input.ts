import { AVDISCARD_ALL, AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { FormatContext, type Stream } from 'node-av/lib';
import { brokenFile, FORMAT_WHITELIST } from './clip.ts';
import { setOptions } from './node-av-options.ts';

/** FFmpeg's AV_NOPTS_VALUE, int64 minimum. */
const NO_TIME = -(2n ** 63n);

/** FFmpeg's time stamp as a number; `undefined` where there is none. */
export function ticks(value: bigint): number | undefined {
  return value === NO_TIME ? undefined : Number(value);
}

/** An open file: the demuxer and the stream that is decoded. */
export interface OpenInput {
  demuxer: FormatContext;
  stream: Stream;
}

/** Matroska's AlphaMode: `1` where pictures have an alpha channel beside them. */
export const alphaModeOf = (stream: Stream): string | undefined => stream.metadata?.get('alpha_mode') ?? undefined;

/** Opens a file with FFmpeg's demuxers, of which only those of video containers are allowed, and no other protocol than `file`.
 * Packets come from the best video track only, and from sound with `audio`. INVALID_MEDIA where there is no video in it. */
export function openInput(path: string, options: { audio?: boolean } = {}): OpenInput {
  const demuxer = new FormatContext();
  demuxer.allocContext();
  setOptions(demuxer, { format_whitelist: FORMAT_WHITELIST, protocol_whitelist: 'file' });
  const opened = demuxer.openInputSync(`file:${path}`);
  if (opened < 0) throw brokenFile('is no readable video', opened);
  try {
    const read = demuxer.findStreamInfoSync();
    if (read < 0) throw brokenFile('has a broken header', read);
    const index = demuxer.findBestStream(AVMEDIA_TYPE_VIDEO);
    if (index < 0) throw brokenFile('has no video track');
    const streams = demuxer.streams;
    for (const other of streams) {
      if (other.index !== index && !(options.audio && other.codecpar.codecType === AVMEDIA_TYPE_AUDIO)) other.discard = AVDISCARD_ALL;
    }
    return { demuxer, stream: streams[index] };
  } catch (error) {
    demuxer.closeInputSync();
    throw error;
  }
}
