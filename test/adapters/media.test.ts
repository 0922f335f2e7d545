import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import { mediaContract } from '../contracts/media.ts';
import * as clips from '../fixtures/clips.ts';

const run = promisify(execFile);
const dist = fileURLToPath(new URL('../../dist', import.meta.url));

const program = await (async () => {
  const media = openMedia({ codec: 'ffmpeg' });
  const name = await media.codec();
  media.close();
  return name;
})();
const without = program ? '' : ' (skipped: no ffmpeg 5.1 or newer on PATH)';

describe('node-av', () => {
  mediaContract((options) => openMedia({ codec: 'node-av', ...options }));
});

describe.skipIf(!program)(`the ffmpeg program${without}`, () => {
  mediaContract((options) => openMedia({ codec: 'ffmpeg', ...options }));
});

describe('the media process', () => {
  const folder = clips.clipFolder();
  const at = (name: string) => path.join(folder, name);
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names its codec', async () => {
    const media = openMedia();
    expect(await media.codec()).toMatch(/^node-av 6\.\d+\.\d+ \(FFmpeg /);
    media.close();
  });

  it.skipIf(process.platform === 'win32')('dies in the middle of a file without leaving one, and the next call works', async () => {
    const media = openMedia({ codec: 'node-av' });
    const options = { path: at('killed.mp4'), width: 320, height: 180, fps: 24 };
    let partial: string[] = [];
    const frames = (async function* () {
      for (let index = 0; index < 100; index++) {
        if (index === 50) {
          partial = readdirSync(folder);
          for (const pid of childrenOf(process.pid)) process.kill(pid, 'SIGKILL');
        }
        yield clips.numbered(index);
      }
    })();
    await expect(media.encode(frames, options)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(partial).toEqual([expect.stringContaining('partial')]);
    expect(readdirSync(folder)).toEqual([]);
    expect(await media.encode(clips.numberedFrames(10), options)).toMatchObject({ frames: 10 });
    media.close();
  });

  it('is killed over a file that takes too long, which counts as bad media', async () => {
    const media = openMedia({ codec: 'node-av', timeLimitSeconds: 0.01 });
    await expect(media.probe(at('killed.mp4'))).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringContaining('too long') });
    media.close();
  });

  it('answers a short call while long ones are under way', async () => {
    const media = openMedia();
    await media.encode(clips.numberedFrames(120), { path: at('long.mp4'), width: 320, height: 180, fps: 24 });
    await Promise.all([media.probe(at('long.mp4')), media.probe(at('long.mp4'))]);
    const done: string[] = [];
    const scan = media.scan(at('long.mp4'), { width: 640, height: 360, format: 'rgb' }, () => {}).then(() => done.push('scan'));
    await media.probe(at('long.mp4')).then(() => done.push('probe'));
    await scan;
    expect(done).toEqual(['probe', 'scan']);
    media.close();
  });
});

describe('an installation without any codec', () => {
  const folder = clips.clipFolder();
  afterAll(() => rmSync(folder, { recursive: true }));

  it('says what is missing and how to get it', async () => {
    mkdirSync(path.join(folder, 'empty'));
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    for (const part of ['errors.js', 'adapters/local/child', 'adapters/local/media'])
      cpSync(path.join(dist, part), path.join(folder, 'dist', part), { recursive: true });
    const entry = pathToFileURL(path.join(folder, 'dist/adapters/local/media/media.js')).href;
    const script = `
      const { openMedia } = await import(${JSON.stringify(entry)});
      const media = openMedia();
      const codec = await media.codec();
      const { code, message, hint } = await media.probe(${JSON.stringify(path.join(folder, 'package.json'))}).catch((error) => error);
      console.error(JSON.stringify({ codec: codec ?? null, code, message, hint }));
      media.close();
    `;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, PATH: path.join(folder, 'empty') },
    });
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toEqual({
      codec: null,
      code: 'UNSUPPORTED',
      message: 'No video codec is installed: the package node-av or the programs ffmpeg and ffprobe cannot be loaded.',
      hint: expect.stringMatching(/npm install node-av.*ffmpeg 5\.1 or newer/),
    });
  });
});

describe.skipIf(!program)(`clips that other programs made${without}`, () => {
  const folder = clips.clipFolder();
  const at = (name: string) => path.join(folder, name);
  const make = (name: string, ...options: string[]) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...options, at(name)]);
  const red = ['-f', 'lavfi', '-i', 'color=red:size=320x180:rate=25:duration=1'];
  const counting = ['-i', at('counting.mp4')];

  beforeAll(async () => {
    const media = openMedia();
    await media.encode(clips.numberedFrames(60), { path: at('counting.mp4'), width: 320, height: 180, fps: 24 });
    media.close();
    make('bt601.mp4', ...red, '-vf', 'scale=out_color_matrix=bt601,format=yuv420p', '-colorspace', 'smpte170m', '-c:v', 'libx264');
    make('full.mp4', ...red, '-vf', 'scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p', '-c:v', 'libx264');
    make('webm.webm', ...counting, '-c:v', 'libvpx-vp9', '-b:v', '0', '-crf', '30', '-cpu-used', '8', '-deadline', 'realtime');
    make('mkv.mkv', ...counting, '-c', 'copy');
    make('avi.avi', ...counting, '-c:v', 'mpeg4', '-q:v', '3');
    make('ts.ts', ...counting, '-c', 'copy');
    make('mov.mov', ...counting, '-c', 'copy');
    make('sound.mp4', ...counting, '-f', 'lavfi', '-i', 'sine=duration=2.5', '-c:v', 'copy', '-c:a', 'aac');
    make('sound.m4a', '-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'aac');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const codec of ['node-av', 'ffmpeg'] as const) {
    describe(`read by ${codec}`, () => {
      const media = openMedia({ codec });
      afterAll(() => media.close());

      it.each([
        ['webm.webm', 'video/webm'],
        ['mkv.mkv', 'video/x-matroska'],
        ['avi.avi', 'video/x-msvideo'],
        ['ts.ts', 'video/mp2t'],
        ['mov.mov', 'video/quicktime'],
      ])('%s: type, and frames by their times', async (name, mediaType) => {
        expect(await media.probe(at(name))).toMatchObject({
          mediaType,
          width: 320,
          height: 180,
          fps: expect.closeTo(24, 1),
          durationSeconds: expect.closeTo(2.5, 1),
        });
        const images = await media.frames(at(name), [50 / 24, 0, 7.5 / 24, 59 / 24], { maxSide: 320 });
        expect(images.map(clips.numberOf)).toEqual([50, 0, 7, 59]);
        const numbers: number[] = [];
        await media.scan(at(name), { width: 64, height: 36, format: 'gray' }, ({ image, index, timeSeconds }) => {
          numbers.push(clips.numberOf(image));
          expect(Math.abs(timeSeconds - index / 24)).toBeLessThan(0.002);
        });
        expect(numbers).toEqual(Array.from({ length: 60 }, (_, index) => index));
      });

      it.each(['bt601.mp4', 'full.mp4'])('%s: the colours that its tags mean', async (name) => {
        const [image] = await media.frames(at(name), [0.5], { maxSide: 320 });
        const mean = clips.patchMean(image, 0, 1);
        for (const [channel, value] of [255, 0, 0].entries()) expect(Math.abs(mean[channel] - value), `red became ${mean}`).toBeLessThan(4);
      });

      it('joins clips with their sound', async () => {
        const joined = await media.concat([at('sound.mp4'), at('sound.mp4')], { path: at(`joined-${codec}.mp4`) });
        expect(joined).toMatchObject({ hasAudio: true, frames: 120, durationSeconds: expect.closeTo(5, 1) });
        const [image] = await media.frames(at(`joined-${codec}.mp4`), [4], { maxSide: 320 });
        expect(Math.abs(clips.numberOf(image) - 36)).toBeLessThanOrEqual(2);
        await expect(media.concat([at('sound.mp4'), at('counting.mp4')], { path: at('never.mp4') })).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: expect.stringContaining('sound'),
        });
      });

      it('finds no video in a sound file', async () => {
        await expect(media.probe(at('sound.m4a'))).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringContaining('no video track') });
      });
    });
  }
});

/** Process ids of the media children of a process. */
function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => new RegExp(`^\\s*\\d+\\s+${pid}\\s.*media/child\\.js`).test(line)).map((line) => Number.parseInt(line, 10));
}
