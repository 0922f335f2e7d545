import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AppError } from '../../../errors.ts';
import { type EncodeJob, type FrameSink, INSTALL_HINT } from './backend.ts';

/** The arguments that make the file `VideoEncoder` promises: the same settings as in process. */
function encodeArguments(job: EncodeJob): string[] {
  const rate = `${job.rate.num}/${job.rate.den}`;
  const colour = ['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709', '-color_range', 'tv'];
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-video_size', `${job.width}x${job.height}`, '-framerate', rate, '-i', 'pipe:0'];
  const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-profile:v', 'high', '-g', `${Math.round(job.rate.num / job.rate.den)}`];
  const metadata = Object.entries(job.metadata).flatMap(([key, value]) => ['-metadata', `${key}=${value}`]);
  const base = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe'];
  return [...base, ...input, ...x264, '-pix_fmt', 'yuv420p', ...colour, ...metadata, '-movflags', '+faststart', '-f', 'mp4', '-y', `file:${job.path}`];
}

/** x264 in the ffmpeg program, fed over a pipe. */
export async function openProgramSink(job: EncodeJob): Promise<FrameSink> {
  const ffmpeg = spawn('ffmpeg', encodeArguments(job), { stdio: ['pipe', 'ignore', 'pipe'] });
  let log = '';
  ffmpeg.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-4000);
  });
  ffmpeg.stdin.on('error', () => {});
  const ended = new Promise<number>((resolve) => {
    ffmpeg.on('error', () => resolve(-1));
    ffmpeg.on('close', (code) => resolve(code ?? -1));
  });
  const failure = () => {
    if (/Unknown encoder|Unrecognized option|Error setting option/.test(log)) {
      return new AppError('UNSUPPORTED', 'The ffmpeg program on PATH cannot encode H.264 with libx264.', { hint: INSTALL_HINT, cause: log });
    }
    return new AppError('UNAVAILABLE', 'The ffmpeg program stopped while it encoded.', { hint: 'Check the free space of the disk and try again.', cause: log });
  };
  return {
    async write(planes) {
      // Written and flushed in one step: the pipe keeps a reference to the caller's buffer until then.
      await new Promise<void>((resolve, reject) => ffmpeg.stdin.write(planes, (error) => (error ? ended.then(() => reject(failure())) : resolve())));
    },
    async finish() {
      ffmpeg.stdin.end();
      if ((await ended) !== 0) throw failure();
    },
    async abort() {
      if (ffmpeg.exitCode === null && ffmpeg.signalCode === null) {
        ffmpeg.kill('SIGKILL');
        await Promise.race([once(ffmpeg, 'close'), ended]);
      }
    },
  };
}
