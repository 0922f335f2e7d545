import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createJob } from '../../src/film/job-create.ts';
import { cancelJob, requireJobView } from '../../src/film/jobs.ts';
import type { PlannedShot } from '../../src/film/storyboard.ts';
import { type FilmPlace, type FilmServer, isOver, openFilmPlace, storyboard, until } from '../fixtures/film.ts';

let place: FilmPlace;
let server: FilmServer;
beforeAll(async () => {
  place = await openFilmPlace();
  server = place.open();
});
afterAll(() => place.close());

const paidFor = async (job: string) => (await place.paid()).filter(({ words }) => words.job === job);
const over = (jobId: string) => until(() => requireJobView(server.ports, jobId), isOver);
const reference = (sha256: string): PlannedShot['references'][number] => ({
  role: 'firstFrame',
  assetId: 'img_a',
  sha256,
  objectKey: `${sha256}.jpg`,
  name: 'a',
});

describe('the same request', () => {
  it('of eight calls at once makes one job and one provider start', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => createJob(server.ports, storyboard(['job=eight']))));
    expect(new Set(made.map(({ jobId }) => jobId)).size).toBe(1);
    expect(made.filter(({ existing }) => !existing)).toHaveLength(1);
    server.runner.kick();
    expect((await over(made[0].jobId)).state).toBe('succeeded');
    expect(await paidFor('eight')).toMatchObject([{ repeats: 0 }]);
    expect((await createJob(server.ports, storyboard(['job=eight']))).existing).toBe(true);
  });

  it('of eight calls from four processes too', { timeout: 60_000 }, async () => {
    const workers = await Promise.all(Array.from({ length: 4 }, () => place.work({ requests: [['job=processes']], callsEach: 2 })));
    const made = workers.flatMap(({ lines }) => lines.flatMap((line) => line.made ?? []));
    expect(made).toHaveLength(8);
    expect(new Set(made.map(({ jobId }) => jobId)).size).toBe(1);
    expect(made.filter(({ existing }) => !existing)).toHaveLength(1);
    expect(await paidFor('processes')).toMatchObject([{ repeats: 0 }]);
  });

  it('that stopped after any of its writes is finished by the next call, or by a server alone once its job is written', { timeout: 60_000 }, async () => {
    const { lines } = await place.work({ requests: [['job=writes a', 'job=writes b']] });
    const writes = (lines.at(-1)?.events ?? []).filter((event) => event.startsWith('after create')).length;
    expect(writes).toBeGreaterThanOrEqual(4);
    for (const [killAt, alone] of [
      [1, false],
      [3, false],
      [5, false],
      [7, true],
      [9, true],
    ] as const) {
      const prompts = [`job=crash${killAt} a`, `job=crash${killAt} b`];
      const { killed } = await place.work({ requests: [prompts], killAt, leaseSeconds: 0.6, generator: { concurrency: 0 } });
      expect(killed).toBe(true);
      if (alone)
        await until(
          () => paidFor(`crash${killAt}`),
          (paid) => paid.length === 2,
        );
      const again = await createJob(server.ports, storyboard(prompts));
      expect(again.existing).toBe(alone);
      server.runner.kick();
      expect((await over(again.jobId)).state).toBe('succeeded');
      expect(await paidFor(`crash${killAt}`)).toMatchObject([{ repeats: 0 }, { repeats: 0 }]);
    }
  });

  it('makes a new job after a failed and after a cancelled one', async () => {
    const failed = await createJob(server.ports, storyboard(['job=failing fail=contentPolicy']));
    server.runner.kick();
    expect((await over(failed.jobId)).state).toBe('failed');
    expect(await createJob(server.ports, storyboard(['job=failing fail=contentPolicy']))).toMatchObject({ existing: false });
    const cancelled = await createJob(server.ports, storyboard(['job=cancelled never']));
    await cancelJob(server.ports, cancelled.jobId);
    server.runner.kick();
    await over(cancelled.jobId);
    const anew = await createJob(server.ports, storyboard(['job=cancelled never']));
    expect(anew).toMatchObject({ existing: false });
    expect(anew.jobId).not.toBe(cancelled.jobId);
    await cancelJob(server.ports, anew.jobId);
  });

  it('with force makes a new one, which the next call finds', async () => {
    const first = await createJob(server.ports, storyboard(['job=forced']));
    const forced = await Promise.all([1, 2, 3].map(() => createJob(server.ports, storyboard(['job=forced']), { force: true })));
    expect(forced.every(({ existing }) => !existing)).toBe(true);
    expect(new Set([first, ...forced].map(({ jobId }) => jobId)).size).toBe(4);
    const next = await createJob(server.ports, storyboard(['job=forced']));
    expect(next.existing).toBe(true);
    expect(forced.map(({ jobId }) => jobId)).toContain(next.jobId);
    server.runner.kick();
    for (const { jobId } of [first, ...forced]) await over(jobId);
    expect(await paidFor('forced')).toHaveLength(4);
  });

  it('with force for the first time makes the job that there was not', async () => {
    expect(await createJob(server.ports, storyboard(['job=first']), { force: true })).toMatchObject({ existing: false });
    expect((await createJob(server.ports, storyboard(['job=first']))).existing).toBe(true);
  });

  it('with a key finds its job whatever the retrieval found, and with another request is a conflict', async () => {
    const options = { idempotencyKey: 'k' };
    const { jobId } = await createJob(server.ports, storyboard(['job=key']), options);
    expect(await createJob(server.ports, storyboard(['job=key']), options)).toEqual({ jobId, existing: true });
    await expect(createJob(server.ports, storyboard(['job=other']), options)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('"k"'),
    });
    expect((await createJob(server.ports, storyboard(['job=key']))).jobId).not.toBe(jobId);
  });

  it('with other bytes of a reference is another request, and how a reference was found is not', async () => {
    const withReference = (sha256: string, query?: string) => {
      const board = storyboard(['job=reference']);
      board.shots[0].references = [{ ...reference(sha256), ...(query ? { retrieval: { query, candidates: [] } } : {}) }];
      return board;
    };
    const [one, same, other] = [withReference('aa'), withReference('aa', 'a red shoe'), withReference('bb')];
    const { jobId } = await createJob(server.ports, one);
    expect(await createJob(server.ports, same)).toEqual({ jobId, existing: true });
    expect((await createJob(server.ports, other)).jobId).not.toBe(jobId);
  });
});
