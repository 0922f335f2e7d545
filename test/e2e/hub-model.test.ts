import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../client.ts';
import { type ModelHub, serveModel } from '../fixtures/model-hub.ts';
import { photographPath } from '../fixtures/photographs.ts';
import { writeTinyClip } from '../fixtures/tiny-clip.ts';

interface Found {
  textSearch: string;
  hits: { id: string; scores: { image?: number; text?: number } }[];
}

let root: string;
let hub: ModelHub;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vrag-hub-'));
  writeTinyClip(path.join(root, 'served'), { family: 'siglip' });
  hub = await serveModel(path.join(root, 'served'));
});
afterAll(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

const server = (modelHub: string, embedder = 'tiny/model') =>
  connect({
    home: path.join(root, 'home'),
    alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..'),
    environment: { VRAG_EMBEDDER: embedder, VRAG_MODEL_HUB: modelHub },
  });

const picture = { path: photographPath('march-pastoral'), caption: 'a flock' };

describe('a server whose model is on a hub', () => {
  it('that cannot be reached says so within 15 s, adds nothing and goes on working', { timeout: 60_000 }, async () => {
    const { error, call, close } = await server('http://127.0.0.1:9');
    const started = performance.now();
    expect(await error('ingest_image', picture)).toMatch(/UNAVAILABLE.*hub 127\.0\.0\.1:9 cannot be reached[\s\S]*VRAG_EMBEDDER/);
    expect(performance.now() - started).toBeLessThan(15_000);
    expect((await call<Found>('search_images')).hits).toEqual([]);
    await close();
  });

  it('downloads it at the first call, finds pictures by its vectors for words and pictures, and says so', { timeout: 60_000 }, async () => {
    const { call, inbox, close } = await server(hub.url);
    await copyFile(photographPath('black-canyon'), path.join(inbox, 'canyon.jpg'));
    const { jobId } = await call<{ jobId: string }>('ingest_image', { path: inbox });
    const { jobs } = await call<{ jobs: { state: string }[] }>('get_job', { jobId, waitSeconds: 45 });
    expect(jobs[0].state).toBe('succeeded');
    const { asset } = await call<{ asset: { id: string } }>('ingest_image', picture);
    const text = await call<Found>('search_images', { query: 'the blue sky' });
    expect(text.textSearch).toBe('openVocabulary');
    expect(text.hits.some(({ scores }) => typeof scores.text === 'number')).toBe(true);
    const image = await call<Found>('search_images', { imageId: asset.id });
    expect(image.hits[0].id).not.toBe(asset.id);
    expect((await call<{ embedderId: string }>('manage_collection', { collection: 'default' })).embedderId).toMatch(/^tiny\/model#q8\.[0-9a-f]{16}$/);
    await close();
  });

  it('keeps its collections on it with another default and without the hub, until they are re-embedded', { timeout: 60_000 }, async () => {
    const { call, close } = await server('http://127.0.0.1:9', 'descriptor');
    const asked = hub.asked.length;
    expect((await call<Found>('search_images', { query: 'the blue sky' })).textSearch).toBe('openVocabulary');
    expect(hub.asked).toHaveLength(asked);
    await call('manage_collection', { collection: 'default', reindex: 'descriptor' });
    await expect
      .poll(async () => (await call<{ embedderId: string }>('manage_collection', { collection: 'default' })).embedderId, { timeout: 20_000 })
      .toBe('descriptor.1');
    const image = await call<Found>('search_images', { imagePath: picture.path });
    expect(image.hits[0].scores.image).toBeCloseTo(1, 2);
    await close();
  });
});
