import { describe, expect, it } from 'vitest';
import { extendCanvas, readBorder } from '../../src/library/extend.ts';

const SIZE = { width: 1280, height: 1280 };

describe('what extend adds', () => {
  it.each([
    ['16:9', { left: 498, right: 498, top: 0, bottom: 0 }],
    ['16:9 left', { left: 996, right: 0, top: 0, bottom: 0 }],
    ['9:16', { left: 0, right: 0, top: 498, bottom: 498 }],
    [' 2.39 : 1 right ', { left: 0, right: 1779, top: 0, bottom: 0 }],
    ['left 200, top 50', { left: 200, right: 0, top: 50, bottom: 0 }],
  ])('%s', (text, border) => {
    expect(readBorder(text, SIZE)).toEqual(border);
  });

  it.each(['1:1', '16:9 top', 'left', 'left 0', 'wide', '0:0', '16/9', ''])('"%s" is refused, and what is right is said', (text) => {
    expect(() => readBorder(text, SIZE)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', hint: expect.stringMatching(/16:9.*left 200/) }));
  });

  it('puts the picture on the canvas bit for bit and masks the rest', () => {
    const image = { width: 3, height: 2, channels: 3 as const, data: Uint8Array.from({ length: 18 }, (_, i) => i + 1) };
    const { image: canvas, mask } = extendCanvas(image, { left: 1, right: 0, top: 0, bottom: 1 });
    expect([canvas.width, canvas.height]).toEqual([4, 3]);
    expect([...mask.data]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);
    expect([...canvas.data.subarray(3, 12), ...canvas.data.subarray(15, 24)]).toEqual([...image.data]);
  });
});
