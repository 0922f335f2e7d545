import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listJobs, readJobView } from '../../src/film/jobs.ts';
import { type FilmPlace, openFilmPlace } from '../fixtures/film.ts';

/** Kill points that a job of one shot has at most; a run that is not killed any more ends the test. */
const MOST = 200;
/** A lease that a dead server leaves behind is short here; a live one renews it three times in that. */
const LEASE_SECONDS = 0.6;

/**
 * For every n: a server process makes a job and is killed at the n-th thing that it does to the world outside (before and after every write of
 * a record, object or asset, every claim, and every call of the provider); the next process finishes that job, and makes the next one.
 */
describe.each([
  { find: true, knows: 'a provider that finds takes by their token' },
  { find: false, knows: 'a provider that finds nothing' },
])('a server that is killed at any moment, with $knows', ({ find }) => {
  let place: FilmPlace;
  beforeAll(async () => {
    place = await openFilmPlace();
  });
  afterAll(() => place.close());

  it('pays for no take twice, loses no result, and knows what cannot be known', { timeout: 400_000 }, async () => {
    let kills = 0;
    for (; kills < MOST; kills++) {
      const requests = [[`render=1 job=${kills}`]];
      const { killed } = await place.work({ generator: { find }, leaseSeconds: LEASE_SECONDS, finishFirst: true, requests, killAt: kills });
      if (!killed) break;
    }
    expect(kills).toBeGreaterThan(20);
    expect(kills).toBeLessThan(MOST);
    // The same calls once more, as a client does whose server died.
    const all = Array.from({ length: kills + 1 }, (_, n) => [`render=1 job=${n}`]);
    await place.work({ generator: { find }, leaseSeconds: LEASE_SECONDS, requests: all });

    const { ports, close } = place.open({ generator: { find } });
    const { views } = await listJobs(ports, { limit: 500 });
    const paid = await place.paid();
    const deaths = await place.deaths();
    expect(deaths.map(({ killAt }) => killAt)).toEqual(all.slice(0, kills).map((_, n) => n));
    const jobOf = (n: number) => views.filter(({ job }) => job.storyboard.shots[0].prompt === `render=1 job=${n}`);
    const outcomes = [...deaths, { killAt: kills, event: 'none' }].map(({ killAt, event }) => {
      const jobs = jobOf(killAt);
      const starts = paid.filter(({ words }) => words.job === String(killAt));
      return { event, jobs: jobs.length, state: jobs[0]?.state, starts: starts.length, repeats: starts.reduce((sum, { repeats }) => sum + repeats, 0) };
    });
    for (const outcome of outcomes) {
      expect(outcome, outcome.event).toMatchObject({ jobs: 1, repeats: 0 });
      expect(outcome.starts, outcome.event).toBe(isBeforeAccepting(outcome.event) ? 0 : 1);
      expect(outcome.state, outcome.event).toBe(isInDoubt(outcome.event, find) ? 'unknown' : 'succeeded');
    }
    for (const event of [
      'after update take submitting',
      'before start',
      'after start',
      'after update take succeeded',
      'after upsert',
      'before update job ended succeeded',
    ]) {
      expect(deaths.map((death) => death.event)).toContain(event);
    }
    const videos = new Set(views.filter(({ state }) => state === 'succeeded').map(({ job }) => job.videoId));
    const { assets } = await ports.catalog.list('default', { kind: 'video' }, { limit: 500 });
    expect(new Set(assets.map(({ id }) => id))).toEqual(videos);
    expect(assets).toHaveLength(videos.size);
    expect(await readJobView(ports, 'job_none')).toBeUndefined();
    await close();
  });
});

/** The take is on record as being submitted, and the provider never heard of it. */
const isBeforeAccepting = (event: string) => event === 'after update take submitting' || event === 'before start';

/** Between the record that says that the start is sent and the record of its answer only the provider knows what happened, if it can be asked. */
const isInDoubt = (event: string, find: boolean) => isBeforeAccepting(event) || (!find && (event === 'after start' || event === 'before update take running'));
