import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJob } from '../../src/film/job-create.ts';
import { listJobs } from '../../src/film/jobs.ts';
import { type Connection, connect, textOf } from '../client.ts';
import { openFilmPlace, storyboard, until } from '../fixtures/film.ts';
import { createPaidGenerator } from '../fixtures/paid-generator.mjs';
import { png } from '../fixtures/pictures.ts';
import { QUICK, writePictures } from '../library/studio.ts';

interface Job {
  jobId: string;
  state: string;
  collection: string;
  etaSeconds?: number;
  message?: string;
  shots: { state: string; notes: string[] }[];
}
interface Jobs {
  jobs: Job[];
  nextCursor?: string;
  advice: string;
}

let place: Awaited<ReturnType<typeof openFilmPlace>>;
let server: Connection;
beforeAll(async () => {
  place = await openFilmPlace();
  server = await connect({ environment: { ...QUICK, VRAG_MAX_USD_PER_DAY: '1000' } });
  const { ports } = await server.studio();
  const paid = createPaidGenerator(place.url, { workDir: path.join(server.home, 'tmp'), find: false, concurrency: 20 });
  (ports.videoGenerators as Map<string, typeof paid>).set(paid.id, paid);
});
afterAll(async () => {
  await server.close();
  await place.close();
});

const getJob = (args: object = {}) => server.call<Jobs>('get_job', { includeImages: false, ...args });
const ids = ({ jobs }: Jobs) => jobs.map(({ jobId }) => jobId);

async function start(prompt: string, collection = 'default'): Promise<string> {
  const { ports, runner } = await server.studio();
  const { jobId } = await createJob(ports, storyboard([prompt], collection));
  runner.kick();
  return jobId;
}

const reach = (jobId: string, state: string) =>
  until(
    async () => (await getJob({ jobId })).jobs[0],
    (job) => job.state === state,
  );

describe('jobs by state and collection', () => {
  const made: { id: string; state: string; collection: string }[] = [];
  beforeAll(async () => {
    const kinds = [
      ['fail=contentPolicy', 'failed'],
      ['never', 'running'],
      ['lose', 'unknown'],
    ] as const;
    for (let round = 0; round < 3; round++) {
      for (const [words, state] of kinds) {
        const collection = round === 1 ? 'shoes' : 'default';
        const id = await start(`${words} round=${round}`, collection);
        await reach(id, state);
        made.unshift({ id, state, collection });
      }
    }
    const folder = path.join(server.inbox, 'folder');
    await mkdir(folder);
    await writePictures(folder, 2);
    const { jobId } = await server.call<{ jobId: string }>('ingest_image', { path: folder, collection: 'shoes' });
    await reach(jobId, 'succeeded');
    made.unshift({ id: jobId, state: 'succeeded', collection: 'shoes' });
  }, 60_000);

  it.each(['failed', 'running', 'unknown', 'succeeded', 'cancelled'])('those that are %s', async (state) => {
    const expected = made.filter((job) => job.state === state).map(({ id }) => id);
    expect(ids(await getJob({ state, limit: 50 }))).toEqual(expected);
  });

  it('those of a collection, of both kinds', async () => {
    expect(ids(await getJob({ collection: 'shoes' }))).toEqual(made.filter(({ collection }) => collection === 'shoes').map(({ id }) => id));
    expect(ids(await getJob({ collection: 'shoes', state: 'failed' }))).toHaveLength(1);
    const none = await getJob({ collection: 'hats' });
    expect(none).toMatchObject({ jobs: [], advice: expect.stringContaining('leave out state or collection') });
  });

  it.each([1, 2, 3])('in pages of %i that leave nothing out', async (limit) => {
    for (const filter of [{ state: 'failed' }, { collection: 'default' }, { collection: 'shoes' }]) {
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await getJob({ ...filter, limit, ...(cursor ? { cursor } : {}) });
        expect(page.jobs.length).toBeLessThanOrEqual(limit);
        seen.push(...ids(page));
        cursor = page.nextCursor;
        if (!cursor) break;
      }
      expect(seen).toEqual(made.filter((job) => ('state' in filter ? job.state === filter.state : job.collection === filter.collection)).map(({ id }) => id));
    }
  });

  it('refuses a state that there is not', async () => {
    expect(await server.error('get_job', { state: 'done' })).toMatch(/state/);
  });

  it('are read in three questions, however many there are', async () => {
    const { ports } = await server.studio();
    const asked: string[] = [];
    const counting = {
      ...ports,
      records: Object.fromEntries(
        Object.entries(ports.records).map(([name, method]) => [
          name,
          (...args: never[]) => {
            asked.push(name);
            return (method as (...of: never[]) => unknown)(...args);
          },
        ]),
      ) as unknown as typeof ports.records,
    };
    expect((await listJobs(counting, { limit: 50 })).views).toHaveLength(9);
    expect(asked).toEqual(['list', 'getMany', 'getMany']);
  });
});

describe('a job by its id', () => {
  it('says how long it will take, once that is known', async () => {
    const id = await start('render=20000 long');
    const job = await until(
      async () => (await getJob({ jobId: id })).jobs[0],
      ({ etaSeconds }) => etaSeconds !== undefined,
    );
    expect(job.etaSeconds).toBeGreaterThan(5);
    expect(job.etaSeconds).toBeLessThan(60);
    expect(textOf(await server.raw('get_job', { jobId: id }))).toMatch(/about \d+ s left/);
    await server.call('cancel_job', { jobId: id });
    expect((await reach(id, 'cancelled')).etaSeconds).toBeUndefined();
  });

  it('that is unknown is cancelled only by giving it up, and both calls say so', async () => {
    const id = await start('lose hopeless');
    await reach(id, 'unknown');
    expect((await getJob({ jobId: id })).advice).toContain('giveUp: true');
    expect(await server.call('cancel_job', { jobId: id })).toMatchObject({ state: 'unknown', advice: expect.stringContaining('giveUp: true') });
    await server.call('cancel_job', { jobId: id, giveUp: true });
    expect((await reach(id, 'failed')).message).toContain('may have been billed');
  });

  it('that was cancelled says what is still billed', async () => {
    const id = await start('render=60000 bills');
    await until(
      async () => (await getJob({ jobId: id })).jobs[0],
      ({ shots }) => shots[0].state === 'running',
    );
    await server.call('cancel_job', { jobId: id });
    const job = await reach(id, 'cancelled');
    expect(job.message).toContain('Still billed by the provider: shot 1');
    expect(job.shots[0].notes.join(' ')).toContain('still billed');
  });
});

describe('generate_video', () => {
  it('called eight times at once makes one job and one provider start', async () => {
    const request = { prompt: 'tool=eight', provider: 'paid', durationSeconds: 1 };
    const made = await Promise.all(Array.from({ length: 8 }, () => server.call<{ jobId: string; existing: boolean }>('generate_video', request)));
    expect(new Set(made.map(({ jobId }) => jobId)).size).toBe(1);
    expect(made.filter(({ existing }) => !existing)).toHaveLength(1);
    await reach(made[0].jobId, 'succeeded');
    expect((await place.paid()).filter(({ words }) => words.tool === 'eight')).toMatchObject([{ repeats: 0 }]);
  });

  it('called again makes a new job where the reference was ingested with other bytes meanwhile', async () => {
    const file = path.join(server.inbox, 'kite.png');
    const ingest = async (width: number) => {
      await writeFile(file, await png(width, 180));
      const described = { path: file, collection: 'kites', caption: 'A red kite' };
      return (await server.call<{ asset: { id: string } }>('ingest_image', described)).asset.id;
    };
    const call = () =>
      server.call<{ jobId: string; existing: boolean }>('generate_video', {
        prompt: 'kite=1',
        query: 'kite',
        collection: 'kites',
        provider: 'paid',
        durationSeconds: 1,
      });
    const before = await ingest(320);
    const first = await call();
    expect(await call()).toMatchObject({ jobId: first.jobId, existing: true });
    await server.call('delete_image', { imageId: before });
    await ingest(330);
    const second = await call();
    expect(second.existing).toBe(false);
    expect(second.jobId).not.toBe(first.jobId);
  });
});
