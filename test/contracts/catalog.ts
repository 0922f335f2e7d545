import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Asset, Catalog, EmbeddedVectors, Filter } from '../../src/ports.ts';

/** A fresh, empty catalog; `another` opens it as a second server would. */
export interface CatalogFixture {
  catalog: Catalog;
  another(): Promise<Catalog>;
  close(): Promise<void>;
}

let made = 0;

/** A complete asset; ids are in the order of making. */
export function exampleAsset(fields: Partial<Asset> = {}): Asset {
  const number = ++made;
  const kind = fields.kind ?? 'image';
  return {
    id: `${kind === 'image' ? 'img' : 'vid'}_${number.toString(36).padStart(8, '0')}`,
    collection: 'shop',
    kind,
    status: 'approved',
    objectKey: `${number.toString(16).padStart(64, '0')}.jpg`,
    sha256: number.toString(16).padStart(64, '0'),
    mediaType: kind === 'image' ? 'image/jpeg' : 'video/mp4',
    byteLength: 1000,
    width: 640,
    height: 480,
    name: `picture ${number}`,
    tags: [],
    source: '/somewhere/picture.jpg',
    createdAt: new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString(),
    updatedAt: new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString(),
    ...fields,
  };
}

/** A repeatable sequence of numbers in [-1, 1) (Numerical Recipes' linear congruential generator). */
export function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A unit vector. */
export function randomVector(next: () => number, dimensions: number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, next);
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

/** A unit vector in the plane of the first two axes, so that cosines are those of the angles between. */
export function atAngle(degrees: number, dimensions = 20): Float32Array {
  const vector = new Float32Array(dimensions);
  vector[0] = Math.cos((degrees * Math.PI) / 180);
  vector[1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
}

const one = (vector: Float32Array, embedderId = 'test@1'): EmbeddedVectors[] => [{ embedderId, vectors: [{ vector }] }];
const asked = (vector: Float32Array, embedderId = 'test@1') => ({ embedderId, vector });
const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);

/** Behaviour every catalog shares. */
/** `approximate`: of the ten nearest, .95 have to be found, as the port allows; else all of them, in order. */
export function catalogContract(open: () => Promise<CatalogFixture>, { approximate = false } = {}): void {
  let fixture: CatalogFixture;
  let catalog: Catalog;
  beforeEach(async () => {
    fixture = await open();
    catalog = fixture.catalog;
  });
  afterEach(() => fixture.close());

  describe('storing', () => {
    test('an asset comes back exactly as it was stored', async () => {
      const asset = exampleAsset({
        caption: 'Two red shoes',
        captionOrigin: 'given',
        tags: ['red', 'shoes & socks'],
        licence: 'CC0-1.0',
        subject: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 },
        seen: {
          classes: [
            [770, 0.81234],
            [514, 0.001],
          ],
          colours: [['red', 0.4]],
          subjectColours: [['blue', 0.9]],
        },
        attributes: { price: 12.5, sale: true, day: '2026-11-21' },
        brightness: 0.1 + 0.2,
        perceptualHash: '0123456789abcdef',
        previewKey: 'p.jpg',
        madeFrom: ['img_a', 'img_b'],
      });
      await catalog.upsert([{ asset, vectors: one(atAngle(0)) }], 'test@1');
      expect(await catalog.get(asset.id)).toEqual(asset);
      expect(await catalog.get('img_unknown')).toBeUndefined();
    });

    test('seen with nothing in it stays different from not looked at', async () => {
      const looked = exampleAsset({ seen: { classes: [], colours: [] } });
      const unknown = exampleAsset();
      await catalog.upsert([{ asset: looked }, { asset: unknown }], 'test@1');
      expect((await catalog.get(looked.id))?.seen).toEqual({ classes: [], colours: [] });
      expect((await catalog.get(unknown.id))?.seen).toBeUndefined();
    });

    test('an upsert replaces the asset, its words and its vectors', async () => {
      const asset = exampleAsset({ caption: 'a lighthouse' });
      await catalog.upsert([{ asset, vectors: one(atAngle(0)) }], 'test@1');
      await catalog.nearest('shop', asked(atAngle(0)), {}, 5);
      await catalog.upsert([{ asset: { ...asset, caption: 'a windmill' }, vectors: one(atAngle(90)) }], 'test@1');
      expect((await catalog.get(asset.id))?.caption).toBe('a windmill');
      expect(await catalog.match('shop', 'lighthouse', {}, 5)).toEqual([]);
      expect(ids(await catalog.match('shop', 'windmill', {}, 5))).toEqual([asset.id]);
      const found = await catalog.nearest('shop', asked(atAngle(0)), {}, 5);
      expect(ids(found)).toEqual([asset.id]);
      expect(found[0].score).toBeCloseTo(0, 3);
    });

    test('an edit without vectors keeps the vectors and is seen by filters', async () => {
      const asset = exampleAsset();
      await catalog.upsert([{ asset, vectors: one(atAngle(10)) }], 'test@1');
      await catalog.nearest('shop', asked(atAngle(10)), {}, 5);
      await catalog.upsert([{ asset: { ...asset, tags: ['new'] } }], 'test@1');
      const found = await catalog.nearest('shop', asked(atAngle(10)), { tagsAll: ['new'] }, 5);
      expect(ids(found)).toEqual([asset.id]);
      expect(found[0].score).toBeCloseTo(1, 3);
    });

    test('an empty list of vectors takes the vectors away', async () => {
      const asset = exampleAsset();
      await catalog.upsert([{ asset, vectors: one(atAngle(10)) }], 'test@1');
      await catalog.nearest('shop', asked(atAngle(10)), {}, 5);
      await catalog.upsert([{ asset, vectors: [{ embedderId: 'test@1', vectors: [] }] }], 'test@1');
      expect(await catalog.nearest('shop', asked(atAngle(10)), {}, 5)).toEqual([]);
      expect(await catalog.get(asset.id)).toEqual(asset);
    });

    test('a removed asset is found by nothing any more, and unknown ids are no error', async () => {
      const [gone, stays] = [exampleAsset({ caption: 'boat', seen: { classes: [[1, 0.5]], colours: [] } }), exampleAsset({ caption: 'boat' })];
      await catalog.upsert(
        [gone, stays].map((asset) => ({ asset, vectors: one(atAngle(0)) })),
        'test@1',
      );
      await catalog.nearest('shop', asked(atAngle(0)), {}, 5);
      await catalog.remove([gone.id, 'img_unknown']);
      const concepts = [{ word: 'boat', weight: 1, classes: [[1, 1]] as [number, number][] }];
      expect(await catalog.get(gone.id)).toBeUndefined();
      expect(ids(await catalog.nearest('shop', asked(atAngle(0)), {}, 5))).toEqual([stays.id]);
      expect(ids(await catalog.match('shop', 'boat', {}, 5))).toEqual([stays.id]);
      expect(await catalog.seen('shop', { concepts, colours: [] }, {}, 5)).toEqual([]);
      expect(ids((await catalog.list('shop', {}, { limit: 5 })).assets)).toEqual([stays.id]);
    });

    test('an id that was removed may be stored again', async () => {
      const [asset, other] = [exampleAsset(), exampleAsset()];
      await catalog.upsert([{ asset: other, vectors: one(atAngle(50)) }], 'test@1');
      await catalog.upsert([{ asset, vectors: one(atAngle(0)) }], 'test@1');
      await catalog.nearest('shop', asked(atAngle(0)), {}, 5);
      await catalog.remove([asset.id]);
      await catalog.upsert([{ asset, vectors: one(atAngle(80)) }], 'test@1');
      expect(ids(await catalog.nearest('shop', asked(atAngle(70)), {}, 5))).toEqual([asset.id, other.id]);
    });
  });

  describe('collections', () => {
    test('are made on first use, counted, and do not see each other', async () => {
      const [image, video, other] = [exampleAsset({ caption: 'red' }), exampleAsset({ kind: 'video' }), exampleAsset({ collection: 'team', caption: 'red' })];
      await catalog.upsert([{ asset: image, vectors: one(atAngle(0)) }], 'test@1');
      await catalog.upsert([{ asset: video, vectors: one(atAngle(30)) }], 'test@1');
      await catalog.upsert([{ asset: other, vectors: one(atAngle(0, 32), 'other@2') }], 'other@2');
      expect(await catalog.collections()).toEqual([
        { name: 'shop', embedderId: 'test@1', dimensions: 20, requireApproval: false, images: 1, videos: 1, createdAt: expect.any(String) },
        { name: 'team', embedderId: 'other@2', dimensions: 32, requireApproval: false, images: 1, videos: 0, createdAt: expect.any(String) },
      ]);
      expect(ids(await catalog.nearest('shop', asked(atAngle(0)), {}, 5))).toEqual([image.id, video.id]);
      expect(ids(await catalog.nearest('team', asked(atAngle(0, 32), 'other@2'), {}, 5))).toEqual([other.id]);
      expect(ids(await catalog.match('team', 'red', {}, 5))).toEqual([other.id]);
      expect(ids((await catalog.list('shop', {}, { limit: 5 })).assets)).toEqual([video.id, image.id]);
      expect(ids((await catalog.list(undefined, {}, { limit: 5 })).assets)).toEqual([other.id, video.id, image.id]);
    });

    test('that nobody made are empty', async () => {
      expect(await catalog.collections()).toEqual([]);
      expect(await catalog.nearest('none', asked(atAngle(0)), {}, 5)).toEqual([]);
      expect(await catalog.match('none', 'red', {}, 5)).toEqual([]);
      expect(await catalog.seen('none', { concepts: [], colours: ['red'] }, {}, 5)).toEqual([]);
      expect(await catalog.list('none', {}, { limit: 5 })).toEqual({ assets: [] });
    });

    test('are pinned to one embedder and one length, and a refused upsert names both and stores nothing', async () => {
      const asset = exampleAsset();
      await catalog.upsert([{ asset, vectors: one(atAngle(0)) }], 'test@1');
      const [good, late] = [exampleAsset({ collection: 'elsewhere' }), exampleAsset()];
      const refused = catalog.upsert(
        [good, late].map((entry) => ({ asset: entry, vectors: one(atAngle(0), 'other@2') })),
        'other@2',
      );
      await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', hint: expect.stringMatching(/test@1.*other@2/s) });
      await expect(catalog.upsert([{ asset: late, vectors: one(atAngle(0, 32)) }], 'test@1')).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await catalog.get(late.id)).toBeUndefined();
      expect(await catalog.get(good.id)).toBeUndefined();
    });

    test('have settings, which change on request', async () => {
      expect(await catalog.collection('shop')).toBeUndefined();
      await catalog.configure('shop', { requireApproval: true, embedderId: 'wished@1' });
      expect(await catalog.collection('shop')).toEqual({
        name: 'shop',
        embedderId: 'wished@1',
        dimensions: 0,
        requireApproval: true,
        createdAt: expect.any(String),
      });
      await catalog.configure('shop', { embedderId: 'test@1' });
      await catalog.upsert([{ asset: exampleAsset(), vectors: one(atAngle(0)) }], 'default@0');
      await catalog.configure('shop', { requireApproval: false, embedderId: 'test@1' });
      expect(await catalog.collections()).toMatchObject([{ name: 'shop', embedderId: 'test@1', dimensions: 20, requireApproval: false, images: 1 }]);
      await expect(catalog.configure('shop', { embedderId: 'other@2' })).rejects.toMatchObject({ code: 'CONFLICT', hint: expect.stringContaining('reindex') });
    });

    test('are forgotten on request with all that is in them, and only they', async () => {
      const looks = {
        caption: 'red',
        attributes: { lot: 1 },
        perceptualHash: '0123456789abcdef',
        seen: { classes: [[1, 1] as [number, number]], colours: [] },
      };
      const assets = Array.from({ length: 30 }, () => exampleAsset(looks));
      const other = exampleAsset({ ...looks, collection: 'team' });
      await catalog.upsert(
        [...assets, other].map((asset) => ({ asset, vectors: one(atAngle(0)) })),
        'test@1',
      );
      await catalog.nearest('shop', asked(atAngle(0)), {}, 5);
      await catalog.removeCollection('shop');
      await catalog.removeCollection('shop');
      const concepts = [{ word: 'x', weight: 1, classes: [[1, 1]] as [number, number][] }];
      expect(await catalog.collection('shop')).toBeUndefined();
      expect(await catalog.getMany(ids(assets))).toEqual([]);
      expect(await catalog.nearest('shop', asked(atAngle(0)), {}, 5)).toEqual([]);
      expect(await catalog.match('shop', 'red', {}, 5)).toEqual([]);
      expect(await catalog.seen('shop', { concepts, colours: [] }, {}, 5)).toEqual([]);
      expect(await catalog.nearDuplicates('shop', looks.perceptualHash, 64, 5)).toEqual([]);
      expect(await catalog.attributeNames('shop')).toEqual([]);
      expect(await catalog.generations('shop')).toEqual([]);
      expect(ids((await catalog.list(undefined, {}, { limit: 50 })).assets)).toEqual([other.id]);
      expect(ids(await catalog.nearest('team', asked(atAngle(0)), {}, 5))).toEqual([other.id]);
      expect(ids(await catalog.match('team', 'red', {}, 5))).toEqual([other.id]);
      const next = exampleAsset({ id: assets[0].id });
      await catalog.upsert([{ asset: next, vectors: one(atAngle(0, 8), 'other@2') }], 'other@2');
      expect(ids(await catalog.nearest('shop', asked(atAngle(0, 8), 'other@2'), {}, 5))).toEqual([next.id]);
    });

    test('do not share ids', async () => {
      const asset = exampleAsset();
      await catalog.upsert([{ asset }], 'test@1');
      await expect(catalog.upsert([{ asset: { ...asset, collection: 'team' } }], 'test@1')).rejects.toMatchObject({ code: 'CONFLICT' });
    });
  });

  describe('nearest', () => {
    test('ranks by cosine', async () => {
      const assets = [40, 10, 80, 170].map((degrees) => ({ asset: exampleAsset({ name: String(degrees) }), vectors: one(atAngle(degrees)) }));
      await catalog.upsert(assets, 'test@1');
      const found = await catalog.nearest('shop', asked(atAngle(0)), {}, 3);
      expect(ids(found)).toEqual([assets[1], assets[0], assets[2]].map(({ asset }) => asset.id));
      [10, 40, 80].forEach((degrees, i) => {
        expect(found[i].score).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 3);
      });
      expect(found[0]).not.toHaveProperty('atSeconds');
    });

    test('gives distinct assets, each video with its best time', async () => {
      const next = sequence(5);
      const frames = Array.from({ length: 500 }, (_, i) => ({ vector: atAngle(i === 321 ? 0 : 5 + next()), atSeconds: i / 10 }));
      const video = exampleAsset({ kind: 'video' });
      const images = Array.from({ length: 20 }, (_, i) => ({ asset: exampleAsset(), vectors: one(atAngle(20 + i)) }));
      await catalog.upsert([{ asset: video, vectors: [{ embedderId: 'test@1', vectors: frames }] }, ...images], 'test@1');
      const found = await catalog.nearest('shop', asked(atAngle(0)), {}, 10);
      expect(ids(found)).toEqual([video.id, ...images.slice(0, 9).map(({ asset }) => asset.id)]);
      expect(found[0].atSeconds).toBe(32.1);
      expect(found[0].score).toBeCloseTo(1, 3);
    });

    test('finds a video by a vector of the whole, too, then without a time', async () => {
      const frames = [60, 70].map((degrees, i) => ({ vector: atAngle(degrees), atSeconds: i }));
      const video = exampleAsset({ kind: 'video' });
      await catalog.upsert([{ asset: video, vectors: [{ embedderId: 'test@1', vectors: [...frames, { vector: atAngle(0) }] }] }], 'test@1');
      const [whole] = await catalog.nearest('shop', asked(atAngle(1)), {}, 1);
      expect(whole).toEqual({ id: video.id, score: expect.closeTo(1, 3) });
      expect(await catalog.nearest('shop', asked(atAngle(62)), {}, 1)).toEqual([{ id: video.id, score: expect.closeTo(1, 2), atSeconds: 0 }]);
    });

    test(`is ${approximate ? 'nearly ' : ''}exact, with and without a filter`, async () => {
      const next = sequence(11);
      const dimensions = 100;
      const entries = Array.from({ length: 400 }, (_, i) => ({
        asset: exampleAsset({ tags: i % 10 === 0 ? ['tenth'] : [] }),
        vectors: one(randomVector(next, dimensions)),
      }));
      await catalog.upsert(entries, 'test@1');
      let found = 0;
      const compare = (hits: string[], nearest: string[]) => {
        if (!approximate) expect(hits).toEqual(nearest);
        found += hits.filter((id) => nearest.includes(id)).length;
      };
      for (let round = 0; round < 5; round++) {
        const query = randomVector(next, dimensions);
        const ranked = entries
          .map(({ asset, vectors }) => ({ asset, cosine: vectors[0].vectors[0].vector.reduce((sum, x, i) => sum + x * query[i], 0) }))
          .sort((a, b) => b.cosine - a.cosine)
          .map(({ asset }) => asset);
        compare(ids(await catalog.nearest('shop', asked(query), {}, 10)), ids(ranked.slice(0, 10)));
        const tenth = ranked.filter(({ tags }) => tags.includes('tenth'));
        compare(ids(await catalog.nearest('shop', asked(query), { tagsAll: ['tenth'] }, 10)), ids(tenth.slice(0, 10)));
      }
      expect(found).toBeGreaterThanOrEqual(95);
    });

    test('gives all there are where k is larger, and nothing for k = 0', async () => {
      await catalog.upsert([{ asset: exampleAsset(), vectors: one(atAngle(0)) }, { asset: exampleAsset() }], 'test@1');
      expect(await catalog.nearest('shop', asked(atAngle(0)), {}, 50)).toHaveLength(1);
      expect(await catalog.nearest('shop', asked(atAngle(0)), {}, 0)).toEqual([]);
    });

    test('refuses a vector of another length', async () => {
      await catalog.upsert([{ asset: exampleAsset(), vectors: one(atAngle(0)) }], 'test@1');
      await expect(catalog.nearest('shop', asked(atAngle(0, 21)), {}, 5)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });
  });

  describe('match', () => {
    const stored = async (...assets: Asset[]) => {
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        'test@1',
      );
      return assets.map(({ id }) => id);
    };

    test('finds words of name, caption and tags in any form, better matches first', async () => {
      const [both, name, tag] = await stored(
        exampleAsset({ name: 'IMG 1', caption: 'A dog with running shoes' }),
        exampleAsset({ name: 'Shoe-shop' }),
        exampleAsset({ tags: ['Dogs'] }),
        exampleAsset({ caption: 'nothing of it' }),
      );
      const found = await catalog.match('shop', 'dog shoes', {}, 10);
      expect(found[0].id).toBe(both);
      expect(new Set(ids(found))).toEqual(new Set([both, name, tag]));
      expect(found.every(({ score }, i) => score > 0 && (i === 0 || score <= found[i - 1].score))).toBe(true);
    });

    test('never reads the text as query syntax', async () => {
      const [id] = await stored(exampleAsset({ caption: 'rock and "roll" near the sea' }));
      for (const text of [
        'rock AND',
        '"roll',
        'rock*',
        '(sea',
        'caption:sea',
        'NEAR(rock roll)',
        'scope : c1 OR sea',
        'sea^2',
        "roll's -- ;",
        '{name} : rock',
      ]) {
        expect(ids(await catalog.match('shop', text, {}, 5)), text).toEqual([id]);
      }
      for (const text of ['', '   ', '"', '* - ( ) ^ :', '\u0000']) expect(await catalog.match('shop', text, {}, 5), text).toEqual([]);
    });

    test('finds words in scripts without spaces and with accents', async () => {
      const [chinese, japanese, korean, thai, hindi, french] = await stored(
        exampleAsset({ caption: '一只黑色的猫坐在沙发上' }),
        exampleAsset({ caption: '赤いスニーカーと東京タワー' }),
        exampleAsset({ caption: '바다에서 서핑하는 사람' }),
        exampleAsset({ caption: 'แมวดำบนโซฟา' }),
        exampleAsset({ caption: 'लाल जूते' }),
        exampleAsset({ caption: 'Café au Québec' }),
      );
      const queries: [string, string][] = [
        ['猫', chinese],
        ['沙发', chinese],
        ['スニーカー', japanese],
        ['東京', japanese],
        ['바다', korean],
        ['แมว', thai],
        ['जूते', hindi],
        ['quebec cafe', french],
      ];
      for (const [query, id] of queries) expect(ids(await catalog.match('shop', query, {}, 5)), query).toContain(id);
      expect(ids(await catalog.match('shop', '東京', {}, 5))).toEqual([japanese]);
      expect(ids(await catalog.match('shop', 'जूते', {}, 5))).toEqual([hindi]);
    });

    test('a very long text is still a query', async () => {
      const [id] = await stored(exampleAsset({ caption: 'needle' }));
      const text = `needle ${Array.from({ length: 5000 }, (_, i) => `word${i}`).join(' ')}`;
      expect(ids(await catalog.match('shop', text, {}, 5))).toEqual([id]);
    });

    test('what was seen is no text', async () => {
      await stored(exampleAsset({ seen: { classes: [], colours: [['purple', 0.9]] } }));
      expect(await catalog.match('shop', 'purple', {}, 5)).toEqual([]);
    });
  });

  describe('match tolerates one typo a word', () => {
    const stored = async (...assets: Asset[]) => {
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        'test@1',
      );
      return assets.map(({ id }) => id);
    };

    test('a letter added, left out, changed, or two swapped, in several scripts', async () => {
      const [lamp, chair, boat, ship] = await stored(
        exampleAsset({ caption: 'A lantern on the table' }),
        exampleAsset({ caption: 'Красное кресло' }),
        exampleAsset({ caption: 'ένα καράβι' }),
        exampleAsset({ caption: 'سفينة في البحر' }),
      );
      const queries: [string, string][] = [
        ['lanterrn', lamp],
        ['lanern', lamp],
        ['lantetn', lamp],
        ['lantren', lamp],
        ['Lanternz!', lamp],
        ['xantern', lamp],
        ['antern', lamp],
        ['креслоо', chair],
        ['кресдо', chair],
        ['καράβα', boat],
        ['سفنية', ship],
      ];
      for (const [query, id] of queries) expect(ids(await catalog.match('shop', query, {}, 5)), query).toEqual([id]);
    });

    test('other forms of the word that was meant are found too', async () => {
      const [id] = await stored(exampleAsset({ caption: 'a runner' }), exampleAsset({ caption: 'somebody walks' }));
      expect(ids(await catalog.match('shop', 'runnners', {}, 5))).toEqual([id]);
    });

    test('not two typos, not in words of three letters, not in words with digits, and not in parts of texts without spaces', async () => {
      await stored(exampleAsset({ caption: 'A lantern, a cat, model 4711, 東京タワー' }));
      for (const text of ['lanetrnn', 'lentarn', 'cta', 'cet', 'car', '4712', '西都京']) expect(await catalog.match('shop', text, {}, 5), text).toEqual([]);
    });

    test('a word that some asset has is never corrected, whatever the filter', async () => {
      const [coat, boat] = await stored(exampleAsset({ caption: 'coat', tags: ['x'] }), exampleAsset({ caption: 'boat' }));
      expect(ids(await catalog.match('shop', 'boat', {}, 5))).toEqual([boat]);
      expect(await catalog.match('shop', 'boat', { tagsAny: ['x'] }, 5)).toEqual([]);
      expect(ids(await catalog.match('shop', 'moat', { tagsAny: ['x'] }, 5))).toEqual([coat]);
    });

    test("another collection's words do not count", async () => {
      const [goat] = await stored(exampleAsset({ caption: 'goat' }), exampleAsset({ caption: 'boat', collection: 'team' }));
      await stored(...Array.from({ length: 20 }, () => exampleAsset({ caption: 'boat', collection: 'team' })));
      expect(ids(await catalog.match('shop', 'boat', {}, 5))).toEqual([goat]);
      expect(await catalog.match('shop', 'boatt', {}, 5)).toEqual([]);
      expect(await catalog.match('team', 'boatt', {}, 30)).toHaveLength(21);
    });

    test('what only a correction found comes after all that has another word of the query as it was typed', async () => {
      const filler = Array.from({ length: 30 }, () => exampleAsset({ caption: 'a red thing among many other red things that are somewhere' }));
      const reds = await stored(...filler);
      const [both, meant] = await stored(exampleAsset({ caption: 'red sneakers' }), exampleAsset({ caption: 'sneakers sneakers' }));
      const found = await catalog.match('shop', 'red snaekers', {}, 50);
      expect(found[0].id).toBe(both);
      expect(found.at(-1)?.id).toBe(meant);
      expect(new Set(ids(found))).toEqual(new Set([...reds, both, meant]));
      expect(found.every(({ score }, i) => score > 0 && (i === 0 || score <= found[i - 1].score))).toBe(true);
    });

    test('an asset is found by a mistyped word as soon as it is stored, and no more once it is removed', async () => {
      expect(await catalog.match('shop', 'lanterrn', {}, 5)).toEqual([]);
      const [id] = await stored(exampleAsset({ caption: 'lantern' }));
      expect(ids(await catalog.match('shop', 'lanterrn', {}, 5))).toEqual([id]);
      await catalog.remove([id]);
      expect(await catalog.match('shop', 'lanterrn', {}, 5)).toEqual([]);
    });
  });

  describe('seen', () => {
    const looksLike = (classes: [number, number][], colours: [string, number][] = []) => exampleAsset({ seen: { classes, colours } });
    const dog = { word: 'dog', weight: 1, classes: [[151, 1] as [number, number], [152, 0.5] as [number, number]] };
    const beach = { word: 'beach', weight: 1, classes: [[978, 1] as [number, number]] };

    test('adds the square roots of weighted probabilities, times how much of the colours there is', async () => {
      const both = looksLike(
        [
          [151, 0.16],
          [978, 0.09],
        ],
        [['red', 0.1]],
      );
      const one = looksLike([
        [151, 0.2],
        [152, 0.1],
      ]);
      const colour = looksLike(
        [[7, 0.9]],
        [
          ['red', 0.9],
          ['blue', 0.1],
        ],
      );
      const none = looksLike([[8, 1]], [['green', 1]]);
      await catalog.upsert(
        [none, colour, one, both, exampleAsset()].map((asset) => ({ asset })),
        'test@1',
      );
      const found = await catalog.seen('shop', { concepts: [dog, beach], colours: ['red'] }, {}, 10);
      expect(ids(found)).toEqual([both.id, one.id, colour.id]);
      expect(found[0].score).toBeCloseTo((0.4 + 0.3) * (0.2 + 0.8 * 0.5) + 0.05 * 0.5, 4);
      expect(found[1].score).toBeCloseTo(Math.sqrt(0.25) * 0.2, 4);
      expect(found[2].score).toBeCloseTo(0.05, 4);
      expect(ids(await catalog.seen('shop', { concepts: [dog, beach], colours: ['red'] }, {}, 2))).toEqual([both.id, one.id]);
      const [first] = await catalog.seen('shop', { concepts: [dog, beach], colours: [] }, {}, 1);
      expect(first).toEqual({ id: both.id, score: expect.closeTo(0.7, 4) });
      expect(await catalog.seen('shop', { concepts: [], colours: ['pink'] }, {}, 10)).toEqual([]);
      expect(await catalog.seen('shop', { concepts: [], colours: [] }, {}, 10)).toEqual([]);
    });

    test("a thing's colour is that of the subject, a colour alone that of the whole picture", async () => {
      const classes: [number, number][] = [[151, 0.25]];
      const redDog = exampleAsset({ seen: { classes, colours: [['green', 1]], subjectColours: [['red', 0.1]] } });
      const redGround = exampleAsset({ seen: { classes, colours: [['red', 0.4]], subjectColours: [['green', 1]] } });
      await catalog.upsert([{ asset: redGround }, { asset: redDog }], 'test@1');
      const asked = await catalog.seen('shop', { concepts: [dog], colours: ['red'] }, {}, 10);
      expect(asked).toEqual([
        { id: redDog.id, score: expect.closeTo(0.5 * 0.6 + 0.025, 4) },
        { id: redGround.id, score: expect.closeTo(0.5 * 0.2, 4) },
      ]);
      const alone = await catalog.seen('shop', { concepts: [], colours: ['red'] }, {}, 10);
      expect(alone).toEqual([{ id: redGround.id, score: expect.closeTo(Math.sqrt(0.4), 4) }]);
    });

    test('follows edits', async () => {
      const asset = looksLike([[151, 0.5]]);
      await catalog.upsert([{ asset }], 'test@1');
      expect(await catalog.seen('shop', { concepts: [dog], colours: [] }, {}, 5)).toHaveLength(1);
      await catalog.upsert([{ asset: { ...asset, seen: { classes: [[978, 0.5]], colours: [] } } }], 'test@1');
      expect(await catalog.seen('shop', { concepts: [dog], colours: [] }, {}, 5)).toEqual([]);
      expect(await catalog.seen('shop', { concepts: [beach], colours: [] }, {}, 5)).toHaveLength(1);
    });

    test('orders ties the same way each time', async () => {
      const assets = Array.from({ length: 30 }, () => looksLike([[151, 0.25]]));
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        'test@1',
      );
      const first = ids(await catalog.seen('shop', { concepts: [dog], colours: [] }, {}, 10));
      const another = await fixture.another();
      expect(ids(await another.seen('shop', { concepts: [dog], colours: [] }, {}, 10))).toEqual(first);
      expect(new Set(first).size).toBe(10);
    });
  });

  test('a filter means the same to every search, before the top k', async () => {
    const variants: Partial<Asset>[] = [
      { kind: 'image', status: 'approved', tags: ['a', 'b'] },
      { kind: 'video', status: 'approved', tags: ['a'] },
      { kind: 'image', status: 'pending', tags: ['b', 'c'] },
      { kind: 'video', status: 'rejected', tags: [] },
    ];
    const looks = { caption: 'kite', seen: { classes: [[1, 0.5] as [number, number]], colours: [] } };
    const assets = variants.map((fields) => exampleAsset({ ...fields, ...looks }));
    // Better answers that the filter must take away before the best are chosen.
    const decoys = Array.from({ length: 20 }, () =>
      exampleAsset({ caption: 'kite kite kite', status: 'rejected', tags: ['decoy'], seen: { classes: [[1, 0.9]], colours: [] } }),
    );
    await catalog.upsert(
      [...assets.map((asset) => ({ asset, vectors: one(atAngle(30)) })), ...decoys.map((asset) => ({ asset, vectors: one(atAngle(0)) }))],
      'test@1',
    );
    const expected: [Filter, number[]][] = [
      [{ kind: 'video' }, [1, 3]],
      [{ status: ['approved', 'pending'] }, [0, 1, 2]],
      [{ tagsAll: ['a', 'b'] }, [0]],
      [{ tagsAny: ['a', 'c'] }, [0, 1, 2]],
      [{ tagsNone: ['b', 'decoy'] }, [1, 3]],
      [{ kind: 'image', status: ['approved'], tagsAny: ['a', 'b'], tagsNone: ['c'] }, [0]],
      [{ tagsAll: ['nobody has it'] }, []],
      [{ kind: 'image', status: ['approved', 'pending'], tagsAny: [], tagsAll: [], tagsNone: [] }, [0, 2]],
    ];
    const concepts = [{ word: 'kite', weight: 1, classes: [[1, 1]] as [number, number][] }];
    for (const [filter, indices] of expected) {
      const wanted = indices.map((i) => assets[i].id).sort();
      const k = Math.max(1, wanted.length);
      const say = JSON.stringify(filter);
      expect(ids(await catalog.nearest('shop', asked(atAngle(0)), filter, k)).sort(), say).toEqual(wanted);
      expect(ids(await catalog.match('shop', 'kite', filter, k)).sort(), say).toEqual(wanted);
      expect(ids(await catalog.seen('shop', { concepts, colours: [] }, filter, k)).sort(), say).toEqual(wanted);
      expect(ids((await catalog.list('shop', filter, { limit: k })).assets).sort(), say).toEqual(wanted);
    }
  });

  describe('listing', () => {
    test('pages through all assets, newest first, undisturbed by what is added meanwhile', async () => {
      const sameTime = '2026-05-05T00:00:00.000Z';
      const assets = Array.from({ length: 7 }, (_, i) => exampleAsset(i > 1 && i < 5 ? { createdAt: sameTime } : {}));
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        'test@1',
      );
      const pages: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await catalog.list('shop', {}, { limit: 2, cursor });
        pages.push(ids(page.assets));
        cursor = page.cursor;
        await catalog.upsert([{ asset: exampleAsset({ createdAt: '2027-01-01T00:00:00.000Z' }) }], 'test@1');
      } while (cursor);
      expect(pages.map(({ length }) => length)).toEqual([2, 2, 2, 1]);
      expect(new Set(pages.flat())).toEqual(new Set(ids(assets)));
      expect(pages.flat().slice(3)).toEqual([assets[6].id, assets[5].id, assets[1].id, assets[0].id]);
    });

    test('refuses a cursor it did not give', async () => {
      await catalog.upsert([{ asset: exampleAsset() }], 'test@1');
      for (const cursor of ['nonsense', '', Buffer.from('[1,2]').toString('base64url'), Buffer.from('{}').toString('base64url')]) {
        await expect(catalog.list('shop', {}, { limit: 2, cursor }), cursor).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    });
  });

  describe('looking up', () => {
    test('finds the asset of a collection by its bytes, and counts the assets of an object', async () => {
      const asset = exampleAsset();
      const copy = exampleAsset({ collection: 'team', sha256: asset.sha256, objectKey: asset.objectKey });
      await catalog.upsert([{ asset }, { asset: copy }], 'test@1');
      expect((await catalog.findBySha256('shop', asset.sha256))?.id).toBe(asset.id);
      expect((await catalog.findBySha256('team', asset.sha256))?.id).toBe(copy.id);
      expect(await catalog.findBySha256('shop', 'f'.repeat(64))).toBeUndefined();
      expect(await catalog.countByObjectKey(asset.objectKey)).toBe(2);
      await catalog.remove([asset.id]);
      expect(await catalog.countByObjectKey(asset.objectKey)).toBe(1);
      expect(await catalog.countByObjectKey('other')).toBe(0);
    });

    test('takes the same bytes once in a collection where asked to', async () => {
      const bytes = { sha256: 'd'.repeat(64) };
      const [one, other, elsewhere] = [exampleAsset(bytes), exampleAsset(bytes), exampleAsset({ ...bytes, collection: 'team' })];
      const added = await Promise.allSettled([one, other].map((asset) => catalog.upsert([{ asset, refuseSameBytes: true }], 'test@1')));
      expect(added.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(added.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } });
      const kept = await catalog.findBySha256('shop', bytes.sha256);
      await catalog.upsert([{ asset: { ...(kept as Asset), caption: 'again' }, refuseSameBytes: true }], 'test@1');
      await catalog.upsert([{ asset: elsewhere, refuseSameBytes: true }], 'test@1');
      expect((await catalog.getMany([one.id, other.id, elsewhere.id])).length).toBe(2);
      await catalog.upsert([{ asset: exampleAsset(bytes) }], 'test@1');
      expect((await catalog.list('shop', {}, { limit: 10 })).assets.length).toBe(2);
    });

    test('counts previews as objects too', async () => {
      const [one, two] = [exampleAsset({ previewKey: 'a.jpg' }), exampleAsset({ objectKey: 'a.jpg' })];
      await catalog.upsert([{ asset: one }, { asset: two }], 'test@1');
      expect(await catalog.countByObjectKey('a.jpg')).toBe(2);
      await catalog.upsert([{ asset: { ...one, previewKey: 'b.jpg' } }], 'test@1');
      expect(await catalog.countByObjectKey('a.jpg')).toBe(1);
      expect(await catalog.countByObjectKey('b.jpg')).toBe(1);
    });

    test('gives several assets in the order asked, without those that are not there', async () => {
      const assets = [exampleAsset(), exampleAsset({ collection: 'team' }), exampleAsset()];
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        'test@1',
      );
      expect(await catalog.getMany([assets[2].id, 'img_unknown', assets[0].id, assets[1].id])).toEqual([assets[2], assets[0], assets[1]]);
      expect(await catalog.getMany([])).toEqual([]);
    });

    test('gives the stored vectors, as near as they are stored', async () => {
      const [image, video, bare] = [exampleAsset(), exampleAsset({ kind: 'video' }), exampleAsset()];
      const frames = [0, 45, 90].map((degrees, i) => ({ vector: atAngle(degrees), atSeconds: i / 2 }));
      await catalog.upsert(
        [{ asset: image, vectors: one(atAngle(20)) }, { asset: video, vectors: [{ embedderId: 'test@1', vectors: frames }] }, { asset: bare }],
        'test@1',
      );
      const found = await catalog.vectors([video.id, bare.id, image.id, 'img_unknown'], 'test@1');
      expect([...found.keys()]).toEqual([video.id, image.id]);
      expect(found.get(video.id)?.map(({ atSeconds }) => atSeconds)).toEqual([0, 0.5, 1]);
      expect(found.get(image.id)?.[0]).not.toHaveProperty('atSeconds');
      found.get(video.id)?.forEach(({ vector }, i) => {
        vector.forEach((x, j) => {
          expect(x).toBeCloseTo(frames[i].vector[j], 4);
        });
      });
      expect(await catalog.vectors([image.id], 'other@2')).toEqual(new Map());
    });

    test('knows the ids that a mistyped one may mean, closest first', async () => {
      const assets = ['img_k3v9x2m7', 'img_k3v9x2m8', 'img_qqqqqqqq', 'vid_k3v9x2m7'].map((id) => exampleAsset({ id }));
      await catalog.upsert(
        assets.map((asset) => ({ asset })),
        'test@1',
      );
      expect(await catalog.similarIds('img_k3v9x2m', 2)).toEqual(['img_k3v9x2m7', 'img_k3v9x2m8']);
      expect((await catalog.similarIds('image_k3v9x2m7', 3))[0]).toBe('img_k3v9x2m7');
      expect(await catalog.similarIds('k3v9x2m7', 1)).toHaveLength(1);
      expect(await catalog.similarIds('something else entirely', 3)).toEqual([]);
    });
  });

  test('what one server wrote, the next call of another sees', async () => {
    const another = await fixture.another();
    const [first, second] = [exampleAsset({ caption: 'first' }), exampleAsset({ caption: 'second' })];
    await catalog.upsert([{ asset: first, vectors: one(atAngle(0)) }], 'test@1');
    expect(ids(await another.nearest('shop', asked(atAngle(0)), {}, 5))).toEqual([first.id]);
    await another.upsert([{ asset: second, vectors: one(atAngle(1)) }], 'test@1');
    expect(ids(await catalog.nearest('shop', asked(atAngle(0)), {}, 5))).toEqual([first.id, second.id]);
    expect(ids(await catalog.match('shop', 'second', {}, 5))).toEqual([second.id]);
    await catalog.remove([first.id]);
    expect(await another.get(first.id)).toBeUndefined();
    expect(ids(await another.nearest('shop', asked(atAngle(0)), {}, 5))).toEqual([second.id]);
    await another.upsert([{ asset: { ...second, tags: ['edited'] }, vectors: one(atAngle(60)) }], 'test@1');
    const [moved] = await catalog.nearest('shop', asked(atAngle(0)), { tagsAll: ['edited'] }, 5);
    expect(moved.id).toBe(second.id);
    expect(moved.score).toBeCloseTo(0.5, 3);
  });
}
