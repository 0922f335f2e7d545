import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asset, Embedder, Ports } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';
import { png } from '../fixtures/pictures.ts';

let server: Connection;
let ports: Ports;
beforeAll(async () => {
  server = await connect();
  ({ ports } = await server.studio());
});
afterAll(() => server.close());

async function ingest(name: string, bytes: Uint8Array, collection: string): Promise<Asset> {
  const { assets } = await server.studio();
  const file = path.join(server.inbox, name);
  await writeFile(file, bytes);
  return (await assets.ingest(ports, { path: file }, collection, {}, { maxBytes: 1e8 })).asset;
}

const embedders = async () => ({ vision: await ports.embedders.get('vision'), descriptor: await ports.embedders.get('descriptor') });

describe('a new asset is embedded', () => {
  it('with the embedder of its collection, whatever the configuration says', async () => {
    const { vision, descriptor } = await embedders();
    await ports.catalog.configure('described', { embedderId: descriptor.id });
    const { id } = await ingest('one.png', await png(60, 40), 'described');
    const vectors = (await ports.catalog.vectors([id], descriptor.id)).get(id);
    expect(vectors).toHaveLength(1);
    expect(vectors?.[0].vector).toHaveLength(descriptor.dimensions);
    expect((await ports.catalog.vectors([id], vision.id)).size).toBe(0);
  });

  it('also by squares where it is a panorama, so that what stands at its end is found', async () => {
    const { vision } = await embedders();
    const barn = await sharp(photographPath('dust-bowl-home')).resize(300, 300, { fit: 'cover' }).toColourspace('srgb').removeAlpha().png().toBuffer();
    const ground = sharp({ create: { width: 900, height: 300, channels: 3, background: '#9ab' } });
    const { id } = await ingest(
      'wide.png',
      await ground
        .composite([{ input: barn, left: 600, top: 0 }])
        .png()
        .toBuffer(),
      'wide',
    );
    const tall = sharp({ create: { width: 300, height: 600, channels: 3, background: '#9ab' } });
    const other = await ingest(
      'tall.png',
      await tall
        .composite([{ input: barn, left: 0, top: 0 }])
        .png()
        .toBuffer(),
      'wide',
    );
    const stored = await ports.catalog.vectors([id, other.id], vision.id);
    expect([stored.get(id)?.length, stored.get(other.id)?.length]).toEqual([1 + 5, 1 + 3]);
    const [vector] = await vision.embedImages([await ports.images.decode(barn, { maxSide: 300 })]);
    const found = await ports.catalog.nearest('wide', { embedderId: vision.id, vector }, {}, 2);
    expect(found.map(({ score }) => score)).toEqual([expect.closeTo(1, 1), expect.closeTo(1, 1)]);
    expect(found.every(({ atSeconds }) => atSeconds === undefined)).toBe(true);
  });

  it('with both embedders of a collection that is being re-embedded', async () => {
    const { vision, descriptor } = await embedders();
    await ingest('first.png', await png(62, 40), 'both');
    await ports.catalog.beginGeneration('both', descriptor.id, descriptor.dimensions);
    const { id } = await ingest('second.png', await png(64, 40), 'both');
    for (const embedder of [vision, descriptor]) {
      const [entry] = (await ports.catalog.vectors([id], embedder.id)).get(id) ?? [];
      expect(entry?.vector, embedder.id).toHaveLength(embedder.dimensions);
    }
    expect(await ports.catalog.missingVectors('both', descriptor.id, { limit: 10 })).not.toContain(id);
  });

  it('once more where the collection was switched to another generation while it was embedded', async () => {
    const { vision, descriptor } = await embedders();
    const collection = 'switched';
    const before = await ingest('before.png', await png(68, 40), collection);
    const [vector] = await descriptor.embedImages([{ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3).fill(90) }]);
    /** Works as it does, but a whole re-embedding by another process ends meanwhile. */
    const slow: Embedder = {
      ...vision,
      async embedImages(images, options) {
        const vectors = await vision.embedImages(images, options);
        await ports.catalog.beginGeneration(collection, descriptor.id, descriptor.dimensions);
        await ports.catalog.addVectors(collection, descriptor.id, [{ id: before.id, vectors: [{ vector }] }]);
        expect(await ports.catalog.switchGeneration(collection, descriptor.id, { without: [] })).toBe(true);
        return vectors;
      },
    };
    const get = async (id: string) => (id === vision.id ? slow : ports.embedders.get(id));
    const { assets } = await server.studio();
    const file = path.join(server.inbox, 'meanwhile.jpg');
    await writeFile(file, await readFile(photographPath('nagasaki-boats')));
    const { asset } = await assets.ingest({ ...ports, embedders: { ...ports.embedders, get } }, { path: file }, collection, {}, { maxBytes: 1e8 });
    expect((await ports.catalog.vectors([asset.id], descriptor.id)).get(asset.id)).toHaveLength(1);
    expect((await ports.catalog.nearest(collection, { embedderId: descriptor.id, vector }, {}, 5)).map((hit) => hit.id)).toContain(asset.id);
  });
});

it('what was deleted by one call while another added the same bytes is there at the end', async () => {
  const bytes = await png(66, 44);
  for (let round = 0; round < 5; round++) {
    const old = await ingest('shared.png', bytes, 'left');
    const { assets } = await server.studio();
    const [, added] = await Promise.all([assets.deleteAsset(ports, old.id, false), ingest('shared.png', bytes, 'right')]);
    const asset = await ports.catalog.get(added.id);
    for (const key of [asset?.objectKey, asset?.previewKey]) expect(await ports.objects.get(key ?? ''), `round ${round}`).toBeDefined();
    await assets.deleteAsset(ports, added.id, false);
  }
  const left = (await readdir(path.join(server.home, 'objects'), { recursive: true })).filter((name) => name.includes('.'));
  const used = await Promise.all(left.map((name) => ports.catalog.countByObjectKey(path.basename(name))));
  expect(used.every((count) => count > 0)).toBe(true);
});
