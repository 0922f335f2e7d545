import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';

interface Inpainted {
  imageId: string;
  sourceId: string;
  path: string;
  changedShare: number;
  algorithm: string;
}

let server: Connection;
let imageId: string;
let source: Buffer;
const SIZE = { width: 240, height: 160 };

beforeAll(async () => {
  server = await connect();
  const spot = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#d02020' } })
    .png()
    .toBuffer();
  source = await sharp({ create: { ...SIZE, channels: 3, background: '#3070b0' } })
    .composite([{ input: spot, left: 100, top: 60 }])
    .png()
    .toBuffer();
  const file = path.join(server.inbox, 'spot.png');
  await writeFile(file, source);
  const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', { path: file, caption: 'a red spot on blue', tags: ['spot'] });
  imageId = asset.id;
});
afterAll(() => server.close());

describe('an object is removed', () => {
  it('by a box: a new asset with the ground where the spot was, everything else bit for bit, and its lineage', async () => {
    const result = await server.call<Inpainted>('inpaint_image', {
      imageId,
      boxes: [{ x: 96, y: 56, width: 48, height: 48 }],
      growPixels: 0,
      featherPixels: 0,
    });
    expect(result).toMatchObject({ sourceId: imageId });
    expect(result.imageId).not.toBe(imageId);
    expect(result.changedShare).toBeCloseTo((48 * 48) / (SIZE.width * SIZE.height), 4);
    const before = await sharp(source).removeAlpha().raw().toBuffer();
    const after = await sharp(result.path).removeAlpha().raw().toBuffer();
    const worst = [0, 0];
    for (let y = 0; y < SIZE.height; y++) {
      for (let x = 0; x < SIZE.width; x++) {
        const at = (y * SIZE.width + x) * 3;
        const inside = x >= 96 && x < 144 && y >= 56 && y < 104;
        for (let channel = 0; channel < 3; channel++) {
          const expected = inside ? [0x30, 0x70, 0xb0][channel] : before[at + channel];
          worst[inside ? 0 : 1] = Math.max(worst[inside ? 0 : 1], Math.abs(after[at + channel] - expected));
        }
      }
    }
    expect(worst[0]).toBeLessThanOrEqual(3);
    expect(worst[1]).toBe(0);
    const read = await server.client.readResource({ uri: `vrag://images/${result.imageId}` });
    const about = JSON.parse((read.contents[0] as { text: string }).text);
    expect(about.manifest).toMatchObject({ type: 'inpaint', source: { assetId: imageId } });
    expect(about).toMatchObject({ caption: 'a red spot on blue', tags: ['spot', 'inpainted'] });
  });

  it('by a mask picture of the same size: white is changed', async () => {
    const white = await sharp({ create: { width: 44, height: 44, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const mask = path.join(server.inbox, 'mask.png');
    await sharp({ create: { ...SIZE, channels: 3, background: 'black' } })
      .composite([{ input: white, left: 98, top: 58 }])
      .png()
      .toFile(mask);
    const result = await server.call<Inpainted>('inpaint_image', { imageId, maskImage: mask, growPixels: 0, featherPixels: 0 });
    const { data } = await sharp(result.path).extract({ left: 118, top: 78, width: 1, height: 1 }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(data[2]).toBeGreaterThan(150);
  });

  it('by ellipse and polygon', async () => {
    const result = await server.call<Inpainted>('inpaint_image', {
      imageId,
      ellipses: [[90, 50, 60, 60]],
      polygons: [
        [
          [0, 0],
          [20, 0],
          [0, 20],
        ],
      ],
      growPixels: 0,
      featherPixels: 0,
    });
    const expected = (Math.PI * 30 * 30 + 200) / (SIZE.width * SIZE.height);
    expect(Math.abs(result.changedShare - expected)).toBeLessThan(0.003);
  });
});

describe('what is marked without drawing', () => {
  it('by a point on it; a preview shows it and changes nothing', async () => {
    const before = await server.call<{ assets: unknown[] }>('search_images', {});
    const preview = await server.raw('inpaint_image', { imageId, subject: [120, 80], preview: true });
    expect(preview.structuredContent).toMatchObject({ width: 240, height: 160, advice: expect.stringMatching(/Nothing was changed/) });
    expect(preview.content.filter((part) => part.type === 'image')).toHaveLength(1);
    expect(await server.call('search_images', {})).toEqual(before);
    const share = (preview.structuredContent as unknown as Inpainted).changedShare;
    expect(share).toBeGreaterThan((40 * 40) / (240 * 160));
    expect(share).toBeLessThan((56 * 56) / (240 * 160));
  });
  it('a noun that the model knows, but does not see, is refused with its evidence; words that it does not know are named', async () => {
    expect(await server.error('inpaint_image', { imageId, maskPrompt: 'the red dog' })).toMatch(
      /NOT_FOUND.*dog: not found.*evidence 0\.\d+; 0\.5.*Draw a box/s,
    );
    expect(await server.error('inpaint_image', { imageId, maskPrompt: 'the zorblax' })).toMatch(/INVALID_INPUT.*zorblax/s);
  });
  it('by the id of a mask', async () => {
    const mask = path.join(server.inbox, 'mask-asset.png');
    const white = await sharp({ create: { width: 44, height: 44, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    await sharp({ create: { ...SIZE, channels: 3, background: 'black' } })
      .composite([{ input: white, left: 98, top: 58 }])
      .png()
      .toFile(mask);
    const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', { path: mask });
    const result = await server.call<Inpainted>('inpaint_image', { imageId, maskImage: asset.id, growPixels: 0, featherPixels: 0 });
    expect(result.changedShare).toBeCloseTo((44 * 44) / (240 * 160), 4);
  });
});

describe('modes', () => {
  it('extend: the picture lies in the larger one bit for bit, and nothing else may be marked', async () => {
    const result = await server.call<Inpainted & { width: number; height: number }>('inpaint_image', { imageId, mode: 'extend', extend: '16:9 right' });
    expect(result).toMatchObject({ width: 284, height: 160, changedShare: 0.1549 });
    const kept = await sharp(result.path)
      .extract({ left: 0, top: 0, ...SIZE })
      .removeAlpha()
      .raw()
      .toBuffer();
    expect(kept.equals(await sharp(source).removeAlpha().raw().toBuffer())).toBe(true);
    expect(await server.error('inpaint_image', { imageId, mode: 'extend', extend: '16:9', subject: [] })).toMatch(/no mask/);
  });
  it('replace, and a prompt, need a generative in-painter and say so', async () => {
    const box = { imageId, boxes: [{ x: 96, y: 56, width: 48, height: 48 }] };
    for (const args of [{ mode: 'replace', prompt: 'a green ball' }, { prompt: 'a green ball' }]) {
      expect(await server.error('inpaint_image', { ...box, ...args })).toMatch(/UNSUPPORTED.*generative in-painter.*remove and extend/s);
    }
  });
  it('count gives takes with seeds of their own, and a strip', async () => {
    const noisy = path.join(server.inbox, 'noise.png');
    await sharp({ create: { width: 200, height: 150, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 40 } } })
      .png()
      .toFile(noisy);
    const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', { path: noisy });
    const args = { imageId: asset.id, boxes: [{ x: 60, y: 40, width: 70, height: 70 }], count: 2, seed: 5 };
    const result = await server.raw('inpaint_image', args);
    const { results } = result.structuredContent as unknown as { results: { imageId: string; seed: number }[] };
    expect(results.map(({ seed }) => seed)).toEqual([5, 6]);
    expect(results[0].imageId).not.toBe(results[1].imageId);
    expect(result.content.filter((part) => part.type === 'image')).toHaveLength(1);
    expect(await server.call('inpaint_image', { ...args, count: 1, seed: 6 })).toMatchObject({ imageId: results[1].imageId });
  });
});

describe('sources of every kind: outside the feathered mask not one pixel differs from the decoded original', () => {
  const noise = sharp({ create: { width: 90, height: 60, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 120, sigma: 50 } } });
  it.each([
    ['a JPEG that lies on its side', 'turned.jpg', () => noise.clone().withMetadata({ orientation: 6 }).jpeg()],
    ['a PNG of 16 bits', 'deep.png', () => noise.clone().toColourspace('rgb16').png()],
    ['a PNG with alpha', 'clear.png', () => noise.clone().ensureAlpha(0.5).png()],
    ['a JPEG with a wide profile', 'p3.jpg', () => noise.clone().withIccProfile('p3').jpeg()],
  ])('%s', async (_, name, picture) => {
    const file = path.join(server.inbox, name);
    await picture().toFile(file);
    const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', { path: file });
    const decoded = await (await server.studio()).ports.images.decode(await readFile(file));
    const result = await server.call<Inpainted>('inpaint_image', {
      imageId: asset.id,
      boxes: [{ x: 20, y: 20, width: 16, height: 18 }],
      growPixels: 2,
      featherPixels: 3,
    });
    const { data, info } = await sharp(result.path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([decoded.width, decoded.height]);
    const outside = (x: number, y: number) => x < 15 || x >= 41 || y < 15 || y >= 43;
    const differing = data.filter((value, at) => outside(Math.floor(at / 3) % info.width, Math.floor(at / 3 / info.width)) && value !== decoded.data[at]);
    expect(differing.length).toBe(0);
    expect(Buffer.compare(data, Buffer.from(decoded.data))).not.toBe(0);
  });
});

it('the name of the result is cleaned: it cannot forge lines of a result', async () => {
  const { imageId: made } = await server.call<Inpainted>('inpaint_image', {
    imageId,
    boxes: [{ x: 5, y: 5, width: 9, height: 9 }],
    name: 'a\n#2 \u001b[31mimg_fake\u202e',
  });
  const about = JSON.parse(((await server.client.readResource({ uri: `vrag://images/${made}` })).contents[0] as { text: string }).text);
  expect(about.name).toBe('a #2 img_fake');
});

describe('bad masks are refused with the sizes named', () => {
  it('a box outside the picture', async () =>
    expect(await server.error('inpaint_image', { imageId, boxes: [{ x: 230, y: 10, width: 40, height: 10 }] })).toMatch(
      /outside the picture, which has 240x160/,
    ));
  it('a polygon point outside', async () =>
    expect(
      await server.error('inpaint_image', {
        imageId,
        polygons: [
          [
            [0, 0],
            [500, 0],
            [0, 20],
          ],
        ],
      }),
    ).toMatch(/outside/));
  it('everything', async () => expect(await server.error('inpaint_image', { imageId, boxes: [{ x: 0, y: 0, ...SIZE }] })).toMatch(/whole picture/));
  it('nothing', async () => expect(await server.error('inpaint_image', { imageId })).toMatch(/Nothing is marked/));
  it('a mask picture of another size', async () => {
    const mask = path.join(server.inbox, 'small.png');
    await sharp({ create: { width: 10, height: 10, channels: 3, background: 'white' } })
      .png()
      .toFile(mask);
    expect(await server.error('inpaint_image', { imageId, maskImage: mask })).toMatch(/10x10.*240x160/);
  });
  it('a video id', async () =>
    expect(await server.error('inpaint_image', { imageId: 'vid_nothere', boxes: [{ x: 0, y: 0, width: 5, height: 5 }] })).toMatch(/NOT_FOUND/));
});
