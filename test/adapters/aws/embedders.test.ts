import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { bedrockEmbedders } from '../../../src/adapters/aws/bedrock/embedders.ts';
import type { Embedder } from '../../../src/ports.ts';
import { cosine, embedderContract } from '../../contracts/embedder.ts';
import { flat } from '../../fixtures/photographs.ts';
import { useBedrock } from './bedrock.ts';

const opened = useBedrock();
const embedder = (name: string, options = {}): Embedder => {
  const found = bedrockEmbedders(opened.bedrock(options), opened.images).find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found.embedder;
};
const picture = flat(64, 48, [200, 30, 30]);

describe('Titan, over the wire', () => embedderContract(async () => ({ embedder: embedder('titan-256'), close: () => undefined }), { untrained: true }));
describe('Nova, over the wire', () => embedderContract(async () => ({ embedder: embedder('nova-256'), close: () => undefined }), { untrained: true }));

it('names model and length, and has every length that the models make', () => {
  const all = bedrockEmbedders(opened.bedrock(), opened.images);
  expect(all.map(({ name, embedder: { id } }) => `${name}=${id}`)).toEqual([
    'titan-256=titan-embed-image-v1.256',
    'titan-384=titan-embed-image-v1.384',
    'titan=titan-embed-image-v1.1024',
    'nova-256=nova-2-multimodal-embeddings-v1.256',
    'nova-384=nova-2-multimodal-embeddings-v1.384',
    'nova=nova-2-multimodal-embeddings-v1.1024',
    'nova-3072=nova-2-multimodal-embeddings-v1.3072',
  ]);
});

it('asks Nova with the purpose of a query, stores with that of an index', async () => {
  const nova = embedder('nova-256');
  const [stored] = await nova.embedImages([picture]);
  const [asked] = await nova.embedImages([picture], { purpose: 'query' });
  await nova.embedTexts?.(['red shoes']);
  const purposes = opened.fake
    .requests('InvokeModel')
    .map(({ body }) => (body as { singleEmbeddingParams: { embeddingPurpose: string } }).singleEmbeddingParams.embeddingPurpose);
  expect(purposes).toEqual(['GENERIC_INDEX', 'IMAGE_RETRIEVAL', 'IMAGE_RETRIEVAL']);
  expect(cosine(stored, asked)).toBeGreaterThan(0.9);
});

it('Nova embeds a clip as a whole where it takes it, for what its seconds cost', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-nova-'));
  const file = path.join(folder, 'clip.mp4');
  await writeFile(file, Buffer.from('0000ftypisom'));
  const billed: number[] = [];
  const nova = embedder('nova-256', { onBillable: (_: string, costUsd: number) => void billed.push(costUsd) });
  const clip = { path: file, mediaType: 'video/mp4', durationSeconds: 5 };
  const vector = await nova.embedClip?.(clip);
  expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1, 5);
  expect(billed).toEqual([expect.closeTo(0.0035, 9)]);
  expect(opened.fake.requests('InvokeModel')[0].body).toMatchObject({
    singleEmbeddingParams: { embeddingPurpose: 'GENERIC_INDEX', embeddingDimension: 256, video: { format: 'mp4', embeddingMode: 'AUDIO_VIDEO_COMBINED' } },
  });
  for (const other of [{ durationSeconds: 30.1 }, { mediaType: 'video/x-msvideo' }]) expect(await nova.embedClip?.({ ...clip, ...other })).toBeUndefined();
  await truncate(file, 18_000_001);
  expect(await nova.embedClip?.(clip)).toBeUndefined();
  expect(opened.fake.requests('InvokeModel')).toHaveLength(1);
  expect(embedder('titan-256').embedClip).toBeUndefined();
  await rm(folder, { recursive: true });
});

it('cuts texts in half until Titan takes them', async () => {
  const [vector] = (await embedder('titan-256').embedTexts?.(['日没の赤い靴'.repeat(200)])) ?? [];
  expect(cosine(vector, vector)).toBeCloseTo(1, 5);
  expect(opened.fake.requests('InvokeModel').length).toBeGreaterThan(1);
});

it('sends many at a time, but not all', async () => {
  opened.fake.underWay.most = 0;
  await embedder('titan-256').embedImages(Array.from({ length: 30 }, (_, index) => flat(16, 16, [index, 0, 0])));
  expect(opened.fake.underWay.most).toBeGreaterThan(1);
  expect(opened.fake.underWay.most).toBeLessThanOrEqual(8);
});

it('repeats what was refused or failed, and counts every attempt', async () => {
  const billed: [string, number][] = [];
  const titan = embedder('titan-256', { onBillable: (kind: string, costUsd: number) => void billed.push([kind, costUsd]) });
  for (const failure of ['throttled', 'internal', 'modelError'] as const) opened.fake.failNext(failure);
  expect(await titan.embedImages([picture])).toHaveLength(1);
  expect(billed).toEqual(Array.from({ length: 4 }, () => ['embedding', 0.00006]));
});

it('sends nothing that the budget refuses', async () => {
  const refuse = () => Promise.reject(Object.assign(new Error('over the ceiling'), { code: 'BUDGET' }));
  await expect(embedder('titan-256', { onBillable: refuse }).embedImages([picture])).rejects.toMatchObject({ code: 'BUDGET' });
  expect(opened.fake.requests('InvokeModel')).toEqual([]);
});

it('takes a success with a message, and one without a vector, for the failures that they are', async () => {
  opened.fake.answers.push({ embedding: null, inputTextTokenCount: 0, message: 'Invalid image' });
  await expect(embedder('titan-256').embedImages([picture])).rejects.toMatchObject({
    code: 'INVALID_MEDIA',
    message: expect.not.stringContaining('Invalid image'),
  });
  for (let time = 0; time < 6; time++) opened.fake.answers.push({ embedding: [1, 2, 3], message: null });
  await expect(embedder('titan-256').embedImages([picture])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  opened.fake.answers.length = 0;
});

describe('says what is wrong and what to do, never in the words of AWS', () => {
  it.each([
    ['ended', 'MISCONFIGURED', /retired/, /nova/i],
    ['legacy', 'MISCONFIGURED', /legacy/, /nova/i],
    ['noAccess', 'FORBIDDEN', /no access/, /model catalog/],
    ['notAllowed', 'FORBIDDEN', /bedrock:InvokeModel/, /policy/],
    ['badCredentials', 'MISCONFIGURED', /credentials/, /AWS_PROFILE/],
    ['needsProfile', 'MISCONFIGURED', /inference profile/, /us\.amazon\.titan-embed-image-v1/],
    ['unknownModel', 'MISCONFIGURED', /us-east-1/, /us-west-2/],
    ['tooManyPixels', 'INVALID_INPUT', /refused/, /stderr/],
    ['filteredImage', 'INVALID_INPUT', /content filters.*picture/, /Change/],
    ['filteredPrompt', 'INVALID_INPUT', /content filters.*prompt/, /Change/],
  ] as const)('%s', async (failure, code, message, hint) => {
    opened.fake.failNext(failure);
    const call = embedder('titan-256').embedImages([picture]);
    await expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
  });

  it('a region without the model', async () => {
    const call = embedder('nova-256', { region: 'us-west-2' }).embedImages([picture]);
    await expect(call).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringContaining('us-west-2'),
      hint: expect.stringContaining('us-east-1'),
    });
    expect(opened.fake.requests('InvokeModel')).toEqual([]);
  });

  it('a model past its end, before anything is sent', async () => {
    opened.fake.lifecycle.set('amazon.titan-embed-image-v1', { status: 'LEGACY', endOfLifeTime: '2026-10-01T00:00:00Z' });
    const call = embedder('titan-256').embedImages([picture]);
    await expect(call).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringMatching(/retired.*2026-10-01/),
      hint: expect.stringMatching(/nova/),
    });
    expect(opened.fake.requests('InvokeModel')).toEqual([]);
  });

  it.each(['denied', { status: 'LEGACY' as const, endOfLifeTime: '2099-01-01T00:00:00Z' }])('but works where the state is %j', async (state) => {
    opened.fake.lifecycle.set('amazon.titan-embed-image-v1', state as 'denied');
    expect(await embedder('titan-256').embedImages([picture])).toHaveLength(1);
  });
});
