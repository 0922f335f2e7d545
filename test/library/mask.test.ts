import { describe, expect, it } from 'vitest';
import { drawMask, maskWarnings, share } from '../../src/library/mask.ts';

const SIZE = { width: 40, height: 30 };
const count = (mask: { data: Uint8Array }) => mask.data.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
const at = (mask: { width: number; data: Uint8Array }, x: number, y: number) => mask.data[y * mask.width + x];

describe('an in-painting mask', () => {
  it('covers exactly the pixels of a box', () => {
    const mask = drawMask({ ...SIZE, boxes: [{ x: 10, y: 5, width: 8, height: 4 }] });
    expect(count(mask)).toBe(32);
    expect([at(mask, 10, 5), at(mask, 17, 8), at(mask, 9, 5), at(mask, 18, 8), at(mask, 10, 9)]).toEqual([255, 255, 0, 0, 0]);
  });

  it('joins shapes and inverts', () => {
    const shapes = {
      boxes: [
        { x: 0, y: 0, width: 4, height: 4 },
        { x: 2, y: 2, width: 4, height: 4 },
      ],
    };
    expect(count(drawMask({ ...SIZE, ...shapes }))).toBe(28);
    expect(count(drawMask({ ...SIZE, ...shapes, invert: true }))).toBe(40 * 30 - 28);
  });

  it('fills an ellipse of the right area and a concave polygon by the even-odd rule', () => {
    expect(count(drawMask({ width: 200, height: 200, ellipses: [{ x: 20, y: 40, width: 160, height: 100 }] })) / (Math.PI * 80 * 50)).toBeCloseTo(1, 2);
    const u = [
      [0, 0],
      [30, 0],
      [30, 20],
      [20, 20],
      [20, 10],
      [10, 10],
      [10, 20],
      [0, 20],
    ].map(([x, y]) => ({ x, y }));
    const mask = drawMask({ ...SIZE, polygons: [u] });
    expect(count(mask)).toBe(30 * 20 - 10 * 10);
    expect(at(mask, 15, 15)).toBe(0);
  });

  it('grows by whole pixels to every side and stops at the border', () => {
    const mask = drawMask({ ...SIZE, boxes: [{ x: 2, y: 10, width: 3, height: 3 }], growPixels: 4 });
    expect(count(mask)).toBe(9 * 11);
    expect([at(mask, 0, 6), at(mask, 8, 16), at(mask, 9, 12), at(mask, 4, 5)]).toEqual([255, 255, 0, 0]);
  });

  it('feathers inside a band around the border and leaves the rest at 0 and 255', () => {
    const mask = drawMask({ ...SIZE, boxes: [{ x: 10, y: 10, width: 20, height: 15 }], featherPixels: 2 });
    expect(at(mask, 20, 17)).toBe(255);
    expect(at(mask, 7, 17)).toBe(0);
    expect(at(mask, 10, 17)).toBeGreaterThan(at(mask, 9, 17));
    expect(at(mask, 9, 17)).toBeGreaterThan(0);
  });

  it('takes a picture: white is changed', () => {
    const image = { ...SIZE, channels: 1 as const, data: new Uint8Array(1200) };
    image.data.fill(200, 0, 100);
    image.data.fill(90, 100, 300);
    expect(share(drawMask({ ...SIZE, image }).data)).toBeCloseTo(100 / 1200, 6);
  });

  it.each([
    ['nothing marked', {}, /empty/],
    ['everything', { boxes: [{ x: 0, y: 0, ...SIZE }] }, /whole picture/],
    ['a box outside', { boxes: [{ x: 35, y: 0, width: 6, height: 3 }] }, /40x30/],
    [
      'a polygon point outside',
      {
        polygons: [
          [
            { x: 0, y: 0 },
            { x: 41, y: 0 },
            { x: 0, y: 9 },
          ],
        ],
      },
      /outside/,
    ],
    ['a picture of another size', { image: { width: 4, height: 4, channels: 1 as const, data: new Uint8Array(16) } }, /4x4.*40x30/],
  ])('refuses %s', (_, shapes, message) => {
    expect(() => drawMask({ ...SIZE, ...shapes })).toThrow(message);
  });

  it('refuses more than one region of 4096 x 4096 pixels', () => {
    expect(() => drawMask({ width: 5000, height: 4000, boxes: [{ x: 0, y: 0, width: 4800, height: 3600 }] })).toThrow(/17 megapixels; at most 16/);
  });

  it('warns of a polygon that crosses itself, of a mask picture that is mostly white, and of specks that grew together', () => {
    const corners = (...points: [number, number][]) => points.map(([x, y]) => ({ x, y }));
    const bow = corners([0, 0], [20, 20], [20, 0], [0, 20]);
    expect(maskWarnings({ polygons: [corners([0, 0], [20, 0], [5, 5], [0, 20]), bow] }, 0.1, 0.1)).toEqual([
      expect.stringMatching(/^Polygon 2 crosses itself/),
    ]);
    const image = { ...SIZE, channels: 1 as const, data: new Uint8Array(1200) };
    expect(maskWarnings({ image }, 0.8, 0.8)).toEqual([expect.stringMatching(/mask picture is white.*try invert/)]);
    expect(maskWarnings({ boxes: [], invert: true }, 0.8, 0.8)).toEqual([expect.stringMatching(/leave out invert/)]);
    expect(maskWarnings({ image }, 0.1, 0.6)).toEqual([expect.stringMatching(/from 10 to 60 %.*specks/)]);
    expect(maskWarnings({ image }, 0.4, 0.45)).toEqual([]);
  });
});
