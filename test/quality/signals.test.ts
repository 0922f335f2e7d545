import { describe, expect, it } from 'vitest';
import { blockShifts, cameraShift, matchedFrame, motionAmount } from '../../src/quality/motion.ts';
import { lengthOf, summarisePixels } from '../../src/quality/pixels.ts';
import { collectSignals } from '../../src/quality/signals.ts';
import { lumaFrame, noiseFrame, SIDE } from './frames.ts';

const shiftsOf = (before: Uint8Array, after: Uint8Array) => blockShifts(matchedFrame(before), matchedFrame(after));
const blockMotion = (before: Uint8Array, after: Uint8Array) => motionAmount(shiftsOf(before, after));

/** The cheapest shift of a block of 16 px by at most 7, over every second pixel, 2.4 a pixel of its length added. */
function searchedThrough(before: Uint8Array, after: Uint8Array, block: number): [number, number] {
  const [x, y] = [(block % 8) * 16, Math.floor(block / 8) * 16];
  let [best, found]: [number, [number, number]] = [Number.POSITIVE_INFINITY, [0, 0]];
  for (let dy = -7; dy <= 7; dy++) {
    for (let dx = -7; dx <= 7; dx++) {
      if (Math.min(x + dx, y + dy) < 0 || Math.max(x + dx, y + dy) > SIDE - 16) continue;
      let cost = 0;
      for (let j = 0; j < 16; j += 2)
        for (let i = 0; i < 16; i += 2) cost += Math.abs(before[(y + j) * SIDE + x + i] - after[(y + dy + j) * SIDE + x + dx + i]);
      cost += 2.4 * (Math.abs(dx) + Math.abs(dy));
      if (cost < best) [best, found] = [cost, [dx, dy]];
    }
  }
  return found;
}

/** Summary of a clip of `count` frames at `fps`. */
function measure(count: number, fps: number, frame: (index: number) => Uint8Array) {
  const collector = collectSignals();
  for (let i = 0; i < count; i++) collector.add(i / fps, frame(i));
  return summarisePixels(collector.finish(), 0, Number.POSITIVE_INFINITY);
}

describe('motion', () => {
  it.each([1, 2, 3, 5, 7])('measures a shift of %i px as that length, or a little more where content leaves at an edge', (shift) => {
    const motion = blockMotion(lumaFrame(0), lumaFrame(shift));
    expect(motion).toBeGreaterThan(shift - 0.05);
    expect(motion).toBeLessThan(1.35 * shift);
  });

  it('is what a search of every displacement finds, the first one row by row of those that cost the same', () => {
    const noisy = (seed: number) => {
      const noise = noiseFrame(seed);
      return (dx: number) => lumaFrame(dx).map((value, i) => value + (noise[i] >> 4));
    };
    for (const [before, after] of [
      [noisy(3)(0), noisy(5)(4)],
      [noiseFrame(7), noiseFrame(9)],
      [lumaFrame(0), lumaFrame(90)],
    ]) {
      const { dx, dy, textured } = shiftsOf(before, after);
      for (let block = 0; block < textured.length; block++) {
        if (textured[block]) expect([dx[block], dy[block]], `block ${block}`).toEqual(searchedThrough(before, after, block));
      }
      expect(textured.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(30);
    }
  });

  it('is 0 for equal frames and for frames without texture', () => {
    expect(blockMotion(lumaFrame(0), lumaFrame(0))).toBe(0);
    expect(blockMotion(new Uint8Array(SIDE * SIDE).fill(90), new Uint8Array(SIDE * SIDE).fill(140))).toBe(0);
  });

  it('does not depend on the frame rate', () => {
    const slow = measure(16, 8, (i) => lumaFrame(i * 3));
    const fast = measure(48, 24, (i) => lumaFrame(i));
    expect(slow.motion).toBeCloseTo(fast.motion, 0.5);
    expect(slow.motion).toBeGreaterThan(2.9);
    expect(fast.motion).toBeLessThan(3.3);
  });

  it('sees a move slower than half a pixel a step', () => {
    const summary = measure(144, 24, (i) => lumaFrame(i * 0.12)); // 0.36 px per 1/8 s
    expect(summary.motion).toBeGreaterThan(0.2);
    expect(summary.motionClass).toBe('subtle');
  });

  it('names the amounts from still to strong', () => {
    expect(measure(24, 8, () => lumaFrame(0)).motionClass).toBe('static');
    expect(measure(24, 8, (i) => lumaFrame(i)).motionClass).toBe('subtle');
    expect(measure(24, 8, (i) => lumaFrame(i * 3)).motionClass).toBe('moderate');
    expect(measure(24, 8, (i) => lumaFrame(i * 6)).motionClass).toBe('strong');
  });
});

describe('camera', () => {
  it('finds how the picture moved, and names a pan by the side that the camera went to', () => {
    const shift = cameraShift(shiftsOf(lumaFrame(0), lumaFrame(4)));
    expect(shift.dx).toBeCloseTo(-4, 0.5);
    expect(Math.abs(shift.dy)).toBeLessThan(0.3);
    expect(Math.abs(shift.growth)).toBeLessThan(0.02);
    const path = measure(48, 24, (i) => lumaFrame(i)).camera;
    expect(path.move).toBe('pan right');
    expect(path.right).toBeGreaterThan(0.28);
    expect(path.right).toBeLessThan(0.4);
    expect(measure(48, 24, (i) => lumaFrame(60 - i * 0.2)).camera.move).toBe('pan left');
    expect(measure(48, 24, () => lumaFrame(0)).camera.move).toBe('static');
  });
});

describe('freezing', () => {
  it('finds the frozen half of a clip and where it is', () => {
    const summary = measure(96, 24, (i) => lumaFrame(Math.min(i, 48)));
    expect(summary.frozenShare).toBeGreaterThan(0.45);
    expect(summary.frozenShare).toBeLessThan(0.55);
    expect(summary.longestFreeze?.fromSeconds).toBeCloseTo(2, 0.5);
    expect(lengthOf(summary.longestFreeze)).toBeGreaterThan(1.7);
  });

  it('does not take a slow camera move for a freeze', () => {
    expect(measure(96, 24, (i) => lumaFrame(i * 0.1)).frozenShare).toBe(0);
  });

  it('does not take doubled frames for a freeze', () => {
    expect(measure(96, 24, (i) => lumaFrame(Math.floor(i / 2) * 2)).frozenShare).toBe(0);
  });
});

describe('flicker', () => {
  it('grows with alternating brightness and stays near 0 for motion and fades', () => {
    const steady = measure(48, 24, (i) => lumaFrame(i * 0.5)).flicker;
    const fade = measure(48, 24, (i) => lumaFrame(0, 0.4 + i * 0.01)).flicker;
    const weak = measure(48, 24, (i) => lumaFrame(i * 0.5, i % 2 ? 0.98 : 1.0)).flicker;
    const strong = measure(48, 24, (i) => lumaFrame(i * 0.5, i % 2 ? 0.9 : 1.0)).flicker;
    expect(fade).toBeLessThan(0.5);
    expect(weak).toBeGreaterThan(4 * steady);
    expect(weak).toBeCloseTo(2, 0);
    expect(strong).toBeGreaterThan(3 * weak);
  });
});

describe('black frames and cuts', () => {
  it('gives the share and the times of black frames', () => {
    const summary = measure(48, 24, (i) => (i >= 12 && i < 24 ? new Uint8Array(SIDE * SIDE).fill(16) : lumaFrame(i)));
    expect(summary.blackShare).toBeCloseTo(0.25, 5);
    expect(summary.black?.fromSeconds).toBeCloseTo(0.5, 5);
    expect(summary.black?.toSeconds).toBeCloseTo(23 / 24, 5);
  });

  it('gives the time of the first frame after a cut, and none for fast motion', () => {
    expect(measure(48, 24, (i) => (i < 24 ? lumaFrame(i) : noiseFrame(5))).cuts).toEqual([1]);
    expect(measure(48, 24, (i) => lumaFrame(i * 4)).cuts).toEqual([]);
  });

  it('does not count the border to the next shot as a cut, nor as motion', () => {
    const collector = collectSignals();
    for (let i = 0; i < 48; i++) collector.add(i / 24, i < 24 ? lumaFrame(0) : noiseFrame(5));
    const signals = collector.finish();
    expect(signals.cuts).toEqual([1]);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
    ]) {
      expect(summarisePixels(signals, from, to)).toMatchObject({ cuts: [], motion: 0, frozenShare: 1 });
    }
  });
});

it('gives zeros, not NaN, for a clip of one frame', () => {
  expect(measure(1, 24, () => lumaFrame(0))).toMatchObject({ motion: 0, frozenShare: 0, blackShare: 0, flicker: 0, cuts: [], longestFreeze: undefined });
});
