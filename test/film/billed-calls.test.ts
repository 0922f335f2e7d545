import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallMeter } from '../../src/film/billed-calls.ts';
import { dayAccount, dayOf, readAccount, usedUsd } from '../../src/film/ledger.ts';
import { type FilmPlace, type FilmServer, openFilmPlace } from '../fixtures/film.ts';

let place: FilmPlace;
beforeEach(async () => {
  place = await openFilmPlace();
});
afterEach(async () => {
  vi.useRealTimers();
  await place.close();
});

const idle = { concurrency: 0 };
const used = async ({ ports }: FilmServer, day = dayOf(new Date())) => usedUsd(await readAccount(ports, dayAccount(day)));

describe('billed calls', () => {
  it('enter the account of their day before they are sent, many of them with one write', async () => {
    const server = place.open({ generator: idle });
    const update = vi.spyOn(server.ports.records, 'update');
    const meter = createCallMeter(() => server.ports);
    await Promise.all(Array.from({ length: 500 }, () => meter('embedding', 0.00006)));
    expect(await used(server)).toBe(0.05);
    await meter('inpaint', 0.07);
    expect(await used(server)).toBeCloseTo(0.1, 6);
    expect(update.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it('stop at the ceiling of the day over two processes, each with less than a call left', async () => {
    const servers = [0, 1].map(() => place.open({ generator: idle, ceilings: { perDayUsd: 0.22 } }));
    const meters = servers.map((server) => createCallMeter(() => server.ports));
    const calls = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => meters[n % 2]('caption', 0.02)));
    const made = calls.filter(({ status }) => status === 'fulfilled').length;
    expect([10, 11]).toContain(made);
    expect(await used(servers[0])).toBeLessThanOrEqual(0.22);
    await expect(meters[0]('caption', 0.02)).rejects.toMatchObject({ code: 'BUDGET', message: expect.stringContaining('VRAG_MAX_USD_PER_DAY 0.22 USD') });
  });

  it('begin a new block with a new day', async () => {
    const server = place.open({ generator: idle });
    const meter = createCallMeter(() => server.ports);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime('2026-11-21T23:59:58Z');
    await meter('embedding', 0.01);
    vi.setSystemTime('2026-11-22T00:00:02Z');
    await meter('embedding', 0.01);
    expect([await used(server, '2026-11-21'), await used(server, '2026-11-22')]).toEqual([0.05, 0.05]);
  });
});
