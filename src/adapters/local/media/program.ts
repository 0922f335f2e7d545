import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Codec } from './backend.ts';
import { openProgramClip } from './program-clip.ts';
import { concatWithProgram } from './program-concat.ts';
import { openProgramSink } from './program-sink.ts';

const run = promisify(execFile);

/** The codec of the programs ffmpeg and ffprobe on PATH; rejects where they are missing or older than 5.1 (`-fps_mode` came with 5.1, 2022). */
export async function openProgram(): Promise<Codec> {
  const [{ stdout }] = await Promise.all([run('ffmpeg', ['-version'], { timeout: 20_000 }), run('ffprobe', ['-version'], { timeout: 20_000 })]);
  const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  const release = /^n?(\d+)\.(\d+)/.exec(version);
  if (release && Number(release[1]) * 100 + Number(release[2]) < 501) throw new Error(`ffmpeg ${version} is older than 5.1`);
  return {
    name: `ffmpeg ${version}`,
    openSink: openProgramSink,
    openClip: openProgramClip,
    concat: concatWithProgram,
  };
}
