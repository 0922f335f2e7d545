import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fuse } from '../../src/library/fusion.ts';
import type { Catalog, Filter } from '../../src/ports.ts';
import { type CatalogFixture, exampleAsset, randomVector, sequence } from '../contracts/catalog.ts';
import { catalogFixture, signAs } from './opensearch-fixture.ts';
import { nodesUnderTest } from './opensearch-versions.ts';
import { openSigningProxy, type SigningProxy } from './signing-proxy.ts';

const COUNT = 20_000;
const DIMENSIONS = 128;
const OLD = 'old@1';
const NEW = 'new@2';

signAs();

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);
for (const node of await nodesUnderTest()) {
  describe(`20,000 vectors on OpenSearch ${node.version}`, () => {
    const next = sequence(17);
    const centres = Array.from({ length: 200 }, () => randomVector(next, DIMENSIONS));
    const near = (): Float32Array => {
      const noise = randomVector(next, DIMENSIONS);
      const vector = centres[Math.floor(((next() + 1) / 2) * centres.length)].map((x, i) => x + 0.6 * noise[i]);
      const length = Math.hypot(...vector);
      return vector.map((x) => x / length);
    };
    const entries = Array.from({ length: COUNT }, (_, i) => ({
      asset: exampleAsset({ caption: i % 1000 === 7 ? 'a red lighthouse' : `thing ${i % 97}`, tags: i % 20 === 0 ? ['few'] : [] }),
      vectors: [{ embedderId: OLD, vectors: [{ vector: near() }] }],
    }));
    const vectorOf = (i: number) => entries[i].vectors[0].vectors[0].vector;
    let proxy: SigningProxy;
    let fixture: CatalogFixture;
    let catalog: Catalog;

    beforeAll(async () => {
      await node.start();
      proxy = await openSigningProxy(node.url, { service: 'es' });
      fixture = await catalogFixture(proxy.url, node.url);
      ({ catalog } = fixture);
      const began = Date.now();
      for (let at = 0; at < COUNT; at += 2000) await catalog.upsert(entries.slice(at, at + 2000), OLD);
      console.log(`OpenSearch ${node.version}: ${COUNT} x ${DIMENSIONS} stored in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    }, 600_000);
    afterAll(async () => {
      await fixture?.close();
      await proxy?.close();
      await node.close();
    });

    test('at least .95 of the true ten best are found, with and without a filter', async () => {
      const filters: [Filter, (i: number) => boolean][] = [
        [{}, () => true],
        [{ tagsAll: ['few'] }, (i) => i % 20 === 0],
      ];
      for (const [filter, allowed] of filters) {
        let found = 0;
        const times: number[] = [];
        for (let round = 0; round < 50; round++) {
          const vector = near();
          const truth = entries
            .map(({ asset }, i) => ({ id: asset.id, score: allowed(i) ? dot(vectorOf(i), vector) : -2 }))
            .sort((a, b) => b.score - a.score)
            .slice(0, 10);
          const began = performance.now();
          const hits = await catalog.nearest('shop', { embedderId: OLD, vector }, filter, 10);
          times.push(performance.now() - began);
          found += truth.filter(({ id }) => ids(hits).includes(id)).length;
        }
        const p50 = times.sort((a, b) => a - b)[25];
        console.log(`OpenSearch ${node.version}: recall@10 ${found / 500}${filter.tagsAll ? ' with a filter' : ''}, p50 ${p50.toFixed(1)} ms`);
        expect(found / 500).toBeGreaterThanOrEqual(0.95);
      }
    });

    test('words and vectors together put first what both find', async () => {
      const both = entries[4007];
      const vector = vectorOf(4007);
      const words = await catalog.match('shop', 'red lighthouses', {}, 50);
      const images = await catalog.nearest('shop', { embedderId: OLD, vector }, {}, 50);
      expect(words).toHaveLength(20);
      const [first] = await fuse({ words, image: images }, undefined, 1, async (some) => new Map(some.map((id) => [id, 1])));
      expect(first.id).toBe(both.asset.id);
    });

    test('the collection is embedded anew while it is searched, and the old vectors go', { timeout: 400_000 }, async () => {
      await catalog.beginGeneration('shop', NEW, 16);
      for (;;) {
        const missing = await catalog.missingVectors('shop', NEW, { limit: 5000 });
        if (missing.length === 0) break;
        await catalog.addVectors(
          'shop',
          NEW,
          missing.map((id) => ({ id, vectors: [{ vector: randomVector(next, 16) }] })),
        );
        expect(await catalog.nearest('shop', { embedderId: OLD, vector: near() }, {}, 10)).toHaveLength(10);
      }
      expect(await catalog.switchGeneration('shop', NEW, { without: [] })).toBe(true);
      await catalog.dropGeneration('shop', OLD);
      expect((await catalog.vectors([entries[0].asset.id], OLD)).size).toBe(0);
      expect(await catalog.nearest('shop', { embedderId: NEW, vector: randomVector(next, 16) }, { tagsAll: ['few'] }, 1000)).toHaveLength(1000);
    });
  });
}
