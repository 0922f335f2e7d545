import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Catalog } from '../../src/ports.ts';
import { type CatalogFixture, exampleAsset, randomVector, sequence } from '../contracts/catalog.ts';
import { catalogFixture, signAs } from './opensearch-fixture.ts';
import { nodesUnderTest } from './opensearch-versions.ts';
import { openSigningProxy, type SigningProxy } from './signing-proxy.ts';

const OLD = 'old@1';

signAs();

const ids = (found: { id: string }[]): string[] => found.map(({ id }) => id);
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

for (const node of await nodesUnderTest()) {
  describe(`a killed node of OpenSearch ${node.version}`, () => {
    const next = sequence(23);
    const near = () => randomVector(next, 128);
    let proxy: SigningProxy;
    let fixture: CatalogFixture;
    let catalog: Catalog;

    beforeAll(async () => {
      await node.start();
      proxy = await openSigningProxy(node.url, { service: 'es' });
      fixture = await catalogFixture(proxy.url, node.url);
      ({ catalog } = fixture);
    }, 600_000);
    afterAll(async () => {
      await fixture?.close();
      await proxy?.close();
      await node.close();
    });

    test('a node that is killed in the middle of a bulk loses nothing that was acknowledged', async () => {
      const assets = () =>
        Array.from({ length: 200 }, () => ({ asset: exampleAsset({ collection: 'kills' }), vectors: [{ embedderId: OLD, vectors: [{ vector: near() }] }] }));
      const acknowledged: string[] = [];
      for (let round = 0; round < 5; round++) {
        const some = assets();
        await catalog.upsert(some, OLD);
        acknowledged.push(...some.map(({ asset }) => asset.id));
      }
      const pid = node.pid();
      expect(isAlive(pid)).toBe(true);
      const cut = assets();
      const bulks = () => proxy.requests.filter(({ path }) => path.startsWith('/_bulk')).length;
      const before = bulks();
      const refused = expect(catalog.upsert(cut, OLD)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      while (bulks() === before) await new Promise((resolve) => setImmediate(resolve));
      await node.kill();
      expect(isAlive(pid)).toBe(false);
      await refused;
      await node.start();
      expect(node.pid()).not.toBe(pid);
      expect(ids(await catalog.getMany(acknowledged))).toEqual(acknowledged);
      expect((await catalog.vectors(acknowledged, OLD)).size).toBe(acknowledged.length);
      await catalog.upsert(cut, OLD);
      expect((await catalog.collections()).find(({ name }) => name === 'kills')?.images).toBe(acknowledged.length + cut.length);
    });
  });
}
