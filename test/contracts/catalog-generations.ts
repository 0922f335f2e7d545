import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Asset, Catalog, EmbeddedVectors } from '../../src/ports.ts';
import { atAngle, type CatalogFixture, exampleAsset } from './catalog.ts';

const OLD = 'old@1';
const NEW = 'new@2';
const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);

/** One vector per embedder; the two spaces have different lengths, and in the new one every angle is turned around. */
const inOld = (degrees: number): EmbeddedVectors => ({ embedderId: OLD, vectors: [{ vector: atAngle(degrees) }] });
const inNew = (degrees: number): EmbeddedVectors => ({ embedderId: NEW, vectors: [{ vector: atAngle(180 - degrees, 32) }] });
const oldQuery = (degrees: number) => ({ embedderId: OLD, vector: atAngle(degrees) });
const newQuery = (degrees: number) => ({ embedderId: NEW, vector: atAngle(degrees, 32) });

/** Collections with more than one generation of vectors, as every catalog treats them. */
export function catalogGenerationsContract(open: () => Promise<CatalogFixture>): void {
  let fixture: CatalogFixture;
  let catalog: Catalog;
  beforeEach(async () => {
    fixture = await open();
    catalog = fixture.catalog;
  });
  afterEach(() => fixture.close());

  async function store(...degrees: number[]): Promise<Asset[]> {
    const entries = degrees.map((angle) => ({ asset: exampleAsset(), vectors: [inOld(angle)] }));
    await catalog.upsert(entries, OLD);
    return entries.map(({ asset }) => asset);
  }

  const states = async (of = catalog) => (await of.generations('shop')).map(({ embedderId, state }) => `${embedderId} ${state}`);

  describe('the embedder of a collection', () => {
    test('is that of the first vectors, or the one it was configured with where there are some of it', async () => {
      await catalog.upsert([{ asset: exampleAsset(), vectors: [inOld(0), inNew(0)] }], 'default@0');
      expect(await catalog.collection('shop')).toMatchObject({ embedderId: OLD, dimensions: 20 });
      await catalog.configure('team', { embedderId: NEW });
      await catalog.upsert([{ asset: exampleAsset({ collection: 'team' }), vectors: [inOld(0), inNew(0)] }], 'default@0');
      expect(await catalog.collection('team')).toMatchObject({ embedderId: NEW, dimensions: 32 });
      await catalog.upsert([{ asset: exampleAsset({ collection: 'words' }) }], 'default@0');
      expect(await catalog.collection('words')).toMatchObject({ embedderId: 'default@0', dimensions: 0 });
      expect(await catalog.generations('words')).toEqual([]);
    });

    test('is needed in every upsert with vectors; those of others are ignored', async () => {
      const [first] = await store(0);
      const refused = catalog.upsert([{ asset: exampleAsset(), vectors: [inNew(0)] }], NEW);
      await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', hint: expect.stringMatching(/old@1.*new@2/s) });
      await expect(catalog.upsert([{ asset: exampleAsset(), vectors: [] }], OLD)).rejects.toMatchObject({ code: 'CONFLICT' });
      const wrong = { embedderId: OLD, vectors: [{ vector: atAngle(0, 32) }] };
      await expect(catalog.upsert([{ asset: exampleAsset(), vectors: [wrong] }], OLD)).rejects.toMatchObject({ code: 'CONFLICT' });
      const second = exampleAsset();
      await catalog.upsert([{ asset: second, vectors: [inNew(0), inOld(10)] }], NEW);
      expect(ids(await catalog.nearest('shop', oldQuery(0), {}, 5))).toEqual([first.id, second.id]);
      expect(await catalog.vectors([second.id], NEW)).toEqual(new Map());
    });

    test('is one for all entries of the call that binds it, or nothing is stored', async () => {
      const [one, two] = [exampleAsset(), exampleAsset()];
      const entries = [
        { asset: one, vectors: [inOld(0)] },
        { asset: two, vectors: [inNew(0)] },
      ];
      await expect(catalog.upsert(entries, OLD)).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await catalog.getMany([one.id, two.id])).toEqual([]);
    });

    test('is free again without any vector left, and the collection stays', async () => {
      const [asset] = await store(0);
      await catalog.configure('shop', { requireApproval: true });
      await catalog.remove([asset.id]);
      expect(await catalog.collection('shop')).toMatchObject({ embedderId: OLD, dimensions: 0, requireApproval: true });
      expect(await catalog.collections()).toMatchObject([{ name: 'shop', images: 0, videos: 0 }]);
      expect(await catalog.generations('shop')).toEqual([]);
      expect(await catalog.nearest('shop', oldQuery(0), {}, 5)).toEqual([]);
      const next = exampleAsset();
      await catalog.upsert([{ asset: next, vectors: [inNew(0)] }], NEW);
      expect(await catalog.collection('shop')).toMatchObject({ embedderId: NEW, dimensions: 32, requireApproval: true });
      expect(ids(await catalog.nearest('shop', newQuery(180), {}, 5))).toEqual([next.id]);
      await expect(catalog.nearest('shop', oldQuery(0), {}, 5)).rejects.toMatchObject({ code: 'CONFLICT' });
    });
  });

  describe('building a generation', () => {
    test('fills it beside the one that is searched, and switches when nothing is missing', async () => {
      const [a, b, c] = await store(0, 30, 60);
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.beginGeneration('shop', NEW, 32);
      const [active, building] = await catalog.generations('shop');
      expect(active).toEqual({ embedderId: OLD, dimensions: 20, state: 'active', since: expect.any(String) });
      expect(building).toEqual({ embedderId: NEW, dimensions: 32, state: 'building', since: expect.any(String) });
      expect(await catalog.missingVectors('shop', NEW, { limit: 2 })).toEqual([a.id, b.id]);
      expect(await catalog.missingVectors('shop', NEW, { limit: 2, after: b.id })).toEqual([c.id]);
      await catalog.addVectors('shop', NEW, [
        { id: b.id, vectors: inNew(30).vectors },
        { id: 'img_gone', vectors: inNew(0).vectors },
      ]);
      expect(await catalog.missingVectors('shop', NEW, { limit: 9 })).toEqual([a.id, c.id]);
      expect(await catalog.switchGeneration('shop', NEW, { without: [] })).toBe(false);
      expect(await catalog.switchGeneration('shop', NEW, { without: [a.id] })).toBe(false);
      expect(await catalog.collection('shop')).toMatchObject({ embedderId: OLD });
      await catalog.addVectors('shop', NEW, [{ id: a.id, vectors: inNew(0).vectors }]);
      expect(await catalog.switchGeneration('shop', NEW, { without: [c.id] })).toBe(true);
      expect(await states()).toEqual(['new@2 active', 'old@1 retired']);
      expect(await catalog.collection('shop')).toMatchObject({ embedderId: NEW, dimensions: 32 });
      expect(ids(await catalog.nearest('shop', newQuery(180), {}, 5))).toEqual([a.id, b.id]);
    });

    test('leaves vectors that are there as they are', async () => {
      const [asset] = await store(0);
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(0).vectors }]);
      await catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(90).vectors }]);
      const [{ vector }] = (await catalog.vectors([asset.id], NEW)).get(asset.id) ?? [];
      expect(vector[0]).toBeCloseTo(-1, 3);
      await catalog.switchGeneration('shop', NEW, { without: [] });
      expect((await catalog.nearest('shop', newQuery(180), {}, 5))[0].score).toBeCloseTo(1, 3);
    });

    test('takes assets that never had a vector', async () => {
      const [asset] = await store(0);
      const bare = exampleAsset();
      await catalog.upsert([{ asset: bare }], OLD);
      expect(ids(await catalog.nearest('shop', oldQuery(0), {}, 5))).toEqual([asset.id]);
      await catalog.beginGeneration('shop', NEW, 32);
      expect(await catalog.missingVectors('shop', NEW, { limit: 9 })).toEqual([asset.id, bare.id]);
      await catalog.addVectors('shop', NEW, [
        { id: asset.id, vectors: inNew(0).vectors },
        { id: bare.id, vectors: inNew(90).vectors },
      ]);
      expect(await catalog.switchGeneration('shop', NEW, { without: [] })).toBe(true);
      await catalog.upsert([{ asset: { ...bare, tags: ['edited'] } }], NEW);
      expect(ids(await catalog.nearest('shop', newQuery(180), {}, 5))).toEqual([asset.id, bare.id]);
    });

    test('gets the vectors of new and changed assets, and loses those of removed ones', async () => {
      const [changed, removed] = await store(0, 30);
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.addVectors('shop', NEW, [
        { id: changed.id, vectors: inNew(0).vectors },
        { id: removed.id, vectors: inNew(30).vectors },
      ]);
      const added = exampleAsset();
      await catalog.upsert([{ asset: added, vectors: [inOld(60), inNew(60)] }], OLD);
      // By a server that does not know the new embedder: what is stored of it would be of the former picture.
      await catalog.upsert([{ asset: changed, vectors: [inOld(90)] }], OLD);
      await catalog.remove([removed.id]);
      expect(await catalog.missingVectors('shop', NEW, { limit: 9 })).toEqual([changed.id]);
      expect(await catalog.switchGeneration('shop', NEW, { without: [] })).toBe(false);
      await catalog.addVectors('shop', NEW, [{ id: changed.id, vectors: inNew(90).vectors }]);
      expect(await catalog.switchGeneration('shop', NEW, { without: [] })).toBe(true);
      expect(ids(await catalog.nearest('shop', newQuery(180), {}, 5))).toEqual([added.id, changed.id]);
      expect(ids(await catalog.nearest('shop', oldQuery(0), {}, 5))).toEqual([added.id, changed.id]);
    });

    test('is refused for an unknown collection, beside another one, and for the embedder that is searched with', async () => {
      await expect(catalog.beginGeneration('shop', NEW, 32)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const [asset] = await store(0);
      const vectors = inNew(0).vectors;
      await expect(catalog.addVectors('shop', NEW, [{ id: asset.id, vectors }])).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(catalog.switchGeneration('shop', NEW, { without: [] })).rejects.toMatchObject({ code: 'CONFLICT' });
      await catalog.beginGeneration('shop', NEW, 32);
      await expect(catalog.beginGeneration('shop', 'third@3', 8)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(NEW) });
      await expect(catalog.beginGeneration('shop', NEW, 31)).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(catalog.beginGeneration('shop', OLD, 20)).rejects.toMatchObject({ code: 'CONFLICT' });
      const wrong = [{ vector: atAngle(0, 31) }];
      await expect(catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: wrong }])).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(catalog.addVectors('shop', OLD, [{ id: asset.id, vectors: inOld(0).vectors }])).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    test('can be given up and begun again', async () => {
      const [asset] = await store(0);
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(0).vectors }]);
      await catalog.dropGeneration('shop', NEW);
      await catalog.dropGeneration('shop', NEW);
      await catalog.dropGeneration('none', NEW);
      expect(await states()).toEqual(['old@1 active']);
      expect(await catalog.vectors([asset.id], NEW)).toEqual(new Map());
      await expect(catalog.dropGeneration('shop', OLD)).rejects.toMatchObject({ code: 'CONFLICT' });
      await catalog.beginGeneration('shop', NEW, 32);
      expect(await catalog.missingVectors('shop', NEW, { limit: 9 })).toEqual([asset.id]);
    });

    test('goes to and fro: a retired generation is built anew', async () => {
      const [asset] = await store(0);
      const other = exampleAsset();
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(0).vectors }]);
      await catalog.switchGeneration('shop', NEW, { without: [] });
      await catalog.upsert([{ asset: other, vectors: [inNew(10)] }], NEW);
      await catalog.beginGeneration('shop', OLD, 20);
      expect(await catalog.missingVectors('shop', OLD, { limit: 9 })).toEqual([asset.id, other.id]);
      await catalog.addVectors(
        'shop',
        OLD,
        [asset, other].map(({ id }, i) => ({ id, vectors: inOld(10 * i).vectors })),
      );
      expect(await catalog.switchGeneration('shop', OLD, { without: [] })).toBe(true);
      expect(await catalog.switchGeneration('shop', OLD, { without: [] })).toBe(true);
      expect(ids(await catalog.nearest('shop', oldQuery(0), {}, 5))).toEqual([asset.id, other.id]);
    });

    test('ends well when all assets go meanwhile', async () => {
      const [asset] = await store(0);
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.remove([asset.id]);
      expect(await catalog.missingVectors('shop', NEW, { limit: 9 })).toEqual([]);
      expect(await catalog.switchGeneration('shop', NEW, { without: [] })).toBe(true);
      const next = exampleAsset();
      await catalog.upsert([{ asset: next, vectors: [inNew(0)] }], NEW);
      expect(ids(await catalog.nearest('shop', newQuery(180), {}, 5))).toEqual([next.id]);
    });
  });

  describe('two servers', () => {
    test('one builds a generation while the other adds, edits, removes and searches', async () => {
      const assets = await store(...Array.from({ length: 40 }, (_, i) => i));
      const another = await fixture.another();
      await catalog.beginGeneration('shop', NEW, 32);
      const angle = new Map(assets.map(({ id }, i) => [id, i]));
      let after: string | undefined;
      for (let round = 0; ; round++) {
        const missing = await catalog.missingVectors('shop', NEW, { limit: 7, ...(after === undefined ? {} : { after }) });
        await catalog.addVectors(
          'shop',
          NEW,
          missing.map((id) => ({ id, vectors: inNew(angle.get(id) ?? 0).vectors })),
        );
        after = missing.at(-1);
        if (missing.length === 0 && (await catalog.switchGeneration('shop', NEW, { without: [] }))) break;
        if (round > 5) continue;
        const [added, edited, removed] = [exampleAsset(), assets[round * 3], assets[round * 3 + 1]];
        angle
          .set(added.id, 100 + round)
          .set(edited.id, 120 + round)
          .delete(removed.id);
        await another.upsert([{ asset: added, vectors: [inOld(100 + round), inNew(100 + round)] }], OLD);
        await another.upsert([{ asset: { ...edited, tags: ['edited'] }, vectors: [inOld(120 + round)] }], OLD);
        await another.remove([removed.id]);
        const found = await another.nearest('shop', oldQuery(0), {}, 100);
        expect(new Set(ids(found))).toEqual(new Set(angle.keys()));
        expect(ids(await another.nearest('shop', oldQuery(0), { tagsAll: ['edited'] }, 100))).toHaveLength(round + 1);
      }
      const wanted = [...angle].sort((a, b) => a[1] - b[1]).map(([id]) => id);
      for (const server of [catalog, another, await fixture.another()]) {
        expect(ids(await server.nearest('shop', newQuery(180), {}, 100))).toEqual(wanted);
        expect(ids(await server.nearest('shop', oldQuery(0), {}, 100))).toEqual(wanted);
        expect(await states(server)).toEqual(['new@2 active', 'old@1 retired']);
      }
    });

    test('a switch is seen by the next call; the retired generation stays readable until it is dropped', async () => {
      const [asset] = await store(0);
      const another = await fixture.another();
      await another.nearest('shop', oldQuery(0), {}, 5);
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(0).vectors }]);
      await catalog.switchGeneration('shop', NEW, { without: [] });
      expect(await another.collection('shop')).toMatchObject({ embedderId: NEW });
      expect(ids(await another.nearest('shop', newQuery(180), {}, 5))).toEqual([asset.id]);
      expect(ids(await another.nearest('shop', oldQuery(0), {}, 5))).toEqual([asset.id]);
      expect((await another.vectors([asset.id], OLD)).size).toBe(1);
      await expect(another.upsert([{ asset: exampleAsset(), vectors: [inOld(0)] }], OLD)).rejects.toMatchObject({ code: 'CONFLICT' });
      await catalog.dropGeneration('shop', OLD);
      const gone = another.nearest('shop', oldQuery(0), {}, 5);
      await expect(gone).rejects.toMatchObject({ code: 'CONFLICT', hint: expect.stringContaining(NEW) });
      expect((await another.vectors([asset.id], OLD)).size).toBe(0);
      expect(await states(another)).toEqual(['new@2 active']);
    });

    test('removing a collection ends its generation that is being built, and another of its name knows nothing of it', async () => {
      const [asset] = await store(0);
      const another = await fixture.another();
      await catalog.beginGeneration('shop', NEW, 32);
      await catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(0).vectors }]);
      await another.removeCollection('shop');
      await expect(catalog.addVectors('shop', NEW, [{ id: asset.id, vectors: inNew(0).vectors }])).rejects.toMatchObject({ code: 'CONFLICT' });
      await another.upsert([{ asset: exampleAsset(), vectors: [inOld(50)] }], OLD);
      expect(await states()).toEqual(['old@1 active']);
      expect(await catalog.vectors([asset.id], NEW)).toEqual(new Map());
    });
  });

  test('generations of one collection are nothing to another', async () => {
    const [asset] = await store(0);
    const other = exampleAsset({ collection: 'team' });
    await catalog.upsert([{ asset: other, vectors: [inOld(0)] }], OLD);
    await catalog.beginGeneration('shop', NEW, 32);
    await catalog.addVectors('shop', NEW, [
      { id: asset.id, vectors: inNew(0).vectors },
      { id: other.id, vectors: inNew(0).vectors },
    ]);
    expect(await catalog.vectors([other.id], NEW)).toEqual(new Map());
    await catalog.switchGeneration('shop', NEW, { without: [] });
    expect(await catalog.collection('team')).toMatchObject({ embedderId: OLD });
    expect(ids(await catalog.nearest('team', oldQuery(0), {}, 5))).toEqual([other.id]);
    await expect(catalog.nearest('team', newQuery(0), {}, 5)).rejects.toMatchObject({ code: 'CONFLICT' });
    await catalog.dropGeneration('shop', OLD);
    expect(ids(await catalog.nearest('team', oldQuery(0), {}, 5))).toEqual([other.id]);
  });
}
