import { spawn } from 'node:child_process';
import { AppError } from '../../../errors.ts';
import type { ClipLimits, JoinedClip } from './backend.ts';

/** Stream copy by ffmpeg's concat demuxer, whose list of files goes over a pipe. */
export async function concatWithProgram(clips: JoinedClip[], path: string, metadata: Record<string, string>, limits: ClipLimits): Promise<void> {
  const unlistable = clips.findIndex((clip) => /[\r\n]/.test(clip.path));
  if (unlistable >= 0) throw new AppError('INVALID_INPUT', `The path of clip ${unlistable + 1} has a line break.`, { hint: 'Rename the file.' });
  const list = clips.map(listEntry).join('');
  const tags = Object.entries(metadata).flatMap(([key, value]) => ['-metadata', `${key}=${value}`]);
  const input = ['-f', 'concat', '-safe', '0', '-protocol_whitelist', 'file,pipe', '-i', 'pipe:0'];
  const output = [
    '-map',
    '0:v:0',
    '-map',
    '0:a:0?',
    '-c',
    'copy',
    '-map_metadata',
    '-1',
    ...tags,
    '-movflags',
    '+faststart',
    '-f',
    'mp4',
    '-y',
    `file:${path}`,
  ];
  const ffmpeg = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error', ...input, ...output], {
    stdio: ['pipe', 'ignore', 'inherit'],
    signal: limits.signal,
    timeout: limits.timeLimitSeconds * 1000,
    killSignal: 'SIGKILL',
  });
  ffmpeg.stdin.on('error', () => {});
  ffmpeg.stdin.end(list);
  const code = await new Promise((resolve) => {
    ffmpeg.on('error', resolve);
    ffmpeg.on('close', resolve);
  });
  if (limits.signal.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
  if (code !== 0) throw new AppError('INVALID_MEDIA', 'The clips could not be joined.', { hint: 'Check that each clip plays, then try again.', cause: code });
}

/** The length is given because the container rounds it to milliseconds, which would add up; with sound the container's own is right. */
function listEntry({ path, durationSeconds, hasAudio }: JoinedClip): string {
  const file = `file '${`file:${path}`.replaceAll("'", "'\\''")}'\n`;
  return hasAudio ? file : `${file}duration ${durationSeconds.toFixed(6)}\n`;
}
