import { describe, expect, it } from 'vitest';
import type { RawImage } from '../../src/ports/pictures.ts';
import { blockDeviations, SIGNAL_SIDE } from '../../src/quality/block-search.ts';
import { meanDifference, meanSlope, readFrame } from '../../src/quality/frame-figures.ts';
import { luma, sharpness } from '../../src/quality/luma.ts';
import { mean } from '../../src/quality/statistics.ts';
import { seeded } from './frames.ts';

function grain(width: number, height: number, channels: 1 | 3 | 4, seed: number): RawImage {
  const random = seeded(seed);
  return { width, height, channels, data: Uint8Array.from({ length: width * height * channels }, () => random() * 256) };
}

const plainLuma = ({ data, channels, width, height }: RawImage) =>
  Array.from({ length: width * height }, (_, i) => {
    const [r, g, b] = channels === 1 ? [data[i], data[i], data[i]] : data.subarray(i * channels, i * channels + 3);
    return 0.299 * r + 0.587 * g + 0.114 * b;
  });

function plainSharpness(image: RawImage): number {
  const y = plainLuma(image);
  const values: number[] = [];
  for (let row = 1; row < image.height - 1; row++) {
    for (let i = row * image.width + 1; i < (row + 1) * image.width - 1; i++)
      values.push(y[i - 1] + y[i + 1] + y[i - image.width] + y[i + image.width] - 4 * y[i]);
  }
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** 2));
}

describe('luma and sharpness', () => {
  it.each([
    [4, 3, 3],
    [5, 4, 4],
    [16, 9, 1],
    [301, 7, 3],
    [511, 300, 3],
    [40, 2000, 1],
  ] as const)('of %i x %i pixels of %i channels are those of the formula', (width, height, channels) => {
    const image = grain(width, height, channels, width);
    const expected = plainLuma(image);
    luma(image).forEach((value, i) => {
      if (Math.abs(value - expected[i]) > 1e-3) expect(value, `pixel ${i}`).toBeCloseTo(expected[i], 3);
    });
    expect(sharpness(image) / plainSharpness(image)).toBeCloseTo(1, 4);
  });

  it('find no detail in a picture of one or two lines', () => {
    expect(sharpness(grain(1, 1, 3, 1))).toBe(0);
    expect(sharpness(grain(20, 2, 3, 1))).toBe(0);
  });
});

describe('figures of a frame', () => {
  const [frame, before] = [1, 2].map((seed) => grain(SIGNAL_SIDE, SIGNAL_SIDE, 1, seed).data);

  it('are those of its pixels', () => {
    const figures = readFrame(frame, before);
    const brightness = mean([...frame]);
    expect(figures.brightness).toBeCloseTo(brightness, 9);
    expect(figures.difference).toBeCloseTo(mean([...frame].map((value, i) => Math.abs(value - before[i]))), 9);
    expect(figures.dark).toBeCloseTo(mean([...frame].map((value) => (value < 25.5 ? 1 : 0))), 9);
    expect(figures.deviation).toBeCloseTo(mean([...frame].map((value) => Math.abs(value - brightness))), 9);
    const cell = [...Array(64).keys()].map((i) => frame[(8 * 5 + (i >> 3)) * SIGNAL_SIDE + 8 * 15 + (i & 7)]);
    expect(figures.cells[5 * 16 + 15]).toBeCloseTo(mean(cell), 4);
  });

  it('differ from another by what their pixels do', () => {
    expect(meanDifference(frame, before)).toBe(readFrame(frame, before).difference);
    expect(meanSlope(frame)).toBeCloseTo([...frame].reduce((sum, value, i) => sum + (i ? Math.abs(value - frame[i - 1]) : 0), 0) / frame.length, 9);
  });

  it('tell blocks with texture from those without', () => {
    const half = frame.map((value, i) => (i % SIGNAL_SIDE < SIGNAL_SIDE / 2 ? 90 : value));
    const deviations = blockDeviations(half);
    expect([...deviations.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    const block = [...Array(256).keys()].map((i) => frame[(i >> 4) * SIGNAL_SIDE + 64 + (i & 15)]);
    expect(deviations[4]).toBeCloseTo(mean(block.map((value) => Math.abs(value - mean(block)))), 4);
  });
});
