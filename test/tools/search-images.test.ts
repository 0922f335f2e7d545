import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { type Photograph, photographPath } from '../fixtures/photographs.ts';

interface Found {
  hits: {
    id: string;
    name: string;
    rank: number;
    scores: Record<string, number>;
    matched: Record<string, string[]>;
    weak: boolean;
    missing: string[];
    atSeconds?: number;
  }[];
  unknownWords: string[];
  textSearch: string;
  collections?: { name: string; images: number; embedder: string; requireApproval: boolean }[];
  nextCursor?: string;
  advice: string;
}

const PHOTOGRAPHS: Photograph[] = ['march-pastoral', 'french-alpine-landscape', 'dust-bowl-home', 'allium-oreophilum'];
const ids = new Map<string, string>();
let server: Connection;

beforeAll(async () => {
  server = await connect({ alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..') });
  for (const name of PHOTOGRAPHS) {
    const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', {
      path: photographPath(name),
      collection: 'old',
      tags: [name.startsWith('allium') ? 'plant' : 'land'],
    });
    ids.set(name, asset.id);
  }
  await server.call('ingest_image', { path: photographPath('black-canyon'), collection: 'captioned', caption: 'A wagon with a camera in the desert, 1871' });
});
afterAll(() => server.close());

const search = (args: Record<string, unknown>) => server.call<Found>('search_images', { collection: 'old', includeImages: false, ...args });

describe('searching by words', () => {
  it.each([
    ['sheep', 'march-pastoral'],
    ['mountain', 'french-alpine-landscape'],
    ['barn', 'dust-bowl-home'],
  ])('finds %s from the pixels alone', async (query, name) => {
    const { hits, textSearch } = await search({ query });
    expect(hits[0]).toMatchObject({ id: ids.get(name), rank: 1, weak: false });
    expect(textSearch).toBe('words+concepts');
  });

  it('finds a caption by any of its words and says which words are missing', async () => {
    const { hits } = await search({ query: 'wagon under palm trees', collection: 'captioned' });
    expect(hits[0].scores.words).toBeGreaterThan(0);
    expect(hits[0].missing.join(' ')).toMatch(/palm/);
  });

  it('says who says so: a person, the file name, or the vision model', async () => {
    const [written] = (await search({ query: 'cameras in a canyon', collection: 'captioned' })).hits;
    expect(written).toMatchObject({ matched: { written: ['camera'] }, missing: ['canyon'], weak: false });
    const [seen] = (await search({ query: 'sheep' })).hits;
    expect(seen.matched.seen).toEqual([expect.stringMatching(/^sheep 0\.\d\d$/)]);
    expect(Number(seen.matched.seen[0].slice(6))).toBeCloseTo(seen.scores.seen, 2);
  });

  it('says that it does not understand "without"', async () => {
    expect((await search({ query: 'sheep without a barn' })).advice).toMatch(/"without" is not understood/);
    expect((await search({ query: 'sheep' })).advice).not.toMatch(/understood/);
  });

  it('shows a thing that is in no picture only as weak', async () => {
    const { hits, advice } = await search({ query: 'submarine' });
    expect(hits.every((hit) => hit.weak)).toBe(true);
    expect(advice).toMatch(/No confident hit|Nothing/);
  });

  it('names the words that the vision model does not know', async () => {
    expect((await search({ query: 'a birthday at sunset' })).unknownWords).toContain('sunset');
  });

  it('takes query syntax as plain words', async () => {
    await expect(search({ query: '"unbalanced AND (NEAR *' })).resolves.toBeDefined();
  });
});

describe('searching by picture', () => {
  it('leaves the picture itself out and ranks by cosine', async () => {
    const { hits } = await search({ imageId: ids.get('march-pastoral') });
    expect(hits.map((hit) => hit.id)).not.toContain(ids.get('march-pastoral'));
    expect(hits.length).toBe(3);
    expect(hits[0].scores.image).toBeGreaterThanOrEqual(hits[1].scores.image);
  });

  it('takes a file that is not in the library', async () => {
    const { hits } = await search({ imagePath: photographPath('march-pastoral') });
    expect(hits[0].id).toBe(ids.get('march-pastoral'));
    expect(hits[0].scores.image).toBeGreaterThan(0.99);
  });

  it('joins words and picture', async () => {
    const { hits } = await search({ query: 'barn', imageId: ids.get('march-pastoral') });
    expect(Object.keys(hits[0].scores)).toEqual(expect.arrayContaining(['seen', 'image']));
  });
});

describe('filters, pages and collections', () => {
  it('apply before the hits are counted', async () => {
    const { hits } = await search({ imagePath: photographPath('march-pastoral'), filter: { tags: ['PLANT'] }, limit: 1 });
    expect(hits.map((hit) => hit.id)).toEqual([ids.get('allium-oreophilum')]);
    expect((await search({ query: 'sheep', filter: { tags: { none: ['land'] } } })).hits.map((hit) => hit.id)).not.toContain(ids.get('march-pastoral'));
  });

  it('an unknown field names the known ones', async () =>
    expect(await server.error('search_images', { query: 'x', collection: 'old', filter: { tag: 'x' } })).toMatch(/Did you mean "tags"\?.*orientation/s));

  it('a cursor continues where the page ended', async () => {
    const first = await search({ imagePath: photographPath('march-pastoral'), limit: 3 });
    const second = await search({ imagePath: photographPath('march-pastoral'), limit: 3, cursor: first.nextCursor });
    expect(first.hits.length + second.hits.length).toBe(4);
    expect(second.hits[0].rank).toBe(4);
    expect(second.nextCursor).toBeUndefined();
  });

  it('nothing leaks from one collection into another', async () => {
    const { hits } = await search({ query: 'sheep mountain barn', collection: 'captioned' });
    for (const hit of hits) expect([...ids.values()]).not.toContain(hit.id);
  });

  it('without a query it lists collections and the newest assets', async () => {
    const { collections, hits } = await server.call<Found>('search_images');
    const described = { name: 'old', images: 4, embedder: expect.stringMatching(/^vision/), requireApproval: false };
    expect(collections).toEqual(expect.arrayContaining([expect.objectContaining(described)]));
    expect(hits.length).toBe(5);
    expect((await server.call<Found>('search_images', { collection: 'captioned' })).hits.length).toBe(1);
    expect((await server.call<Found>('search_images', { filter: { tags: ['plant'] } })).hits.map((hit) => hit.id)).toEqual([ids.get('allium-oreophilum')]);
  });

  it('stays under 60 kB with thumbnails', async () => {
    const result = await server.raw('search_images', { query: 'landscape with sheep and a mountain', collection: 'old' });
    expect(result.content.filter((part) => part.type === 'image').length).toBeGreaterThan(0);
    expect(JSON.stringify(result).length).toBeLessThan(60_000);
  });
});

it('function words alone are no confident hit', async () => {
  expect((await search({ query: 'of a', collection: 'captioned' })).hits.every((hit) => hit.weak)).toBe(true);
});

describe('bad input', () => {
  it('an unknown collection names the existing ones', async () =>
    expect(await server.error('search_images', { query: 'x', collection: 'nope' })).toMatch(/"old".*"captioned"|"captioned".*"old"/));
  it('an unknown id', async () => expect(await server.error('search_images', { imageId: 'img_zzz', collection: 'old' })).toMatch(/NOT_FOUND/));
  it('a foreign cursor', async () => expect(await server.error('search_images', { query: 'x', cursor: 'zzz', collection: 'old' })).toMatch(/nextCursor/));
  it('two ways to give a picture', async () =>
    expect(await server.error('search_images', { imageId: 'img_a', imagePath: '/a.jpg', collection: 'old' })).toMatch(/not both/));
  it('a score that this search does not have', async () => {
    expect(await server.error('search_images', { query: 'sheep', collection: 'old', minScore: { image: 0.5 } })).toMatch(/minScore\.image.*"words", "seen"/s);
    expect(await server.error('search_images', { query: 'sheep', collection: 'old', minScore: { image: 0.5, seen: 0.1 } })).toMatch(/2 scores/);
    expect(await server.error('search_images', { minScore: { seen: 0.1 } })).toMatch(/need query/);
  });
  it('a limit out of range', async () => expect(await server.error('search_images', { query: 'x', limit: 500 })).toMatch(/limit/));
});
