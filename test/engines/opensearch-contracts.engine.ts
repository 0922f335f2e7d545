import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogContract } from '../contracts/catalog.ts';
import { catalogFiltersContract } from '../contracts/catalog-filters.ts';
import { catalogGenerationsContract } from '../contracts/catalog-generations.ts';
import { catalogFixture, signAs } from './opensearch-fixture.ts';
import { nodesUnderTest } from './opensearch-versions.ts';
import { openSigningProxy, type SigningProxy } from './signing-proxy.ts';

signAs();

for (const node of await nodesUnderTest()) {
  describe(`catalog on OpenSearch ${node.version}`, () => {
    let proxy: SigningProxy;
    beforeAll(async () => {
      await node.start();
      proxy = await openSigningProxy(node.url, { service: 'es' });
    }, 600_000);
    afterAll(async () => {
      await proxy?.close();
      await node.close();
    });

    catalogContract(() => catalogFixture(proxy.url, node.url), { approximate: true });
    describe('filters', () => {
      catalogFiltersContract(() => catalogFixture(proxy.url, node.url));
    });
    describe('generations', () => {
      catalogGenerationsContract(() => catalogFixture(proxy.url, node.url));
    });

    test('every request was signed rightly', () => {
      expect(proxy.refused).toEqual([]);
      expect(proxy.requests.length).toBeGreaterThan(100);
    });
  });
}
