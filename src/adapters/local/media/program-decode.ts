import type { Readable } from 'node:stream';
import type { ClipLimits } from './backend.ts';
import { type DecodedFrame, type DecodePass, ONE_FIELD } from './clip.ts';
import { INPUT_GUARDS, startProgram } from './program-run.ts';

interface Source {
  path: string;
  streamIndex: number;
  tickSeconds: number;
  interlaced: boolean;
  /** Name of the decoder, where it is not FFmpeg's own. */
  decoder?: string;
}

/** Frames chosen by one filter expression; longer lists take several runs of the program. */
const MOST_WANTED = 100;

/** Decodes in the ffmpeg program: pixels come over its output, presentation times over its log (the filter showinfo). */
export async function* decodeWithProgram(source: Source, pass: DecodePass, limits: ClipLimits, onError: () => void): AsyncGenerator<DecodedFrame> {
  const { wanted } = pass;
  if (!wanted) yield* decodeOnce(source, pass, limits, onError);
  else for (let i = 0; i < wanted.length; i += MOST_WANTED) yield* decodeOnce(source, { ...pass, wanted: wanted.slice(i, i + MOST_WANTED) }, limits, onError);
}

async function* decodeOnce(source: Source, pass: DecodePass, limits: ClipLimits, onError: () => void): AsyncGenerator<DecodedFrame> {
  const { child, ended } = startProgram('ffmpeg', decodeArguments(source, pass, limits), limits);
  const log = new FrameLog(child.stderr, onError);
  let index = 0;
  try {
    for await (const data of piecesOf(child.stdout, pass.frameBytes)) {
      const pts = await log.next();
      yield { position: pass.byIndex ? (pass.wanted?.[index] ?? index) : pts, data };
      index++;
    }
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
}

function decodeArguments(source: Source, pass: DecodePass, limits: ClipLimits): string[] {
  const { wanted, from } = pass;
  const chosen = wanted?.map((position) => `eq(${pass.byIndex ? 'n' : 'pts'}\\,${position})`).join('+');
  const filter = [...(chosen ? [`select=${chosen}`] : []), ...(source.interlaced ? [ONE_FIELD] : []), pass.filter, 'showinfo=checksum=0'].join(',');
  const start = from?.pts === undefined ? [] : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', ((from.pts + 0.5) * source.tickSeconds).toFixed(6)];
  const decoder = source.decoder ? ['-c:v', source.decoder] : [];
  const input = ['-noautorotate', '-copyts', ...INPUT_GUARDS, '-max_pixels', `${limits.maxPixels}`, ...decoder, ...start, '-i', `file:${source.path}`];
  const output = ['-map', `0:${source.streamIndex}`, '-vf', filter, '-fps_mode', 'passthrough', ...(wanted ? ['-frames:v', `${wanted.length}`] : [])];
  return ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'level+info', ...input, ...output, '-f', 'rawvideo', 'pipe:1'];
}

/** Cuts a stream of bytes into pieces of equal length; an incomplete last one is dropped. */
async function* piecesOf(stream: Readable, bytes: number): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(bytes);
  let filled = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + bytes - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < bytes) continue;
      yield piece;
      piece = new Uint8Array(bytes);
      filled = 0;
    }
  }
}

/** One line for each packet that could not be decoded or picture that is damaged (FFmpeg 5 to 8: ffmpeg_dec.c, ffmpeg.c, h264 error resilience). */
const DECODE_ERROR = /\[(error|warning)\].*(Error while decoding|Error submitting packet|corrupt decoded frame|concealing|error during demuxing|partial file)/i;

/** Reads presentation times and errors out of ffmpeg's log. */
class FrameLog {
  readonly #times: (number | undefined)[] = [];
  #wake: () => void = () => {};
  #ended = false;

  constructor(stream: Readable, onError: () => void) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split(/[\r\n]+/);
      rest = (lines.pop() ?? '').slice(-4000);
      for (const line of lines) {
        const time = /Parsed_showinfo.* pts: *(-?\d+|NOPTS)/.exec(line)?.[1];
        if (time) this.#times.push(time === 'NOPTS' ? undefined : Number(time));
        else if (DECODE_ERROR.test(line)) onError();
      }
      this.#wake();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** The presentation time of the next frame in ticks, waited for where its line comes after its pixels. */
  async next(): Promise<number | undefined> {
    while (this.#times.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#times.shift();
  }
}
