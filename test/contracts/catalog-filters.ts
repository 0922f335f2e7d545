import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Asset, Catalog, FieldCondition, Filter } from '../../src/ports.ts';
import { atAngle, type CatalogFixture, exampleAsset } from './catalog.ts';

const EMBEDDER = 'test@1';
const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);

/** What every catalog's filters and look-ups by fields have in common. */
export function catalogFiltersContract(open: () => Promise<CatalogFixture>): void {
  let fixture: CatalogFixture;
  let catalog: Catalog;
  beforeEach(async () => {
    fixture = await open();
    catalog = fixture.catalog;
  });
  afterEach(() => fixture.close());

  /** Stores assets that every search finds, and decoys that it would find before them. */
  async function store(variants: Partial<Asset>[]): Promise<string[]> {
    const looks = { caption: 'kite', seen: { classes: [[1, 0.5] as [number, number]], colours: [] } };
    const assets = variants.map((fields) => exampleAsset({ ...looks, ...fields }));
    const decoys = Array.from({ length: 20 }, () =>
      exampleAsset({
        caption: 'kite kite kite',
        collection: 'shop',
        tags: ['decoy'],
        seen: { classes: [[1, 0.9]], colours: [] },
        createdAt: '2026-06-06T00:00:00.000Z',
      }),
    );
    const vectors = (degrees: number) => [{ embedderId: EMBEDDER, vectors: [{ vector: atAngle(degrees) }] }];
    await catalog.upsert([...assets.map((asset) => ({ asset, vectors: vectors(30) })), ...decoys.map((asset) => ({ asset, vectors: vectors(0) }))], EMBEDDER);
    return ids(assets);
  }

  /** Every search and the list give exactly these. */
  async function expectFound(filter: Filter, wanted: string[]): Promise<void> {
    const say = JSON.stringify(filter);
    const sorted = [...wanted].sort();
    const k = Math.max(1, wanted.length);
    const concepts = [{ word: 'kite', weight: 1, classes: [[1, 1]] as [number, number][] }];
    expect(ids(await catalog.nearest('shop', { embedderId: EMBEDDER, vector: atAngle(0) }, filter, k)).sort(), say).toEqual(sorted);
    expect(ids(await catalog.match('shop', 'kite', filter, k)).sort(), say).toEqual(sorted);
    expect(ids(await catalog.seen('shop', { concepts, colours: [] }, filter, k)).sort(), say).toEqual(sorted);
    expect(ids((await catalog.list('shop', filter, { limit: k })).assets).sort(), say).toEqual(sorted);
    expect(ids((await catalog.list(undefined, filter, { limit: k })).assets).sort(), say).toEqual(sorted);
  }

  const noDecoy: Filter = { tagsNone: ['decoy'] };

  describe('conditions', () => {
    test('on every built-in field mean the same to every search, before the top k', async () => {
      const stored = await store([
        {
          status: 'pending',
          licence: 'CC0-1.0',
          creator: 'Ann Øre',
          name: 'Harbour.JPG',
          source: '/in/a.jpg',
          mediaType: 'image/png',
          captionOrigin: 'given',
          width: 800,
          height: 600,
          brightness: 0.25,
          createdAt: '2026-02-01T10:00:00.000Z',
          updatedAt: '2026-03-01T10:00:00.000Z',
          madeFrom: ['img_one', 'img_two'],
        },
        { kind: 'video', width: 600, height: 800, durationSeconds: 12.5, licence: 'own', captionOrigin: 'model', brightness: 0.35 },
        { width: 500, height: 500, status: 'rejected', creator: 'Bob', madeFrom: ['img_two'], updatedAt: '2026-03-01T10:00:00.001Z' },
      ]);
      const conditions: [FieldCondition, number[]][] = [
        [{ field: 'status', in: ['pending', 'rejected'] }, [0, 2]],
        [{ field: 'licence', in: ['cc0-1.0'] }, [0]],
        [{ field: 'creator', in: ['ANN ØRE', 'bob'] }, [0, 2]],
        [{ field: 'name', in: ['harbour.jpg'] }, [0]],
        [{ field: 'source', in: ['/in/a.jpg', '/in/b.jpg'] }, [0]],
        [{ field: 'mediaType', in: ['image/png', 'video/mp4'] }, [0, 1]],
        [{ field: 'captionOrigin', in: ['given', 'model'] }, [0, 1]],
        [{ field: 'orientation', in: ['portrait', 'square'] }, [1, 2]],
        [{ field: 'orientation', in: ['landscape'] }, [0]],
        [{ field: 'width', gte: 501, lte: 800 }, [0, 1]],
        [{ field: 'height', in: [500, 800] }, [1, 2]],
        [{ field: 'megapixels', lte: 0.25 }, [2]],
        [{ field: 'megapixels', gte: 0.48 }, [0, 1]],
        [{ field: 'brightness', gte: 0.25, lte: 0.35 }, [0, 1]],
        [{ field: 'brightness', in: [0.35] }, [1]],
        [{ field: 'durationSeconds', gte: 12.5 }, [1]],
        [{ field: 'createdAt', gte: '2026-02-01T10:00:00Z', lte: '2026-02-01T11:00:00+01:00' }, [0]],
        [{ field: 'updatedAt', gte: '2026-03-01T10:00:00.001Z', lte: '2026-03-02' }, [2]],
        [{ field: 'madeFrom', in: ['img_two'] }, [0, 2]],
        [{ field: 'madeFrom', in: ['img_one', 'img_none'] }, [0]],
        [{ field: 'licence', in: ['nobody has it'] }, []],
      ];
      for (const [condition, wanted] of conditions) {
        await expectFound(
          { ...noDecoy, fields: [condition] },
          wanted.map((i) => stored[i]),
        );
      }
      const both: FieldCondition[] = [
        { field: 'width', lte: 800 },
        { field: 'madeFrom', in: ['img_two'] },
      ];
      await expectFound({ kind: 'image', status: ['pending'], fields: both }, [stored[0]]);
    });

    test('on attributes of every type; an asset without the attribute never matches', async () => {
      const stored = await store([
        { attributes: { season: 'Summer', price: 12, sale: true, day: '2026-11-21', 'odd "name\' $.x': 'yes' } },
        { attributes: { season: 'summer', price: 30, sale: false, day: '2026-11-21T09:30:00Z' } },
        { attributes: { season: 'winter', price: '12', day: '2026-11-22T00:30:00+01:00' } },
        {},
      ]);
      const on = (attribute: string) => ({ field: { attribute } });
      const conditions: [FieldCondition, number[]][] = [
        [{ ...on('season'), in: ['SUMMER'] }, [0, 1]],
        [{ ...on('season'), in: ['summer', 'winter'] }, [0, 1, 2]],
        [{ ...on('price'), in: [12] }, [0]],
        [{ ...on('price'), in: ['12'] }, [2]],
        [{ ...on('price'), gte: 12 }, [0, 1]],
        [{ ...on('price'), gte: 12.5, lte: 30 }, [1]],
        [{ ...on('sale'), in: [true] }, [0]],
        [{ ...on('sale'), in: [false, true] }, [0, 1]],
        [{ ...on('sale'), in: ['true', 1] }, []],
        [{ ...on('day'), gte: '2026-11-21', lte: '2026-11-21' }, [0]],
        [{ ...on('day'), gte: '2026-11-21T00:00:01Z' }, [1, 2]],
        [{ ...on('day'), gte: '2026-11-21T09:30:00Z', lte: '2026-11-21T23:30:00Z' }, [1, 2]],
        [{ ...on('day'), in: ['2026-11-21'] }, [0]],
        [{ ...on('day'), gte: 0 }, []],
        [{ ...on('season'), gte: '2026-01-01' }, []],
        [{ ...on('odd "name\' $.x'), in: ['yes'] }, [0]],
        [{ ...on('nobody has it'), in: ['yes'] }, []],
        [{ ...on('constructor'), in: ['yes'] }, []],
        [{ ...on('price') }, [0, 1, 2]],
      ];
      for (const [condition, wanted] of conditions) {
        await expectFound(
          { fields: [condition] },
          wanted.map((i) => stored[i]),
        );
      }
    });

    test('with an empty list are as if not given', async () => {
      const stored = await store([{}, {}]);
      await expectFound({ ...noDecoy, fields: [] }, stored);
      await expectFound({ ...noDecoy, fields: [{ field: 'licence', in: [] }] }, stored);
    });

    test('follow edits, also of assets that were filtered before', async () => {
      const [id, other] = await store([{ licence: 'own' }, { licence: 'cc0' }]);
      const filter: Filter = { fields: [{ field: 'licence', in: ['own'] }] };
      await expectFound(filter, [id]);
      const asset = (await catalog.get(id)) as Asset;
      await catalog.upsert([{ asset: { ...asset, licence: 'cc0' } }], EMBEDDER);
      await expectFound(filter, []);
      await expectFound({ fields: [{ field: 'licence', in: ['cc0'] }] }, [id, other]);
      await catalog.remove([other]);
      await expectFound({ fields: [{ field: 'licence', in: ['cc0'] }] }, [id]);
      const [later] = await store([{ licence: 'own', tags: ['later'] }]);
      await expectFound(filter, [later]);
    });

    test('with a bound that is neither number nor date are refused, naming the field', async () => {
      await store([{}]);
      for (const condition of [
        { field: 'createdAt' as const, gte: 'yesterday' },
        { field: { attribute: 'price' }, lte: Number.NaN },
      ]) {
        const name = typeof condition.field === 'string' ? condition.field : condition.field.attribute;
        const refused = catalog.list('shop', { fields: [condition] }, { limit: 1 });
        await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining(name) });
      }
    });

    test('find the few among many, page by page, in a list', async () => {
      const assets = Array.from({ length: 900 }, (_, i) => exampleAsset({ collection: i % 2 ? 'shop' : 'team', attributes: { lot: i % 100 } }));
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        EMBEDDER,
      );
      const wanted = ids(assets.filter(({ attributes }) => attributes?.lot === 3 || attributes?.lot === 4).reverse());
      const filter: Filter = { fields: [{ field: { attribute: 'lot' }, in: [3, 4] }] };
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await catalog.list(undefined, filter, { limit: 4, cursor });
        found.push(...ids(page.assets));
        cursor = page.cursor;
      } while (cursor);
      expect(found).toEqual(wanted);
      expect(ids((await catalog.list('shop', filter, { limit: 50 })).assets)).toEqual(
        wanted.filter((id) => assets.find((a) => a.id === id)?.collection === 'shop'),
      );
    });
  });

  describe('attributes', () => {
    test('that are text are found by words, others are not, and edits are followed', async () => {
      const asset = exampleAsset({ attributes: { place: 'Lisbon harbour', price: 4711, sale: true } });
      await catalog.upsert([{ asset }], EMBEDDER);
      expect(ids(await catalog.match('shop', 'harbours', {}, 5))).toEqual([asset.id]);
      for (const text of ['4711', 'true', 'place']) expect(await catalog.match('shop', text, {}, 5), text).toEqual([]);
      await catalog.upsert([{ asset: { ...asset, attributes: { place: 'Porto' } } }], EMBEDDER);
      expect(await catalog.match('shop', 'harbour', {}, 5)).toEqual([]);
      expect(ids(await catalog.match('shop', 'porto', {}, 5))).toEqual([asset.id]);
    });

    test('have the names that assets of the collection have now', async () => {
      const [one, two] = [exampleAsset({ attributes: { zone: 'a', price: 1 } }), exampleAsset({ attributes: { price: 2 } })];
      const other = exampleAsset({ collection: 'team', attributes: { elsewhere: true } });
      await catalog.upsert([{ asset: one }, { asset: two }, { asset: other }], EMBEDDER);
      expect(await catalog.attributeNames('shop')).toEqual(['price', 'zone']);
      await catalog.upsert([{ asset: { ...one, attributes: { colour: 'red', price: 3 } } }], EMBEDDER);
      expect(await catalog.attributeNames('shop')).toEqual(['colour', 'price']);
      await catalog.remove([one.id]);
      expect(await catalog.attributeNames('shop')).toEqual(['price']);
      await catalog.remove([two.id]);
      expect(await catalog.attributeNames('shop')).toEqual([]);
      expect(await catalog.attributeNames('none')).toEqual([]);
    });
  });

  describe('near duplicates', () => {
    const hashed = (perceptualHash: string, fields: Partial<Asset> = {}) => exampleAsset({ perceptualHash, ...fields });

    test('are those within the distance, nearest first, at most k, of this collection alone', async () => {
      const [same, three, sixtyFour, two] = ['00000000ffffffff', '00000000fffffff8', 'ffffffff00000000', '80000000fffffffe'].map((hash) => hashed(hash));
      const assets = [three, same, sixtyFour, two, exampleAsset(), hashed('00000000ffffffff', { collection: 'team' })];
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        EMBEDDER,
      );
      const near = (maxDistance: number, k = 10) => catalog.nearDuplicates('shop', '00000000FFFFFFFF', maxDistance, k);
      expect(await near(3)).toEqual([
        { id: same.id, distance: 0 },
        { id: two.id, distance: 2 },
        { id: three.id, distance: 3 },
      ]);
      expect(ids(await near(2))).toEqual([same.id, two.id]);
      expect(ids(await near(64))).toEqual(ids([same, two, three, sixtyFour]));
      expect(ids(await near(64, 2))).toEqual([same.id, two.id]);
      expect(await near(64, 0)).toEqual([]);
      expect(await catalog.nearDuplicates('none', '00000000ffffffff', 64, 5)).toEqual([]);
    });

    test('follow edits and removals', async () => {
      const [one, two] = [hashed('0123456789abcdef'), hashed('0123456789abcdef')];
      await catalog.upsert([{ asset: one }, { asset: two }], EMBEDDER);
      const near = async () => ids(await catalog.nearDuplicates('shop', '0123456789abcdef', 0, 5));
      expect(await near()).toEqual([one.id, two.id]);
      await catalog.upsert([{ asset: { ...one, perceptualHash: 'ffffffffffffffff' } }], EMBEDDER);
      expect(await near()).toEqual([two.id]);
      await catalog.remove([two.id]);
      expect(await near()).toEqual([]);
      const three = hashed('0123456789abcdef');
      await catalog.upsert([{ asset: three }], EMBEDDER);
      expect(await near()).toEqual([three.id]);
    });
  });
}
