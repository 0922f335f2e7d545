import { expect, test } from 'vitest';
import type { Segmenter, Sighting } from '../../src/ports.ts';
import { draw, grain, paint } from './inpainter.ts';

const [WIDTH, HEIGHT] = [400, 260];
const inDisc = (x: number, y: number) => Math.hypot(x - 240, y - 120) < 60;
const ball = paint(WIDTH, HEIGHT, (x, y) => {
  const dust = grain(x, y, 18);
  return inDisc(x, y) ? [200 + dust, 60 + dust, 50 + dust] : [60 + dust, 90 + dust, 70 + dust];
});

/** What every segmenter keeps; `open` gives a fresh one per test. */
export function segmenterContract(open: () => Promise<Segmenter>): void {
  const heat = {
    width: 20,
    height: 13,
    data: Float32Array.from({ length: 260 }, (_, at) => (Math.hypot((at % 20) - 11.5, Math.floor(at / 20) - 5.5) < 2 ? 0.9 : 0.01)),
  };
  test.each<[string, Sighting]>([
    ['a heat map that is hot on a part of it', { heat }],
    ['a loose box', { box: { x: 0.4, y: 0.18, width: 0.4, height: 0.56 } }],
    ['a point on it', { point: { x: 0.62, y: 0.4 } }],
  ])('outlines a thing from %s', async (_, sighting) => {
    const mask = await (await open()).refine(ball, sighting);
    expect([mask?.width, mask?.height, mask?.channels]).toEqual([WIDTH, HEIGHT, 1]);
    const truth = draw(WIDTH, HEIGHT, (x, y) => (inDisc(x, y) ? 255 : 0)).data;
    const count = (where: (at: number) => boolean) => truth.reduce((sum, _value, at) => sum + (where(at) ? 1 : 0), 0);
    const found = (at: number) => (mask?.data[at] ?? 0) > 0;
    expect(count((at) => found(at) && truth[at] > 0) / count((at) => found(at) || truth[at] > 0)).toBeGreaterThan(0.93);
    expect(mask?.data.every((value) => value === 0 || value === 255)).toBe(true);
  });

  test('refuses a picture without three channels, and stops with CANCELLED', async () => {
    const segmenter = await open();
    const grey = draw(40, 30, () => 9);
    await expect(segmenter.refine(grey, { point: { x: 0.5, y: 0.5 } })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(segmenter.refine(ball, { heat }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
}
