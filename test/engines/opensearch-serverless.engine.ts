import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atAngle, catalogContract, exampleAsset } from '../contracts/catalog.ts';
import { catalogGenerationsContract } from '../contracts/catalog-generations.ts';
import { catalogFixture, signAs } from './opensearch-fixture.ts';
import { nodesUnderTest } from './opensearch-versions.ts';
import { serverless } from './serverless.ts';
import { openSigningProxy, type SigningProxy } from './signing-proxy.ts';

signAs();

const [node] = await nodesUnderTest();
const vectors = (degrees: number) => [{ embedderId: 'test@1', vectors: [{ vector: atAngle(degrees) }] }];

describe.skipIf(!node)('what OpenSearch Serverless takes and refuses, before a real node', () => {
  beforeAll(() => node.start(), 600_000);
  afterAll(() => node.close());

  for (const kind of ['classic', 'nextgen'] as const) {
    describe(kind, () => {
      let proxy: SigningProxy;
      beforeAll(async () => {
        proxy = await openSigningProxy(node.url, { service: 'aoss', rewrite: serverless(kind) });
      });
      afterAll(() => proxy.close());

      catalogContract(() => catalogFixture(proxy.url, node.url, { kind }), { approximate: true });
      // Both take the same way to them, and each write waits until it is seen.
      if (kind === 'classic') {
        describe('generations', () => {
          catalogGenerationsContract(() => catalogFixture(proxy.url, node.url, { kind }));
        });
      }

      test('an asset is stored, found by its vector, changed and removed', async () => {
        const { catalog, close } = await catalogFixture(proxy.url, node.url, { kind });
        const asset = exampleAsset();
        await catalog.upsert([{ asset, vectors: vectors(0) }], 'test@1');
        await catalog.upsert([{ asset: { ...asset, tags: ['new'] } }], 'test@1');
        const query = { embedderId: 'test@1', vector: atAngle(0) };
        expect(await catalog.nearest('shop', query, { tagsAll: ['new'] }, 3)).toEqual([{ id: asset.id, score: expect.closeTo(1, 3) }]);
        await catalog.remove([asset.id]);
        expect(await catalog.nearest('shop', query, {}, 3)).toEqual([]);
        await close();
      });

      test('every request was signed rightly', () => {
        expect(proxy.refused).toEqual([]);
      });

      test('is found out by a probe, which leaves nothing behind', async () => {
        const unsure = await openSigningProxy(node.url, { service: 'es', rewrite: serverless(kind) });
        const { catalog, close, prefix } = await catalogFixture(unsure.url, node.url, { kind: 'auto' });
        await catalog.upsert([{ asset: exampleAsset(), vectors: vectors(0) }], 'test@1');
        expect(await (await fetch(`${node.url}/_cat/indices/${prefix}-*?h=index`)).text()).toMatch(new RegExp(`^${prefix}-c-shop-[0-9a-f]+\\n$`));
        await close();
        await unsure.close();
      });
    });
  }

  test('a change that was cut off between adding and deleting leaves two versions, of which the newer counts', async () => {
    let isCut = false;
    const rules = serverless('classic');
    const proxy = await openSigningProxy(node.url, {
      service: 'aoss',
      rewrite: (seen) => (isCut && seen.body.startsWith('{"delete"') ? { status: 500, body: {} } : rules(seen)),
    });
    const { catalog, another, close } = await catalogFixture(proxy.url, node.url, { kind: 'classic' });
    const asset = exampleAsset({ caption: 'first' });
    await catalog.upsert([{ asset, vectors: vectors(0) }], 'test@1');
    isCut = true;
    await expect(catalog.upsert([{ asset: { ...asset, caption: 'second' }, vectors: vectors(30) }], 'test@1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    isCut = false;
    const other = await another();
    await expect.poll(async () => (await other.get(asset.id))?.caption).toBe('second');
    expect((await other.list('shop', {}, { limit: 5 })).assets).toHaveLength(1);
    await other.upsert([{ asset: { ...asset, caption: 'third' } }], 'test@1');
    expect((await other.nearest('shop', { embedderId: 'test@1', vector: atAngle(30) }, {}, 5)).map(({ id }) => id)).toEqual([asset.id]);
    await close();
    await proxy.close();
  });
});
