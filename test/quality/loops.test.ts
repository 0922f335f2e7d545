import { describe, expect, it } from 'vitest';
import { findLoop, type Loop } from '../../src/quality/loops.ts';
import { collectSignals } from '../../src/quality/signals.ts';
import { lumaFrame, noiseFrame, SIDE, seeded } from './frames.ts';

/** What is found in a clip of `count` frames at 12 a second. */
function loopIn(count: number, frame: (index: number) => Uint8Array): Loop | undefined {
  const collector = collectSignals();
  for (let i = 0; i < count; i++) collector.add(i / 12, frame(i));
  return findLoop(collector.finish().signatures);
}

/** As an encoder leaves a frame: off by up to a level or two, differently each time. */
function encoded(frame: Uint8Array, index: number): Uint8Array {
  const random = seeded(index + 5);
  return frame.map((value) => Math.max(0, Math.min(255, Math.round(value + 4 * (random() - 0.5)))));
}

/** A light square that crosses a plain picture on a closed way: round, or there and back. */
function square(x: number, y: number): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (Math.abs((i % SIDE) - x) < 12 && Math.abs(Math.floor(i / SIDE) - y) < 12 ? 210 : 90));
}

describe('a repetition', () => {
  it('is found by its first period, whatever encoding did to the frames', () => {
    const loop = loopIn(60, (i) => encoded(lumaFrame(3 * (i % 20)), i));
    expect(loop?.periodSeconds).toBeCloseTo(20 / 12, 5);
    expect(loop?.fromSeconds).toBe(0);
    expect(loop?.toSeconds).toBeCloseTo(5, 5);
  });

  it('is found where only part of the first round comes again', () => {
    const loop = loopIn(48, (i) => encoded(lumaFrame(2 * (i % 36)), i));
    expect(loop?.periodSeconds).toBeCloseTo(3, 5);
  });

  it('is found after a beginning of its own, and says where', () => {
    const loop = loopIn(72, (i) => encoded(i < 24 ? lumaFrame(150 + 4 * i) : lumaFrame(3 * ((i - 24) % 16)), i));
    expect(loop?.periodSeconds).toBeCloseTo(16 / 12, 5);
    expect(loop?.fromSeconds).toBeCloseTo(2, 5);
    expect(loop?.toSeconds).toBeCloseTo(6, 5);
  });

  it('is one thing that goes round in a still picture', () => {
    const round = (i: number) => square(64 + 36 * Math.cos((i * Math.PI) / 9), 64 + 36 * Math.sin((i * Math.PI) / 9));
    expect(loopIn(54, (i) => encoded(round(i), i))?.periodSeconds).toBeCloseTo(1.5, 5);
  });
});

describe('no repetition', () => {
  it.each<[string, (index: number) => Uint8Array]>([
    ['a still picture', () => lumaFrame(0)],
    ['a still picture with grain', (i) => encoded(lumaFrame(0), i)],
    ['a plain picture', () => new Uint8Array(SIDE * SIDE).fill(120)],
    ['a slow pan', (i) => encoded(lumaFrame(0.2 * i), i)],
    ['a fast pan', (i) => encoded(lumaFrame(4 * i), i)],
    ['a pan to and fro', (i) => encoded(lumaFrame(3 * Math.abs((i % 40) - 20)), i)],
    ['a pan to and fro that is slower on its way back', (i) => encoded(lumaFrame(i % 36 < 12 ? 5 * (i % 36) : 60 - 2.5 * ((i % 36) - 12)), i)],
    ['a swing', (i) => encoded(lumaFrame(40 + 40 * Math.sin(i / 5)), i)],
    ['a thing that swings in a still picture', (i) => encoded(square(64 + 36 * Math.sin(i / 4), 64), i)],
    ['a pan there, a stop, and the way back', (i) => encoded(lumaFrame(i < 20 ? 3 * i : i < 44 ? 60 : 60 - 3 * (i - 44)), i)],
    ['a stop before and after the same way there and back', (i) => encoded(lumaFrame(i < 12 ? 0 : i > 60 ? 0 : 3 * (24 - Math.abs(i - 36))), i)],
    ['a strobe', (i) => (i % 2 ? lumaFrame(0) : lumaFrame(0, 1.4))],
    ['a slow strobe', (i) => (Math.floor(i / 4) % 2 ? lumaFrame(0) : lumaFrame(0, 1.4))],
    ['a fade in and out', (i) => lumaFrame(0, 0.2 + 0.8 * Math.abs(Math.sin(i / 11)))],
    ['noise', (i) => noiseFrame(i + 3)],
  ])('is %s', (_, frame) => {
    expect(loopIn(84, frame)).toBeUndefined();
  });

  it('is a clip of a few frames', () => {
    for (const count of [0, 1, 3, 8]) expect(loopIn(count, (i) => lumaFrame(3 * i))).toBeUndefined();
  });
});
