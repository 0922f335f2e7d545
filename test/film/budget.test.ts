import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coverStart, setCollectionCeiling } from '../../src/film/budget.ts';
import { affords } from '../../src/film/cost.ts';
import { createJob, createJobs } from '../../src/film/job-create.ts';
import { cancelJob, type JobView, requireJobView } from '../../src/film/jobs.ts';
import { changeAccount, collectionAccount, dayAccount, dayOf, readAccount, usedUsd } from '../../src/film/ledger.ts';
import type { Storyboard } from '../../src/film/storyboard.ts';
import type { Ports } from '../../src/ports.ts';
import { type FilmPlace, type FilmServer, isOver, openFilmPlace, storyboard, until } from '../fixtures/film.ts';

let place: FilmPlace;
beforeEach(async () => {
  place = await openFilmPlace();
});
afterEach(async () => {
  vi.useRealTimers();
  await place.close();
});

const idle = { concurrency: 0 };
const start = async (server: FilmServer, prompt: string, options: { maxCostUsd?: number } = {}) => {
  const { jobId } = await createJob(server.ports, storyboard([prompt]), options);
  server.runner.kick();
  return jobId;
};
const reach = ({ ports }: FilmServer, id: string, holds: (view: JobView) => boolean = isOver) => until(() => requireJobView(ports, id), holds);
const usedToday = async ({ ports }: FilmServer) => usedUsd(await readAccount(ports, dayAccount(dayOf(new Date()))));
const usedBy = async ({ ports }: FilmServer, collection = 'default') => usedUsd(await readAccount(ports, collectionAccount(collection)));
const refused = (message: RegExp | string, hint: RegExp | string = '') => ({
  code: 'BUDGET',
  message: expect.stringMatching(message),
  hint: expect.stringMatching(hint),
});

describe('a ceiling', () => {
  it('of the day lets exactly as many of concurrent calls through as it pays for', async () => {
    const server = place.open({ ceilings: { perDayUsd: 1.5 } });
    const calls = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => start(server, `job=${n}`)));
    const made = calls.flatMap((call) => (call.status === 'fulfilled' ? [call.value] : []));
    expect(made).toHaveLength(3);
    for (const call of calls) if (call.status === 'rejected') expect(call.reason).toMatchObject(refused(/VRAG_MAX_USD_PER_DAY leaves 0 USD of 1.5 USD/));
    for (const id of made) expect((await reach(server, id)).state).toBe('succeeded');
    expect(await place.paid()).toHaveLength(3);
    expect(await usedToday(server)).toBe(1.5);
  });

  it('of the day holds over processes too', { timeout: 60_000 }, async () => {
    const environment = { VRAG_MAX_USD_PER_DAY: '1.5' };
    const order = (worker: number) => ({ environment, requests: [0, 1, 2].map((n) => [`job=${worker}.${n}`]) });
    const workers = await Promise.all([0, 1].map((worker) => place.work(order(worker))));
    const made = workers.flatMap(({ lines }) => lines.flatMap((line) => line.made ?? []));
    expect(made.filter((one) => one.refused === undefined)).toHaveLength(3);
    expect(made.filter((one) => one.refused === 'BUDGET')).toHaveLength(3);
    expect(await place.paid()).toHaveLength(3);
  });

  it('of the day begins anew with the day, in UTC', async () => {
    const server = place.open({ generator: idle, ceilings: { perDayUsd: 0.5 } });
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime('2026-11-21T23:59:58Z');
    await start(server, 'job=evening');
    await expect(start(server, 'job=late')).rejects.toMatchObject(refused(/2026-11-21, UTC/, 'wait for the next day'));
    vi.setSystemTime('2026-11-22T00:00:01Z');
    await start(server, 'job=late');
    await expect(start(server, 'job=later')).rejects.toMatchObject(refused(/2026-11-22/));
    expect(await usedBy(server)).toBe(1);
  });

  it('of a collection holds for all days, and what it refuses does not stand in the account of the day', async () => {
    const server = place.open({ generator: idle });
    await setCollectionCeiling(server.ports, 'default', 1);
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const day of ['2026-11-21', '2026-11-22']) {
      vi.setSystemTime(`${day}T12:00:00Z`);
      await start(server, `job=${day}`);
    }
    await expect(start(server, 'job=third')).rejects.toMatchObject(refused(/collection "default" leaves 0 USD of 1 USD/, 'manage_collection'));
    expect(await usedToday(server)).toBe(0.5);
    await createJob(server.ports, storyboard(['job=elsewhere'], 'other'));
    await setCollectionCeiling(server.ports, 'default', 1.5);
    await start(server, 'job=third');
    expect(await usedToday(server)).toBe(1.5);
  });

  it('of the call holds, one of the server for a job cannot be raised by it, and without any nothing paid starts', async () => {
    const server = place.open({ generator: idle, ceilings: { perJobUsd: 0.4 } });
    await expect(start(server, 'job=a', { maxCostUsd: 9 })).rejects.toMatchObject(refused(/VRAG_MAX_USD_PER_JOB allows 0.4 USD/, 'operator'));
    const none = place.open({ generator: idle, ceilings: {} });
    await expect(start(none, 'job=a')).rejects.toMatchObject(refused(/no ceiling is set/, /maxCostUsd \(at least 0.5 USD\), or set VRAG_MAX_USD_PER_DAY/));
    await expect(start(none, 'job=a', { maxCostUsd: 0.49 })).rejects.toMatchObject(refused(/may cost 0.5 USD .* maxCostUsd is 0.49 USD/));
    const id = await start(none, 'job=a', { maxCostUsd: 0.5 });
    // What is there already costs nothing more.
    expect(await createJob(none.ports, storyboard(['job=a']), { maxCostUsd: 0 })).toEqual({ jobId: id, existing: true });
    const free = place.open({ generator: { ...idle, free: true }, ceilings: {} });
    expect((await requireJobView(free.ports, await start(free, 'job=free'))).job.budget).toBeUndefined();
  });

  it('is kept by all jobs of a batch or by none', async () => {
    const server = place.open({ generator: idle, ceilings: { perDayUsd: 1 } });
    const batch = (...names: string[]) => names.map((name) => ({ storyboard: storyboard([`job=${name}`]) }));
    await expect(createJobs(server.ports, batch('a', 'b', 'c'), {})).rejects.toMatchObject(
      refused(/These 3 videos may cost 1.5 USD/, 'only the first 2 of 3 videos'),
    );
    await expect(createJobs(server.ports, batch('a', 'b'), { maxCostUsd: 0.9 })).rejects.toMatchObject(refused('maxCostUsd'));
    expect((await server.ports.records.list('job', { limit: 9 })).records).toEqual([]);
    expect(await usedToday(server)).toBe(0);
    const made = await createJobs(server.ports, batch('a', 'b', 'a'), { maxCostUsd: 1 });
    expect(made.map(({ existing }) => existing)).toEqual([false, false, true]);
    expect(await usedToday(server)).toBe(1);
    expect(await createJobs(server.ports, batch('a', 'b'), { maxCostUsd: 1 })).toMatchObject([{ existing: true }, { existing: true }]);
  });
});

describe('further takes for quality', () => {
  const measured = (prompt: string): Storyboard => {
    const board = storyboard([prompt]);
    const references = [{ role: 'firstFrame' as const, assetId: 'img_a', sha256: 'aa', objectKey: 'aa.jpg', name: 'a' }];
    return { ...board, quality: { target: 'pass', maxTakes: 3 }, shots: board.shots.map((shot) => ({ ...shot, references })) };
  };

  it('end at the ceiling of the call or the job, which refuse only what the first takes cost; all of them have to fit into the day', async () => {
    const server = place.open({ generator: idle, ceilings: { perDayUsd: 2.6 } });
    const reservedBy = async (board: Storyboard, maxCostUsd?: number) => {
      const { jobId } = await createJob(server.ports, board, { maxCostUsd });
      return (await requireJobView(server.ports, jobId)).job.budget?.reservedUsd;
    };
    expect(await reservedBy(measured('job=a'))).toBe(1.5);
    await expect(reservedBy(measured('job=b'))).rejects.toMatchObject(refused(/may cost 1.5 USD .* leaves 1.1 USD/, /quality.maxTakes: 2 \(1 USD\)/));
    expect(await reservedBy(measured('job=b'), 0.6)).toBe(0.6);
    await expect(reservedBy(measured('job=c'), 0.4)).rejects.toMatchObject(refused('maxCostUsd is 0.4 USD'));
    // Nothing to compare with, so no further take.
    expect(await reservedBy({ ...storyboard(['job=c']), quality: { target: 'pass', maxTakes: 3 } })).toBe(0.5);
    const rich = place.open({ generator: idle, ceilings: { perJobUsd: 1.2 } });
    const made = await createJobs(
      rich.ports,
      ['d', 'e'].map((name) => ({ storyboard: measured(`job=${name}`) })),
      { maxCostUsd: 2 },
    );
    for (const { jobId } of made) expect((await requireJobView(rich.ports, jobId)).job.budget?.reservedUsd).toBe(1);
  });
});

describe('a refusal', () => {
  it('names only what passes', async () => {
    const cheap = (ports: Ports): Ports => {
      const [paid] = ports.videoGenerators.values();
      const priced = (usd: number) => ({ ...paid, estimate: () => ({ costUsd: usd }) });
      const others = { cheap: priced(0.2), dear: priced(3), short: { ...priced(0.1), capabilities: { ...paid.capabilities, maxSeconds: 3 } } };
      return { ...ports, videoGenerators: new Map([['paid', paid], ...Object.entries(others).map(([id, one]) => [id, { ...one, id }] as const)]) };
    };
    const server = place.open({ generator: idle, ceilings: {}, ports: cheap });
    const board = storyboard(['job=a', 'job=b', 'job=c']);
    const long: Storyboard = { ...board, shots: board.shots.map((shot) => ({ ...shot, durationSeconds: 4 })) };
    const error = await createJob(server.ports, long, { maxCostUsd: 4 }).catch((refusal) => refusal);
    expect(error).toMatchObject(refused(/may cost 6 USD with provider "paid", but maxCostUsd is 4 USD; nothing was started/));
    expect(error.hint).toContain(
      'What would pass: shots of at most durationSeconds: 2 (3 USD); only the first 2 of 3 shots (4 USD); provider: "cheap" (0.6 USD).',
    );
    const passing = [
      { ...long, shots: long.shots.map((shot) => ({ ...shot, durationSeconds: 2 })) },
      { ...long, shots: long.shots.slice(0, 2) },
      { ...long, provider: 'cheap' },
    ];
    for (const other of passing) expect(await createJob(server.ports, other, { maxCostUsd: 4 })).toMatchObject({ existing: false });
    for (const shots of [long.shots.map((shot) => ({ ...shot, durationSeconds: 3 })), long.shots]) {
      await expect(createJob(server.ports, { ...long, shots }, { maxCostUsd: 4 })).rejects.toMatchObject({ code: 'BUDGET' });
    }
  });
});

describe('the ledger', () => {
  it.each([
    { prompt: 'cost=0.1', cost: 0.1, what: 'what the provider billed' },
    { prompt: 'fail=contentPolicy', cost: 0, what: 'nothing for what failed' },
    { prompt: 'fail=contentPolicy cost=0.2', cost: 0.2, what: 'what is billed for what failed' },
    { prompt: 'refused', cost: 0, what: 'nothing for what was not sent' },
    { prompt: 'garbage', cost: 0.5, what: 'a clip that cannot be read' },
  ])('counts $what once a job has ended', async ({ prompt, cost }) => {
    const server = place.open({ ceilings: { perDayUsd: 0.5 } });
    const id = await start(server, prompt);
    expect(await usedToday(server)).toBe(0.5);
    await reach(server, id);
    expect(await usedToday(server)).toBe(cost);
    expect(await usedBy(server)).toBe(cost);
  });

  it('keeps the reservation of an unknown take, also when it is given up', async () => {
    const server = place.open({ generator: { find: false }, ceilings: { perDayUsd: 0.9 } });
    const id = await start(server, 'lose');
    await reach(server, id);
    await expect(start(server, 'job=next')).rejects.toMatchObject({ code: 'BUDGET' });
    await cancelJob(server.ports, id, { giveUp: true });
    await reach(server, id, ({ job }) => job.ended !== undefined);
    await expect(start(server, 'job=next')).rejects.toMatchObject({ code: 'BUDGET' });
  });

  it('counts a cancelled take that is billed in full, until its late clip says what it cost', async () => {
    const server = place.open({ ceilings: { perDayUsd: 2 } });
    const [id, waiting] = [await start(server, 'render=1200 bills cost=0.2'), await start(place.open({ generator: idle }), 'job=waiting')];
    await reach(server, id, ({ takes }) => takes[0].state === 'running');
    for (const each of [id, waiting]) await cancelJob(server.ports, each);
    await until(
      () => usedToday(server),
      (used) => used === 0.5,
    );
    await until(
      () => usedToday(server),
      (used) => used === 0.2,
    );
  });

  it('covers every paid start: none beyond what the job was approved for, and none whose entry is gone and does not fit any more', async () => {
    const server = place.open({ generator: idle, ceilings: { perDayUsd: 0.5 } });
    const id = await start(server, 'job=a');
    const { job, shots } = await requireJobView(server.ports, id);
    expect(affords({ job, shots }, { index: 0 })).toBe(false);
    expect(affords({ job: { ...job, ...(job.budget ? { budget: { ...job.budget, reservedUsd: 1 } } : {}) }, shots }, { index: 0 })).toBe(true);
    for (const account of [dayAccount(job.budget?.day ?? ''), collectionAccount('default')]) {
      await changeAccount(server.ports, account, (before) => ({ ...before, entries: [] }));
    }
    await coverStart(server.ports, id, job.takeIds[0]);
    expect(await usedToday(server)).toBe(0.5);
    await changeAccount(server.ports, dayAccount(job.budget?.day ?? ''), (before) => ({ ...before, entries: [], closedUsd: 0.1 }));
    const worker = place.open({ ceilings: { perDayUsd: 0.5 } });
    expect(await reach(worker, id)).toMatchObject({ state: 'failed', takes: [{ failure: { reason: 'budget' }, billedUsd: 0 }] });
    expect(await place.paid()).toEqual([]);
  });

  it('is right after a kill at any moment of a call: the same call again pays once, and what no call comes back for lapses', { timeout: 120_000 }, async () => {
    const environment = { VRAG_MAX_USD_PER_DAY: '0.5' };
    const whole = await openFilmPlace();
    const events = (await whole.work({ requests: [['job=whole']], wait: false })).lines.at(-1)?.events ?? [];
    await whole.close();
    const [first, last] = [events.indexOf('before create ledger'), events.indexOf('after create job')];
    expect(last - first).toBeGreaterThanOrEqual(5);
    for (let killAt = first + 1; killAt <= last; killAt += 2) {
      const here = await openFilmPlace();
      const request = [`job=${killAt}`];
      expect((await here.work({ requests: [request], killAt, environment, generator: idle })).killed).toBe(true);
      const server = here.open({ ceilings: { perDayUsd: 0.5 } });
      const other = createJob(server.ports, storyboard(['job=other']));
      await expect(other, events[killAt]).rejects.toMatchObject({ code: 'BUDGET' });
      if (killAt === first + 1) {
        vi.useFakeTimers({ toFake: ['Date'] });
        vi.setSystemTime(Date.now() + 660_000);
        await createJob(server.ports, storyboard(['job=other']), { maxCostUsd: 1 });
        await expect(createJob(server.ports, storyboard(request))).rejects.toMatchObject({ code: 'BUDGET' });
        vi.useRealTimers();
      } else {
        const { jobId } = await createJob(server.ports, storyboard(request));
        server.runner.kick();
        expect((await reach(server, jobId)).state).toBe('succeeded');
        expect(await here.paid()).toMatchObject([{ repeats: 0 }]);
        expect(await usedToday(server)).toBe(0.5);
      }
      await here.close();
    }
  });
});

describe('a finished shot of a job that made no video', () => {
  it('is taken over by a later job instead of being paid again, but not with force', async () => {
    const server = place.open({ ceilings: { perDayUsd: 9 } });
    const make = async (...prompts: string[]) => {
      const { jobId } = await createJob(server.ports, storyboard(prompts), { maxCostUsd: 1 });
      server.runner.kick();
      return reach(server, jobId);
    };
    const failed = await make('shot=good', 'shot=bad fail=contentPolicy');
    expect(failed.state).toBe('failed');
    const second = await make('shot=good', 'shot=better');
    expect(second).toMatchObject({ state: 'succeeded', job: { budget: { reservedUsd: 0.5 }, taken: [{ index: 0, jobId: failed.id }] } });
    expect(second.takes[0]).toMatchObject({ attempts: 0, result: { costUsd: 0, notes: [expect.stringContaining(failed.id)] } });
    expect((await place.paid()).filter(({ words }) => words.shot === 'good')).toHaveLength(1);
    expect(await usedToday(server)).toBe(1);
    const alone = await make('shot=good');
    expect(alone).toMatchObject({ state: 'succeeded', takes: [{ attempts: 0 }] });
    const { jobId } = await createJob(server.ports, storyboard(['shot=good']), { force: true });
    server.runner.kick();
    expect(await reach(server, jobId)).toMatchObject({ takes: [{ attempts: 1 }] });
  });
});
