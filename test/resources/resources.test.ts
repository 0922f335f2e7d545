import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { noisyFrames } from '../fixtures/clips.ts';
import { PERSONAL, personalJpeg } from '../fixtures/personal.ts';
import { alphaPng, animatedGif, png } from '../fixtures/pictures.ts';

let server: Connection;
let small: { id: string; path: string };
let bytes: Buffer;

beforeAll(async () => {
  server = await connect();
  bytes = await png(64, 48);
  small = await ingest('small.png', bytes);
});
afterAll(() => server.close());

const blobOf = (content: unknown): Buffer => Buffer.from((content as { blob: string }).blob, 'base64');

async function ingest(name: string, content: Uint8Array): Promise<{ id: string; path: string }> {
  const file = path.join(server.inbox, name);
  await writeFile(file, content);
  return (await server.call<{ asset: { id: string; path: string } }>('ingest_image', { path: file, caption: `<b>${name}</b>` })).asset;
}

describe('resources', () => {
  it('an image is read with its description and, where small, a copy with the same pixels', async () => {
    const { contents } = await server.client.readResource({ uri: `vrag://images/${small.id}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ id: small.id, width: 64, height: 48, dependents: [] });
    expect(await sharp(blobOf(contents[1])).raw().toBuffer()).toEqual(await sharp(bytes).raw().toBuffer());
  });

  it('what is handed out is upright, in sRGB and says nothing of place, camera or person; the original stays as it was', async () => {
    const original = await personalJpeg();
    const { id, path: stored } = await ingest('personal.jpg', original);
    const { contents } = await server.client.readResource({ uri: `vrag://images/${id}` });
    expect(contents[1].mimeType).toBe('image/jpeg');
    const served = blobOf(contents[1]);
    const meta = await sharp(served).metadata();
    expect(meta).toMatchObject({ format: 'jpeg', width: 96, height: 64 });
    for (const kind of ['exif', 'xmp', 'iptc', 'icc', 'orientation'] as const) expect(meta[kind], kind).toBeUndefined();
    for (const text of [...Object.values(PERSONAL), 'Ada', 'Kayak']) expect(served.includes(text), text).toBe(false);
    const corner = await sharp(await sharp(served).extract({ left: 4, top: 4, width: 20, height: 16 }).png().toBuffer()).stats();
    // sRGB red; unconverted, Display P3 would read as (234, 51, 35).
    for (const [channel, value] of [255, 0, 0].entries()) expect(Math.abs(corner.channels[channel].mean - value)).toBeLessThan(6);
    expect((contents[0] as { text: string }).text).toContain('sRGB without a colour profile');
    expect(await readFile(stored)).toEqual(original);
  });

  it('a copy keeps what is clear, and is WebP or PNG where the original is no JPEG', async () => {
    for (const [name, content, mediaType] of [
      ['clear.png', await alphaPng(), 'image/png'],
      [
        'clear.webp',
        await sharp(await alphaPng())
          .webp()
          .toBuffer(),
        'image/webp',
      ],
      ['moving.gif', await animatedGif(), 'image/png'],
    ] as const) {
      const { id } = await ingest(name, content);
      const { contents } = await server.client.readResource({ uri: `vrag://images/${id}` });
      expect(contents[1].mimeType, name).toBe(mediaType);
      expect(await sharp(blobOf(contents[1])).metadata(), name).toMatchObject({ width: 96, height: 64, hasAlpha: true });
      const { resources } = await server.client.listResources();
      expect(resources.find(({ uri }) => uri.endsWith(id))?.mimeType, name).toBe(mediaType);
    }
  });

  it('a video that was not made here is shown by a preview, because its metadata could tell where it was taken', async () => {
    const { ports } = await server.studio();
    const clip = path.join(server.inbox, 'clip.mp4');
    await ports.media.encode(noisyFrames(12), { path: clip, width: 320, height: 180, fps: 12, metadata: { comment: 'at home' } });
    const { id } = await ingest('clip2.mp4', await readFile(clip));
    const { contents } = await server.client.readResource({ uri: `vrag://videos/${id}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ id, kind: 'video', note: expect.stringContaining('metadata') });
    expect(contents[1].mimeType).toBe('image/jpeg');
    expect(await sharp(blobOf(contents[1])).metadata()).toMatchObject({ width: 320, height: 180 });
  });

  it('a large one is refused with a pointer to the file, and a preview', async () => {
    const noise = await sharp({ create: { width: 1200, height: 900, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
      .png()
      .toBuffer();
    const large = await ingest('large.png', noise);
    const { contents } = await server.client.readResource({ uri: `vrag://images/${large.id}` });
    expect(JSON.parse((contents[0] as { text: string }).text).note).toContain(large.path);
    expect(JSON.stringify(contents).length).toBeLessThan(700_000);
  });

  it('collections are listed with counts', async () => {
    const { contents } = await server.client.readResource({ uri: 'vrag://collections' });
    expect(JSON.parse((contents[0] as { text: string }).text).collections[0]).toMatchObject({ name: 'default', embedderId: 'vision-lite0.1+colour.1' });
  });

  it('ids are completed and newest assets listed', async () => {
    const { completion } = await server.client.complete({
      ref: { type: 'ref/resource', uri: 'vrag://images/{id}' },
      argument: { name: 'id', value: small.id.slice(0, 8) },
    });
    expect(completion.values).toContain(small.id);
    const { resources } = await server.client.listResources();
    expect(resources.map((resource) => resource.uri)).toContain(`vrag://images/${small.id}`);
  });

  it.each(['vrag://images/img_nothere', 'vrag://jobs/job_nothere', 'vrag://videos/vid_nothere'])('%s is a clear not-found', async (uri) => {
    await expect(server.client.readResource({ uri })).rejects.toThrow(/There is no/);
  });

  it('a video is not read as an image', async () => {
    await expect(server.client.readResource({ uri: `vrag://videos/${small.id}` })).rejects.toThrow(/is an image/);
  });
});
