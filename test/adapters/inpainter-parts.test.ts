import { expect, test } from 'vitest';
import { buildGrids, solve } from '../../src/adapters/local/inpainter/levelling.ts';
import { measureCosts, Random, searchTargets } from '../../src/adapters/local/inpainter/patchmatch.ts';
import { boundsOf, distances, groupHoles, separateHoles } from '../../src/adapters/local/inpainter/region.ts';

function plane(width: number, height: number, on: (x: number, y: number) => boolean) {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = on(x, y) ? 1 : 0;
  return { width, height, data };
}

test('the distance inside a hole stays within 8 % of the straight line, and the edge of the picture is not known ground', () => {
  const disc = plane(101, 101, (x, y) => Math.hypot(x - 50, y - 50) < 40);
  const far = distances(disc);
  expect(far[50 * 101 + 50]).toBeGreaterThan(40 * 0.92);
  expect(far[50 * 101 + 50]).toBeLessThan(40 * 1.08);
  expect(far[0]).toBe(0);
  const half = distances(plane(30, 10, (x) => x < 20));
  expect(half[5 * 30]).toBe(20);
});

test('strokes less than eight pixels apart are one hole, others are not, and near deep holes are completed together', () => {
  const strokes = separateHoles(plane(100, 40, (x, y) => y > 10 && y < 30 && (x === 10 || x === 17 || x === 60)));
  expect(strokes.holes.map((hole) => hole.box.width)).toEqual([8, 1]);
  const blocks = separateHoles(plane(300, 100, (x, y) => y > 20 && y < 80 && ((x > 20 && x < 80) || (x > 100 && x < 160) || x > 270)));
  expect(groupHoles(blocks.holes).map((group) => group.length)).toEqual([2, 1]);
});

test('the bounds of a mask are the smallest box around it', () => {
  expect(boundsOf(plane(20, 10, (x, y) => (x === 3 && y === 2) || (x === 12 && y === 7)))).toEqual({ x: 3, y: 2, width: 10, height: 6 });
  expect(boundsOf(plane(20, 10, () => false))).toBeUndefined();
});

test('PatchMatch finds the exact copy of nearly every patch of a shifted noise picture', () => {
  const [width, height] = [120, 60];
  const noise = new Random(3);
  const pixels = new Uint8Array(width * height * 3).map(() => noise.integer(256));
  // The right half repeats the left one.
  for (let y = 0; y < height; y++) pixels.copyWithin((y * width + 60) * 3, y * width * 3, (y * width + 60) * 3);
  const source = plane(width, height, (x, y) => x >= 3 && x < 57 && y >= 3 && y < 57).data;
  const targets = Int32Array.from(
    [...plane(width, height, (x, y) => x >= 63 && x < 117 && y >= 3 && y < 57).data.entries()].flatMap(([at, on]) => (on ? [at] : [])),
  );
  const nearest = new Int32Array(width * height).fill(-1);
  const random = new Random(1);
  for (const target of targets) nearest[target] = (3 + random.integer(54)) * width + 3 + random.integer(54);
  const field = {
    width,
    height,
    pixels,
    texture: new Uint8Array(width * height * 2),
    localScale: 0,
    source,
    targets,
    nearest,
    cost: new Float32Array(width * height),
  };
  measureCosts(field, 0, targets.length);
  for (let pass = 0; pass < 6; pass++) searchTargets(field, { forward: pass % 2 === 0, reach: 120, random }, 0, targets.length);
  const exact = targets.filter((target) => nearest[target] === target - 60).length / targets.length;
  expect(exact).toBeGreaterThan(0.98);
});

/** A grid whose left and right edge columns are held at 0 and at `end`; `weigh` gives the weight of the link between two unknowns. */
function ramp(width: number, height: number, end: number, weigh: (a: number, b: number) => number) {
  const at = Int32Array.from({ length: width * height }, (_, i) => i);
  const links = new Int32Array(at.length * 4).fill(-1);
  const weights = new Float32Array(at.length * 4);
  const hold = new Float32Array(at.length);
  const right = new Float32Array(at.length);
  for (const i of at) {
    const x = i % width;
    const sides = [x > 0 ? i - 1 : -1, x < width - 1 ? i + 1 : -1, i - width, i + width < at.length ? i + width : -1];
    for (const [side, link] of sides.entries()) {
      if (link < 0) continue;
      links[i * 4 + side] = link;
      weights[i * 4 + side] = weigh(Math.min(i, link), Math.max(i, link));
    }
    if (x === 0 || x === width - 1) hold[i] = 1;
    right[i] = x === width - 1 ? end : 0;
  }
  return { system: { xs: at.map((i) => i % width), ys: at.map((i) => Math.floor(i / width)), links, weights, hold }, right };
}

const pause = async (): Promise<void> => undefined;

test('the multigrid solver finds the straight line between two fixed ends', async () => {
  const { system, right } = ramp(64, 40, 65, () => 1);
  const values = new Float32Array(right.length);
  await solve(await buildGrids(system, pause), values, right, pause);
  const wrong = values.reduce((most, value, i) => Math.max(most, Math.abs(value - 1 - (i % 64))), 0);
  expect(wrong).toBeLessThan(0.5);
});

test('every run of the multigrid solver comes nearer to the solution, also where nearly all links are cut', async () => {
  const random = new Random(5);
  const drawn = new Map<number, number>();
  const { system, right } = ramp(90, 70, 100, (a, b) => {
    const key = a * 6300 + b;
    const weight = drawn.get(key) ?? 10 ** -random.integer(9);
    drawn.set(key, weight);
    return weight;
  });
  const grids = await buildGrids(system, pause);
  const values = new Float32Array(right.length);
  /** What is minimised: half of the weighted squares, less what pulls. */
  const energy = (): number => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      sum += (system.hold[i] * values[i] ** 2) / 2 - right[i] * values[i];
      for (let side = i * 4; side < i * 4 + 4; side++) {
        if (system.links[side] >= 0) sum += (system.weights[side] * (values[i] - values[system.links[side]]) ** 2) / 4;
      }
    }
    return sum;
  };
  let before = energy();
  for (let run = 0; run < 6; run++) {
    await solve(grids, values, right, pause);
    const after = energy();
    expect(after).toBeLessThan(before + Math.abs(before) * 1e-6);
    before = after;
  }
});
