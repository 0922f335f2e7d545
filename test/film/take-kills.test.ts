import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listJobs } from '../../src/film/jobs.ts';
import { collectionAccount, readAccount, usedUsd } from '../../src/film/ledger.ts';
import { type FilmPlace, openFilmPlace } from '../fixtures/film.ts';

/** A lease that a dead server leaves behind is short here; a live one renews it three times in that. */
const LEASE_SECONDS = 0.6;

/**
 * For every n: a server process makes a job and is killed at the n-th thing that it does to the world outside (before and after every write of
 * a record, object or asset, every claim, and every call of the provider); the next process finishes that job, and makes the next one.
 */
describe.each([
  { find: true, knows: 'a provider that finds takes by their token', between: ['', ''] },
  // What differs without `find` lies between the take's two records.
  { find: false, knows: 'a provider that finds nothing', between: ['before update take submitting', 'after update take running'] },
])('a server that is killed at any moment, with $knows', ({ find, between: [from, to] }) => {
  let place: FilmPlace;
  // A place for each try: a run that failed leaves jobs behind.
  beforeEach(async () => {
    place = await openFilmPlace();
  });
  afterEach(() => place.close());

  it('pays for no take twice, loses no result, and knows what cannot be known', { timeout: 500_000 }, async () => {
    // So rare that asking after unknown takes does not come between the events of the others.
    const generator = { find, pollSeconds: 600 };
    const promptOf = (n: number) => `job=${n}`;
    const whole = await place.work({ generator, requests: [['job=whole']] });
    const events = whole.lines.at(-1)?.events ?? [];
    const first = from ? events.indexOf(from) : 0;
    const last = to ? events.indexOf(to) : events.length - 1;
    expect(last - first).toBeGreaterThanOrEqual(5);
    const all: string[][] = [];
    for (let killAt = first; killAt <= last; killAt++) {
      // Between the end of one thing and the beginning of the next nothing changes outside the process: one of the two deaths tells all.
      if (find && events[killAt].startsWith('before') && events[killAt - 1]?.startsWith('after')) continue;
      all.push([promptOf(killAt)]);
      const { killed } = await place.work({ generator, leaseSeconds: LEASE_SECONDS, finishFirst: true, requests: [[promptOf(killAt)]], killAt });
      expect(killed || killAt > last - 4, `${killAt} of ${last}`).toBe(true);
    }
    // The same calls once more, as a client does whose server died.
    await place.work({ generator, leaseSeconds: LEASE_SECONDS, requests: all });

    const { ports, close } = place.open({ generator });
    const { views } = await listJobs(ports, { limit: 500 });
    const paid = await place.paid();
    const deaths = await place.deaths();
    const jobOf = (n: number) => views.filter(({ job }) => job.storyboard.shots[0].prompt === promptOf(n));
    const outcomes = deaths.map(({ killAt, event }) => {
      const jobs = jobOf(killAt);
      const starts = paid.filter(({ words }) => words.job === String(killAt));
      return { event, jobs: jobs.length, state: jobs[0]?.state, starts: starts.length, repeats: starts.reduce((sum, { repeats }) => sum + repeats, 0) };
    });
    for (const outcome of outcomes) {
      expect(outcome, outcome.event).toMatchObject({ jobs: 1, repeats: 0 });
      expect(outcome.starts, outcome.event).toBe(isBeforeAccepting(outcome.event) ? 0 : 1);
      expect(outcome.state, outcome.event).toBe(isInDoubt(outcome.event, find) ? 'unknown' : 'succeeded');
    }
    const died = new Set(deaths.map((death) => death.event));
    const some = find
      ? [
          'after create request',
          'after update take submitting',
          'after start',
          'after update take succeeded',
          'after upsert',
          'after update job ended succeeded',
        ]
      : ['after update take submitting', 'before start', 'after start', 'before update take running'];
    for (const event of some) expect(died).toContain(event);
    // Every job is in the ledger once, with what it cost or, unknown, may have cost.
    expect(usedUsd(await readAccount(ports, collectionAccount('default')))).toBe(0.5 * views.length);
    const outputs = await readdir(path.join(place.home, 'outputs'));
    expect(outputs.filter((name) => name.endsWith('.mp4'))).toHaveLength(views.filter(({ state }) => state === 'succeeded').length);
    expect(outputs.filter((name) => /\(\d+\)\.\w+$/.test(name))).toEqual([]);
    const videos = new Set(views.filter(({ state }) => state === 'succeeded').map(({ job }) => job.videoId));
    const { assets } = await ports.catalog.list('default', { kind: 'video' }, { limit: 500 });
    expect(new Set(assets.map(({ id }) => id))).toEqual(videos);
    expect(assets).toHaveLength(videos.size);
    await close();
  });
});

/** The take is on record as being submitted, and the provider never heard of it. */
const isBeforeAccepting = (event: string) => event === 'after update take submitting' || event === 'before start';

/** Between the record that says that the start is sent and the record of its answer only the provider knows what happened, if it can be asked. */
const isInDoubt = (event: string, find: boolean) => isBeforeAccepting(event) || (!find && (event === 'after start' || event === 'before update take running'));
