import { describe, expect, it } from 'vitest';
import type { RawImage } from '../../src/ports/pictures.ts';
import type { RegionFeatures } from '../../src/ports/vision.ts';
import { alignFrame, findFrame, lumaPyramid } from '../../src/quality/align.ts';
import { colourChange } from '../../src/quality/appearance.ts';
import { detailMap } from '../../src/quality/detail.ts';
import { withoutBars } from '../../src/quality/letterbox.ts';
import { compareRegions, leastRegion } from '../../src/quality/regions.ts';
import { smallest } from '../../src/quality/statistics.ts';
import { crop } from '../../src/quality/windows.ts';
import { flatImage, seeded } from './frames.ts';

/** A picture of soft blobs, different everywhere. */
function blobs(width: number, height: number, seed = 5): RawImage {
  const random = seeded(seed);
  const spots = Array.from({ length: 60 }, () => [random() * width, random() * height, 10 + random() * 40, random() * 200 - 100]);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const value = spots.reduce((sum, [cx, cy, r, high]) => sum + high * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (r * r)), 128);
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.max(0, Math.min(255, value + 10 * c));
  }
  return { width, height, channels: 3, data };
}

/** The picture with a patch of another one, from x, y (fractions) on. */
function patched(image: RawImage, other: RawImage, at: { x: number; y: number; size: number }): RawImage {
  const data = Uint8Array.from(image.data);
  const [left, top, side] = [at.x * image.width, at.y * image.height, at.size * image.height].map(Math.round);
  for (let y = top; y < top + side; y++) {
    const from = 3 * (y * image.width + left);
    data.set(other.data.subarray(from, from + 3 * side), from);
  }
  return { ...image, data };
}

describe('where a frame lies in the reference', () => {
  const reference = blobs(480, 320);
  const pyramid = lumaPyramid(reference);

  it.each([
    { x: 0.2, y: 0.15, width: 0.6, height: 0.6 },
    { x: 0.05, y: 0.3, width: 0.5, height: 0.5 },
    { x: 0, y: 0, width: 1, height: 1 },
  ])('is found within a hundredth from a start a few hundredths off: $x, $y, $width', (box) => {
    const start = { x: Math.max(0, box.x - 0.04), y: Math.max(0, box.y - 0.05), width: box.width * 0.95, height: box.height * 0.95 };
    const { box: found, correlation } = alignFrame(lumaPyramid(crop(reference, box)), pyramid, [{ x: 0.3, y: 0.4, width: 0.4, height: 0.4 }, start]);
    expect(correlation).toBeGreaterThan(0.97);
    for (const key of ['x', 'y', 'width', 'height'] as const) expect(Math.abs(found[key] - box[key])).toBeLessThan(0.015);
  });

  it('is found in its own shape, whatever that of the view is that it is most like', () => {
    const box = { x: 0.1, y: 0.2, width: 0.8, height: 0.45 };
    const { box: found, correlation } = findFrame(crop(reference, box), pyramid, [{ x: 0.05, y: 0.05, width: 0.85, height: 0.85 }]);
    expect(correlation).toBeGreaterThan(0.97);
    for (const key of ['x', 'y', 'width', 'height'] as const) expect(Math.abs(found[key] - box[key])).toBeLessThan(0.02);
  });

  it('fits badly where the frame shows something else', () => {
    const { correlation } = alignFrame(lumaPyramid(blobs(300, 200, 99)), pyramid, [{ x: 0, y: 0, width: 1, height: 1 }]);
    expect(correlation).toBeLessThan(0.7);
  });
});

describe('region by region', () => {
  const features = (change?: (x: number, y: number) => boolean, seed = 7): RegionFeatures => {
    const [random, other] = [seeded(seed), seeded(41)];
    const data = Float32Array.from({ length: 16 * 14 * 14 }, (_, i) => {
      const [own, changed] = [random(), other()];
      return change?.(i % 14, Math.floor(i / 14) % 14) ? changed : own;
    });
    return { width: 14, height: 14, channels: 16, data };
  };

  it('agrees fully with itself and with itself moved by a cell', () => {
    const picture = features();
    expect(leastRegion(compareRegions(picture, picture)).agreement).toBeCloseTo(1, 4);
    const moved = { ...picture, data: picture.data.map((_, i) => picture.data[i - (i % 14) + Math.min(13, (i % 14) + 1)]) };
    expect(leastRegion(compareRegions(picture, moved)).agreement).toBeGreaterThan(0.6);
  });

  it('names the region that is another one', () => {
    const changed = features((x, y) => x >= 8 && x <= 11 && y >= 2 && y <= 5);
    const { agreement, box } = leastRegion(compareRegions(features(), changed));
    expect(agreement).toBeLessThan(0.6);
    expect(box.x + box.width / 2).toBeCloseTo(10 / 14, 1);
    expect(box.y + box.height / 2).toBeCloseTo(4 / 14, 1);
  });
});

describe('fine detail', () => {
  const picture = blobs(224, 224);

  it('is the same for a picture that moved by two pixels, and nothing where both are plain', () => {
    const [moved, still] = [2, 0].map((x) => crop(picture, { x: x / 224, y: 0, width: 222 / 224, height: 1 }));
    expect(leastRegion(detailMap(moved, still, 224)).agreement).toBeGreaterThan(0.65);
    expect(leastRegion(detailMap(flatImage(64, 64, [90, 90, 90]), flatImage(64, 64, [120, 120, 120]), 224)).agreement).toBe(1);
  });

  it('tells where a patch is another one', () => {
    const { agreement, box } = leastRegion(detailMap(patched(picture, blobs(224, 224, 77), { x: 0.5, y: 0.25, size: 0.25 }), picture, 224));
    expect(agreement).toBeLessThan(0.6);
    expect(Math.abs(box.x + box.width / 2 - 0.625)).toBeLessThan(0.15);
    expect(Math.abs(box.y + box.height / 2 - 0.375)).toBeLessThan(0.15);
  });
});

describe('the value in the middle', () => {
  it.each([1, 2, 7, 1000, 5000])('of %i is the one that sorting puts there, also of equal ones', (count) => {
    const random = seeded(count);
    for (const steps of [1, 3, 1000]) {
      const values = Float32Array.from({ length: count }, () => Math.floor(random() * steps) / 7);
      for (const index of [0, count >> 1, count - 1]) expect(smallest(values.slice(), index)).toBe(values.slice().sort()[index]);
    }
  });
});

describe('colours', () => {
  it('keep their hue when they are brighter, and lose it when they turn or fade', () => {
    const [red, bright, green, grey] = [
      flatImage(64, 64, [160, 60, 60]),
      flatImage(64, 64, [180, 68, 68]),
      flatImage(64, 64, [60, 140, 60]),
      flatImage(64, 64, [95, 95, 95]),
    ];
    expect(colourChange(bright, red)).toMatchObject({ exposure: expect.closeTo(4.5, 0) });
    expect(colourChange(bright, red).relativeTint).toBeLessThan(0.15);
    expect(colourChange(green, red).relativeTint).toBeGreaterThan(1);
    expect(colourChange(grey, red).relativeTint).toBeCloseTo(1, 1);
  });
});

describe('black bars', () => {
  const barred = (image: RawImage, rows: number) => ({
    ...image,
    data: image.data.map((value, i) => (i < 3 * rows * image.width || i >= 3 * (image.height - rows) * image.width ? 0 : value)),
  });
  const picture = blobs(120, 80);

  it('are cut off where every frame has them, at the narrower of both ends', () => {
    const [first] = withoutBars([barred(picture, 10), barred(blobs(120, 80, 9), 12)]);
    expect(first).toMatchObject({ width: 120, height: 60 });
  });

  it('are no bars where one frame has none, and black frames do not count', () => {
    const frames = [barred(picture, 10), picture];
    expect(withoutBars(frames)).toBe(frames);
    const dark = flatImage(120, 80, [0, 0, 0]);
    expect(withoutBars([dark])).toEqual([dark]);
    expect(withoutBars([dark, barred(picture, 10)])[0]).toMatchObject({ height: 60 });
  });
});
