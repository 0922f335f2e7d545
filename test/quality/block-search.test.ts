import { describe, expect, it } from 'vitest';
import { BLOCK, comparing, SIGNAL_SIDE } from '../../src/quality/block-search.ts';
import { seeded } from './frames.ts';

const REACH = 7;
const PRICE = 2.4;
const ENDS = [0, 16, 48, 96, SIGNAL_SIDE - BLOCK];
const PLACES = ENDS.flatMap((y) => ENDS.map((x) => ({ x, y })));

/** Every displacement, row by row, each pixel one by one. */
function searched(before: Uint8Array, after: Uint8Array, x: number, y: number) {
  let best = { dx: 0, dy: 0, cost: Number.POSITIVE_INFINITY };
  for (let dy = -REACH; dy <= REACH; dy++) {
    for (let dx = -REACH; dx <= REACH; dx++) {
      if (x + dx < 0 || y + dy < 0 || x + dx > SIGNAL_SIDE - BLOCK || y + dy > SIGNAL_SIDE - BLOCK) continue;
      let sum = 0;
      for (let j = 0; j < BLOCK; j += 2) {
        for (let i = 0; i < BLOCK; i += 2) sum += Math.abs(at(before, x + i, y + j) - at(after, x + dx + i, y + dy + j));
      }
      const cost = sum + PRICE * (Math.abs(dx) + Math.abs(dy));
      if (cost < best.cost) best = { dx, dy, cost };
    }
  }
  return { dx: best.dx, dy: best.dy };
}

function summed(before: Uint8Array, after: Uint8Array, { x, y, dx, dy }: { x: number; y: number; dx: number; dy: number }) {
  const sums = { xx: 0, xy: 0, yy: 0, xt: 0, yt: 0, pixels: 0 };
  for (let j = 0; j < BLOCK; j++) {
    for (let i = 0; i < BLOCK; i++) {
      const [u, v] = [x + dx + i, y + dy + j];
      if (u < 1 || v < 1 || u > SIGNAL_SIDE - 2 || v > SIGNAL_SIDE - 2) continue;
      const gx = (at(after, u + 1, v) - at(after, u - 1, v)) / 2;
      const gy = (at(after, u, v + 1) - at(after, u, v - 1)) / 2;
      const change = at(before, x + i, y + j) - at(after, u, v);
      sums.xx += gx * gx;
      sums.xy += gx * gy;
      sums.yy += gy * gy;
      sums.xt += gx * change;
      sums.yt += gy * change;
      sums.pixels++;
    }
  }
  return sums;
}

const at = (frame: Uint8Array, x: number, y: number): number => frame[y * SIGNAL_SIDE + x];

/** Waves with grain, the second picture's moved. */
function moved(seed: number, dx: number, dy: number, grain: number): [Uint8Array, Uint8Array] {
  const random = seeded(seed);
  const picture = (right: number, down: number) =>
    Uint8Array.from({ length: SIGNAL_SIDE * SIGNAL_SIDE }, (_, i) => {
      const [x, y] = [(i % SIGNAL_SIDE) - right, Math.floor(i / SIGNAL_SIDE) - down];
      return 120 + 60 * Math.sin(x / 5) * Math.cos(y / 7) + 40 * Math.sin((x + y) / 3) + grain * random();
    });
  return [picture(0, 0), picture(dx, dy)];
}

const noise = (seed: number): Uint8Array => {
  const random = seeded(seed);
  return Uint8Array.from({ length: SIGNAL_SIDE * SIGNAL_SIDE }, () => 256 * random());
};

const PAIRS: [string, Uint8Array, Uint8Array][] = [
  ['a move', ...moved(1, 3, -2, 6)],
  ['a move as far as is looked', ...moved(2, -7, 7, 3)],
  ['no move, with grain', ...moved(3, 0, 0, 12)],
  ['noise', noise(4), noise(5)],
  ['black against white', new Uint8Array(SIGNAL_SIDE ** 2), new Uint8Array(SIGNAL_SIDE ** 2).fill(255)],
];

describe('the block search', () => {
  it.each(PAIRS)('finds what comparing pixel by pixel finds: %s', (_, before, after) => {
    const blocks = comparing(before, after);
    for (const { x, y } of PLACES) {
      const { dx, dy } = blocks.movement(x, y);
      expect({ x, y, dx, dy }).toEqual({ x, y, ...searched(before, after, x, y) });
    }
  });

  it.each(PAIRS)('adds gradients up as one by one: %s', (_, before, after) => {
    const blocks = comparing(before, after);
    for (const { x, y } of PLACES) {
      for (const [dx, dy] of [
        [0, 0],
        [7, -5],
        [-7, 7],
      ]) {
        if (x + dx < 0 || y + dy < 0 || x + dx > SIGNAL_SIDE - BLOCK || y + dy > SIGNAL_SIDE - BLOCK) continue;
        expect(blocks.gradients(x, y, dx, dy)).toEqual(summed(before, after, { x, y, dx, dy }));
      }
    }
  });
});
