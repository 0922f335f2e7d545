import { describe, expect, it } from 'vitest';
import { colourChange } from '../../src/quality/appearance.ts';
import { snapBorders } from '../../src/quality/borders.ts';
import { sharpness } from '../../src/quality/luma.ts';
import { matchFrame, type SeenPicture, seeReference } from '../../src/quality/reference.ts';
import { sampleShots } from '../../src/quality/sample.ts';
import { summariseSimilarity } from '../../src/quality/similarity.ts';
import { aspectWindows, crop } from '../../src/quality/windows.ts';
import { flatImage, seeded } from './frames.ts';

describe('windows of a reference', () => {
  it('are 14 where picture and clip have the same shape: the whole, 2 x 2 and 3 x 3', () => {
    const windows = aspectWindows(1600, 900, 16 / 9);
    expect(windows).toHaveLength(14);
    expect(windows[0]).toMatchObject({ x: 0, y: 0, width: 1, height: 1 });
  });

  it.each([
    [1000, 1000, 16 / 9],
    [900, 1600, 16 / 9],
    [4000, 400, 16 / 9],
    [400, 4000, 16 / 9],
    [1600, 900, 9 / 16],
    [30, 20000, 2.4],
  ])('of %i x %i stay inside, keep the clip aspect, reach all edges and are at most 24', (width, height, aspect) => {
    const windows = aspectWindows(width, height, aspect);
    expect(windows.length).toBeGreaterThan(0);
    expect(windows.length).toBeLessThanOrEqual(24);
    for (const box of windows) {
      expect((box.width * width) / (box.height * height)).toBeCloseTo(aspect, 5);
      expect(box.x).toBeGreaterThanOrEqual(-1e-9);
      expect(box.y + box.height).toBeLessThanOrEqual(1 + 1e-9);
      expect(box.x + box.width).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('are cut out pixel for pixel, and the whole picture is the picture itself', () => {
    const data = Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => i);
    const image = { width: 8, height: 4, channels: 3 as const, data };
    const part = crop(image, { x: 0.5, y: 0.25, width: 0.25, height: 0.5 });
    expect(part).toMatchObject({ width: 2, height: 2 });
    expect([...part.data]).toEqual([36, 37, 38, 39, 40, 41, 60, 61, 62, 63, 64, 65]);
    expect(crop(image, { x: 0, y: 0, width: 1, height: 1 })).toBe(image);
  });
});

describe('times to look at', () => {
  const times = (shots: [number, number][], durationSeconds: number, fps = 24) =>
    sampleShots(
      shots.map(([startSeconds, endSeconds]) => ({ startSeconds, endSeconds })),
      { durationSeconds, fps },
    ).map((shot) => shot.timesSeconds);

  it('are 16 in a short clip, from inside the first frame to inside the last', () => {
    const [all] = times([[0, Number.POSITIVE_INFINITY]], 6);
    expect(all).toHaveLength(16);
    expect(all[0]).toBeCloseTo(0.5 / 24, 6);
    expect(all[15]).toBeCloseTo(6 - 0.5 / 24, 6);
  });

  it('are 32 in a long one, and no more than there are frames in a tiny one', () => {
    expect(times([[0, 120]], 120)[0]).toHaveLength(32);
    expect(times([[0, 1]], 1 / 24)[0]).toEqual([0.5 / 24]);
    expect(times([[0, 1]], 3 / 24)[0]).toHaveLength(3);
  });

  it('are shared out by length, at least 4 a shot, and none for a shot beyond the end', () => {
    const shots = times(
      [
        [0, 8],
        [8, 9],
        [20, 25],
      ],
      9,
    );
    expect(shots.map((shot) => shot.length)).toEqual([14, 4, 0]);
    expect(shots[1].every((time) => time > 8 && time < 9)).toBe(true);
  });

  it('keep two frames away from a border to a neighbour, and half a frame in the shortest shots', () => {
    const [first, second, third] = times(
      [
        [0, 2],
        [2, 4],
        [4, 4.1],
      ],
      4.1,
    );
    expect(first[0]).toBeCloseTo(0.5 / 24, 6);
    expect(first.at(-1)).toBeCloseTo(2 - 2.5 / 24, 6);
    expect(second[0]).toBeCloseTo(2 + 2.5 / 24, 6);
    for (const time of third) expect(Math.min(time - 4, 4.1 - time)).toBeGreaterThan(0.5 / 24 - 1e-9);
  });
});

describe('borders between shots', () => {
  const snapped = (borders: number[], cuts: number[]) =>
    snapBorders(
      borders.slice(1).map((endSeconds, i) => ({ startSeconds: borders[i], endSeconds })),
      cuts,
      24,
    ).map((shot) => shot.endSeconds);

  it('move to the cut within two frames, and what they were off by is carried on', () => {
    expect(snapped([0, 2, 4, 6, 8, 10], [2 + 2 / 24, 4 + 4 / 24, 6 + 6 / 24, 8 + 8 / 24])).toEqual([2 + 2 / 24, 4 + 4 / 24, 6 + 6 / 24, 8 + 8 / 24, 10]);
  });

  it('stay where no cut is near, and where shots do not touch', () => {
    expect(snapped([0, 2, 4], [2.2, 3])).toEqual([2, 4]);
    const apart = [
      { startSeconds: 0, endSeconds: 2 },
      { startSeconds: 3, endSeconds: 4 },
    ];
    expect(snapBorders(apart, [2.05, 3.05], 24)).toEqual(apart);
  });
});

describe('similarity', () => {
  const at = (values: number[]) => summariseSimilarity(values.map((similarity, i) => ({ timeSeconds: i, similarity })));

  it('separates drift from a single bad frame', () => {
    expect(at([0.9, 0.9, 0.9, 0.9, 0.7, 0.6, 0.5, 0.4])).toMatchObject({ firstFrame: 0.9, min: 0.4, minAtSeconds: 7 });
    expect(at([0.9, 0.9, 0.9, 0.9, 0.7, 0.6, 0.5, 0.4]).drop).toBeCloseTo(0.45, 6);
    expect(at([0.9, 0.9, 0.9, 0.2, 0.9, 0.9, 0.9, 0.9]).drop).toBeCloseTo(0, 6);
    expect(at([0.9]).drop).toBe(0);
  });

  it('compares by the named block alone where the embedder has one, and takes the best view', async () => {
    const vectors = [Float32Array.of(1, 0, 0.6, 0), Float32Array.of(0, 1, 0, 0.6)];
    const embedder = {
      ...{ id: 't', dimensions: 4, modalities: ['image'] as const, blocks: { model: [0, 2], colour: [2, 4] } as const },
      embedImages: async (images: unknown[]) => images.map((_, i) => vectors[Math.min(i, 1)]),
    };
    const reference = await seeReference(embedder, flatImage(160, 90, [1, 2, 3]), 16 / 9, {});
    const frame: SeenPicture = { image: flatImage(2, 2, [0, 0, 0]), shows: Float32Array.of(0.6, 0.8), colour: Float32Array.of(0, 1) };
    const match = matchFrame(frame, reference);
    expect(match.similarity).toBeCloseTo(0.8, 6);
    expect(match.colour).toBeCloseTo(1, 6);
    expect(match.view.image).not.toBe(reference.views[0].image);
  });
});

describe('appearance', () => {
  it('measures a colour shift in OKLab x 100', () => {
    expect(colourChange(flatImage(32, 32, [120, 60, 40]), flatImage(32, 32, [120, 60, 40])).shift).toBe(0);
    expect(colourChange(flatImage(32, 32, [255, 255, 255]), flatImage(32, 32, [0, 0, 0])).shift).toBeCloseTo(100, 1);
    expect(colourChange(flatImage(32, 32, [255, 0, 0]), flatImage(32, 32, [0, 0, 255])).shift).toBeCloseTo(53.7, 0);
  });

  it('falls when detail is blurred away', () => {
    const random = seeded(3);
    const noise = { width: 64, height: 64, channels: 3 as const, data: Uint8Array.from({ length: 64 * 64 * 3 }, () => random() * 255) };
    const blurred = { ...noise, data: noise.data.map((_, i, all) => ((all[i - 3] ?? 0) + all[i] + (all[i + 3] ?? 0)) / 3) };
    expect(sharpness(blurred)).toBeLessThan(0.5 * sharpness(noise));
    expect(sharpness(flatImage(8, 8, [9, 9, 9]))).toBe(0);
  });
});
