import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeenRequest } from '../fixtures/bedrock/server.ts';
import { eyes, factsOf, IMAGES, NAMES, pictureFile, SHOWN, sameShape, whichPicture } from './flow-pictures.ts';
import { type FlowStudio, missing, openFlowStudio } from './flow-studio.ts';

interface Hit {
  id: string;
  name: string;
  caption?: string;
  captionOrigin?: string;
  captionModel?: string;
  scores: Record<string, number>;
  weak: boolean;
}
interface Found {
  hits: Hit[];
  textSearch: string;
  advice: string;
  collections?: { name: string; images: number; embedder: string }[];
}
type Captioned = { messages: { content: [{ image: { format: string; source: { bytes: string } } }, { text: string }] }[] };
type Embedded = { inputImage?: string; inputText?: string; embeddingConfig: { outputEmbeddingLength: number } };

const COLLECTION = 'vrag';

/** Notebooks _00_image_processing and _01_oss_ingestion of aws-samples/sample-video-rag. */
describe.skipIf(missing !== undefined)('the pictures of the V-RAG sample', () => {
  let studio: FlowStudio;
  let first: Map<string, string>;
  beforeAll(async () => {
    studio = await openFlowStudio({ VRAG_CAPTIONER: 'nova-2-lite' });
    studio.fake.eyes = eyes;
  }, 600_000);
  afterAll(() => studio?.close());

  const embedded = (key: 'inputImage' | 'inputText'): string[] => studio.fake.requests('InvokeModel').flatMap(({ body }) => (body as Embedded)[key] ?? []);
  const search = (query: object) => studio.call<Found>('search_images', { collection: COLLECTION, ...query });
  const listed = async () => (await studio.call<Found>('search_images', { collection: COLLECTION, limit: 20 })).hits;
  const originalOf = async (bytes: Buffer): Promise<string> => pictureFile(await whichPicture(bytes));

  test('_00: each is captioned once, by the configured model, and each gets its own caption', { timeout: 300_000 }, async () => {
    const { jobId } = await studio.call<{ jobId: string }>('ingest_image', { path: IMAGES, collection: COLLECTION });
    const job = await studio.ended(jobId);
    expect(job).toMatchObject({ state: 'succeeded', files: { total: NAMES.length, added: NAMES.length, failed: 0 } });
    expect((await readdir(IMAGES)).length).toBe(NAMES.length);
    const assets = await listed();
    // A caption that stands with another picture would be that of the file before or after it.
    expect(Object.fromEntries(assets.map(({ name, caption }) => [name.replace('.jpg', ''), caption]))).toEqual(SHOWN);
    expect(new Set(assets.map(({ captionOrigin, captionModel }) => `${captionOrigin} ${captionModel}`))).toEqual(new Set(['model amazon.nova-2-lite-v1:0']));
    expect(studio.fake.requests('Converse').map(({ modelId }) => modelId)).toEqual(NAMES.map(() => 'us.amazon.nova-2-lite-v1:0'));
    first = new Map(assets.map(({ name, id }) => [name, id]));
  });

  test('_00: what the models got is what it was declared to be, and nothing is stretched', async () => {
    const declared = (request: SeenRequest) => (request.body as Captioned).messages[0].content[0].image;
    for (const { format, source } of studio.fake.requests('Converse').map(declared)) {
      const facts = await factsOf(source.bytes);
      expect(facts.format).toBe(format);
      expect(await sameShape(facts.bytes, await originalOf(facts.bytes))).toBe(true);
    }
    const pictures = await Promise.all(embedded('inputImage').map(factsOf));
    expect(pictures).toHaveLength(NAMES.length);
    for (const { bytes, width, height } of pictures) {
      expect(await sameShape(bytes, await originalOf(bytes))).toBe(true);
      expect(Math.max(width, height)).toBeLessThanOrEqual(2048);
    }
    expect((await Promise.all(pictures.map(({ bytes }) => whichPicture(bytes)))).sort()).toEqual([...NAMES].sort());
  });

  test('_01: "building" finds the building by k-NN over the 1024 numbers of Titan', async () => {
    studio.proxy.requests.length = 0;
    const asked = embedded('inputText').length;
    const found = await search({ query: 'building', limit: 3 });
    expect(found).toMatchObject({ textSearch: 'openVocabulary', hits: [{ name: 'building.jpg' }, {}, {}] });
    expect(found.hits[0].scores.text).toBeGreaterThan(found.hits[1].scores.text ?? -1);
    expect(embedded('inputText').slice(asked)).toEqual(['building']);
    const knn = studio.proxy.requests.flatMap(({ body }) => /"knn":\{"[^"]+":\{"vector":\[([^\]]*)\]/.exec(body)?.[1] ?? []);
    expect(knn.map((vector) => vector.split(',').length)).toEqual([1024]);
    const { collections } = await studio.call<Found>('search_images');
    expect(collections).toMatchObject([{ name: COLLECTION, images: NAMES.length, embedder: 'titan-embed-image-v1.1024' }]);
  });

  test.each([
    ['dog', 'dog.jpg'],
    ['red shoes', 'shoes2.jpg'],
    ['purple tulips', 'flower.jpg'],
    ['forest from above', 'tree_top.jpg'],
  ])('_01: %j finds %s', async (query, name) => {
    expect((await search({ query, limit: 1 })).hits).toMatchObject([{ name, weak: false }]);
  });

  test('_01: a picture finds itself, and is asked for without being stored', async () => {
    const { hits } = await search({ imagePath: pictureFile('gloves'), limit: 2 });
    expect(hits[0]).toMatchObject({ id: first.get('gloves.jpg') });
    expect(hits[0].scores.image).toBeGreaterThan(0.99);
    expect(await listed()).toHaveLength(NAMES.length);
  });

  test('_01: the same folder again adds nothing and pays for nothing', { timeout: 300_000 }, async () => {
    const paid = () => studio.fake.requests('Converse').length + embedded('inputImage').length;
    const before = paid();
    const { jobId } = await studio.call<{ jobId: string }>('ingest_image', { path: IMAGES, collection: COLLECTION });
    expect(await studio.ended(jobId)).toMatchObject({ state: 'succeeded', files: { alreadyThere: NAMES.length, failed: 0 } });
    expect(new Map((await listed()).map(({ name, id }) => [name, id]))).toEqual(first);
    const one = await studio.call<{ asset: { id: string }; alreadyThere: boolean }>('ingest_image', { path: pictureFile('dog'), collection: COLLECTION });
    expect(one).toMatchObject({ alreadyThere: true, asset: { id: first.get('dog.jpg') } });
    expect(paid()).toBe(before);
    const { collections } = await studio.call<Found>('search_images');
    expect(collections).toMatchObject([{ images: NAMES.length }]);
  });

  test('every request to OpenSearch was signed rightly', () => {
    expect(studio.proxy.refused).toEqual([]);
  });
});
