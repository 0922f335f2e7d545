import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeJob } from '../../src/library/jobs.ts';
import type { Studio } from '../../src/studio.ts';
import { CLI } from '../e2e/bin.ts';
import { assetsOf, openPlace, type Place, QUICK, waitFor, writePictures } from './studio.ts';

const COLLECTION = 'base';

let place: Place;
beforeEach(async () => {
  place = await openPlace();
});
afterEach(() => place.clear());

/** A collection of the descriptor's. */
async function filled(studio: Studio, count: number): Promise<void> {
  await writePictures(path.join(place.pictures, 'first'), count);
  const request = { path: path.join(place.pictures, 'first'), collection: COLLECTION, description: {} };
  const { jobId } = await studio.assets.ingestFolder(studio.ports, request);
  await studio.libraryRunner.see(jobId, new AbortController().signal);
}

const statesOf = async ({ ports }: Studio) =>
  Object.fromEntries((await ports.catalog.generations(COLLECTION)).map(({ embedderId, state }) => [embedderId, state]));

/** The same studio on a slow disk, so that a test can act while a job runs. */
function slowly(studio: Studio): void {
  const { get } = studio.ports.objects;
  studio.ports.objects.get = (key) => sleep(200).then(() => get(key));
}

describe('a collection is embedded with another embedder', { timeout: 90_000 }, () => {
  it('which is then the one that is searched; the old vectors go after the time of grace, also with a server that starts later', async () => {
    const studio = await place.open({ background: false });
    await filled(studio, 6);
    const [vision, descriptor] = await Promise.all(['vision', 'descriptor'].map(async (name) => (await studio.ports.embedders.get(name)).id));
    const { jobId } = await studio.assets.reindex(studio.ports, { collection: COLLECTION, embedder: 'vision' });
    await studio.libraryRunner.see(jobId, new AbortController().signal);
    const view = await waitFor(studio, jobId);
    expect(view).toMatchObject({ state: 'succeeded', progress: 1, counts: { total: 6, done: 6, failed: 0 } });
    expect(await studio.ports.catalog.collection(COLLECTION)).toMatchObject({ embedderId: vision, dimensions: 512 });
    expect(await statesOf(studio)).toEqual({ [vision]: 'active', [descriptor]: 'retired' });
    const ids = (await assetsOf(studio, COLLECTION)).map(({ id }) => id);
    expect((await studio.ports.catalog.vectors(ids, vision)).size).toBe(6);
    const dropAt = Date.parse(view.job.retired?.dropAt ?? '');
    expect(dropAt - Date.parse(view.job.ended?.at ?? '')).toBeGreaterThan(9 * 60_000);

    const later = await place.open();
    await sleep(2500);
    expect(await statesOf(later)).toMatchObject({ [descriptor]: 'retired' });
    await changeJob(later.ports, jobId, (job) => ({ ...job, retired: { embedderId: descriptor, dropAt: new Date().toISOString() } }));
    for (let waited = 0; waited < 10_000 && (await statesOf(later))[descriptor]; waited += 100) await sleep(100);
    expect(await statesOf(later)).toEqual({ [vision]: 'active' });
    await waitFor(later, jobId, ({ job }) => job.retired === undefined);
    expect((await later.ports.records.get('library-job', jobId))?.open).toBe(false);
  });

  it('an asset whose file cannot be read is listed, and left out', async () => {
    const studio = await place.open({ background: false });
    await filled(studio, 5);
    const [broken] = await assetsOf(studio, COLLECTION);
    await studio.ports.objects.delete(broken.objectKey);
    const { jobId } = await studio.assets.reindex(studio.ports, { collection: COLLECTION, embedder: 'vision' });
    await studio.libraryRunner.see(jobId, new AbortController().signal);
    const view = await waitFor(studio, jobId);
    expect(view).toMatchObject({ state: 'succeeded', counts: { total: 5, done: 5, failed: 1 }, failures: [{ file: broken.id, code: 'NOT_FOUND' }] });
    expect(view.job.ended?.message).toContain('1 assets could not be embedded');
    const { id } = await studio.ports.embedders.get('vision');
    const ids = (await assetsOf(studio, COLLECTION)).map((asset) => asset.id);
    expect([...(await studio.ports.catalog.vectors(ids, id)).keys()].sort()).toEqual(ids.filter((each) => each !== broken.id).sort());
  });

  it('an asset that is deleted while it is read is passed over, without a failure', async () => {
    const studio = await place.open({ background: false });
    await filled(studio, 5);
    const [victim] = await assetsOf(studio, COLLECTION);
    const { get } = studio.ports.objects;
    studio.ports.objects.get = async (key) => {
      if (key === victim.objectKey) await studio.assets.deleteAsset(studio.ports, victim.id, false);
      return get(key);
    };
    const { jobId } = await studio.assets.reindex(studio.ports, { collection: COLLECTION, embedder: 'vision' });
    await studio.libraryRunner.see(jobId, new AbortController().signal);
    const { counts, job, ...view } = await waitFor(studio, jobId);
    expect(counts).toMatchObject({ total: 5, done: 5, failed: 0 });
    expect(view).toMatchObject({ state: 'succeeded', failures: [] });
    expect(job.ended?.message).toBeUndefined();
  });

  it('stopped in the middle it goes on where it was; cancelled it gives back what it built', async () => {
    const first = await place.open({ background: false });
    await filled(first, 16);
    slowly(first);
    const { jobId } = await first.assets.reindex(first.ports, { collection: COLLECTION, embedder: 'vision' });
    const { id: vision } = await first.ports.embedders.get('vision');
    void first.libraryRunner.see(jobId, new AbortController().signal).catch(() => undefined);
    await waitFor(first, jobId, ({ counts }) => counts.done > 0);
    await first.libraryRunner.stop();
    const { counts } = await waitFor(first, jobId, () => true);
    expect(counts.done).toBeLessThan(16);
    expect(await statesOf(first)).toMatchObject({ [vision]: 'building' });
    expect((await first.ports.catalog.collection(COLLECTION))?.embedderId).not.toBe(vision);

    const second = await place.open({ background: false });
    slowly(second);
    const again = await second.assets.reindex(second.ports, { collection: COLLECTION, embedder: 'vision' });
    expect(again).toEqual({ jobId, existing: true });
    void second.libraryRunner.see(jobId, new AbortController().signal).catch(() => undefined);
    await waitFor(second, jobId, (view) => view.counts.done > counts.done);
    await second.assets.cancelLibraryJob(second.ports, jobId);
    expect((await waitFor(second, jobId)).state).toBe('cancelled');
    expect(await statesOf(second)).not.toHaveProperty([vision]);
  });

  it('not to the one it has, nor to two at once, nor an unknown collection', async () => {
    const { assets, ports, libraryRunner } = await place.open({ background: false });
    await filled({ assets, ports, libraryRunner } as Studio, 2);
    await expect(assets.reindex(ports, { collection: COLLECTION, embedder: 'descriptor' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(assets.reindex(ports, { collection: 'nowhere', embedder: 'vision' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(assets.reindex(ports, { collection: COLLECTION, embedder: path.join(place.pictures, 'no-model') })).rejects.toMatchObject({
      code: 'MISCONFIGURED',
    });
    expect((await assets.listLibraryJobs(ports, { limit: 10 })).views.map(({ job }) => job.work.type)).toEqual(['ingest']);
  });
});

it('another process adds, edits, deletes and searches meanwhile, and notices nothing', { timeout: 120_000 }, async () => {
  const studio = await place.open({ background: false });
  await filled(studio, 24);
  const extra = await writePictures(path.join(place.pictures, 'extra'), 40, 'extra');
  const client = new Client({ name: 'other', version: '1' });
  const env = { PATH: process.env.PATH ?? '', HOME: place.root, ...QUICK, VRAG_HOME: place.home };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [CLI, place.pictures], env, stderr: 'ignore' }));
  const call = async <T>(name: string, args: object): Promise<T> => {
    const result = await client.callTool({ name, arguments: { ...args } }, { timeout: 60_000 });
    if (result.isError) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
    return result.structuredContent as T;
  };
  const before = await assetsOf(studio, COLLECTION);
  const [, probe, ...others] = before.map(({ id }) => id);
  const deleted: string[] = [];
  let added = 0;
  let searched = 0;
  /** One round of what an agent may do. */
  const round = async () => {
    await call('ingest_image', { path: extra[added++], collection: COLLECTION });
    await call('ingest_image', { imageId: probe, caption: `edited ${added}` });
    const victim = others.pop();
    if (victim && deleted.length < 8) {
      await call('delete_image', { imageId: victim });
      deleted.push(victim);
    }
    const { hits } = await call<{ hits: { id: string }[] }>('search_images', { imageId: probe, collection: COLLECTION, limit: 50, includeImages: false });
    expect(hits.map(({ id }) => id)).not.toEqual(expect.arrayContaining([deleted.at(-1)]));
    // All that are there but the query picture itself.
    expect(hits.length).toBeGreaterThanOrEqual(before.length + added - deleted.length - 1);
    searched++;
  };

  await round();
  slowly(studio);
  const { jobId } = await studio.assets.reindex(studio.ports, { collection: COLLECTION, embedder: 'vision' });
  let over = false;
  const job = studio.libraryRunner.see(jobId, new AbortController().signal).finally(() => {
    over = true;
  });
  let during = 0;
  while (!over && added < extra.length - 3) {
    await round();
    during++;
  }
  await job;
  for (let after = 0; after < 2; after++) await round();
  await client.close();

  expect(during).toBeGreaterThan(0);
  expect(searched).toBe(added);
  expect(await waitFor(studio, jobId)).toMatchObject({ state: 'succeeded', counts: { failed: 0 } });
  const { id: vision } = await studio.ports.embedders.get('vision');
  const after = await assetsOf(studio, COLLECTION);
  expect(after).toHaveLength(before.length + added - deleted.length);
  expect(after.map(({ id }) => id)).not.toEqual(expect.arrayContaining([deleted[0]]));
  expect((await studio.ports.catalog.get(probe))?.caption).toBe(`edited ${added}`);
  // Every asset, also the newest, has its vector in the new generation.
  expect(
    (
      await studio.ports.catalog.vectors(
        after.map(({ id }) => id),
        vision,
      )
    ).size,
  ).toBe(after.length);
  await rm(path.join(place.pictures, 'extra'), { recursive: true });
});
