import type { ChildProcess } from 'node:child_process';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { createJob } from '../../src/film/job-create.ts';
import { cancelJob, type JobView, listJobs, requireJobView } from '../../src/film/jobs.ts';
import type { Ports } from '../../src/ports.ts';
import { type FilmPlace, type FilmServer, type GeneratorOptions, isOver, openFilmPlace, storyboard, until } from '../fixtures/film.ts';

let place: FilmPlace;
beforeEach(async () => {
  place = await openFilmPlace();
});
afterEach(() => place.close());

async function start(server: FilmServer, ...prompts: string[]): Promise<string> {
  const { jobId } = await createJob(server.ports, storyboard(prompts));
  server.runner.kick();
  return jobId;
}

const reach = ({ ports }: FilmServer, id: string, holds: (view: JobView) => boolean = isOver, limitMs?: number) =>
  until(() => requireJobView(ports, id), holds, limitMs);

/** The job of one shot once it is over, what was paid for, and the log of every state its take was seen in. */
async function run(prompt: string, generator: GeneratorOptions = {}) {
  const server = place.open({ generator });
  const view = await reach(server, await start(server, prompt));
  return { server, view, take: view.takes[0], paid: await place.paid() };
}

describe('a paid take', () => {
  it('is started once, polled, fetched and put into the video', async () => {
    const { view, take, paid } = await run('render=300');
    expect(view).toMatchObject({ state: 'succeeded', progress: 1 });
    expect(take).toMatchObject({ state: 'succeeded', attempts: 1, result: { costUsd: 0.5, durationSeconds: 1 } });
    expect(paid).toMatchObject([{ repeats: 0 }]);
    expect(paid[0].polls).toBeGreaterThan(1);
  });

  it.each(['contentPolicy', 'invalidRequest', 'providerError', 'timeout'])('that the provider fails for %s fails with that reason, once', async (reason) => {
    const { view, take, paid } = await run(`fail=${reason} retry`);
    expect(view.job.ended).toMatchObject({ state: 'failed', message: expect.stringContaining(reason) });
    expect(take).toMatchObject({ state: 'failed', failure: { reason }, attempts: 1 });
    expect(paid).toHaveLength(1);
  });

  it('that the adapter refuses before sending fails, and nothing was sent', async () => {
    const { take, paid } = await run('refused');
    expect(take).toMatchObject({ state: 'failed', failure: { reason: 'invalidRequest', message: expect.stringContaining('before anything is sent') } });
    expect(paid).toEqual([]);
  });

  it('that is refused with 429 is sent again with the same token until it is accepted', async () => {
    const { view, take, paid } = await run('busy=2');
    expect(view.state).toBe('succeeded');
    expect(take).toMatchObject({ attempts: 1 });
    expect(paid).toMatchObject([{ repeats: 0 }]);
  });

  it('whose answer was lost is found by its token and not sent again', async () => {
    for (const prompt of ['lose', '500after']) {
      const { view, paid, server } = await run(prompt);
      expect(view.state).toBe('succeeded');
      expect(paid.every(({ repeats }) => repeats === 0)).toBe(true);
      await server.close();
    }
    expect(await place.paid()).toHaveLength(2);
  });

  it('whose answer was lost and is found late is unknown until then', async () => {
    const server = place.open();
    const id = await start(server, 'lose hidden=3');
    await reach(server, id, (view) => view.state === 'unknown');
    expect(await reach(server, id, (view) => view.job.ended !== undefined)).toMatchObject({ state: 'succeeded' });
    expect(await place.paid()).toMatchObject([{ repeats: 0 }]);
  });

  it('that no provider can find is unknown, stays so, matches the same request, and ends by the word of the user', async () => {
    const { server, view, take } = await run('lose', { find: false });
    expect(view).toMatchObject({ state: 'unknown' });
    expect(take.watchUntil).toBeUndefined();
    expect(await createJob(server.ports, storyboard(['lose']))).toEqual({ jobId: view.id, existing: true });
    expect((await cancelJob(server.ports, view.id)).state).toBe('unknown');
    await sleep(300);
    expect((await requireJobView(server.ports, view.id)).state).toBe('unknown');
    await cancelJob(server.ports, view.id, { giveUp: true });
    const ended = await reach(server, view.id, ({ job }) => job.ended !== undefined);
    expect(ended).toMatchObject({ state: 'failed', takes: [{ failure: { reason: 'lost' } }] });
    expect(ended.job.ended?.message).toContain('may have been billed');
    expect(await place.paid()).toMatchObject([{ repeats: 0 }]);
    expect((await createJob(server.ports, storyboard(['lose']))).jobId).not.toBe(view.id);
  });

  it('that a 500 before acceptance leaves in doubt is unknown, and never sent again by itself', async () => {
    const { view, server, paid } = await run('500before=1');
    expect(view.state).toBe('unknown');
    expect(paid).toEqual([]);
    await sleep(500);
    expect(await place.paid()).toEqual([]);
    expect((await requireJobView(server.ports, view.id)).state).toBe('unknown');
  });

  it('whose operation the provider forgot is unknown', async () => {
    expect((await run('forget')).view.state).toBe('unknown');
    expect(await place.paid()).toMatchObject([{ repeats: 0 }]);
  });

  it('survives polls that are not answered', async () => {
    const { view, paid } = await run('deaf=3');
    expect(view.state).toBe('succeeded');
    expect(paid).toHaveLength(1);
  });

  it('that is no video fails and says so', async () => {
    expect((await run('garbage')).take).toMatchObject({ state: 'failed', failure: { reason: 'providerError', message: expect.stringContaining('no video') } });
  });

  it('whose status never changes fails at its deadline, not before', async () => {
    const { take, view } = await run('never', { deadlineSeconds: 0.6 });
    expect(take).toMatchObject({ state: 'failed', failure: { reason: 'timeout', message: expect.stringContaining('may still be billed') } });
    expect(Date.parse(view.job.ended?.at ?? '') - Date.parse(take.startedAt ?? '')).toBeGreaterThanOrEqual(600);
    expect(take.watchUntil).toBeDefined();
  });
});

describe('output that comes late is kept', () => {
  it('after the deadline', async () => {
    const server = place.open({ generator: { deadlineSeconds: 0.3 } });
    const id = await start(server, 'render=1500');
    const view = await reach(server, id, ({ takes }) => takes[0].late !== undefined);
    expect(view).toMatchObject({ state: 'failed', takes: [{ state: 'failed', failure: { reason: 'timeout' }, late: { costUsd: 0.5, durationSeconds: 1 } }] });
    await access(view.takes[0].late?.path ?? '');
    expect(view.takes[0].watchUntil).toBeUndefined();
    expect((await server.ports.records.list('take', { limit: 9, open: true })).records).toEqual([]);
  });

  it('after a cancel that the provider bills all the same, which the job says', async () => {
    const server = place.open();
    const id = await start(server, 'render=1500 bills');
    await reach(server, id, ({ takes }) => takes[0].state === 'running');
    await cancelJob(server.ports, id);
    const ended = await reach(server, id);
    expect(ended).toMatchObject({ state: 'cancelled', takes: [{ state: 'cancelled', stillBilled: true }] });
    expect(ended.job.ended?.message).toContain('Still billed by the provider: shot 1');
    const view = await reach(server, id, ({ takes }) => takes[0].late !== undefined);
    await access(view.takes[0].late?.path ?? '');
  });

  it('after the user gave an unknown take up', async () => {
    const server = place.open();
    const id = await start(server, 'lose hidden=5');
    await reach(server, id, (view) => view.state === 'unknown');
    await cancelJob(server.ports, id, { giveUp: true });
    const view = await reach(server, id, ({ takes }) => takes[0].late !== undefined);
    expect(view).toMatchObject({ state: 'failed', takes: [{ state: 'failed', failure: { reason: 'lost' } }] });
  });

  it('and an answer to the start that comes when its lease is long lost is written down', async () => {
    // The other server thinks that the first one died in the middle of the start.
    let stuck = true;
    const slow = (ports: Ports): Ports => ({
      ...ports,
      records: { ...ports.records, renew: async (...args) => (stuck ? false : ports.records.renew(...args)) },
    });
    const first = place.open({ generator: { find: false }, leaseSeconds: 0.3, ports: slow });
    const id = await start(first, 'hold=5000');
    await reach(first, id, ({ takes }) => takes[0].state === 'submitting');
    const second = place.open({ generator: { find: false } });
    await reach(second, id, (view) => {
      second.runner.kick();
      return view.state === 'unknown';
    });
    stuck = false;
    expect(await reach(second, id, (view) => view.job.ended !== undefined)).toMatchObject({ state: 'succeeded' });
    expect(await place.paid()).toMatchObject([{ repeats: 0 }]);
  });
});

describe('a storyboard with a shot that fails', () => {
  it('makes no video, begins no more shots, and keeps those that were finished', async () => {
    const server = place.open({ generator: { concurrency: 1 } });
    const id = await start(server, 'shot=1', 'shot=2 fail=contentPolicy', 'shot=3');
    const view = await reach(server, id);
    expect(view.takes.map(({ state }) => state)).toEqual(['succeeded', 'failed', 'cancelled']);
    expect(view.job.ended).toMatchObject({ state: 'failed', message: expect.stringContaining('Shot 2: It failed') });
    expect(view.job.kept).toMatchObject([{ index: 0 }]);
    await access(view.job.kept?.[0].path ?? '');
    expect(await place.paid()).toHaveLength(2);
  });
});

describe('cancelling', () => {
  it('before anything was sent costs nothing', async () => {
    const server = place.open({ generator: { concurrency: 1 } });
    const blocking = await start(server, 'never');
    const id = await start(server, 'render=1');
    expect(await cancelJob(server.ports, id)).toMatchObject({ state: 'cancelled' });
    expect((await reach(server, id)).takes[0]).toMatchObject({ state: 'cancelled', stillBilled: false, attempts: 0 });
    expect(await place.paid()).toHaveLength(1);
    await cancelJob(server.ports, blocking);
    expect((await reach(server, blocking)).takes[0]).toMatchObject({ state: 'cancelled', stillBilled: false });
    expect(await place.paid()).toMatchObject([{ cancelled: true }]);
  });

  it('stops all shots of a storyboard', async () => {
    const server = place.open({ generator: { concurrency: 2 } });
    const id = await start(server, 'never a', 'never b', 'never c', 'never d');
    await reach(server, id, ({ takes }) => takes.filter(({ state }) => state === 'running').length === 2);
    await cancelJob(server.ports, id);
    expect((await reach(server, id)).takes.map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled']);
    expect(await place.paid()).toHaveLength(2);
  });
});

describe('a free take', () => {
  const free = { free: true, pollSeconds: 0.05 };

  it('that is lost begins again with another token, three times at most', async () => {
    const { take, paid } = await run('forget', free);
    expect(take).toMatchObject({ state: 'failed', failure: { reason: 'lost' }, attempts: 3 });
    expect(paid).toHaveLength(3);
  });

  it('whose failure may pass is tried again, and one whose failure stays is not', async () => {
    expect((await run('fail=providerError retry', free)).take).toMatchObject({ state: 'failed', attempts: 3, failure: { reason: 'providerError' } });
    expect((await run('fail=contentPolicy', free)).take).toMatchObject({ state: 'failed', attempts: 1 });
  });

  it('whose answer to the start was lost begins again', async () => {
    expect((await run('500before=1', { ...free, find: false })).take).toMatchObject({ state: 'succeeded', attempts: 2 });
  });
});

describe('the store', () => {
  /** `put` of clips fails as often as said. */
  const failingPuts = (times: number) => {
    let left = times;
    return (ports: Ports): Ports => ({
      ...ports,
      objects: {
        ...ports.objects,
        put: async (...args) => {
          if (args[1] === 'video/mp4' && left-- > 0) throw new AppError('UNAVAILABLE', 'The disk is full.');
          return ports.objects.put(...args);
        },
      },
    });
  };

  it('that fails for a moment loses no clip', async () => {
    const server = place.open({ ports: failingPuts(1) });
    expect(await reach(server, await start(server, 'render=1'))).toMatchObject({ state: 'succeeded' });
    expect(await place.paid()).toHaveLength(1);
  });

  it('that fails while the shots are joined ends nothing: it is tried again, and the takes stay', async () => {
    let left = 1;
    const failingOnce = (ports: Ports): Ports => ({
      ...ports,
      media: {
        ...ports.media,
        join: async (...args) => {
          if (left-- > 0) throw new AppError('UNAVAILABLE', 'The codec is busy.');
          return ports.media.join(...args);
        },
      },
    });
    const server = place.open({ ports: failingOnce });
    const id = await start(server, 'render=1 a', 'render=1 b');
    const waiting = await reach(server, id, ({ job }) => job.finish !== undefined);
    expect(waiting).toMatchObject({ state: 'running', job: { finish: { tries: 1, message: 'The codec is busy.' } } });
    expect(await reach(server, id, isOver)).toMatchObject({ state: 'succeeded', job: { video: { durationSeconds: 2 } } });
    expect(await place.paid()).toHaveLength(2);
  });

  it('that makes joining impossible fails the job, and the same request joins the same shots without paying again', async () => {
    let broken = true;
    const withoutCodec = (ports: Ports): Ports => ({
      ...ports,
      media: {
        ...ports.media,
        join: async (...args) => {
          if (broken) throw new AppError('UNSUPPORTED', 'No codec can join them.');
          return ports.media.join(...args);
        },
      },
    });
    const server = place.open({ ports: withoutCodec });
    const id = await start(server, 'render=1 a', 'render=1 b');
    const failed = await reach(server, id);
    expect(failed.job.ended).toMatchObject({ state: 'failed', message: expect.stringContaining('No codec can join them.') });
    broken = false;
    expect(await createJob(server.ports, storyboard(['render=1 a', 'render=1 b']))).toEqual({ jobId: id, existing: true });
    server.runner.kick();
    expect(await reach(server, id, ({ state }) => state === 'succeeded')).toMatchObject({ takes: [{ attempts: 1 }, { attempts: 1 }] });
    expect(await place.paid()).toHaveLength(2);
  });
});

describe('several servers on one folder', () => {
  it('share the takes, and each is started once', async () => {
    const servers = [place.open({ generator: { concurrency: 2 } }), place.open({ generator: { concurrency: 2 } })];
    const ids = await Promise.all([0, 1].map((n) => start(servers[n], ...Array.from({ length: 5 }, (_, shot) => `render=100 job=${n} shot=${shot}`))));
    for (const id of ids) expect(await reach(servers[0], id)).toMatchObject({ state: 'succeeded' });
    const paid = await place.paid();
    expect(paid).toHaveLength(10);
    expect(paid.every(({ repeats }) => repeats === 0)).toBe(true);
  });

  it('take over from one that stands still for longer than its lease, which then finds its work done', { timeout: 60_000 }, async () => {
    let child: ChildProcess | undefined;
    const order = { requests: [['hold=1000 still']], leaseSeconds: 0.6, generator: { find: false } };
    const worker = place.work(order, (spawned) => {
      child = spawned;
    });
    await until(
      () => place.paid(),
      (paid) => paid.length === 1,
    );
    child?.kill('SIGSTOP');
    const server = place.open({ generator: { find: false } });
    const [view] = (await listJobs(server.ports, { limit: 1 })).views;
    await reach(server, view.id, ({ state }) => {
      server.runner.kick();
      return state === 'unknown';
    });
    child?.kill('SIGCONT');
    expect((await worker).lines.at(-1)?.over).toEqual([{ id: view.id, state: expect.stringMatching('succeeded|unknown') }]);
    expect(await reach(server, view.id, ({ job }) => job.ended !== undefined)).toMatchObject({ state: 'succeeded', takes: [{ attempts: 1 }] });
    expect(await place.paid()).toMatchObject([{ repeats: 0 }]);
    expect((await server.ports.catalog.list('default', { kind: 'video' }, { limit: 9 })).assets).toHaveLength(1);
  });

  it('leave the takes of a provider that is not configured to the one that has it', async () => {
    const without = place.open({ ports: (ports) => ({ ...ports, videoGenerators: new Map() }) });
    const id = await start(place.open({ generator: { concurrency: 0 } }), 'render=1');
    await sleep(500);
    expect(await requireJobView(without.ports, id)).toMatchObject({ state: 'queued' });
    expect(await reach(place.open(), id)).toMatchObject({ state: 'succeeded' });
  });
});
