import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { png } from '../fixtures/pictures.ts';

let server: Connection;
let small: { id: string; path: string };
let bytes: Buffer;

beforeAll(async () => {
  server = await connect();
  bytes = await png(64, 48);
  small = await ingest('small.png', bytes);
});
afterAll(() => server.close());

async function ingest(name: string, content: Uint8Array): Promise<{ id: string; path: string }> {
  const file = path.join(server.inbox, name);
  await writeFile(file, content);
  return (await server.call<{ asset: { id: string; path: string } }>('ingest_image', { path: file, caption: `<b>${name}</b>` })).asset;
}

describe('resources', () => {
  it('an image is read with its description and, where small, its original bytes', async () => {
    const { contents } = await server.client.readResource({ uri: `vrag://images/${small.id}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ id: small.id, width: 64, height: 48, dependents: [] });
    expect(Buffer.from((contents[1] as { blob: string }).blob, 'base64')).toEqual(bytes);
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
