import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AppError } from '../../../errors.ts';
import { type ClipLimits, INSTALL_HINT } from './backend.ts';
import { brokenFile, FORMAT_WHITELIST } from './clip.ts';

/** Input options: no network, no playlists or scripts that name other files. */
export const INPUT_GUARDS = ['-protocol_whitelist', 'file', '-format_whitelist', FORMAT_WHITELIST];

/** A program under way; it is killed by the time limit or an abort. */
export interface RunningProgram {
  child: ChildProcessByStdio<null, Readable, Readable>;
  /** The exit code, or `undefined` where it was killed; rejects with INVALID_MEDIA after the time limit and CANCELLED after an abort. */
  ended: Promise<number | undefined>;
}

/** Starts ffmpeg or ffprobe with its output and log on pipes. */
export function startProgram(name: 'ffmpeg' | 'ffprobe', argv: string[], limits: ClipLimits): RunningProgram {
  if (limits.signal.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
  const child = spawn(name, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let late = false;
  const kill = () => child.kill('SIGKILL');
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, limits.timeLimitSeconds * 1000);
  limits.signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.on('error', (cause) => reject(new AppError('UNSUPPORTED', `The program ${name} cannot be started.`, { hint: INSTALL_HINT, cause })));
    child.on('close', (code) => {
      clearTimeout(timer);
      limits.signal.removeEventListener('abort', kill);
      if (late) reject(brokenFile('took too long to decode'));
      else if (limits.signal.aborted) reject(new AppError('CANCELLED', 'The call was cancelled.'));
      else resolve(code ?? undefined);
    });
  });
  ended.catch(() => {});
  return { child, ended };
}

/** Runs a program to its end and returns what it printed, even where it failed half way. */
export async function runProgram(name: 'ffmpeg' | 'ffprobe', argv: string[], limits: ClipLimits): Promise<string> {
  const { child, ended } = startProgram(name, argv, limits);
  child.stderr.resume();
  const [output] = await Promise.all([text(child.stdout), ended]);
  return output;
}
