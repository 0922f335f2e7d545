import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { lazyStudio } from '../../src/studio.ts';
import { libraryJobOutput } from '../../src/tools/job-output.ts';
import { type Connection, connect } from '../client.ts';
import { png, textFile } from '../fixtures/pictures.ts';
import { QUICK, writePictures } from '../library/studio.ts';

interface Job {
  jobId: string;
  type: string;
  state: string;
  createdAt: string;
  files?: { total: number; done: number; added: number; alreadyThere: number; failed: number; failures: { file: string; reason: string }[] };
  shots?: unknown[];
}
interface Jobs {
  jobs: Job[];
  nextCursor?: string;
  advice: string;
}

let server: Connection;
let folder: string;
const made: string[] = [];

const getJob = (args: object) => server.call<Jobs>('get_job', { includeImages: false, ...args });

async function startIngest(collection: string): Promise<string> {
  const { assets, ports, libraryRunner } = await server.studio();
  const { jobId } = await assets.ingestFolder(ports, { path: folder, collection, description: {} });
  libraryRunner.kick();
  return jobId;
}

beforeAll(async () => {
  server = await connect({ environment: QUICK });
  folder = path.join(server.inbox, 'folder');
  await mkdir(folder);
  await writePictures(folder, 4);
  await writeFile(path.join(folder, 'bad.jpg'), textFile());
  const file = path.join(server.inbox, 'one.png');
  await writeFile(file, await png(320, 180));
  const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', { path: file });
  // Jobs of both kinds in turn: a list must not show first the one kind, then the other.
  for (let round = 0; round < 3; round++) {
    made.unshift(await startIngest(`c${round}`));
    const { jobId } = await server.call<{ jobId: string }>('generate_video', { prompt: `zoom in ${round}`, imageId: asset.id, durationSeconds: 1 });
    made.unshift(jobId);
  }
  made.unshift(await startIngest('c3'));
});
afterAll(() => server.close());

describe('an ingest job', () => {
  it('is waited for, and shows its files', async () => {
    const { jobs, advice } = await getJob({ jobId: made[0], waitSeconds: 30 });
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject({ type: 'ingest', state: 'succeeded', progress: 1, collection: 'c3', files: { total: 5, done: 5, added: 4, failed: 1 } });
    expect(jobs[0].files?.failures).toEqual([{ file: path.join(folder, 'bad.jpg'), reason: expect.stringContaining('text') }]);
    expect(jobs[0].shots).toBeUndefined();
    expect(advice).toContain('search_images');
  });

  it('shows names instead of paths to clients that do not share the machine', async () => {
    const remote = lazyStudio(loadConfig({ ...QUICK, VRAG_HOME: server.home }), { localPaths: false, background: false });
    const studio = await remote.open();
    const view = await studio.assets.readLibraryJobView(studio.ports, made[0]);
    expect(view && libraryJobOutput(studio, view).files.failures).toMatchObject([{ file: 'bad.jpg' }]);
    await remote.close();
  });

  it('is said to have ended already when it is cancelled afterwards', async () => {
    await getJob({ jobId: made[0], waitSeconds: 30 });
    expect(await server.call('cancel_job', { jobId: made[0] })).toMatchObject({ state: 'succeeded', advice: expect.stringContaining('already ended') });
  });
});

describe('the list', () => {
  const ids = ({ jobs }: Jobs) => jobs.map(({ jobId }) => jobId);

  it('has the jobs of both kinds, newest first', async () => {
    const all = await getJob({ limit: 50 });
    expect(ids(all)).toEqual(made);
    expect(all.jobs.map(({ type }) => type)).toEqual(['ingest', 'video', 'ingest', 'video', 'ingest', 'video', 'ingest']);
    expect(all.nextCursor).toBeUndefined();
  });

  it.each([1, 2, 3, 4, 6, 7])('comes in pages of %i that leave nothing out, also when a job is added meanwhile', async (limit) => {
    const seen: string[] = [];
    let page = await getJob({ limit });
    for (;;) {
      seen.push(...ids(page));
      expect(page.jobs.length).toBeLessThanOrEqual(limit);
      if (page.nextCursor === undefined) break;
      page = await getJob({ limit, cursor: page.nextCursor });
    }
    expect(seen).toEqual(made);
  });

  it('goes on where it was when a newer job comes', async () => {
    const first = await getJob({ limit: 3 });
    made.unshift(await startIngest('newer'));
    const rest = await getJob({ limit: 50, cursor: first.nextCursor });
    expect([...ids(first), ...ids(rest)]).toEqual(made.slice(1));
  });

  it('refuses a foreign cursor and an unknown job', async () => {
    for (const cursor of ['x', Buffer.from('[1,2]').toString('base64url')]) expect(await server.error('get_job', { cursor })).toMatch(/^INVALID_INPUT.*cursor/);
    expect(await server.error('get_job', { jobId: 'job_nothere' })).toMatch(/^NOT_FOUND/);
  });

  it('is there as resources too', async () => {
    const { resources } = await server.client.listResources();
    const uris = resources.map(({ uri }) => uri);
    for (const id of made) expect(uris).toContain(`vrag://jobs/${id}`);
    const { contents } = await server.client.readResource({ uri: `vrag://jobs/${made.at(-1)}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ type: 'ingest', files: { total: 5 } });
  });
});
