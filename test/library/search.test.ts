import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { search } from '../../src/library/search.ts';
import type { Asset, Catalog, Embedder, Ports } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';
import { writeTinyClip } from '../fixtures/tiny-clip.ts';

const allow = path.resolve(photographPath('march-pastoral'), '../../..');

describe('a collection whose embedder understands words', () => {
  let server: Connection;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vrag-tiny-'));
    writeTinyClip(folder, { family: 'siglip' });
    server = await connect({ alsoAllow: allow, environment: { VRAG_EMBEDDER: folder, VRAG_RECOGNISER: 'off' } });
    for (const name of ['march-pastoral', 'black-canyon'] as const) await server.call('ingest_image', { path: photographPath(name), collection: 'open' });
  });
  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const find = (args: Record<string, unknown>) =>
    server.call<{ textSearch: string; hits: { scores: Record<string, number>; weak: boolean }[]; advice: string }>('search_images', {
      ...{ collection: 'open', includeImages: false },
      ...args,
    });

  it('is searched by the cosine of the words too, shown as a score of its own', async () => {
    const { textSearch, hits } = await find({ query: 'cat' });
    expect(textSearch).toBe('openVocabulary');
    expect(hits.length).toBe(2);
    for (const { scores } of hits) expect(Math.abs(scores.text)).toBeLessThanOrEqual(1);
    expect((await find({ query: 'cat', minScore: { text: 1 } })).hits).toEqual([]);
    expect((await find({ query: 'cat', minScore: { text: -1 } })).hits.length).toBe(2);
  });

  it('does not call a hit confident whose cosine was never measured', async () => {
    const { hits } = await find({ query: 'cat' });
    expect(hits.map(({ weak }) => weak)).toEqual([true, true]);
    expect(await server.error('generate_video', { prompt: 'x', query: 'cat', collection: 'open', dryRun: true })).toMatch(/NOT_FOUND.*text -?0\.\d+/s);
    expect((await find({ imagePath: photographPath('march-pastoral') })).advice).toMatch(/was not measured/);
  });
});

describe('embedders', () => {
  let server: Connection;
  let ports: Ports;
  beforeAll(async () => {
    server = await connect();
    ({ ports } = await server.studio());
  });
  afterAll(() => server.close());

  let made = 0;
  const asset = (collection: string, fields: Partial<Asset> = {}): Asset => ({
    ...{ id: `img_${String(++made).padStart(20, '0')}`, collection, kind: 'image', status: 'approved', objectKey: `${'0'.repeat(64)}.png`, sha256: `${made}` },
    ...{ mediaType: 'image/png', byteLength: 1, width: 1, height: 1, name: `${made}.png`, tags: [], source: 'test', createdAt: '', updatedAt: '' },
    ...fields,
  });
  const put = async (entry: Asset, embedderId: string, vector: number[]) => {
    await ports.catalog.upsert([{ asset: entry, vectors: [{ embedderId, vectors: [{ vector: Float32Array.from(vector) }] }] }], embedderId);
    return entry.id;
  };
  const find = (over: Partial<Ports>, request: { collection: string; query?: string; imageId?: string; imagePath?: string }) => {
    const { collection, query, imageId, imagePath } = request;
    const image = imageId ? { imageId } : imagePath ? { imagePath } : undefined;
    return search({ ...ports, ...over }, { collection, query, image, filter: {}, limit: 5, maxBytes: 1e8 });
  };

  /** Sees the colour in the middle of a picture, in as many dimensions as asked. */
  const eye = (id: string, dimensions: number): Embedder => ({
    id,
    dimensions,
    modalities: ['image'],
    embedImages: async (images) =>
      images.map(({ width, height, data }) => {
        const at = ((height >> 1) * width + (width >> 1)) * 3;
        return Float32Array.from({ length: dimensions }, (_, i) => (data[at + i] ?? 1) + 1);
      }),
  });

  it('a picture of another collection is embedded again where that one has another embedder', async () => {
    const studio = await connect({ alsoAllow: allow, environment: { VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off' } });
    const { ports: own } = await studio.studio();
    const { asset: query } = await studio.call<{ asset: { id: string } }>('ingest_image', { path: photographPath('march-pastoral'), collection: 'here' });
    const there = asset('there');
    await own.catalog.upsert([{ asset: there, vectors: [{ embedderId: 'eye', vectors: [{ vector: Float32Array.of(1, 1, 1) }] }] }], 'eye');
    const asked: string[] = [];
    const get = async (id: string) => {
      asked.push(id);
      return eye(id, 3);
    };
    const embedders = { ...own.embedders, get };
    const found = await search({ ...own, embedders }, { collection: 'there', image: { imageId: query.id }, filter: {}, limit: 5, maxBytes: 1e8 });
    expect(found.hits.map((hit) => hit.asset.id)).toEqual([there.id]);
    expect(asked).toEqual(['eye']);
    await studio.close();
  });

  it('a switch to another generation while the query is embedded asks once more in the new one', async () => {
    const id = await put(asset('switched'), 'before', [1, 0]);
    const query = await put(asset('switched'), 'before', [0.9, 0.1]);
    await ports.catalog.beginGeneration('switched', 'after', 3);
    for (const one of [id, query]) await ports.catalog.addVectors('switched', 'after', [{ id: one, vectors: [{ vector: Float32Array.of(0, 1, 0) }] }]);
    const asked: string[] = [];
    const nearest: Catalog['nearest'] = async (collection, vector, filter, k) => {
      asked.push(vector.embedderId);
      if (vector.embedderId === 'before') {
        await ports.catalog.switchGeneration('switched', 'after', { without: [] });
        await ports.catalog.dropGeneration('switched', 'before');
      }
      return ports.catalog.nearest(collection, vector, filter, k);
    };
    const found = await find({ catalog: { ...ports.catalog, nearest } }, { collection: 'switched', imageId: query });
    expect(asked).toEqual(['before', 'after']);
    expect(found.hits.map((hit) => hit.asset.id)).toEqual([id]);
    expect(found.hits[0].scores.image).toBeCloseTo(1, 3);
  });

  it('one that cannot be had here stops no search by words, and the result says so; one by picture is refused', async () => {
    const id = await put(asset('lost', { caption: 'A kettle' }), 'gone-model', [1, 0]);
    const found = await find({}, { collection: 'lost', query: 'kettle' });
    expect(found.hits.map((hit) => hit.asset.id)).toEqual([id]);
    expect(found.withoutEmbedder).toMatch(/gone-model/);
    const own = await connect({ alsoAllow: allow });
    await expect(find({ files: (await own.studio()).ports.files }, { collection: 'lost', imagePath: photographPath('march-pastoral') })).rejects.toMatchObject({
      message: expect.stringMatching(/gone-model/),
    });
    await own.close();
  });
});
