import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages } from '../../src/adapters/local/images/images.ts';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import { type Connection, connect } from '../client.ts';
import * as clips from '../fixtures/clips.ts';
import { FPS, oddClip, overWaves, SIZE, waves } from '../fixtures/odd-clips.ts';

/** Each answer, good or bad, comes within this: on two busy cores the slowest takes about 5 s. */
const WITHIN_SECONDS = 20;

interface Report {
  verdict: string;
  format: string;
  checks: { id: string; verdict: string; finding: string }[];
  series: { timeSeconds: number; similarity?: number }[];
}

let server: Connection;
let reference: string;
const media = openMedia();
const at = (name: string) => path.join(server.inbox, name);
const write = (name: string, bytes: Buffer) => writeFileSync(at(name), bytes);

/** The report of a file, or the text of its error, which both must come in time; then the same server measures a good clip. */
async function evaluated(name: string): Promise<{ report?: Report; error?: string }> {
  const from = performance.now();
  const result = await server.raw('evaluate_video', { path: at(name), referenceIds: [reference] });
  expect((performance.now() - from) / 1000, `${name} took too long`).toBeLessThan(WITHIN_SECONDS);
  const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  await stillMeasures();
  return result.isError ? { error: text } : { report: result.structuredContent as unknown as Report };
}

async function stillMeasures(): Promise<void> {
  const report = await server.call<Report>('evaluate_video', { path: at('good.mp4'), referenceIds: [reference] });
  expect(report.verdict).toMatch(/pass|review|uncalibrated/);
  expect(report.checks.find((check) => check.id === 'decode')?.verdict).toBe('pass');
}

async function reportOf(name: string): Promise<Report> {
  const { report, error } = await evaluated(name);
  if (!report) throw new Error(`${name}: ${error}`);
  return report;
}

const findingOf = (report: Report, id: string) => report.checks.find((check) => check.id === id);

beforeAll(async () => {
  // The descriptor sees with no model, so that what is timed here is the reading of files.
  server = await connect({ environment: { VRAG_RECOGNISER: 'off', VRAG_EMBEDDER: 'descriptor' } });
  const images = createImages({ maxPixels: 1_000_000 });
  write('waves.png', Buffer.from((await images.encode(waves(), { format: 'png' })).bytes));
  images.close();
  reference = (await server.call<{ asset: { id: string } }>('ingest_image', { path: at('waves.png') })).asset.id;
  await media.encode(overWaves(24), { path: at('good.mp4'), ...SIZE, fps: FPS });
  await media.encode(clips.noisyFrames(24), { path: at('noisy.mp4'), width: 320, height: 180, fps: FPS });
  await media.encode(overWaves(1), { path: at('one-frame.mp4'), ...SIZE, fps: FPS });
  await media.encode(overWaves(120, 0.6), { path: at('fast.mp4'), ...SIZE, fps: 240 });
  const good = readFileSync(at('good.mp4'));
  write('turned.mp4', clips.turned(good));
  write('cut.mp4', clips.cutData(readFileSync(at('noisy.mp4')), 0.5));
  write('cut-index.mp4', good.subarray(0, 300));
  write('hollow.mp4', clips.cutData(good, 0));
  write('absurd.mp4', clips.absurd(good, 16_000));
  for (const name of ['ten-bit.mp4', 'interlaced.mp4', 'alpha.webm', 'alpha-vp8.webm', 'variable-rate.mp4', 'one-pixel.mkv', 'eight-k.mp4'])
    copyFileSync(oddClip(name), at(name));
  for (const name of ['no-frames.webm', 'sound-only.mp4']) copyFileSync(oddClip(name), at(name));
});
afterAll(async () => {
  media.close();
  await server.close();
});

describe('evaluate_video on files that hold no whole clip', () => {
  it.each([
    ['cut-index.mp4', /INVALID_MEDIA: The file (is no readable video|has a broken header|has no video track)/],
    ['hollow.mp4', /INVALID_MEDIA: The file has a video track without pictures/],
    ['no-frames.webm', /INVALID_MEDIA: The file is no readable video/],
    ['sound-only.mp4', /INVALID_MEDIA: The file has no video track/],
    ['absurd.mp4', /INVALID_MEDIA: .*16000x16000, more than the limit/],
  ])('%s is refused with what it is, and the server goes on', async (name, message) => {
    const { error } = await evaluated(name);
    expect(error).toMatch(message);
  });

  it('a file that breaks off is measured as far as it goes, and fails for it', async () => {
    const report = await reportOf('cut.mp4');
    expect(findingOf(report, 'decode')).toMatchObject({ verdict: 'fail', finding: expect.stringMatching(/damaged: \d+ of 24/) });
    expect(report.verdict).toBe('fail');
  });

  it('a single frame is measured and said to be too few', async () => {
    const report = await reportOf('one-frame.mp4');
    expect(report.format).toMatch(/, 1 frames$/);
    expect(findingOf(report, 'frames')).toMatchObject({ verdict: 'fail', finding: expect.stringMatching(/1 frame decodes, and 8 are needed/) });
  });
});

describe('evaluate_video on files of other kinds', () => {
  const meanSimilarity = (report: Report) => report.series.reduce((sum, { similarity = 0 }) => sum + similarity, 0) / report.series.length;

  it('240 frames a second', async () => {
    const report = await reportOf('fast.mp4');
    expect(report.format).toBe('h264, 160x90, 240 fps, 0.5 s, 120 frames');
    expect(findingOf(report, 'freeze')?.verdict).not.toBe('fail');
  });

  it('turned by metadata: the picture is upright', async () => {
    const [good, turned] = [await reportOf('good.mp4'), await reportOf('turned.mp4')];
    expect(turned.format).toContain(`${SIZE.height}x${SIZE.width}`);
    // The reference lies on its side beside it.
    expect(meanSimilarity(turned)).toBeLessThan(meanSimilarity(good) - 0.05);
  });

  it('a variable frame rate: times are those at which frames are shown', async () => {
    const shown = Array.from({ length: 16 }, (_, n) => (n + (n * n) / 8) / 24);
    const report = await reportOf('variable-rate.mp4');
    expect(report.format).toMatch(/16 frames$/);
    const times: number[] = [];
    await media.scan(at('variable-rate.mp4'), { width: 64, height: 36, format: 'gray' }, ({ timeSeconds, image }) => {
      times.push(timeSeconds);
      expect(clips.numberOf(image)).toBe(times.length - 1);
    });
    for (const [n, time] of times.entries()) expect(Math.abs(time - shown[n])).toBeLessThan(0.001);
    const [between] = await media.frames(at('variable-rate.mp4'), [(shown[11] + shown[12]) / 2], { maxSide: 160 });
    expect(clips.numberOf(between)).toBe(11);
  });

  it('ten bits a channel: the same picture', async () => {
    expect((await reportOf('ten-bit.mp4')).format).toBe('hevc, 160x90, 24 fps, 1 s, 24 frames');
    expect(await media.probe(at('ten-bit.mp4'))).toMatchObject({ pixelFormat: 'yuv420p10le' });
    const [image] = await media.frames(at('ten-bit.mp4'), [(13 + 0.5) / 24], { maxSide: 160 });
    expect(clips.numberOf(image)).toBe(13);
    expect(Math.abs(image.data[3 * (45 * 160 + 10)] - 238)).toBeLessThan(12);
  });

  it('interlaced: one moment is seen, without combs', async () => {
    expect((await reportOf('interlaced.mp4')).format).toBe('h264, 320x180, 25 fps, 0.8 s, 20 frames');
    const [image] = await media.frames(at('interlaced.mp4'), [0.42], { maxSide: 320 });
    // The bar's left edge jumps by 8 px from line to line where both fields are shown.
    const edgeOf = (y: number) => Array.from({ length: 320 }, (_, x) => x).find((x) => image.data[3 * (y * 320 + x)] > 125) ?? -1;
    const edges = Array.from({ length: 100 }, (_, i) => edgeOf(40 + i));
    expect(Math.max(...edges) - Math.min(...edges)).toBeLessThanOrEqual(2);
    expect(edges[0]).toBeGreaterThan(0);
  });

  it.each(['alpha.webm', 'alpha-vp8.webm'])('%s: what is transparent is white, as in pictures', async (name) => {
    await reportOf(name);
    const [image] = await media.frames(at(name), [0.5], { maxSide: 160 });
    const pixel = (x: number, y: number) => [...image.data.subarray(3 * (y * 160 + x), 3 * (y * 160 + x) + 3)];
    for (const value of [...pixel(5, 5), ...pixel(150, 80)]) expect(value).toBeGreaterThan(240);
    const [red, green, blue] = pixel(80, 45);
    expect(red).toBeGreaterThan(200);
    expect(Math.max(green, blue)).toBeLessThan(60);
    let grey = 0;
    await media.scan(at(name), { width: 16, height: 9, format: 'gray' }, (frame) => {
      grey = frame.image.data[0];
    });
    expect(grey).toBeGreaterThan(240);
  });

  it('a single pixel', async () => {
    expect((await reportOf('one-pixel.mkv')).format).toBe('ffv1, 1x1, 12 fps, 1 s, 12 frames');
  });

  it('8K', async () => {
    expect((await reportOf('eight-k.mp4')).format).toBe('hevc, 7680x4320, 12 fps, 0.5 s, 6 frames');
  });
});

describe('ingest_image on such files', () => {
  it.each(['hollow.mp4', 'no-frames.webm', 'sound-only.mp4', 'cut-index.mp4', 'cut.mp4', 'absurd.mp4'])(
    '%s is refused, and the server goes on',
    async (name) => {
      const from = performance.now();
      expect(await server.error('ingest_image', { path: at(name) })).toMatch(/^INVALID_MEDIA: /);
      expect((performance.now() - from) / 1000).toBeLessThan(WITHIN_SECONDS);
      await stillMeasures();
    },
  );

  it.each(['turned.mp4', 'one-frame.mp4', 'fast.mp4', 'ten-bit.mp4', 'interlaced.mp4', 'alpha.webm', 'variable-rate.mp4', 'one-pixel.mkv', 'eight-k.mp4'])(
    '%s is taken as the clip that it is',
    async (name) => {
      const from = performance.now();
      const { asset } = await server.call<{ asset: { kind: string; width: number; height: number } }>('ingest_image', { path: at(name) });
      expect((performance.now() - from) / 1000).toBeLessThan(WITHIN_SECONDS);
      expect(asset.kind).toBe('video');
      if (name === 'turned.mp4') expect(asset).toMatchObject({ width: SIZE.height, height: SIZE.width });
    },
  );
});

describe.skipIf(process.platform === 'win32')('a decoder that hangs', () => {
  it('is killed at its time limit, the call says so, and the server measures again', async () => {
    const { ports } = await server.studio();
    const before = ports.media;
    const limited = openMedia({ timeLimitSeconds: 5 });
    ports.media = limited;
    await stillMeasures();
    const hanging = decodersOf(process.pid);
    expect(hanging.length).toBeGreaterThan(0);
    for (const pid of hanging) process.kill(pid, 'SIGSTOP');
    const from = performance.now();
    const error = await server.error('evaluate_video', { path: at('good.mp4'), referenceIds: [reference] });
    expect(error).toMatch(/INVALID_MEDIA: The video could not be processed: the decoder crashed or took too long/);
    expect((performance.now() - from) / 1000).toBeLessThan(WITHIN_SECONDS);
    expect(decodersOf(process.pid).filter((pid) => hanging.includes(pid)).length).toBeLessThan(hanging.length);
    await stillMeasures();
    ports.media = before;
    limited.close();
    for (const pid of decodersOf(process.pid).filter((one) => hanging.includes(one))) process.kill(pid, 'SIGCONT');
  });

  it('in the middle of a clip is killed after the time without a frame, long before the limit of the whole', async () => {
    const own = openMedia({ codec: 'node-av', timeLimitSeconds: 30, scanQuietSeconds: 2 });
    await media.encode(clips.noisyFrames(120, 640, 360), { path: at('long.mp4'), width: 640, height: 360, fps: FPS });
    const known = decodersOf(process.pid);
    await own.probe(at('good.mp4')); // a child that has yet to start is quiet for as long as that takes
    const from = performance.now();
    const stopped: number[] = [];
    const scan = own.scan(at('long.mp4'), { width: 640, height: 360, format: 'rgb' }, ({ index }) => {
      if (index !== 5) return;
      stopped.push(...decodersOf(process.pid).filter((pid) => !known.includes(pid)));
      for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    });
    await expect(scan).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringContaining('took too long') });
    expect(stopped.length).toBe(1);
    expect((performance.now() - from) / 1000).toBeLessThan(10);
    expect(decodersOf(process.pid)).not.toContain(stopped[0]);
    expect(await own.probe(at('good.mp4'))).toMatchObject({ frames: 24 });
    own.close();
  });
});

/** Process ids of the media children of a process. */
function decodersOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => new RegExp(`^\\s*\\d+\\s+${pid}\\s+[^Z]\\S*\\s.*media/child\\.js`).test(line)).map((line) => Number.parseInt(line, 10));
}
