import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asset, Ports } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';

interface Found {
  hits: { id: string; matched: Record<string, string[]>; missing: string[]; weak: boolean }[];
  collections?: { name: string; requireApproval: boolean }[];
  advice: string;
}

let server: Connection;
let ports: Ports;
const ids: Record<string, string> = {};

beforeAll(async () => {
  server = await connect();
  ({ ports } = await server.studio());
  const assets: Record<string, Partial<Asset>> = {
    red: {
      caption: 'A red kettle',
      tags: ['kitchen', 'red'],
      attributes: { price: 30, season: 'summer', taken: '2026-05-01', ours: true },
      licence: 'CC-BY-4.0',
    },
    blue: { caption: 'A blue kettle', tags: ['kitchen'], attributes: { price: 45.5, season: 'winter', taken: '2026-11-21' }, width: 400, status: 'pending' },
    pot: { caption: 'An iron kettle and a pot', attributes: { season: 'autumn' }, height: 900, creator: 'Ada' },
  };
  const entries = Object.entries(assets).map(([name, fields], at) => {
    const id = `img_${name.padEnd(20, '0')}`;
    ids[name] = id;
    const now = new Date(Date.UTC(2026, at, 1)).toISOString();
    const asset: Asset = {
      ...{ id, collection: 'shop', kind: 'image', status: 'approved', objectKey: `${'0'.repeat(64)}.png`, sha256: name, mediaType: 'image/png' },
      ...{ byteLength: 1, width: 1200, height: 800, name: `${at}.png`, tags: [], source: 'test', createdAt: now, updatedAt: now },
      ...fields,
    };
    return { asset, vectors: [{ embedderId: 'vision-lite0.1+colour.1', vectors: [{ vector: Float32Array.of(1, at) }] }] };
  });
  await ports.catalog.upsert(entries, 'vision-lite0.1+colour.1');
});
afterAll(() => server.close());

const search = (args: Record<string, unknown>) => server.call<Found>('search_images', { collection: 'shop', includeImages: false, ...args });
const named = ({ hits }: Found) => hits.map(({ id }) => Object.keys(ids).find((name) => ids[name] === id)).sort();

describe('a filter', () => {
  it.each([
    [{ season: 'summer' }, ['red']],
    [{ season: ['summer', 'winter'] }, ['blue', 'red']],
    [{ price: { lte: 40 } }, ['red']],
    [{ price: { gte: 30, lte: 45.5 } }, ['blue', 'red']],
    [{ price: 45.5 }, ['blue']],
    [{ ours: true }, ['red']],
    [{ taken: { gte: '2026-05-01', lte: '2026-05-31' } }, ['red']],
    [{ taken: { gte: '2026-11-21' } }, ['blue']],
    [{ createdAt: { gte: '2026-02-01' } }, ['blue', 'pot']],
    [{ createdAt: '2026-02-01' }, ['blue']],
    [{ orientation: 'portrait' }, ['blue']],
    [{ megapixels: { gte: 1 } }, ['pot']],
    [{ licence: 'cc-by-4.0' }, ['red']],
    [{ creator: 'Ada' }, ['pot']],
    [{ status: 'pending' }, ['blue']],
    [{ status: ['pending', 'approved'], tags: { all: ['kitchen'], none: ['red'] } }, ['blue']],
    [{ tags: ['kitchen'], season: 'summer' }, ['red']],
    [{ season: 'spring' }, []],
  ] as [Record<string, unknown>, string[]][])('%j holds for words and for the list alike', async (filter, expected) => {
    expect(named(await search({ query: 'kettle', filter }))).toEqual(expected);
    expect(named(await search({ filter }))).toEqual(expected);
  });

  it('of attributes may be looked for over all collections', async () => {
    expect(named(await server.call<Found>('search_images', { filter: { season: 'winter' }, includeImages: false }))).toEqual(['blue']);
  });

  it('with an unknown field is an error that lists the attributes too', async () => {
    for (const query of [{ query: 'kettle' }, {}])
      expect(await server.error('search_images', { ...query, collection: 'shop', filter: { seson: 'x' } })).toMatch(
        /INVALID_INPUT.*"seson".*Did you mean "season"\?.*status.*attributes here: ours, price, season, taken/s,
      );
  });

  it('that leaves nothing says so', async () => {
    expect((await search({ query: 'kettle', filter: { season: 'spring' } })).advice).toMatch(/Nothing in "shop" matches\. Loosen filter/);
    expect((await search({ filter: { season: 'spring' } })).advice).toMatch(/No asset in "shop" matches/);
  });
});

describe('words', () => {
  it('of text attributes count as written by a person', async () => {
    const [hit] = (await search({ query: 'summer' })).hits;
    expect(hit).toMatchObject({ id: ids.red, matched: { written: ['summer'] }, missing: [], weak: false });
  });

  it('with one typo are found and shown with what they were taken for', async () => {
    const [hit] = (await search({ query: 'bleu ketle' })).hits;
    expect(hit).toMatchObject({ id: ids.blue, matched: { written: ['bleu~blue', 'ketle~kettle'] }, missing: [], weak: false });
  });

  it('that the collection has are never taken for others', async () => {
    for (const hit of (await search({ query: 'summer kettle' })).hits.filter(({ id }) => id !== ids.red)) expect(hit.missing).toEqual(['summer']);
  });
});

it('collections say whether they require approval', async () => {
  await server.call('manage_collection', { collection: 'shop', requireApproval: true });
  expect((await server.call<Found>('search_images', {})).collections).toEqual([expect.objectContaining({ name: 'shop', requireApproval: true })]);
});
