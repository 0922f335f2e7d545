import { writeFile } from 'node:fs/promises';
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
    const result = await server.call<Inpainted>('inpaint_image', { imageId, maskPath: mask, growPixels: 0, featherPixels: 0 });
    const { data } = await sharp(result.path).extract({ left: 118, top: 78, width: 1, height: 1 }).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect(data[2]).toBeGreaterThan(150);
  });

  it('by ellipse and polygon', async () => {
    const result = await server.call<Inpainted>('inpaint_image', {
      imageId,
      ellipses: [{ x: 90, y: 50, width: 60, height: 60 }],
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
    expect(await server.error('inpaint_image', { imageId, maskPath: mask })).toMatch(/10x10.*240x160/);
  });
  it('a video id', async () =>
    expect(await server.error('inpaint_image', { imageId: 'vid_nothere', boxes: [{ x: 0, y: 0, width: 5, height: 5 }] })).toMatch(/NOT_FOUND/));
});
