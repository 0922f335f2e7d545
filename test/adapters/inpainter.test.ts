import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from 'vitest';
import { createInpainter } from '../../src/adapters/local/inpainter/inpainter.ts';
import { repair } from '../../src/adapters/local/inpainter/repair.ts';
import { fillThin } from '../../src/adapters/local/inpainter/telea.ts';
import type { RawImage } from '../../src/ports.ts';
import { boxMask, draw, grain, inpainterContract, paint } from '../contracts/inpainter.ts';

const opened: { close(): void }[] = [];
const open = (): ReturnType<typeof createInpainter> => {
  const inpainter = createInpainter();
  opened.push(inpainter);
  return inpainter;
};
afterEach(() => {
  for (const inpainter of opened.splice(0)) inpainter.close();
});

describe('the in-painter without a model', () => {
  inpainterContract(async () => open());

  const wall = paint(320, 260, (x, y) => {
    const row = Math.floor(y / 20);
    const mortar = y % 20 < 3 || (x + (row % 2) * 25) % 50 < 3;
    const dust = grain(x, y, 14);
    return mortar ? [190 + dust, 185 + dust, 175 + dust] : [150 + dust, 70 + dust, 55 + dust];
  });
  const window = { x: 110, y: 80, width: 100, height: 100 };

  test('continues bricks, joints and grain into a wide hole, where Telea smears', async () => {
    const mask = boxMask(320, 260, window);
    const around = highFrequencies(wall, { x: 60, y: 30, width: 200, height: 200 }, window);
    const { image, algorithm } = await open().inpaint({ image: wall, mask, mode: 'remove', seed: 1 });
    expect(algorithm).toMatch(/PatchMatch/);
    const ratio = highFrequencies(image, window) / around;
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
    const share = mortarShare(image, window) / mortarShare(wall, window);
    expect(share, 'as much mortar as in the wall').toBeGreaterThan(0.7);
    expect(share).toBeLessThan(1.4);
    const smeared = { ...wall, data: await fillThin(wall.data, mask.data, wall) };
    expect(highFrequencies(smeared, window) / around).toBeLessThan(0.5);
  });

  test('leaves no step at the border of the hole', async () => {
    const sky = paint(300, 200, (x, y) => [90 + y * 0.4 + grain(x, y, 3), 140 + y * 0.3 + x * 0.1, 220 - y * 0.2]);
    const hole = { x: 100, y: 50, width: 90, height: 90 };
    const { image } = await open().inpaint({ image: sky, mask: boxMask(300, 200, hole), mode: 'remove', seed: 1 });
    for (let y = hole.y; y < hole.y + hole.height; y += 5) {
      const inner = meanGreen(image, { x: hole.x, y: y - 4, width: 3, height: 9 });
      const outer = meanGreen(image, { x: hole.x - 3, y: y - 4, width: 3, height: 9 });
      expect(Math.abs(inner - outer)).toBeLessThan(3);
    }
  });

  test('extends a ground without copying what is to be avoided', async () => {
    const isThing = (x: number, y: number) => x >= 90 && x < 150 && y >= 50 && y < 110;
    const image = paint(260, 160, (x, y) => (isThing(x, y) ? [220, 30, 30] : [90 + grain(x, y, 25), 140 + grain(y, x, 25), 70]));
    const [mask, avoid] = [draw(260, 160, (x) => (x >= 160 ? 255 : 0)), draw(260, 160, (x, y) => (isThing(x, y) ? 255 : 0))];
    const result = await open().inpaint({ image, mask, avoid, mode: 'extend', seed: 1 });
    const red = result.image.data.filter((value, i) => i % 3 === 0 && value > 160 && Math.floor(i / 3) % 260 >= 160);
    expect(red.length).toBe(0);
  });

  test('takes Telea for scratches and PatchMatch for areas of the same mask', async () => {
    const mask = draw(320, 260, (x, y) => (Math.abs(x - y - 10) < 2 || (x > 220 && x < 280 && y > 20 && y < 80) ? 255 : 0));
    const { algorithm } = await open().inpaint({ image: wall, mask, mode: 'remove', seed: 1 });
    expect(algorithm).toMatch(/Telea.*PatchMatch/);
    const scratch = draw(320, 260, (x, y) => (Math.abs(x - y - 10) < 3 ? 255 : 0));
    expect((await open().inpaint({ image: wall, mask: scratch, mode: 'remove', seed: 1 })).algorithm).toBe('Telea 2004');
  });

  test('fills several holes, also at the corners and edges of the picture', async () => {
    const inHole = (x: number, y: number): boolean => (x < 50 && y < 40) || (x > 280 && y > 100 && y < 170) || Math.hypot(x - 160, y - 220) < 30;
    const image = paint(320, 260, (x, y) => (inHole(x, y) ? [0, 255, 255] : [150 + grain(x, y, 15), 70, 55]));
    const mask = draw(320, 260, (x, y) => (inHole(x, y) ? 255 : 0));
    const result = await open().inpaint({ image, mask, mode: 'remove', seed: 1 });
    const cyan = result.image.data.filter((value, i) => i % 3 === 1 && value > 90).length;
    expect(cyan).toBe(0);
  });

  test('keeps colours near those of the picture where the mask is a thicket of specks', async () => {
    const leaves = paint(300, 240, (x, y) => (grain(x >> 3, y >> 3, 1) > 0.2 ? [200 + grain(x, y, 30), 60, 40] : [40, 35 + grain(y, x, 20), 60]));
    const mask = draw(300, 240, (x, y) => (grain(x >> 2, (y >> 2) + 9, 1) > 0.1 || Math.hypot(x - 150, y - 120) < 25 ? 255 : 0));
    const { image, algorithm } = await open().inpaint({ image: leaves, mask, mode: 'remove', seed: 1 });
    expect(algorithm).toMatch(/PatchMatch|Telea/);
    const foreign = image.data.filter((value, i) => value > [256, 93, 93][i % 3]).length;
    expect(foreign).toBe(0);
  });

  test('fills pictures too small for patches, and holes that leave no whole patch', async () => {
    const tiny = paint(5, 4, () => [10, 200, 90]);
    tiny.data.set([255, 0, 0], 18);
    const first = await open().inpaint({ image: tiny, mask: boxMask(5, 4, { x: 1, y: 1, width: 1, height: 1 }), mode: 'remove', seed: 1 });
    for (let c = 0; c < 3; c++) expect(Math.abs(first.image.data[18 + c] - [10, 200, 90][c])).toBeLessThanOrEqual(2);
    const frame = paint(80, 80, (x, y) => (x < 3 || y < 3 || x > 76 || y > 76 ? [10, 200, 90] : [255, 0, 0]));
    const mask = boxMask(80, 80, { x: 3, y: 3, width: 74, height: 74 });
    const second = await open().inpaint({ image: frame, mask, mode: 'remove', seed: 1 });
    expect(second.algorithm).toBe('Telea 2004');
    expect(second.image.data.filter((value, i) => i % 3 === 0 && value > 60).length).toBe(0);
  });

  test('a cancelled call ends in time and leaves another one alone', async () => {
    const inpainter = open();
    const large = { width: 3000, height: 2000, channels: 3 as const, data: new Uint8Array(3000 * 2000 * 3).fill(90) };
    const mask = boxMask(3000, 2000, { x: 700, y: 300, width: 1500, height: 1400 });
    const stop = new AbortController();
    let stoppedAt = 0;
    const cancelled = inpainter.inpaint({ image: large, mask, mode: 'remove', seed: 1 }, { signal: stop.signal }).catch((error: unknown) => error);
    const other = inpainter.inpaint({ image: wall, mask: boxMask(320, 260, { x: 40, y: 40, width: 230, height: 180 }), mode: 'remove', seed: 1 });
    setTimeout(() => {
      stoppedAt = performance.now();
      stop.abort();
    }, 600);
    expect(await cancelled).toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - stoppedAt).toBeLessThan(2500);
    expect((await other).algorithm).toMatch(/PatchMatch/);
  });

  test('looks for a cancel often, also in the work before and after the search', async () => {
    const [width, height] = [1600, 1200];
    const data = new Uint8Array(width * height * 3).map((_, i) => (i * 31 + (i >> 9) * 7) & 127);
    const mask = boxMask(width, height, { x: 400, y: 200, width: 800, height: 800 });
    let last = performance.now();
    const start = last;
    let longest = 0;
    await repair({ width, height, data }, mask, 1, async () => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    });
    // Without pauses in the last step (seams), it alone took a third of the whole time.
    expect(longest).toBeLessThan((performance.now() - start) / 5);
  });

  test('fails with UNAVAILABLE when its process is killed half-way, and works at the next call', async () => {
    const started: ChildProcess[] = [];
    const note = (message: unknown): void => void started.push((message as { process: ChildProcess }).process);
    subscribe('child_process', note);
    const inpainter = open();
    const mask = boxMask(320, 260, { x: 40, y: 40, width: 230, height: 180 });
    const kill = (): void => void started[0].kill('SIGKILL');
    const call = inpainter.inpaint({ image: wall, mask, mode: 'remove', seed: 1 }, { onProgress: kill });
    await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    unsubscribe('child_process', note);
    expect(started).toHaveLength(1);
    await expect(inpainter.inpaint({ image: wall, mask: boxMask(320, 260, window), mode: 'remove', seed: 1 })).resolves.toBeDefined();
  });
});

interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Mean squared Laplacian of green within `area`, leaving out `except`. */
function highFrequencies({ width, data }: RawImage, area: Area, except?: Area): number {
  let sum = 0;
  let count = 0;
  for (let y = area.y; y < area.y + area.height; y++) {
    for (let x = area.x; x < area.x + area.width; x++) {
      if (except && x >= except.x - 1 && x <= except.x + except.width && y >= except.y - 1 && y <= except.y + except.height) continue;
      const green = (dx: number, dy: number): number => data[((y + dy) * width + x + dx) * 3 + 1];
      sum += (4 * green(0, 0) - green(1, 0) - green(-1, 0) - green(0, 1) - green(0, -1)) ** 2;
      count++;
    }
  }
  return sum / count;
}

function mortarShare({ width, data }: RawImage, area: Area): number {
  let count = 0;
  for (let y = area.y; y < area.y + area.height; y++) {
    for (let x = area.x; x < area.x + area.width; x++) if (data[(y * width + x) * 3 + 1] > 128) count++;
  }
  return count / (area.width * area.height);
}

function meanGreen({ width, data }: RawImage, area: Area): number {
  let sum = 0;
  for (let y = area.y; y < area.y + area.height; y++) for (let x = area.x; x < area.x + area.width; x++) sum += data[(y * width + x) * 3 + 1];
  return sum / (area.width * area.height);
}
