import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOpenSearchCatalog } from '../../src/adapters/aws/opensearch/catalog.ts';
import type { EngineOptions } from '../../src/adapters/aws/opensearch/engine.ts';
import { openDatabase } from '../../src/adapters/local/store/database.ts';
import { createRecords } from '../../src/adapters/local/store/records.ts';
import type { Catalog } from '../../src/ports.ts';
import { atAngle, exampleAsset } from '../contracts/catalog.ts';
import { openRecorder, type RecordedRequest } from '../fixtures/opensearch-recorder.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const CLIENT = path.join(ROOT, 'node_modules/@opensearch-project/opensearch/index.js');
/** A change to a request that must not be accepted. */
const MISTAKES: [string, string][] = [
  ['"nested":', '"nestd":'],
  ['"must_not":', '"mustnot":'],
  ['"rank_feature":', '"rank_features":'],
  ['"linear":{}', '"linear":3'],
  ['"inner_hits":', '"innerHits":'],
  ['"search_after":', '"searchAfter":'],
  ['"minimum_should_match":', '"minimum_match":'],
  ['"fuzziness":1', '"fuzzyness":1'],
  ['"type":"knn_vector"', '"type":"knnvector"'],
  ['"dimension":20', '"dimension":"20"'],
  ['"if_seq_no":1', '"if_seq_no":"one"'],
  ['"ids":', '"id":'],
  ['"allow_partial_search_results":false', '"allow_partial_search_results":"no"'],
];

let home: string;
let recorder: Awaited<ReturnType<typeof openRecorder>>;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vrag-opensearch-'));
  recorder = await openRecorder();
  process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE';
  process.env.AWS_SECRET_ACCESS_KEY = 'secret';
});
afterAll(async () => {
  await recorder.close();
  await rm(home, { recursive: true });
});

let opened = 0;
async function withCatalog(options: Partial<EngineOptions>, use: (catalog: Catalog) => Promise<void>): Promise<RecordedRequest[]> {
  const database = openDatabase(path.join(home, String(++opened)));
  const all: EngineOptions = { url: recorder.url, region: 'eu-central-1', kind: 'domain', prefix: 'vrag', ...options };
  const { catalog, close } = createOpenSearchCatalog(all, createRecords(database));
  const before = recorder.requests.length;
  await use(catalog).finally(async () => {
    await close();
    await database.close();
  });
  return recorder.requests.slice(before);
}

const one = (embedderId: string, degrees: number) => ({ embedderId, vectors: [{ vector: atAngle(degrees) }] });
const looks = { seen: { classes: [[3, 0.5] as [number, number]], colours: [['red', 0.4] as [string, number]] }, perceptualHash: '0123456789abcdef' };

/** Every method of the catalog, so that every kind of request is made. */
async function everything(catalog: Catalog): Promise<void> {
  const frames = [0, 1].map((i) => ({ vector: atAngle(i), atSeconds: i }));
  const [image, video] = [exampleAsset({ ...looks, caption: 'a red boat', attributes: { price: 12, day: '2026-11-21' } }), exampleAsset({ kind: 'video' })];
  await catalog.upsert(
    [
      { asset: image, vectors: [one('a@1', 0)] },
      { asset: video, vectors: [{ embedderId: 'a@1', vectors: frames }] },
    ],
    'a@1',
  );
  await catalog.upsert([{ asset: { ...image, tags: ['edited'] } }, { asset: exampleAsset() }], 'a@1');
  const filter = {
    kind: 'image' as const,
    status: ['approved' as const],
    tagsAll: ['x'],
    tagsAny: ['y'],
    tagsNone: ['z'],
    fields: [{ field: 'width' as const, gte: 1, lte: 2 }, { field: { attribute: 'price' }, in: [12] }, { field: 'licence' as const }],
  };
  for (const each of [{}, filter]) {
    await catalog.nearest('shop', { embedderId: 'a@1', vector: atAngle(0) }, each, 5);
    await catalog.match('shop', 'red boatt 猫', each, 5);
    await catalog.seen(
      'shop',
      {
        concepts: [
          {
            word: 'dog',
            weight: 1,
            classes: [
              [3, 1],
              [4, 0.5],
            ],
          },
        ],
        colours: ['red'],
      },
      each,
      5,
    );
    await catalog.list('shop', each, { limit: 2 });
  }
  await catalog.list(undefined, {}, { limit: 2, cursor: Buffer.from(JSON.stringify(['2026', 'img_a'])).toString('base64url') });
  await catalog.nearDuplicates('shop', '0123456789abcdef', 10, 5);
  await catalog.nearDuplicates('shop', '0123456789abcdef', 64, 5);
  await catalog.findBySha256('shop', 'f'.repeat(64));
  await catalog.countByObjectKey('a.jpg');
  await catalog.attributeNames('shop');
  await catalog.collections();
  await catalog.similarIds('img_0', 3);
  await catalog.beginGeneration('shop', 'b@2', 20);
  await catalog.missingVectors('shop', 'b@2', { limit: 5, after: image.id });
  await catalog.addVectors('shop', 'b@2', [{ id: image.id, vectors: frames }]);
  await catalog.switchGeneration('shop', 'b@2', { without: ['img_x'] });
  await catalog.dropGeneration('shop', 'a@1');
  await catalog.vectors([image.id], 'b@2');
  await catalog.remove([image.id, video.id]);
  await catalog.removeCollection('shop');
}

/** What a request sends, each part with the client's own type of it. */
function typedParts({ method, path: address, body }: RecordedRequest): [type: string, json: string][] {
  if (body === '') return [];
  const lines = body.trimEnd().split('\n');
  if (address === '/_msearch') return lines.map((line, i) => [i % 2 ? 'Types.Core_Msearch.MultisearchBody' : 'Types.Core_Msearch.MultisearchHeader', line]);
  if (address === '/_bulk')
    return lines.filter((line) => /^\{"(?:index|create|delete)"/.test(line)).map((line) => ['Types.Core_Bulk.OperationContainer', line]);
  if (address.endsWith('/_mget')) return [['API.Mget_RequestBody', body]];
  if (address.endsWith('/_mapping')) return [['API.Indices_PutMapping_RequestBody', body]];
  // The types lack this setting.
  if (method === 'PUT') return [['API.Indices_Create_RequestBody', body.replace(',"knn.derived_source.enabled":false', '')]];
  throw new Error(`a request of an unknown kind: ${method} ${address}`);
}

function moduleOf(parts: [string, string][]): string {
  const lines = parts.map(([type, json], i) => `export const part${i}: ${type} = ${json};`);
  return [`import type { API, Types } from ${JSON.stringify(CLIENT)};`, ...lines, ''].join('\n');
}

/** The files of a folder that TypeScript finds fault with. */
async function faultyFiles(folder: string): Promise<string[]> {
  const options = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [path.join(ROOT, 'node_modules/@types')],
  };
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.ts'] }));
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'], { maxBuffer: 1e8 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
  return [...new Set(Array.from(output.matchAll(/^(\S+)\.ts\(\d+,\d+\): error/gm), ([, file]) => path.basename(file)))].sort();
}

test("every request of every kind fits the client's own types, and a mistake in one does not", async () => {
  const folder = await mkdtemp(path.join(home, 'types-'));
  let domain: [string, string][] = [];
  for (const kind of ['domain', 'classic', 'nextgen'] as const) {
    const requests = await withCatalog({ kind, compression: kind === 'nextgen' ? '4x' : undefined }, everything);
    const parts = new Map(requests.flatMap(typedParts).map(([type, json]) => [type + json, [type, json] as [string, string]]));
    if (kind === 'domain') domain = [...parts.values()];
    await writeFile(path.join(folder, `${kind}.ts`), moduleOf([...parts.values()]));
    const sent = requests.map(({ method, path: address, query, body }) => `${method} ${address}?${query} ${body}`).join('\n');
    expect(sent.includes('"engine":"lucene"'), kind).toBe(kind === 'domain');
    expect(sent.includes('"engine"'), kind).toBe(kind !== 'nextgen');
    if (kind === 'domain') continue;
    expect(sent).not.toMatch(/refresh|"(?:index|create)":\{[^}]*"_id"|method_parameters|_mget|"script/);
  }
  for (const [i, [right, wrong]] of MISTAKES.entries()) {
    const part = domain.find(([, json]) => json.includes(right));
    expect(part, right).toBeDefined();
    await writeFile(path.join(folder, `mistake${i}.ts`), moduleOf([[part?.[0] ?? '', part?.[1].replace(right, wrong) ?? '']]));
  }
  expect(await faultyFiles(folder)).toEqual(MISTAKES.map((_, i) => `mistake${i}`).sort());
});

describe('failures', () => {
  const secret = 'User arn:aws:iam::1:role/x is not allowed';
  const answer =
    (status: number, body: unknown = { error: { type: 'x', reason: secret }, status }) =>
    () => ({ status, body });

  test('a request that was refused with a 429 is sent again, and so are parts of a bulk', async () => {
    const requests = await withCatalog({}, async (catalog) => {
      recorder.answers.push(
        answer(429),
        () => undefined,
        () => undefined,
        () => undefined,
        answer(200, { took: 1, errors: true, items: [{ index: { _id: 'a', status: 429 } }] }),
      );
      const asset = exampleAsset();
      await catalog.upsert([{ asset, vectors: [one('a@1', 0)] }], 'a@1');
      expect((await catalog.get(asset.id))?.id).toBe(asset.id);
    });
    expect(recorder.answers).toEqual([]);
    expect(requests.filter(({ path: address }) => address === '/_bulk').length).toBeGreaterThan(1);
  });

  test.each([
    [403, 'MISCONFIGURED'],
    [401, 'MISCONFIGURED'],
    [400, 'INTERNAL'],
    [500, 'UNAVAILABLE'],
  ] as const)('a status %i is %s, without the words of the service', async (status, code) => {
    await withCatalog({}, async (catalog) => {
      recorder.answers.push(answer(status));
      const error = await catalog.getMany(['img_a']).catch((reason) => reason);
      expect(error).toMatchObject({ code });
      expect(`${error.message} ${error.hint}`).not.toContain('arn');
    });
  });

  test('a service that is not there is UNAVAILABLE', async () => {
    await withCatalog({ url: 'http://127.0.0.1:9' }, (catalog) => expect(catalog.getMany(['img_a'])).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
  });

  test('a part of an index that does not answer is no empty result', async () => {
    await withCatalog({}, async (catalog) => {
      recorder.answers.push(answer(200, { took: 1, responses: [{ error: { type: 'search_phase_execution_exception', reason: secret }, status: 503 }] }));
      await expect(catalog.getMany(['img_a'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });
  });

  test('a domain that is too old, and a compression that it does not have, are named', async () => {
    await withCatalog({ kind: 'auto' }, async (catalog) => {
      recorder.answers.push(answer(200, { version: { number: '2.11.0' } }));
      await expect(catalog.configure('shop', {})).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining('2.11.0') });
    });
    await withCatalog({ compression: '32x' }, async (catalog) => {
      await catalog.configure('shop', {});
      recorder.answers.push(() => undefined, answer(400));
      const refused = catalog.upsert([{ asset: exampleAsset(), vectors: [one('a@1', 0)] }], 'a@1');
      await expect(refused).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining('32x') });
    });
  });

  test('a vector without a direction is refused before anything is written', async () => {
    const requests = await withCatalog({}, (catalog) => {
      const vectors = [{ embedderId: 'a@1', vectors: [{ vector: new Float32Array(20) }] }];
      return expect(catalog.upsert([{ asset: exampleAsset(), vectors }], 'a@1')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });
    expect(requests).toEqual([]);
  });
});
