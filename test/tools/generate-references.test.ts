import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';

interface Reference {
  id: string;
  role: string;
  atSeconds?: number;
  retrieved?: string[];
}
interface Plan {
  jobId: string;
  durationSeconds: number;
  shots: { referenceId?: string; references?: Reference[]; dropped: string[] }[];
}
interface Job {
  state: string;
  video?: { id: string; uri: string };
}

const COLLECTION = 'scenes';
let server: Connection;
let sheep: string;
let mountain: string;
/** Two seconds of sheep, then two of the mountain. */
let video: string;

beforeAll(async () => {
  server = await connect({ alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..') });
  const ingest = async (name: Parameters<typeof photographPath>[0]) =>
    (await server.call<{ asset: { id: string } }>('ingest_image', { path: photographPath(name), collection: COLLECTION })).asset.id;
  sheep = await ingest('march-pastoral');
  mountain = await ingest('french-alpine-landscape');
  const shots = [sheep, mountain].map((imageId) => ({ prompt: 'A locked-off view', camera: 'static', imageId, durationSeconds: 2 }));
  video = (await finish((await start({ shots, collection: COLLECTION })).jobId)).video?.id ?? '';
}, 180_000);
afterAll(() => server.close());

const start = (args: Record<string, unknown>) =>
  server.call<Plan>('generate_video', { collection: COLLECTION, durationSeconds: 1, resolution: '480p', ...args });
const plan = (args: Record<string, unknown>) => start({ prompt: 'Slow zoom in', dryRun: true, ...args });
const refused = (args: Record<string, unknown>) => server.error('generate_video', { prompt: 'x', collection: COLLECTION, ...args });
async function finish(jobId: string): Promise<Job> {
  return (await server.call<{ jobs: Job[] }>('get_job', { jobId, waitSeconds: 45 })).jobs[0];
}
async function manifestOf(uri: string) {
  const { contents } = await server.client.readResource({ uri });
  return JSON.parse((contents[0] as { text: string }).text).manifest;
}

describe('references with roles', () => {
  it('reach the provider where it takes the role; another is dropped and said', async () => {
    const { shots } = await plan({
      imageId: sheep,
      references: [
        { imageId: mountain, role: 'lastFrame' },
        { imageId: mountain, role: 'style' },
      ],
    });
    expect(shots[0].references).toMatchObject([
      { id: sheep, role: 'firstFrame' },
      { id: mountain, role: 'lastFrame' },
    ]);
    expect(shots[0].dropped.join(' ')).toMatch(new RegExp(`Reference ${mountain}.* is not used: provider "animatic" takes no style`));
  });

  it('of the whole request hold for every shot that has none of their role', async () => {
    const { shots } = await start({
      shots: [{ prompt: 'a' }, { prompt: 'b', references: [{ imageId: mountain }] }],
      references: [{ imageId: sheep }, { query: 'sheep', role: 'subject' }],
      dryRun: true,
    });
    expect(shots[0].references).toMatchObject([
      { id: sheep, role: 'firstFrame' },
      { id: sheep, role: 'subject', retrieved: expect.arrayContaining([expect.stringContaining(sheep)]) },
    ]);
    expect(shots[1].references).toMatchObject([{ id: mountain }, { id: sheep, role: 'subject' }]);
  });

  it('are refused twice as first frame, with two sources, with none, and where approval is missing', async () => {
    expect(await refused({ imageId: sheep, references: [{ imageId: mountain }] })).toMatch(/2 references with role firstFrame/);
    expect(await refused({ references: [{ imageId: sheep, query: 'sheep' }] })).toMatch(/both imageId and query/);
    expect(await refused({ references: [{ role: 'style' }] })).toMatch(/names nothing/);
    expect(await refused({ references: [{ imageId: sheep, atSeconds: 1 }] })).toMatch(/atSeconds without videoId/);
    expect(await refused({ references: [{ imageId: video }] })).toMatch(/is a video, but an image is needed/);
    await server.call('ingest_image', { imageId: video, status: 'rejected' });
    expect(await refused({ references: [{ videoId: video, role: 'subject' }] })).toMatch(/Video "vid_.*is rejected/);
    await server.call('ingest_image', { imageId: video, status: 'approved' });
  });
});

describe('a video as a reference', () => {
  it('without atSeconds gives the moment that shows the query best, else the middle', { timeout: 180_000 }, async () => {
    const at = async (reference: Record<string, unknown>) =>
      (await plan({ references: [{ videoId: video, ...reference }] })).shots[0].references?.[0].atSeconds;
    expect(await at({ query: 'sheep' })).toBeLessThan(2);
    expect(await at({ query: 'mountain' })).toBeGreaterThan(2);
    expect(await at({})).toBeCloseTo(2, 1);
  });

  it('is found by a query where no picture shows it, unless it was generated here', { timeout: 180_000 }, async () => {
    const { ports } = await server.studio();
    const [made] = await ports.catalog.getMany([video]);
    const file = path.join(server.inbox, 'recorded.mp4');
    await writeFile(file, (await ports.objects.get(made.objectKey)) as Uint8Array);
    const footage = (await server.call<{ asset: { id: string } }>('ingest_image', { path: file, collection: 'footage', caption: '' })).asset.id;
    const { shots } = await plan({ query: 'sheep', collection: 'footage' });
    expect(shots[0].references).toMatchObject([{ id: footage, role: 'firstFrame', atSeconds: expect.any(Number) }]);
    expect(shots[0].references?.[0].atSeconds).toBeLessThan(2);

    await server.call('ingest_image', { imageId: sheep, status: 'rejected' });
    const unlike = await refused({ query: 'sheep' });
    await server.call('ingest_image', { imageId: sheep, status: 'approved' });
    expect(unlike).toMatch(/No picture in collection "scenes" clearly shows "sheep"/);
  });

  it('beyond its end is refused with its length, and a plan stores nothing', { timeout: 180_000 }, async () => {
    expect(await refused({ references: [{ videoId: video, atSeconds: 9 }] })).toMatch(/atSeconds 9 is after the end.*It is 4\.00 s long/s);
    const { ports } = await server.studio();
    const count = async () => {
      let objects = 0;
      for await (const _ of ports.upkeep.objects()) objects++;
      return objects;
    };
    const before = await count();
    await plan({ references: [{ videoId: video, atSeconds: 0.5 }] });
    expect(await count()).toBe(before);
  });

  it('gives the frame at atSeconds, which the manifest names and evaluate_video compares with', { timeout: 180_000 }, async () => {
    const started = await start({ prompt: 'Slow pan left', references: [{ videoId: video, atSeconds: 3 }] });
    expect(started.shots[0].references).toMatchObject([{ id: video, role: 'firstFrame', atSeconds: 3 }]);
    const job = await finish(started.jobId);
    expect(job.state).toBe('succeeded');
    const [reference] = (await manifestOf(job.video?.uri ?? '')).shots[0].references;
    expect(reference).toMatchObject({ assetId: video, atSeconds: 3, role: 'firstFrame' });
    const { ports } = await server.studio();
    const frame = await ports.objects.get(reference.objectKey);
    expect(frame && (await ports.images.probe(frame))).toMatchObject({ width: 854, height: 480, mediaType: 'image/png' });
    const report = await server.call<{ verdict: string }>('evaluate_video', { videoId: job.video?.id });
    expect(report.verdict).not.toBe('fail');
    const other = await server.call<{ verdict: string }>('evaluate_video', { videoId: job.video?.id, referenceIds: [sheep] });
    expect(other.verdict).toBe('fail');
  });
});

describe('the length', () => {
  it('of a shot is up to 120 s, and of a storyboard the sum', async () => {
    expect((await plan({ imageId: sheep, durationSeconds: 120 })).durationSeconds).toBe(120);
    expect((await start({ shots: [{ prompt: 'a', durationSeconds: 2.5 }, { prompt: 'b' }], dryRun: true })).durationSeconds).toBe(3.5);
    expect(await refused({ durationSeconds: 121 })).toMatch(/durationSeconds/);
    const shots = Array.from({ length: 11 }, () => ({ prompt: 'a', durationSeconds: 120 }));
    expect(await server.error('generate_video', { shots, collection: COLLECTION })).toMatch(/1320 s long in all, more than 1200 s/);
  });
});

describe('force', () => {
  it('makes a new job of the same request', { timeout: 180_000 }, async () => {
    const request = { prompt: 'Pan right', imageId: sheep };
    const first = await start(request);
    const second = await start({ ...request, force: true });
    expect(second.jobId).not.toBe(first.jobId);
    expect((await start(request)).jobId).toBe(second.jobId);
    expect((await finish(first.jobId)).state).toBe('succeeded');
    expect((await finish(second.jobId)).state).toBe('succeeded');
  });
});
