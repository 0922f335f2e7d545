import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asset, Ports } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';

interface Found {
  hits: { id: string; name: string; rank: number; scores: Record<string, number>; matched: Record<string, string[]>; missing: string[]; weak: boolean }[];
  nextCursor?: string;
  advice: string;
}

let server: Connection;
let ports: Ports;
beforeAll(async () => {
  server = await connect();
  ({ ports } = await server.studio());
});
afterAll(() => server.close());

/** The id alone matters here: vectors are given, and queries use those that are stored. */
const EMBEDDER = 'vision-lite0.1+colour.1';
let made = 0;

/** A vector at this angle (radians) from the first axis. */
const at = (angle: number) => Float32Array.of(Math.cos(angle), Math.sin(angle), 0, 0);

/** Puts assets into the catalog as ingest would, without pixels. */
async function put(collection: string, assets: (Partial<Asset> & { angle?: number })[]): Promise<string[]> {
  const entries = assets.map(({ angle = 0, ...fields }) => {
    made++;
    const now = new Date(Date.UTC(2026, 0, 1) + made * 1000).toISOString();
    const asset: Asset = {
      ...{ id: `img_${String(made).padStart(20, '0')}`, collection, kind: 'image', status: 'approved', objectKey: `${'0'.repeat(64)}.png`, sha256: `s${made}` },
      ...{ mediaType: 'image/png', byteLength: 1, width: 1, height: 1, name: `${made}.png`, tags: [], source: 'test', createdAt: now, updatedAt: now },
      ...fields,
    };
    return { asset, vectors: [{ embedderId: EMBEDDER, vectors: [{ vector: at(angle) }] }] };
  });
  await ports.catalog.upsert(entries, EMBEDDER);
  return entries.map(({ asset }) => asset.id);
}

const search = (args: Record<string, unknown>) => server.call<Found>('search_images', { includeImages: false, ...args });
const idsOf = ({ hits }: Found) => hits.map(({ id }) => id);

describe('pages', () => {
  it('neither repeat nor skip a hit while assets are added, edited and deleted', async () => {
    const captions = Array.from({ length: 40 }, (_, i) => ({ caption: `harbour ${'with many boats '.repeat(i % 7)}` }));
    const first = await put('moving', captions);
    const shown: string[] = [];
    let cursor: string | undefined;
    let removed: string[] = [];
    for (let page = 0; page === 0 || cursor !== undefined; page++) {
      const found = await search({ query: 'harbour', collection: 'moving', limit: 7, ...(cursor ? { cursor } : {}) });
      expect(found.hits.map(({ rank }) => rank)).toEqual(found.hits.map((_, i) => shown.length + i + 1));
      shown.push(...idsOf(found));
      cursor = found.nextCursor;
      if (page > 3) continue;
      // New best hits, better and worse texts for old ones, and holes before and after the cursor.
      await put('moving', [{ caption: 'harbour harbour harbour' }]);
      const left = first.filter((id) => !shown.includes(id) && !removed.includes(id));
      const [better, gone] = [left[0], left.at(-1) as string];
      const asset = (await ports.catalog.get(better)) as Asset;
      await ports.catalog.upsert(
        [{ asset: { ...asset, caption: 'harbour' } }, { asset: { ...((await ports.catalog.get(shown[0])) as Asset), caption: 'harbour at last' } }],
        EMBEDDER,
      );
      await ports.catalog.remove([gone, shown.at(-1) as string]);
      removed = [...removed, gone];
    }
    expect(new Set(shown).size).toBe(shown.length);
    expect(first.filter((id) => !shown.includes(id))).toEqual(removed.filter((id) => !shown.includes(id)).sort());
    expect(removed.length).toBeGreaterThan(2);
  });

  it('together are the whole result in its order, whatever their length', async () => {
    await put(
      'still',
      Array.from({ length: 230 }, (_, i) => ({ caption: `lamp number ${i}`, angle: i / 100 })),
    );
    const collect = async (args: Record<string, unknown>, limit: number) => {
      const shown: string[] = [];
      let cursor: string | undefined;
      do {
        const found: Found = await search({ collection: 'still', limit, ...args, ...(cursor ? { cursor } : {}) });
        shown.push(...idsOf(found));
        cursor = found.nextCursor;
      } while (cursor !== undefined);
      return shown;
    };
    const all = await collect({ query: 'lamp' }, 50);
    expect(new Set(all).size).toBe(230);
    expect(await collect({ query: 'lamp' }, 23)).toEqual(all);
    expect(new Set(await collect({}, 50)).size).toBe(230);
  });

  it('end after 1,000 hits, and say so', { timeout: 60_000 }, async () => {
    await put(
      'deep',
      Array.from({ length: 1100 }, () => ({ caption: 'chair' })),
    );
    let found = await search({ query: 'chair', collection: 'deep', limit: 50 });
    let shown = found.hits.length;
    while (found.nextCursor !== undefined) {
      found = await search({ query: 'chair', collection: 'deep', limit: 50, cursor: found.nextCursor });
      shown += found.hits.length;
    }
    expect(shown).toBe(1000);
    expect(found.advice).toMatch(/Paging ends here/);
  });

  it('a cursor of another search, of a list, or an invented one is refused', async () => {
    await put(
      'two',
      Array.from({ length: 4 }, () => ({ caption: 'blue door' })),
    );
    const { nextCursor: cursor } = await search({ query: 'door', collection: 'two', limit: 2 });
    const { nextCursor: listed } = await search({ collection: 'two', limit: 2 });
    expect(cursor).toBeDefined();
    expect((await search({ query: 'door', collection: 'two', limit: 1, cursor })).hits.length).toBe(1);
    for (const other of [
      { query: 'blue' },
      { query: 'door', filter: { status: 'approved' } },
      { query: 'door', diversity: 0.5 },
      { query: 'door', kind: 'any' },
      {},
    ])
      expect(await server.error('search_images', { collection: 'two', ...other, cursor })).toMatch(/INVALID_INPUT.*another search/s);
    expect(await server.error('search_images', { query: 'door', collection: 'two', cursor: listed })).toMatch(/another search/);
    for (const invented of ['x', 'AAAAAAAA.AAAA', `${cursor?.slice(0, 9)}AA`, `${cursor} `, 'o10'])
      expect(await server.error('search_images', { query: 'door', collection: 'two', cursor: invented }), invented).toMatch(/INVALID_INPUT/);
  });
});

describe('narrowing', () => {
  it('minScore keeps hits that have the score, and enough of it', async () => {
    const seen = (p: number) => ({ seen: { classes: [[207, p]] as [number, number][], colours: [] } });
    const [sure, faint] = await put('scored', [seen(0.8), seen(0.2), { caption: 'a dog, unseen' }]);
    expect((await search({ query: 'dog', collection: 'scored' })).hits.length).toBe(3);
    expect(idsOf(await search({ query: 'dog', collection: 'scored', minScore: { seen: 0.5 } }))).toEqual([sure]);
    expect(idsOf(await search({ query: 'dog', collection: 'scored', minScore: { seen: 0.1 } }))).toEqual([sure, faint]);
    const none = await search({ query: 'dog', collection: 'scored', minScore: { words: 1000 } });
    expect(none).toMatchObject({ hits: [], advice: expect.stringMatching(/Loosen filter or minScore/) });
  });

  it('diversity holds near-identical hits back, over pages too, and is off by default', async () => {
    const [query, twin, twin2, twin3, other] = await put(
      'twins',
      [0, 0.01, 0.02, 0.03, 0.9].map((angle) => ({ angle })),
    );
    const order = [twin, twin2, twin3, other];
    expect(idsOf(await search({ imageId: query, collection: 'twins' }))).toEqual(order);
    expect(idsOf(await search({ imageId: query, collection: 'twins', diversity: 0.7 })).slice(0, 2)).toEqual([twin, other]);
    const first = await search({ imageId: query, collection: 'twins', diversity: 0.7, limit: 1 });
    const second = await search({ imageId: query, collection: 'twins', diversity: 0.7, limit: 3, cursor: first.nextCursor });
    expect([...idsOf(first), ...idsOf(second)].sort()).toEqual([...order].sort());
    expect(idsOf(second)[0]).toBe(other);
  });
});

describe('pictures as queries', () => {
  it('use the vectors that are stored: the file is not needed', async () => {
    const [query, near, far] = await put('stored', [{ angle: 0 }, { angle: 0.2 }, { angle: 1.2 }]);
    const { hits } = await search({ imageId: query, collection: 'stored' });
    expect(hits.map(({ id }) => id)).toEqual([near, far]);
    expect(hits[0].scores.image).toBeCloseTo(Math.cos(0.2), 2);
  });

  it('a video stands for all its frames', async () => {
    const [, near, , other] = await put('frames', [{ angle: 0.1 }, { angle: 0.7 }, { angle: 2.5 }, { angle: 1.4 }]);
    const video = (await ports.catalog.get(near)) as Asset;
    const id = 'vid_00000000000000000001';
    const vectors = [0.72, 1.41].map((angle, i) => ({ vector: at(angle), atSeconds: i }));
    await ports.catalog.upsert([{ asset: { ...video, id, kind: 'video', durationSeconds: 2 }, vectors: [{ embedderId: EMBEDDER, vectors }] }], EMBEDDER);
    expect(idsOf(await search({ imageId: id, collection: 'frames', limit: 2 })).sort()).toEqual([near, other].sort());
    const clips = await server.call<{ hits: { id: string; atSeconds: number }[] }>('search_images', { imageId: other, collection: 'frames', kind: 'video' });
    expect(clips.hits).toEqual([expect.objectContaining({ id, atSeconds: 1 })]);
  });
});

describe('attributes and typos', () => {
  it('an empty result and an absent word are said', async () => {
    await put('small', [{ caption: 'A teapot' }]);
    expect(await search({ query: 'zeppelin', collection: 'small' })).toMatchObject({ hits: [], advice: expect.stringMatching(/Nothing in "small" matches/) });
    expect((await search({ query: 'teapot over zeppelin', collection: 'small' })).hits[0]).toMatchObject({
      matched: { written: ['teapot'] },
      missing: ['zeppelin'],
    });
  });
});
