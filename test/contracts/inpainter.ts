import { expect, test } from 'vitest';
import type { Inpainter, RawImage } from '../../src/ports.ts';

/** RGB of the given colour function. */
export function paint(width: number, height: number, colour: (x: number, y: number) => [number, number, number]): RawImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, channels: 3, data };
}

/** A mask of the given value function. */
export function draw(width: number, height: number, value: (x: number, y: number) => number): RawImage {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = value(x, y);
  return { width, height, channels: 1, data };
}

export function boxMask(width: number, height: number, box: { x: number; y: number; width: number; height: number }): RawImage {
  return draw(width, height, (x, y) => (x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height ? 255 : 0));
}

/** Repeatable grain in [-amount, amount]. */
export function grain(x: number, y: number, amount: number): number {
  const mixed = Math.imul((x * 374761393 + y * 668265263) | 0, 1274126177);
  return ((((mixed ^ (mixed >>> 13)) >>> 0) % 2001) / 1000 - 1) * amount;
}

const meadow = paint(160, 120, (x, y) => [60 + grain(x, y, 20), 120 + grain(y, x, 25), 40 + grain(x + 7, y, 15)]);
const disc = draw(160, 120, (x, y) => (Math.hypot(x - 80, y - 60) < 22 ? 255 : 0));

/** What every in-painter keeps; `open` gives a fresh one per test. */
export function inpainterContract(open: () => Promise<Inpainter>): void {
  test('gives back every pixel whose mask is 0 bit for bit, and changes the others', async () => {
    const marked = { ...meadow, data: meadow.data.map((value, i) => (disc.data[Math.floor(i / 3)] ? 255 : value)) };
    const before = Uint8Array.from(marked.data);
    const { image, algorithm } = await (await open()).inpaint({ image: marked, mask: disc, mode: 'remove', seed: 1 });
    expect([image.width, image.height, image.channels]).toEqual([160, 120, 3]);
    const outside = (pixels: Uint8Array): Uint8Array => pixels.filter((_, i) => disc.data[Math.floor(i / 3)] === 0);
    expect(Buffer.compare(outside(image.data), outside(before))).toBe(0);
    const inside = image.data.filter((_, i) => disc.data[Math.floor(i / 3)] > 0);
    expect(inside.reduce((most, value) => Math.max(most, value), 0)).toBeLessThan(200);
    expect(algorithm.length).toBeGreaterThan(3);
    expect(Buffer.compare(marked.data, before), 'the request is left alone').toBe(0);
  });

  test('gives the same pixels for the same seed', async () => {
    const inpainter = await open();
    const request = { image: meadow, mask: disc, mode: 'remove' as const, seed: 7 };
    const [first, second] = [await inpainter.inpaint(request), await inpainter.inpaint(request)];
    expect(Buffer.compare(first.image.data, second.image.data)).toBe(0);
  });

  test('fills a foreign square on a flat colour with that colour', async () => {
    const image = paint(200, 150, (x, y) => (x >= 60 && x < 130 && y >= 40 && y < 100 ? [255, 0, 0] : [70, 130, 180]));
    const mask = boxMask(200, 150, { x: 56, y: 36, width: 78, height: 68 });
    const result = await (await open()).inpaint({ image, mask, mode: 'remove', seed: 1 });
    const worst = result.image.data.reduce((most, value, i) => Math.max(most, Math.abs(value - [70, 130, 180][i % 3])), 0);
    expect(worst).toBeLessThanOrEqual(2);
  });

  test('blends by the value of the mask', async () => {
    const image = paint(120, 90, (x) => (x >= 40 && x < 80 ? [0, 0, 0] : [200, 200, 200]));
    const mask = draw(120, 90, (x) => (x >= 36 && x < 84 ? 255 : 0));
    for (let y = 0; y < 90; y++) mask.data[y * 120 + 60] = 64;
    const result = await (await open()).inpaint({ image, mask, mode: 'remove', seed: 1 });
    for (const y of [0, 45, 89]) expect(Math.abs(result.image.data[(y * 120 + 60) * 3] - (200 * 64) / 255)).toBeLessThanOrEqual(2);
  });

  test('reports progress that rises to 1', async () => {
    const seen: number[] = [];
    await (await open()).inpaint({ image: meadow, mask: disc, mode: 'remove', seed: 1 }, { onProgress: (fraction) => seen.push(fraction) });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[0]).toBeGreaterThanOrEqual(0);
  });

  test('stops with CANCELLED, before and during the work, and works again afterwards', async () => {
    const inpainter = await open();
    const image = paint(1200, 900, (x, y) => [100 + grain(x, y, 60), 90 + grain(y, x, 60), 80]);
    const mask = boxMask(1200, 900, { x: 100, y: 100, width: 900, height: 700 });
    const abort = new AbortController();
    const started = performance.now();
    const options = { signal: abort.signal, onProgress: () => abort.abort() };
    await expect(inpainter.inpaint({ image, mask, mode: 'remove', seed: 1 }, options)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - started).toBeLessThan(15_000);
    await expect(inpainter.inpaint({ image: meadow, mask: disc, mode: 'remove', seed: 1 }, options)).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(inpainter.inpaint({ image: meadow, mask: disc, mode: 'remove', seed: 1 })).resolves.toBeDefined();
  });

  test('refuses a mask of another size, naming both sizes', async () => {
    const mask = boxMask(100, 120, { x: 1, y: 1, width: 9, height: 9 });
    const call = (await open()).inpaint({ image: meadow, mask, mode: 'remove', seed: 1 });
    await expect(call).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/100 x 120.*160 x 120/) });
  });

  test.each([
    ['nothing', 0, /empty/],
    ['everything', 9, /whole image/],
  ])('refuses a mask of %s', async (_, value, message) => {
    const call = (await open()).inpaint({ image: meadow, mask: draw(160, 120, () => value), mode: 'remove', seed: 1 });
    await expect(call).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(message) });
  });

  test('refuses a mode that it does not name', async () => {
    const inpainter = await open();
    for (const mode of (['remove', 'extend', 'replace'] as const).filter((each) => !inpainter.modes.includes(each))) {
      await expect(inpainter.inpaint({ image: meadow, mask: disc, mode, seed: 1 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
    expect(inpainter.modes.includes('replace')).toBe(inpainter.generative);
  });

  test('refuses an image or mask with the wrong channels', async () => {
    const inpainter = await open();
    await expect(inpainter.inpaint({ image: { ...disc }, mask: disc, mode: 'remove', seed: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(inpainter.inpaint({ image: meadow, mask: meadow, mode: 'remove', seed: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
}
