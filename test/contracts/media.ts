import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Media, RawImage, ScannedFrame, VideoInfo } from '../../src/ports/pictures.ts';
import * as clips from '../fixtures/clips.ts';

const FPS = 24;
const FRAMES = 120;

/** What every `Media` must do. `open` takes a limit of pixels per frame. */
export function mediaContract(open: (options?: { maxPixels?: number }) => Media & { close(): void }): void {
  const folder = clips.clipFolder();
  const at = (name: string) => path.join(folder, name);
  const file = at('numbered.mp4');
  const media = open();
  let info: VideoInfo;

  /** Writes a variant of the numbered clip (or other bytes) and returns its path. */
  const variant = (name: string, change: (whole: Buffer) => Buffer | string, of = file) => {
    writeFileSync(at(name), change(readFileSync(of)));
    return at(name);
  };
  const scanAll = async (name: string, options: { width: number; height: number; format: 'gray' | 'rgb' }) => {
    const frames: ScannedFrame[] = [];
    const result = await media.scan(name, options, (frame) => frames.push({ ...frame, image: { ...frame.image, data: Uint8Array.from(frame.image.data) } }));
    return { frames, result };
  };

  beforeAll(async () => {
    info = await media.encode(clips.numberedFrames(FRAMES), {
      path: file,
      width: 320,
      height: 180,
      fps: FPS,
      metadata: { title: 'Numbers', comment: 'made by a test: äö' },
    });
    await media.encode(clips.noisyFrames(60), { path: at('noisy.mp4'), width: 320, height: 180, fps: FPS });
  });
  afterAll(() => {
    media.close();
    rmSync(folder, { recursive: true });
  });

  describe('encoding', () => {
    it('describes the clip it wrote as probe does', async () => {
      expect(info).toEqual({
        width: 320,
        height: 180,
        durationSeconds: expect.closeTo(FRAMES / FPS, 3),
        fps: FPS,
        frames: FRAMES,
        codec: 'h264',
        pixelFormat: 'yuv420p',
        hasAudio: false,
        mediaType: 'video/mp4',
      });
      expect(await media.probe(file)).toEqual(info);
    });

    it('puts the index in front of the data and keeps title and comment', () => {
      const bytes = readFileSync(file);
      const order = clips.boxesIn(bytes).map((one) => one.type);
      expect(order.indexOf('moov')).toBeLessThan(order.indexOf('mdat'));
      const { start, end } = clips.box(bytes, 'moov', 'udta');
      const tags = bytes.toString('utf8', start, end);
      expect(tags).toContain('Numbers');
      expect(tags).toContain('made by a test: äö');
    });

    it('has a keyframe at least each second, tagged BT.709 High 4:2:0', () => {
      const bytes = readFileSync(file);
      const starts = [...clips.keyframes(bytes), FRAMES + 1];
      expect(starts[0]).toBe(1);
      for (let i = 1; i < starts.length; i++) expect(starts[i] - starts[i - 1]).toBeLessThanOrEqual(FPS);
      const description = clips.box(bytes, 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd');
      // A visual sample entry's own boxes start after 8 + 78 bytes; avcC has the profile in its second byte; High is 100. nclx: 1, 1, 1, limited.
      const entry = clips.boxesIn(bytes, description.start + 8 + 8 + 78, description.end);
      const avcC = entry.find((one) => one.type === 'avcC');
      expect(bytes[(avcC?.start ?? 0) + 1]).toBe(100);
      const colr = entry.find((one) => one.type === 'colr');
      expect(bytes.subarray(colr?.start, colr?.end)).toEqual(Buffer.from([...Buffer.from('nclx'), 0, 1, 0, 1, 0, 1, 0]));
    });

    it('gives the colours back that went in', async () => {
      const colours = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
        [0, 0, 0],
        [128, 128, 128],
        [200, 120, 40],
        [30, 90, 160],
      ];
      const still = clips.patches(colours);
      await media.encode(Array(10).fill(still), { path: at('colours.mp4'), width: 320, height: 180, fps: 10 });
      const [shown] = await media.frames(at('colours.mp4'), [0.5], { maxSide: 320 });
      const { frames } = await scanAll(at('colours.mp4'), { width: 160, height: 90, format: 'rgb' });
      for (const [index, colour] of colours.entries()) {
        for (const image of [shown, frames[5].image]) {
          const mean = clips.patchMean(image, index, colours.length);
          for (const [channel, value] of mean.entries()) expect(Math.abs(value - colour[channel]), `${colour} became ${mean}`).toBeLessThan(3.5);
        }
      }
      const gray = await scanAll(at('colours.mp4'), { width: 160, height: 90, format: 'gray' });
      const luma = [3, 4, 5].map((index) => clips.patchMean(gray.frames[5].image, index, colours.length)[0]);
      for (const [index, value] of [255, 0, 128].entries()) expect(Math.abs(luma[index] - value), `grey ${value} became ${luma[index]}`).toBeLessThan(3);
    });

    it('takes grey and RGBA frames, an async source and a broken frame rate', async () => {
      async function* source(): AsyncGenerator<RawImage> {
        for (let i = 0; i < 30; i++) yield { width: 64, height: 48, channels: i % 2 ? 1 : 4, data: new Uint8Array(64 * 48 * (i % 2 ? 1 : 4)).fill(100) };
      }
      const made = await media.encode(source(), { path: at('mixed.mp4'), width: 64, height: 48, fps: 29.97 });
      expect(made).toMatchObject({ frames: 30, fps: expect.closeTo(30000 / 1001, 4), durationSeconds: expect.closeTo((30 * 1001) / 30000, 3) });
      const { frames } = await scanAll(at('mixed.mp4'), { width: 8, height: 6, format: 'gray' });
      for (const { image } of frames) expect(Math.abs(image.data[20] - 100)).toBeLessThan(3);
    });

    it('refuses odd sizes, frames of another size, no frames and odd tags, and leaves no file behind', async () => {
      const options = { path: at('refused.mp4'), width: 320, height: 180, fps: FPS };
      await expect(media.encode([], { ...options, width: 321 })).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('321') });
      await expect(media.encode([clips.numbered(1), clips.numbered(2, 300)], options)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining('Frame 1 is 300x180'),
      });
      await expect(media.encode([], options)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      await expect(media.encode([clips.numbered(1)], { ...options, metadata: { 'a=b': 'c' } })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      await expect(media.encode([clips.numbered(1)], { ...options, path: at('no/such/folder.mp4') })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      const failing = (function* () {
        yield clips.numbered(0);
        throw new Error('the source broke');
      })();
      await expect(media.encode(failing, options)).rejects.toThrow('the source broke');
      expect(readdirSync(folder).filter((name) => name.includes('refused'))).toEqual([]);
    });
  });

  describe('frames', () => {
    it('gives exactly the frame shown at each time, in the order asked, clamped to the clip', async () => {
      const times = [4.9, 0, 99, -1, 2.0, 2.0, 1.51, 1 / 24, 41.5 / 24];
      const images = await media.frames(file, times, { maxSide: 160 });
      expect(images.map(clips.numberOf)).toEqual([117, 0, 119, 0, 48, 48, 36, 1, 41]);
      expect(images[0]).toMatchObject({ width: 160, height: 90, channels: 3 });
    });

    it('gives every frame of the clip at its own time', async () => {
      const times = Array.from({ length: FRAMES }, (_, index) => index / FPS);
      const images = await media.frames(file, times, { maxSide: 64 });
      expect(images.map(clips.numberOf)).toEqual(times.map((_, index) => index));
    });

    it('finds single frames of a long clip', async () => {
      const count = 1000;
      await media.encode(clips.numberedFrames(count, 64, 36), { path: at('long.mp4'), width: 64, height: 36, fps: 25 });
      const wanted = [3, 250, 499, 731, 998];
      const images = await media.frames(
        at('long.mp4'),
        wanted.map((index) => (index + 0.5) / 25),
        { maxSide: 64 },
      );
      expect(images.map(clips.numberOf)).toEqual(wanted.map((index) => index & 255));
    });

    it('never enlarges', async () => {
      const [image] = await media.frames(file, [1], { maxSide: 5000 });
      expect(image).toMatchObject({ width: 320, height: 180 });
      expect(image.data.length).toBe(320 * 180 * 3);
    });

    it('turns a phone clip upright', async () => {
      const phone = variant('phone.mp4', clips.turned);
      expect(await media.probe(phone)).toMatchObject({ width: 180, height: 320 });
      const [image] = await media.frames(phone, [1], { maxSide: 320 });
      expect(image).toMatchObject({ width: 180, height: 320 });
      // Bar 0 was at the left; a quarter clockwise puts it at the top.
      const rows = Array.from({ length: 8 }, (_, bar) => image.data[(Math.floor(((bar + 0.5) * 320) / 8) * 180 + 90) * 3] > 125);
      expect(rows.reduce((number, light, bit) => number | (light ? 1 << bit : 0), 0)).toBe(24);
      const { frames } = await scanAll(phone, { width: 90, height: 160, format: 'gray' });
      expect(frames[24].image.data[10 * 90 + 45]).toBeLessThan(60);
      expect(frames[1].image.data[10 * 90 + 45]).toBeGreaterThan(190);
    });

    it('refuses times that are no numbers', async () => {
      await expect(media.frames(file, [1, Number.NaN], { maxSide: 64 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });
  });

  describe('scan', () => {
    it('calls back with every frame in order, its time and its picture in exactly the size', async () => {
      const { frames, result } = await scanAll(file, { width: 64, height: 64, format: 'gray' });
      expect(result).toEqual({ frames: FRAMES, decodeErrors: 0 });
      frames.forEach(({ index, timeSeconds, image }, expected) => {
        expect(index).toBe(expected);
        expect(timeSeconds).toBeCloseTo(expected / FPS, 5);
        expect(image).toMatchObject({ width: 64, height: 64, channels: 1 });
        expect(image.data.length).toBe(64 * 64);
        expect(clips.numberOf(image)).toBe(expected);
      });
    });

    it('hands over the frames at given times larger, as `frames` gives them, beside all the small ones', async () => {
      const timesSeconds = [0, 3.02, 0.5, 99, 0.51];
      const looked: RawImage[] = [];
      let count = 0;
      const onLook = (index: number, image: RawImage) => {
        looked[index] = image;
      };
      const result = await media.scan(file, { width: 16, height: 16, format: 'gray', looks: { timesSeconds, maxSide: 160, onLook } }, () => count++);
      expect([result.frames, count]).toEqual([FRAMES, FRAMES]);
      expect(looked).toEqual(await media.frames(file, timesSeconds, { maxSide: 160 }));
    });

    it('ends with the error of the callback, and works again afterwards', async () => {
      const onFrame = ({ index }: ScannedFrame) => {
        if (index === 3) throw new Error('enough');
      };
      await expect(media.scan(file, { width: 320, height: 180, format: 'rgb' }, onFrame)).rejects.toThrow('enough');
      expect(await media.probe(file)).toEqual(info);
    });

    it('counts damage in the middle and goes on', async () => {
      const { frames, result } = await scanAll(variant('damaged.mp4', clips.damaged, at('noisy.mp4')), { width: 64, height: 36, format: 'gray' });
      expect(result.decodeErrors).toBeGreaterThan(0);
      expect(frames.length).toBeGreaterThan(30);
      expect(frames[frames.length - 1].timeSeconds).toBeGreaterThan(2);
    });

    it('gives what is left of a file that was cut off, and counts the loss', async () => {
      const half = variant('half.mp4', (whole) => clips.cutData(whole, 0.5), at('noisy.mp4'));
      const { frames, result } = await scanAll(half, { width: 64, height: 36, format: 'gray' });
      expect(frames.length).toBeGreaterThan(20);
      expect(frames.length).toBeLessThan(45);
      expect(result.decodeErrors).toBeGreaterThan(0);
      const images = await media.frames(half, [0, 2.4], { maxSide: 64 });
      expect(images).toHaveLength(2);
    });
  });

  describe('files that are no good videos', () => {
    const cases: [string, (whole: Buffer) => Buffer | string, RegExp][] = [
      ['text with a video name', () => 'just some text\n'.repeat(50), /no readable video/],
      ['a playlist that names another file', () => `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${file}\n#EXT-X-ENDLIST\n`, /no readable video/],
      ['an empty file', () => '', /empty/],
      ['random bytes', () => Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) & 255)), /no readable video/],
      ['a file cut off in its index', (whole) => whole.subarray(0, 300), /no readable video|broken header|no video track/],
      ['sound only', clips.soundOnly, /no video track/],
      ['a header that claims 16000x16000', (whole) => clips.absurd(whole, 16000), /16000x16000/],
      ['a header that claims 30000x30000', (whole) => clips.absurd(whole, 30000), /picture size/],
    ];
    for (const [index, [name, change, message]] of cases.entries()) {
      it(`says what is wrong: ${name}`, async () => {
        const bad = variant(`bad-${index}.${name.includes('playlist') ? 'm3u8' : 'mp4'}`, change);
        const expected = { code: 'INVALID_MEDIA', message: expect.stringMatching(message) };
        await expect(media.probe(bad)).rejects.toMatchObject(expected);
        await expect(media.frames(bad, [0], { maxSide: 64 })).rejects.toMatchObject(expected);
        await expect(media.scan(bad, { width: 8, height: 8, format: 'gray' }, () => {})).rejects.toMatchObject(expected);
      });
    }

    it('says that an index without data has no pictures', async () => {
      const hollow = variant('hollow.mp4', (whole) => clips.cutData(whole, 0));
      await expect(media.frames(hollow, [0], { maxSide: 64 })).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
      await expect(media.scan(hollow, { width: 8, height: 8, format: 'gray' }, () => {})).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
    });

    it('tells a missing file and a folder apart', async () => {
      await expect(media.probe(at('nowhere.mp4'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(media.probe(folder)).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringContaining('folder') });
    });

    it('decodes no frame above the limit of pixels', async () => {
      const strict = open({ maxPixels: 320 * 180 - 1 });
      await expect(strict.frames(file, [0], { maxSide: 64 })).rejects.toMatchObject({ code: 'INVALID_MEDIA', message: expect.stringContaining('320x180') });
      strict.close();
    });
  });

  describe('concat', () => {
    it('joins clips without a gap, as one clip of the same frames', async () => {
      const joined = await media.concat([file, file, file], { path: at('joined.mp4'), metadata: { comment: 'three in one' } });
      expect(joined).toMatchObject({ frames: 3 * FRAMES, fps: FPS, durationSeconds: expect.closeTo((3 * FRAMES) / FPS, 4), width: 320, height: 180 });
      const { frames, result } = await scanAll(at('joined.mp4'), { width: 64, height: 36, format: 'gray' });
      expect(result).toEqual({ frames: 3 * FRAMES, decodeErrors: 0 });
      frames.forEach(({ timeSeconds, image }, index) => {
        expect(timeSeconds).toBeCloseTo(index / FPS, 4);
        expect(clips.numberOf(image)).toBe(index % FRAMES);
      });
      const bytes = readFileSync(at('joined.mp4'));
      const { start, end } = clips.box(bytes, 'moov', 'udta');
      expect(bytes.toString('utf8', start, end)).toContain('three in one');
      expect(clips.boxesIn(bytes).findIndex((one) => one.type === 'moov')).toBeLessThan(clips.boxesIn(bytes).findIndex((one) => one.type === 'mdat'));
    });

    it('names the clip that differs and in what, and writes nothing', async () => {
      await media.encode(clips.numberedFrames(5, 160, 90), { path: at('small.mp4'), width: 160, height: 90, fps: FPS });
      await media.encode(clips.numberedFrames(5), { path: at('slow.mp4'), width: 320, height: 180, fps: 12 });
      const differing = (other: string, words: string) =>
        expect(media.concat([file, at(other)], { path: at('never.mp4') })).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: expect.stringContaining(words),
        });
      await differing('small.mp4', 'Clip 2 differs from clip 1 in size: 160x90 instead of 320x180');
      await differing('slow.mp4', 'frame rate');
      await expect(media.concat([], { path: at('never.mp4') })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      expect(existsSync(at('never.mp4'))).toBe(false);
    });
  });

  describe('join', () => {
    const shape = { width: 320, height: 180, fps: FPS };
    const rows = async (name: string) => scanAll(at(name), { width: 64, height: 36, format: 'gray' });

    it('copies clips that are alike and says where each begins', async () => {
      const joined = await media.join([file, file], { path: at('join-copied.mp4'), ...shape, metadata: { comment: 'two' } });
      expect(joined).toMatchObject({ copied: true, frames: 2 * FRAMES, startsSeconds: [0, expect.closeTo(FRAMES / FPS, 4)] });
      expect((await rows('join-copied.mp4')).frames.map(({ image }) => clips.numberOf(image))).toEqual([...Array(2 * FRAMES).keys()].map((n) => n % FRAMES));
    });

    it('brings clips of another size and rate to the shape, each as long as it was', async () => {
      await media.encode(clips.numberedFrames(24, 640, 360), { path: at('join-large.mp4'), width: 640, height: 360, fps: FPS });
      await media.encode(clips.numberedFrames(15), { path: at('join-slow.mp4'), width: 320, height: 180, fps: 12 });
      const joined = await media.join([at('join-large.mp4'), at('join-slow.mp4')], { path: at('join-mixed.mp4'), ...shape });
      expect(joined).toMatchObject({ copied: false, width: 320, height: 180, fps: FPS, codec: 'h264', pixelFormat: 'yuv420p', frames: 24 + 30 });
      expect(joined.startsSeconds).toEqual([0, 1]);
      const { frames, result } = await rows('join-mixed.mp4');
      expect(result).toEqual({ frames: 54, decodeErrors: 0 });
      expect(frames.map(({ image }) => clips.numberOf(image))).toEqual([...Array(24).keys(), ...[...Array(15).keys()].flatMap((n) => [n, n])]);
    });

    it('never stretches: another shape gets bars, nearly the same one fills the frame', async () => {
      const colours = [
        [200, 40, 40],
        [40, 160, 60],
      ];
      const frames = () => Array.from({ length: 6 }, () => clips.patches(colours, 180, 180));
      await media.encode(frames(), { path: at('join-square.mp4'), width: 180, height: 180, fps: FPS });
      await media.join([at('join-square.mp4'), file], { path: at('join-bars.mp4'), ...shape });
      const [first] = await media.frames(at('join-bars.mp4'), [0], { maxSide: 320 });
      const pixel = (x: number, y: number) => [...first.data.subarray((y * 320 + x) * 3, (y * 320 + x) * 3 + 3)];
      for (const x of [5, 60, 260, 315]) for (const value of pixel(x, 90)) expect(value).toBeLessThan(10);
      for (const channel of [0, 1, 2]) {
        expect(Math.abs(pixel(100, 90)[channel] - colours[0][channel])).toBeLessThan(8);
        expect(Math.abs(pixel(220, 90)[channel] - colours[1][channel])).toBeLessThan(8);
      }
      await media.encode([clips.patches(colours, 320, 176)], { path: at('join-near.mp4'), width: 320, height: 176, fps: FPS });
      await media.join([at('join-near.mp4')], { path: at('join-filled.mp4'), ...shape });
      const [filled] = await media.frames(at('join-filled.mp4'), [0], { maxSide: 320 });
      expect(filled.data[320 * 3 * 2]).toBeGreaterThan(150);
    });

    it('dissolves: both clips run while one gives way to the other, and the whole is shorter by that', async () => {
      const grey = (value: number) => Array.from({ length: 24 }, () => clips.patches([[value, value, value]]));
      await media.encode(grey(40), { path: at('join-dark.mp4'), ...shape });
      await media.encode(grey(200), { path: at('join-light.mp4'), ...shape });
      const paths = [at('join-dark.mp4'), at('join-light.mp4'), at('join-dark.mp4')];
      const joined = await media.join(paths, { path: at('join-dissolved.mp4'), ...shape, dissolveSeconds: 0.5 });
      expect(joined).toMatchObject({ copied: false, frames: 3 * 24 - 2 * 12, startsSeconds: [0, 0.5, 1] });
      const light = (await rows('join-dissolved.mp4')).frames.map(({ image }) => clips.patchMean(image, 0, 1)[0]);
      const expected = (index: number) => (index < 12 ? 40 : index < 24 ? 40 + (160 * (index - 11)) / 13 : index < 36 ? 200 - (160 * (index - 23)) / 13 : 40);
      light.forEach((value, index) => {
        expect(Math.abs(value - expected(index)), `frame ${index}`).toBeLessThan(4);
      });
    });

    it('refuses no clips and no video, and writes nothing', async () => {
      await expect(media.join([], { path: at('never.mp4'), ...shape })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      await expect(media.join([file, at('garbage.mp4')], { path: at('never.mp4'), ...shape })).rejects.toMatchObject({ code: expect.any(String) });
      expect(existsSync(at('never.mp4'))).toBe(false);
    });
  });

  describe('cancelling', () => {
    it('ends a call before and during its work; the next call works', async () => {
      await expect(media.probe(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
      const controller = new AbortController();
      const endless = (function* () {
        for (let index = 0; ; index++) {
          if (index === 20) controller.abort();
          yield clips.numbered(index);
        }
      })();
      const job = { path: at('cancelled.mp4'), width: 320, height: 180, fps: FPS, signal: controller.signal };
      await expect(media.encode(endless, job)).rejects.toMatchObject({ code: 'CANCELLED' });
      const during = new AbortController();
      const onFrame = () => during.abort();
      await expect(media.scan(at('long.mp4'), { width: 640, height: 480, format: 'rgb', signal: during.signal }, onFrame)).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      expect(readdirSync(folder).filter((name) => name.includes('cancelled'))).toEqual([]);
      expect(await media.probe(file)).toEqual(info);
    });

    it('leaves no temporary file after anything above', () => {
      expect(readdirSync(folder).filter((name) => name.includes('partial'))).toEqual([]);
    });
  });
}
