import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listJobs } from '../../src/film/jobs.ts';
import type { PlannedReference } from '../../src/film/references.ts';
import { type FilmPlace, openFilmPlace, storedReference } from '../fixtures/film.ts';

const LEASE_SECONDS = 0.6;
const quality = { target: 'pass', maxTakes: 3 } as const;

/** From the first clip in the store, through its report, to the second take in a server's hand; what follows is as with any take. */
const FROM = 'after update take evaluating';
const TO = 'after claim take';

describe('a shot with a quality goal', () => {
  let place: FilmPlace;
  let references: PlannedReference[];
  // A place for each try: a run that failed leaves jobs behind.
  beforeEach(async () => {
    place = await openFilmPlace();
    const { ports, close } = place.open();
    references = [await storedReference(ports)];
    await close();
  });
  afterEach(() => place.close());

  it('whose server is killed at any moment from its first clip to its second take pays for two takes and has two reports', { timeout: 300_000 }, async () => {
    const order = { references, quality, generator: { pollSeconds: 600 } };
    const whole = await place.work({ ...order, requests: [['job=whole stuck']] });
    const events = whole.lines.at(-1)?.events ?? [];
    const first = events.indexOf(FROM);
    const last = events.indexOf(TO, first);
    expect(first).toBeGreaterThan(0);
    expect(last - first).toBeGreaterThanOrEqual(9);
    for (let killAt = first; killAt <= last; killAt++) {
      if (events[killAt].startsWith('before') && events[killAt - 1]?.startsWith('after')) continue;
      const { killed } = await place.work({ ...order, leaseSeconds: LEASE_SECONDS, finishFirst: true, requests: [[`job=${killAt} stuck`]], killAt });
      expect(killed, `${killAt} of ${last}`).toBe(true);
    }
    await place.work({ ...order, leaseSeconds: LEASE_SECONDS });
    const died = (await place.deaths()).map(({ event }) => event);
    for (const event of [FROM, 'after put', 'after create report', 'after update take succeeded', 'after claim job', 'after create take created'])
      expect(died).toContain(event);

    const { ports, close } = place.open();
    const { views } = await listJobs(ports, { limit: 100 });
    expect(views).toHaveLength(died.length + 1);
    const paid = await place.paid();
    for (const { state, shots, job } of views) {
      const name = job.storyboard.shots[0].prompt.split(' ')[0];
      const [{ takes, stop }] = shots;
      expect(state, name).toBe('succeeded');
      expect(
        takes.map(({ take }) => take.evaluation?.verdict),
        name,
      ).toEqual(['fail', 'uncalibrated']);
      expect(new Set(takes.map(({ take }) => take.evaluation?.reportId)).size).toBe(2);
      expect(stop, name).toEqual({ reason: 'uncalibrated', keptTakeId: takes[1].id });
      const starts = paid.filter(({ words }) => `job=${words.job}` === name);
      expect(starts, name).toMatchObject([{ repeats: 0 }, { repeats: 0 }]);
    }
    expect((await ports.records.list('report', { limit: 500 })).records).toHaveLength(2 * views.length);
    await close();
  });

  it('that two servers work on gets each take once', { timeout: 60_000 }, async () => {
    const requests = [['job=two stuck a', 'job=two stuck b'], ['job=two stuck c']];
    await Promise.all([place.work({ references, quality, requests }), place.work({ references, quality, requests })]);
    const starts = (await place.paid()).filter(({ words }) => words.job === 'two');
    expect(starts).toHaveLength(6);
    expect(starts.every(({ repeats }) => repeats === 0)).toBe(true);
  });
});
