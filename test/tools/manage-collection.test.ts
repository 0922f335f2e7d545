import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { png } from '../fixtures/pictures.ts';
import { QUICK } from '../library/studio.ts';

interface Settings {
  images?: number;
  requireApproval?: boolean;
  embedderId?: string;
  dimensions?: number;
  generations?: string[];
  jobId?: string;
  advice: string;
}

let server: Connection;
beforeAll(async () => {
  server = await connect({ environment: QUICK });
});
afterAll(() => server.close());

const manage = (args: object) => server.call<Settings>('manage_collection', { ...args });

async function ingest(width: number, collection: string): Promise<{ id: string; path: string; status: string }> {
  const file = path.join(server.inbox, `${width}-${collection}.png`);
  await writeFile(file, await png(width, 80));
  return (await server.call<{ asset: { id: string; path: string; status: string } }>('ingest_image', { path: file, collection })).asset;
}

const there = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

describe('settings', () => {
  it('are shown with counts and generations', async () => {
    await ingest(60, 'shown');
    expect(await manage({ collection: 'shown' })).toMatchObject({
      images: 1,
      requireApproval: false,
      embedderId: 'descriptor.1',
      generations: [expect.stringContaining('active since 20')],
    });
    expect(await server.error('manage_collection', { collection: 'nowhere' })).toMatch(/^NOT_FOUND.*\n.*shown/s);
  });

  it('requireApproval makes a new collection, whose assets wait', async () => {
    expect(await manage({ collection: 'careful', requireApproval: true })).toMatchObject({ images: 0, requireApproval: true, dimensions: 0 });
    expect((await ingest(62, 'careful')).status).toBe('pending');
    expect(await manage({ collection: 'careful', requireApproval: false })).toMatchObject({ requireApproval: false, images: 1 });
    expect((await ingest(64, 'careful')).status).toBe('approved');
  });

  it('an embedder is chosen while there are no vectors; then only reindex changes it', async () => {
    expect(await manage({ collection: 'chosen', embedder: 'vision' })).toMatchObject({ embedderId: expect.stringContaining('vision') });
    await ingest(66, 'plain');
    const refused = await server.error('manage_collection', { collection: 'plain', embedder: 'vision' });
    expect(refused).toMatch(/^INVALID_INPUT.*\n.*reindex: "vision"/s);
    expect(await server.error('manage_collection', { collection: 'chosen', embedder: path.join(server.inbox, 'no-model') })).toMatch(/^MISCONFIGURED/);
  });

  it('a name that differs only in case is refused', async () => {
    await manage({ collection: 'Case', requireApproval: true });
    expect(await server.error('manage_collection', { collection: 'case', requireApproval: true })).toMatch(/^INVALID_INPUT.*"Case"/);
  });
});

describe('deleting', () => {
  it('needs the name again, and nothing else beside it', async () => {
    const asset = await ingest(70, 'kept');
    for (const wrong of [{}, { confirm: 'Kept' }, { confirm: 'kept', requireApproval: true }]) {
      expect(await server.error('manage_collection', { collection: 'kept', delete: true, ...wrong })).toMatch(/^INVALID_INPUT/);
    }
    expect(await manage({ collection: 'kept', delete: false })).toMatchObject({ images: 1 });
    expect(await there(asset.path)).toBe(true);
  });

  it('takes all assets as delete_image does: tombstones, bytes gone but those that something cites', async () => {
    const [first, cited, third] = [await ingest(72, 'gone'), await ingest(74, 'gone'), await ingest(86, 'gone')];
    const video = { prompt: 'zoom in', imageId: cited.id, collection: 'videos', durationSeconds: 1 };
    const { jobId: videoJob } = await server.call<{ jobId: string }>('generate_video', video);
    await server.call('get_job', { jobId: videoJob, waitSeconds: 45, includeImages: false });
    const copied = await server.call<{ asset: { collection: string } }>('ingest_image', { path: first.path, collection: 'other' });
    expect(copied.asset.collection).toBe('other');
    const { advice, jobId, images } = await manage({ collection: 'gone', delete: true, confirm: 'gone' });
    expect(advice).toMatch(/succeeded/);
    expect(images).toBeUndefined();
    expect(await server.error('manage_collection', { collection: 'gone' })).toMatch(/^NOT_FOUND/);
    expect(await server.error('ingest_image', { imageId: cited.id, caption: 'x' })).toMatch(/was deleted on 20/);
    // Another collection has the same bytes; the manifest of a video in another collection cites the other's.
    expect(await there(first.path)).toBe(true);
    expect(await there(cited.path)).toBe(true);
    expect(await there(third.path)).toBe(false);
    const { jobs } = await server.call<{ jobs: object[] }>('get_job', { jobId });
    expect(jobs[0]).toMatchObject({ type: 'delete', state: 'succeeded', collection: 'gone', files: { failed: 0 } });
    await ingest(76, 'gone');
    expect(await manage({ collection: 'gone' })).toMatchObject({ images: 1 });
  });

  it('waits until other jobs on the collection are over', async () => {
    const { assets, ports, libraryRunner } = await server.studio();
    await ingest(78, 'busy');
    await libraryRunner.stop();
    const { jobId } = await assets.ingestFolder(ports, { path: server.inbox, collection: 'busy', description: {} });
    expect(await server.error('manage_collection', { collection: 'busy', delete: true, confirm: 'busy' })).toMatch(
      new RegExp(`^CONFLICT.*\\n.*cancel_job \\{jobId: "${jobId}"\\}`, 's'),
    );
  });
});
