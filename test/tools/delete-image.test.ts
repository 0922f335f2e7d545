import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { png } from '../fixtures/pictures.ts';

interface Deleted {
  bytesDeleted: boolean;
  dependents: string[];
}

let server: Connection;
beforeAll(async () => {
  server = await connect();
});
afterAll(() => server.close());

async function ingest(width: number, collection = 'default'): Promise<{ id: string; path: string }> {
  const file = path.join(server.inbox, `${width}-${collection}.png`);
  await writeFile(file, await png(width, 80));
  return (await server.call<{ asset: { id: string; path: string } }>('ingest_image', { path: file, collection })).asset;
}

const there = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describe('deleting', () => {
  it('takes an image out of search, removes its bytes and leaves a tombstone', async () => {
    const asset = await ingest(80);
    expect(await server.call<Deleted>('delete_image', { imageId: asset.id })).toMatchObject({ bytesDeleted: true, dependents: [] });
    expect(await there(asset.path)).toBe(false);
    expect(await server.error('inpaint_image', { imageId: asset.id, boxes: [{ x: 0, y: 0, width: 5, height: 5 }] })).toMatch(/was deleted on 20/);
    expect(await server.error('delete_image', { imageId: asset.id })).toMatch(/was deleted/);
  });

  it('keeps bytes that another collection shares', async () => {
    const one = await ingest(100, 'one');
    await ingest(100, 'two');
    expect(await server.call<Deleted>('delete_image', { imageId: one.id })).toMatchObject({ bytesDeleted: false });
    expect(await there(one.path)).toBe(true);
  });

  it('keeps bytes that an in-painted picture cites, names it, and removes them with purge', async () => {
    const asset = await ingest(120);
    const { imageId } = await server.call<{ imageId: string }>('inpaint_image', { imageId: asset.id, boxes: [{ x: 10, y: 10, width: 20, height: 20 }] });
    expect(await server.call<Deleted>('delete_image', { imageId: asset.id })).toEqual(expect.objectContaining({ bytesDeleted: false, dependents: [imageId] }));
    expect(await there(asset.path)).toBe(true);
    const other = await ingest(140);
    await server.call('inpaint_image', { imageId: other.id, boxes: [{ x: 10, y: 10, width: 20, height: 20 }] });
    expect(await server.call<Deleted>('delete_image', { imageId: other.id, purge: true })).toMatchObject({ bytesDeleted: true });
    expect(await there(other.path)).toBe(false);
  });

  it('takes the preview along, unless another asset has the same', async () => {
    const { ports } = await server.studio();
    const previewOf = async (id: string) => (await ports.catalog.get(id))?.previewKey ?? '';
    const [one, two] = [await ingest(220, 'one'), await ingest(220, 'two')];
    const key = await previewOf(one.id);
    expect(await previewOf(two.id)).toBe(key);
    await server.call('delete_image', { imageId: one.id });
    expect(await ports.objects.get(key)).toBeDefined();
    // A cited original stays, but nobody sees its preview any more.
    await server.call('inpaint_image', { imageId: two.id, boxes: [{ x: 10, y: 10, width: 20, height: 20 }] });
    expect(await server.call<Deleted>('delete_image', { imageId: two.id })).toMatchObject({ bytesDeleted: false });
    expect(await ports.objects.get(key)).toBeUndefined();
  });

  it('can be followed by a purge of the kept bytes', async () => {
    const asset = await ingest(180);
    await server.call('inpaint_image', { imageId: asset.id, boxes: [{ x: 10, y: 10, width: 20, height: 20 }] });
    await server.call('delete_image', { imageId: asset.id });
    expect(await there(asset.path)).toBe(true);
    expect(await server.call<Deleted>('delete_image', { imageId: asset.id, purge: true })).toMatchObject({ bytesDeleted: true });
    expect(await there(asset.path)).toBe(false);
  });

  it('goes on where an earlier deletion was interrupted', async () => {
    const asset = await ingest(200);
    const { ports } = await server.studio();
    const { name, collection, objectKey } = (await ports.catalog.get(asset.id)) ?? {};
    await ports.records.create({ kind: 'tombstone', id: asset.id, body: { name: name ?? '', collection: collection ?? '', objectKey: objectKey ?? '' } });
    expect(await server.call<Deleted>('delete_image', { imageId: asset.id })).toMatchObject({ bytesDeleted: true });
    expect(await ports.catalog.get(asset.id)).toBeUndefined();
  });

  it('and the same picture may be ingested again under a new id', async () => {
    const first = await ingest(160);
    await server.call('delete_image', { imageId: first.id });
    expect((await ingest(160)).id).not.toBe(first.id);
  });
});
