import { describe, expect, it } from 'vitest';
import { createBedrockInpainter } from '../../../src/adapters/aws/bedrock/inpainter.ts';
import { createNovaCanvasPainter } from '../../../src/adapters/aws/bedrock/nova-canvas.ts';
import { createStabilityPainter } from '../../../src/adapters/aws/bedrock/stability.ts';
import type { Inpainter } from '../../../src/ports.ts';
import { boxMask, inpainterContract, paint } from '../../contracts/inpainter.ts';
import { useBedrock } from './bedrock.ts';

const opened = useBedrock();
const open = (create: typeof createStabilityPainter): Inpainter => createBedrockInpainter(create(opened.bedrock(), opened.images), opened.images);

describe('Stability over the wire', () => inpainterContract(async () => open(createStabilityPainter)));
describe('Nova Canvas over the wire', () => inpainterContract(async () => open(createNovaCanvasPainter)));

const image = paint(400, 330, (x) => [x % 256, 90, 60]);
const mask = boxMask(400, 330, { x: 100, y: 100, width: 120, height: 90 });
const inside = ({ image: { data } }: { image: { data: Uint8Array } }): number[] => [...data.slice((150 * 400 + 150) * 3, (150 * 400 + 150) * 3 + 3)];

describe.each([
  ['Stability', createStabilityPainter],
  ['Nova Canvas', createNovaCanvasPainter],
])('%s', (_, create) => {
  it('makes what the prompt says, for a price that is known before', async () => {
    const inpainter = open(create);
    const made = await inpainter.inpaint({ image, mask, mode: 'replace', prompt: 'a red wall', seed: 1 });
    expect(inside(made)).toEqual([200, 40, 40]);
    expect(made.costUsd).toBe(inpainter.estimate?.({ mode: 'replace', width: 400, height: 330 }).costUsd);
    await expect(inpainter.inpaint({ image, mask, mode: 'replace', seed: 1 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('prompt'),
    });
    await expect(inpainter.inpaint({ image, mask, mode: 'replace', prompt: 'x'.repeat(10_001), seed: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('finds what is to be replaced by words, where no mask could be made of them', async () => {
    const all = boxMask(400, 330, { x: 0, y: 0, width: 400, height: 330 });
    const request = { image, mask: all, prompt: 'a hat', search: 'cap', seed: 1 };
    expect(inside(await open(create).inpaint({ ...request, mode: 'replace' }))).toEqual([200, 200, 200]);
    const [{ body }] = opened.fake.requests('InvokeModel');
    expect(JSON.stringify(body)).toContain('cap');
    expect(JSON.stringify(body)).not.toMatch(/"mask(Image)?":/);
    await expect(open(create).inpaint({ ...request, mode: 'remove' })).rejects.toMatchObject({ code: 'UNSUPPORTED', hint: expect.stringContaining('mask') });
  });

  it('sends it again only after a refusal: nothing is paid twice', async () => {
    opened.fake.failNext('throttled');
    await open(create).inpaint({ image, mask, mode: 'remove', seed: 1 });
    expect(opened.fake.requests('InvokeModel')).toHaveLength(2);
    opened.fake.failNext('internal');
    await expect(open(create).inpaint({ image, mask, mode: 'remove', seed: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(opened.fake.requests('InvokeModel')).toHaveLength(3);
  });
});

describe('Stability', () => {
  it('extends by the border under the mask', async () => {
    const border = boxMask(400, 330, { x: 0, y: 0, width: 60, height: 330 });
    const { image: made } = await open(createStabilityPainter).inpaint({ image, mask: border, mode: 'extend', seed: 1 });
    expect(opened.fake.requests('InvokeModel')[0].body).toMatchObject({ left: 60, right: 0, up: 0, down: 0 });
    expect([...made.data.slice(0, 3)]).toEqual([10, 200, 10]);
    expect(made.data[70 * 3]).toBe(70);
    await expect(open(createStabilityPainter).inpaint({ image, mask, mode: 'extend', seed: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it.each([
    ['Filter reason: prompt', 'INVALID_INPUT', /prompt/],
    ['Filter reason: input image', 'INVALID_INPUT', /picture/],
    ['Filter reason: output image', 'INVALID_INPUT', /had made/],
    ['Inference error', 'UNAVAILABLE', /no picture/],
  ])('takes a success with the reason "%s" for a refusal', async (reason, code, message) => {
    opened.fake.answers.push({ seeds: [1], finish_reasons: [reason] });
    const call = open(createStabilityPainter).inpaint({ image, mask, mode: 'remove', seed: 1 });
    await expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

it('Nova Canvas: takes a success with an error for a refusal, and says when it changed the seed', async () => {
  opened.fake.answers.push({ images: [], error: 'blocked' });
  await expect(open(createNovaCanvasPainter).inpaint({ image, mask, mode: 'remove', seed: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  const { notes } = await open(createNovaCanvasPainter).inpaint({ image, mask, mode: 'remove', seed: 2_000_000_000 });
  expect(notes?.join(' ')).toMatch(/seed 2000000000 is too large/);
});
