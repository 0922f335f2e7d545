import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCatalog } from '../../src/adapters/local/store/catalog.ts';
import { openDatabase } from '../../src/adapters/local/store/database.ts';
import { editDistance } from '../../src/adapters/local/store/edit-distance.ts';
import { Matrix } from '../../src/adapters/local/store/matrix.ts';
import { codeOf, quantise } from '../../src/adapters/local/store/quantise.ts';
import type { AssetVector, EmbeddedVectors } from '../../src/ports.ts';
import { type CatalogFixture, catalogContract, exampleAsset, randomVector, sequence } from '../contracts/catalog.ts';
import { catalogFiltersContract } from '../contracts/catalog-filters.ts';
import { catalogGenerationsContract } from '../contracts/catalog-generations.ts';

const one = (...vectors: AssetVector[]): EmbeddedVectors[] => [{ embedderId: 'test@1', vectors }];
const asked = (vector: Float32Array) => ({ embedderId: 'test@1', vector });

async function open(): Promise<CatalogFixture> {
  const home = await mkdtemp(path.join(tmpdir(), 'vrag-catalog-'));
  const databases = [openDatabase(home)];
  return {
    catalog: createCatalog(databases[0]),
    another: async () => {
      const database = openDatabase(home);
      databases.push(database);
      return createCatalog(database);
    },
    close: async () => {
      for (const database of databases) await database.close();
      await rm(home, { recursive: true });
    },
  };
}

describe('SQLite catalog', () => {
  catalogContract(open);
  describe('filters', () => {
    catalogFiltersContract(open);
  });
  describe('generations', () => {
    catalogGenerationsContract(open);
  });
});

describe('vectors', () => {
  const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

  test('all of the true ten best of 5,000 are found, also for sparse and for clustered vectors', async () => {
    const fixture = await open();
    const { catalog } = fixture;
    const next = sequence(3);
    const dimensions = 130;
    const centres = Array.from({ length: 20 }, () => randomVector(next, dimensions));
    const kinds: (() => Float32Array)[] = [
      () => randomVector(next, dimensions),
      () => randomVector(next, dimensions).map((x) => (Math.abs(x) > 0.1 ? x : x * 0.01)),
      () => {
        const noise = randomVector(next, dimensions);
        return centres[Math.floor((next() + 1) * 10)].map((x, i) => x + 0.1 * noise[i]);
      },
    ];
    const entries = Array.from({ length: 5000 }, (_, i) => {
      const vector = kinds[i % 3]();
      const length = Math.hypot(...vector);
      return { asset: exampleAsset({ tags: i % 50 === 0 ? ['few'] : [] }), vectors: one({ vector: vector.map((x) => x / length) }) };
    });
    await catalog.upsert(entries, 'test@1');
    for (let round = 0; round < 15; round++) {
      const query = kinds[round % 3]();
      const length = Math.hypot(...query);
      const unit = query.map((x) => x / length);
      for (const filter of [{}, { tagsAny: ['few'] }]) {
        const truth = entries
          .filter(({ asset }) => !('tagsAny' in filter) || asset.tags.includes('few'))
          .map(({ asset, vectors }) => ({ id: asset.id, score: dot(vectors[0].vectors[0].vector, unit) }))
          .sort((a, b) => b.score - a.score)
          .slice(0, 10);
        const found = await catalog.nearest('shop', asked(query), filter, 10);
        // Closer than int16 can tell apart, two may change places, so scores are compared; a missed one would show as a lower score.
        found.forEach(({ score }, i) => {
          expect(Math.abs(score - truth[i].score)).toBeLessThan(1e-4);
        });
        expect(new Set(found.map(({ id }) => id)).size).toBe(10);
      }
    }
    await fixture.close();
  });

  test('the kernel computes what plain arithmetic does, within the error it states', () => {
    const next = sequence(9);
    for (const dimensions of [1, 15, 16, 100, 512]) {
      const matrix = new Matrix(dimensions);
      const vectors = Array.from({ length: 700 }, () => randomVector(next, dimensions));
      vectors.forEach((vector, i) => {
        const { code, scale } = quantise(vector);
        matrix.append(i, i, null, codeOf(code), scale);
      });
      const query = Float64Array.from(randomVector(next, dimensions));
      const slack = matrix.scan(query, undefined) + 1e-4;
      let largest = 0;
      vectors.forEach((vector, i) => {
        const exact = vector.reduce((sum, x, j) => sum + x * query[j], 0);
        expect(Math.abs(matrix.scores[i] - exact)).toBeLessThan(matrix.errorOf[i] + slack);
        largest = Math.max(largest, matrix.errorOf[i]);
      });
      expect(largest).toBeLessThan(0.02);
    }
  });

  test('a thousand edits in every order leave the same answers as a fresh server gives', async () => {
    const fixture = await open();
    const { catalog } = fixture;
    const next = sequence(21);
    const pick = (count: number) => Math.floor(((next() + 1) / 2) * count);
    const assets = Array.from({ length: 60 }, (_, i) => exampleAsset({ kind: i % 3 ? 'image' : 'video' }));
    const concepts = [{ word: 'x', weight: 1, classes: [[3, 1]] as [number, number][] }];
    for (let step = 0; step < 200; step++) {
      const batch = Array.from({ length: 5 }, () => assets[pick(60)]);
      const distinct = [...new Set(batch)];
      if (step % 4 === 3) await catalog.remove(distinct.map(({ id }) => id));
      else {
        const vectors = () => Array.from({ length: pick(4) }, (_, i) => ({ vector: randomVector(next, 24), atSeconds: i }));
        await catalog.upsert(
          distinct.map((asset) => ({
            asset: {
              ...asset,
              tags: pick(2) ? ['t'] : [],
              seen: { classes: Array.from({ length: 20 }, (_, i): [number, number] => [i, (pick(100) + 1) / 100]).slice(pick(20)), colours: [] },
            },
            vectors: pick(3) ? one(...vectors()) : undefined,
          })),
          'test@1',
        );
      }
      if (step % 10 !== 9) continue;
      const query = randomVector(next, 24);
      const fresh = await fixture.another();
      for (const filter of [{}, { tagsAll: ['t'] }]) {
        expect(await catalog.nearest('shop', asked(query), filter, 15)).toEqual(await fresh.nearest('shop', asked(query), filter, 15));
        expect(await catalog.seen('shop', { concepts, colours: [] }, filter, 15)).toEqual(await fresh.seen('shop', { concepts, colours: [] }, filter, 15));
      }
    }
    expect((await catalog.nearest('shop', asked(randomVector(next, 24)), {}, 15)).length).toBeGreaterThan(5);
    await fixture.close();
  });

  test('a vector that is not finite is refused', async () => {
    const fixture = await open();
    const vector = new Float32Array(16);
    vector[3] = Number.NaN;
    const refused = fixture.catalog.upsert([{ asset: exampleAsset(), vectors: one({ vector }) }], 'test@1');
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await fixture.close();
  });

  test('the event loop runs on while thousands of assets are stored', async () => {
    const fixture = await open();
    const next = sequence(2);
    const entries = Array.from({ length: 2500 }, () => ({ asset: exampleAsset(), vectors: one({ vector: randomVector(next, 64) }) }));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await fixture.catalog.upsert(entries, 'test@1');
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
    expect((await fixture.catalog.collections())[0].images).toBe(2500);
    await fixture.close();
  });
});

test('the edit distance is that of the full table, up to its limit', () => {
  const full = (a: string, b: string): number => {
    const row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      let diagonal = row[0];
      row[0] = i;
      for (let j = 1; j <= b.length; j++) {
        const above = row[j];
        row[j] = Math.min(diagonal + (a[i - 1] === b[j - 1] ? 0 : 1), above + 1, row[j - 1] + 1);
        diagonal = above;
      }
    }
    return row[b.length];
  };
  const next = sequence(4);
  const word = () => Array.from({ length: Math.floor((next() + 1) * 6) }, () => 'abc'[Math.floor(((next() + 1) / 2) * 3)]).join('');
  for (let round = 0; round < 3000; round++) {
    const [a, b, limit] = [word(), word(), round % 9];
    expect(editDistance(a, b, limit), `${a} ${b} ${limit}`).toBe(Math.min(full(a, b), limit + 1));
  }
  expect(editDistance('x'.repeat(200), `${'x'.repeat(199)}y`, 3)).toBe(1);
});
