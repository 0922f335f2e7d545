import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Asset, Ports } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';

interface Plan {
  shots: { referenceId?: string; retrieved?: string[]; dropped: string[] }[];
}

let server: Connection;
let ports: Ports;
beforeAll(async () => {
  server = await connect();
  ({ ports } = await server.studio());
});
afterAll(() => server.close());

let made = 0;

/** Puts pictures with the same bytes into the catalog, without looking at them. */
async function put(collection: string, assets: Partial<Asset>[]): Promise<string[]> {
  const stored = await ports.objects.put(Buffer.from('pixels are not looked at here'), 'image/png');
  const entries = assets.map((fields) => {
    made++;
    const now = new Date(Date.UTC(2026, 0, 1) + made * 1000).toISOString();
    const asset: Asset = {
      ...{ id: `img_${String(made).padStart(20, '0')}`, collection, kind: 'image', status: 'approved', objectKey: stored.key, sha256: `${made}` },
      ...{ mediaType: 'image/png', byteLength: 1, width: 800, height: 600, name: `${made}.png`, tags: [], source: 'test', createdAt: now, updatedAt: now },
      ...fields,
    };
    return { asset, vectors: [{ embedderId: 'vision-lite0.1+colour.1', vectors: [{ vector: Float32Array.of(1, made) }] }] };
  });
  await ports.catalog.upsert(entries, 'vision-lite0.1+colour.1');
  return entries.map(({ asset }) => asset.id);
}

const request = (collection: string, shot: Record<string, unknown>) => ({ prompt: 'Slow zoom in', collection, dryRun: true, ...shot });
const plan = async (collection: string, query: string) => (await server.call<Plan>('generate_video', request(collection, { query }))).shots[0];
const refused = (collection: string, query: string) => server.error('generate_video', request(collection, { query }));

/** ImageNet-1k class 207 is a golden retriever, 970 an alp (docs of the packaged model's table). */
const seen = (dog: number, colours: [string, number][] = []) => ({ seen: { classes: [[207, dog] as [number, number]], colours } });

describe('a query retrieves a reference', () => {
  it("where a person's words contain its noun: in the caption, a tag or a text attribute", async () => {
    for (const [name, fields] of Object.entries({
      caption: { caption: 'Our dogs at the lake' },
      tag: { tags: ['dog'] },
      attribute: { attributes: { animal: 'dog' } },
    })) {
      const [id] = await put(`by-${name}`, [fields]);
      expect(await plan(`by-${name}`, 'a dog in the snow'), name).toMatchObject({ referenceId: id, retrieved: [expect.stringContaining(id)] });
    }
  });

  it('where a known word was seen with a probability of at least .15', async () => {
    const [id] = await put('sighted', [seen(0.16)]);
    expect(await plan('sighted', 'dog')).toMatchObject({ referenceId: id });
    await put('unsighted', [seen(0.14)]);
    expect(await refused('unsighted', 'dog')).toMatch(/NOT_FOUND.*clearly shows "dog".*seen 0\.14; not found: dog/s);
  });

  it('but not by what stands beside the noun, by another colour, or by a caption that a model wrote', async () => {
    await put('beside', [{ caption: 'A lake in the snow' }]);
    expect(await refused('beside', 'a dog in the snow')).toMatch(/NOT_FOUND.*not found: dog/s);
    await put('colours', [seen(0.9, [['brown', 0.5]])]);
    expect(await refused('colours', 'a green dog')).toMatch(/NOT_FOUND.*not found: green/s);
    await put('told', [{ caption: 'A dog', captionOrigin: 'model' }]);
    expect(await refused('told', 'dog')).toMatch(/NOT_FOUND/);
  });

  it('and an empty collection or an absent word shows that nothing comes close', async () => {
    await put('other', [{ caption: 'A kettle' }]);
    expect(await refused('other', 'submarine')).toMatch(/Nothing approved in it comes close/);
  });

  it('and says that "without" is not understood', async () => {
    await put('leash', [{ caption: 'A dog' }]);
    expect((await plan('leash', 'dog without a leash')).dropped.join()).toMatch(/does not understand "without"/);
    expect((await plan('leash', 'dog')).dropped).toEqual([]);
  });
});

describe('approval', () => {
  it('a query finds approved pictures only, and a pending one that fits is named', async () => {
    const [pending, approved] = await put('vetted', [{ caption: 'A dog', status: 'pending' }, { caption: 'A dog with a ball in the park on a summer day' }]);
    expect(await plan('vetted', 'dog')).toMatchObject({ referenceId: approved });
    await put('waiting', [{ caption: 'A kettle' }]);
    const [fits] = await put('waiting', [{ caption: 'A dog', status: 'pending' }]);
    expect(await refused('waiting', 'dog')).toMatch(new RegExp(`${fits} shows it, but is pending: approve it with ingest_image`));
    expect(await refused('waiting', 'dog')).not.toContain(pending);
  });

  it('an explicit reference must be approved where the collection requires it, and never be rejected', async () => {
    const [pending, rejected] = await put('explicit', [{ status: 'pending' }, { status: 'rejected' }]);
    const by = (imageId: string) => request('explicit', { imageId });
    expect((await server.call<Plan>('generate_video', by(pending))).shots[0].referenceId).toBe(pending);
    expect(await server.error('generate_video', by(rejected))).toMatch(/INVALID_INPUT.*is rejected/s);
    await server.call('manage_collection', { collection: 'explicit', requireApproval: true });
    expect(await server.error('generate_video', by(pending))).toMatch(
      new RegExp(`INVALID_INPUT.*is pending, and collection "explicit" requires approval.*ingest_image \\{imageId: "${pending}", status: "approved"\\}`, 's'),
    );
    await server.call('ingest_image', { imageId: pending, status: 'approved' });
    expect((await server.call<Plan>('generate_video', by(pending))).shots[0].referenceId).toBe(pending);
  });
});
