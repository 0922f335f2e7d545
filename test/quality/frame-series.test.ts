import { describe, expect, it } from 'vitest';
import { type FrameSeries, frameSeries } from '../../src/quality/frame-series.ts';
import { collectSignals, type Step } from '../../src/quality/signals.ts';
import { lumaFrame, SIDE, seeded } from './frames.ts';

function seriesOf(count: number, fps: number, frame: (index: number) => Uint8Array): FrameSeries {
  const collector = collectSignals();
  for (let i = 0; i < count; i++) collector.add(i / fps, frame(i));
  return frameSeries([], collector.finish());
}

const flat = (value: number) => new Uint8Array(SIDE * SIDE).fill(value);

describe('the series of a clip', () => {
  it('has an entry for every frame, in columns of one length, each with its unit', () => {
    const series = seriesOf(24, 12, (i) => (i < 12 ? flat(40 + i) : lumaFrame(2 * i)));
    expect(series).toMatchObject({ framesInClip: 24, framesPerEntry: 1 });
    expect(series.frames.timeSeconds).toHaveLength(24);
    expect(series.frames.timeSeconds[6]).toBe(0.5);
    expect(series.frames.brightness.slice(0, 3)).toEqual([40, 41, 42]);
    expect(series.frames.change.slice(0, 3)).toEqual([0, 1, 1]);
    expect(series.frames.blank.slice(10, 14)).toEqual([1, 1, 0, 0]);
    expect(series.cutsSeconds).toEqual([1]);
    for (const columns of [series.frames, series.steps, series.looks]) {
      for (const [name, column] of Object.entries(columns)) {
        expect(column, name).toHaveLength(columns.timeSeconds.length);
        expect(series.units[name], name).toMatch(/\w/);
      }
    }
  });

  it('names the camera as the report does: a picture that moves left is a camera that goes right', () => {
    const { steps } = seriesOf(48, 24, (i) => lumaFrame(i));
    const right = steps.right.slice(4).map(Number);
    expect(Math.min(...right)).toBeGreaterThan(0.01);
  });

  it('of many frames has entries that stand for several, where a single black frame or jump still shows', () => {
    const frames = [lumaFrame(0), lumaFrame(1), lumaFrame(2)];
    const series = seriesOf(3600, 240, (i) => (i === 2000 ? flat(0) : frames[i % 3]));
    expect(series).toMatchObject({ framesInClip: 3600, framesPerEntry: 4 });
    expect(series.frames.timeSeconds).toHaveLength(900);
    expect(Math.max(...series.frames.black.map(Number))).toBeCloseTo(1 / 4, 3);
    expect(Math.max(...series.frames.change.map(Number))).toBeGreaterThan(10);
  });

  it('stays under 120 kB where a clip is long and every value has all its digits', () => {
    const random = seeded(3);
    const times = Array.from({ length: 90_000 }, (_, i) => 1000 + i / 23.976);
    const per = <T>(more: (timeSeconds: number) => T) => times.map((timeSeconds) => ({ timeSeconds, ...more(timeSeconds) }));
    const step = (fromSeconds: number): Step => ({
      ...{ fromSeconds, toSeconds: fromSeconds + 0.125, motion: 9 * random(), frozen: random() > 0.5 },
      camera: { dx: 9 * random(), dy: 9 * random(), growth: random(), turn: random() },
    });
    const series = frameSeries([], {
      ...{ frames: times.length, lastSeconds: times[times.length - 1], steps: times.slice(0, 30_000).map(step), cuts: times, signatures: [] },
      levels: per(() => ({ brightness: 255 * random(), difference: 99 * random() })),
      black: per(() => ({ black: random() > 0.5 })),
      blank: per(() => ({ blank: random() > 0.5 })),
      repeated: per(() => ({ repeated: random() > 0.5 })).slice(1),
      flicker: per(() => ({ value: 99 * random() })),
    });
    expect(series.frames.timeSeconds).toHaveLength(1000);
    expect(series.steps.timeSeconds).toHaveLength(1000);
    expect(JSON.stringify(series).length).toBeLessThan(120_000);
  });
});
