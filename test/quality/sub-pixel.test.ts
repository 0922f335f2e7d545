import { expect, it } from 'vitest';
import { SIGNAL_SIDE } from '../../src/quality/block-search.ts';
import { blockShifts, cameraShift, matchedFrame } from '../../src/quality/motion.ts';
import { refinedShifts } from '../../src/quality/sub-pixel.ts';

/** Smooth texture, grown about its middle and moved to the right. */
function frame(zoom: number, right = 0) {
  const middle = (SIGNAL_SIDE - 1) / 2;
  const wave = (x: number, y: number) => 128 + 45 * Math.sin(x / 3.1 + y / 7.3) + 45 * Math.sin(y / 2.7 - x / 9.1);
  const data = Uint8Array.from({ length: SIGNAL_SIDE ** 2 }, (_, i) => {
    const [x, y] = [(i % SIGNAL_SIDE) - middle, Math.floor(i / SIGNAL_SIDE) - middle];
    return Math.round(wave((x - right) / zoom, y / zoom));
  });
  return matchedFrame(data);
}

it.each([
  [1.01, 0],
  [1.006, 0],
  [1, 0.4],
  [1, -0.3],
])('a zoom by %f and a shift by %f px, less than whole pixels can tell, are measured within a tenth', (zoom, right) => {
  const [before, after] = [frame(1), frame(zoom, right)];
  const { growth, dx } = cameraShift(refinedShifts(before, after, blockShifts(before, after)));
  expect(Math.abs(growth - (zoom - 1))).toBeLessThan(Math.max(0.0005, 0.1 * (zoom - 1)));
  expect(Math.abs(dx - right)).toBeLessThan(Math.max(0.03, 0.1 * Math.abs(right)));
});
