import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { besideEarlierTakes } from '../../src/film/earlier-takes.ts';
import { createJob } from '../../src/film/job-create.ts';
import { cancelJob, type JobView, requireJobView } from '../../src/film/jobs.ts';
import { readManifest } from '../../src/film/manifest.ts';
import type { PlannedReference } from '../../src/film/references.ts';
import { requireReport } from '../../src/film/reports.ts';
import type { Storyboard } from '../../src/film/storyboard.ts';
import { type FilmPlace, type FilmServer, isOver, openFilmPlace, storedReference, storyboard, until } from '../fixtures/film.ts';

/** Its embedder has no calibration: what moves has no verdict, what stands still fails all the same. */
let place: FilmPlace;
let server: FilmServer;
let reference: PlannedReference;
beforeAll(async () => {
  place = await openFilmPlace();
  server = place.open();
  reference = await storedReference(server.ports);
});
afterAll(() => place.close());

const grounded = (prompts: string[], changes: Partial<Storyboard> = {}): Storyboard => {
  const plain = storyboard(prompts);
  const shots = plain.shots.map((shot) => ({ ...shot, references: [reference] }));
  return { ...plain, shots, quality: { target: 'pass', maxTakes: 3 }, ...changes };
};
async function start(board: Storyboard, options: { maxCostUsd?: number } = {}): Promise<string> {
  const { jobId } = await createJob(server.ports, board, options);
  server.runner.kick();
  return jobId;
}
const over = (jobId: string) => until(() => requireJobView(server.ports, jobId), isOver);
const make = async (board: Storyboard, options: { maxCostUsd?: number } = {}) => over(await start(board, options));
const paidFor = async (job: string) => (await place.paid()).filter(({ words }) => words.job === job);
const told = ({ shots }: JobView, index = 0) => {
  const { takes, stop } = shots[index];
  return {
    verdicts: takes.map(({ take }) => take.evaluation?.verdict),
    kept: takes.findIndex(({ id }) => id === stop?.keptTakeId) + 1,
    reason: stop?.reason,
  };
};

describe('a shot with a quality goal', () => {
  it('whose take stands still gets a second one, changed as the report advises, and the better one is the video', async () => {
    const view = await make(grounded(['job=better stuck']));
    expect(view.state).toBe('succeeded');
    expect(told(view)).toEqual({ verdicts: ['fail', 'uncalibrated'], kept: 2, reason: 'uncalibrated' });
    const [first, second] = view.shots[0].takes;
    expect(first.take.evaluation?.flagged).toEqual(['freeze']);
    expect(second.take).toMatchObject({ number: 2, change: { from: 1, check: 'freeze' } });
    expect(second.take.shot.prompt).toMatch(/motion/);
    expect(second.take.shot.prompt).toContain('job=better stuck');
    expect(view.job.video?.sha256).toBeDefined();
    const video = await server.ports.catalog.get(view.job.videoId);
    expect(video?.attributes).toEqual({ verdict: 'uncalibrated', similarity: second.take.evaluation?.similarity?.mean });
    expect(video?.attributes?.similarity).toBeGreaterThan(0);
    const ids = [first, second].map(({ take }) => take.evaluation?.reportId ?? '');
    const [early, late] = await Promise.all(ids.map(async (id) => besideEarlierTakes(server.ports, id, await requireReport(server.ports, id))));
    expect(early).toEqual({ stop: 'uncalibrated' });
    expect(late).toMatchObject({
      stop: 'uncalibrated',
      compared: {
        comparison: { better: ids[1], reason: expect.stringMatching(/freeze \(0 against 1\)/), takes: [{ worseIn: ['freeze'] }, { verdict: 'uncalibrated' }] },
      },
    });
    const manifest = await readManifest(server.ports, view.job.videoId);
    expect(manifest).toMatchObject({
      costUsd: 1,
      reportId: second.take.evaluation?.reportId,
      shots: [{ takeId: second.id, costUsd: 1, stopped: 'uncalibrated' }],
    });
    const [shot] = manifest?.type === 'video' ? manifest.shots : [];
    expect(shot.takes?.map(({ number, evaluation }) => [number, evaluation?.verdict])).toEqual([
      [1, 'fail'],
      [2, 'uncalibrated'],
    ]);
    const report = await requireReport(server.ports, first.take.evaluation?.reportId ?? '');
    expect(report).toMatchObject({ takeId: first.id, jobId: view.id, number: 1, report: { verdict: 'fail' } });
    expect(report.evidence?.bytes.length).toBeGreaterThan(1000);
    expect(await paidFor('better')).toMatchObject([{ repeats: 0 }, { repeats: 0 }]);
  });

  it('keeps its first take where the second is worse', async () => {
    const view = await make(grounded(['job=worse stuck worse'], { quality: { target: 'pass', maxTakes: 2 } }));
    expect(told(view)).toEqual({ verdicts: ['fail', 'fail'], kept: 1, reason: 'maxTakes' });
    expect(view.shots[0].takes[1].take.evaluation?.flagged).toEqual(expect.arrayContaining(['freeze', 'blank']));
    const manifest = await readManifest(server.ports, view.job.videoId);
    expect(manifest).toMatchObject({ shots: [{ takeId: view.shots[0].takes[0].id }] });
    expect(manifest?.type === 'video' && manifest.shots[0].takes?.map(({ number }) => number)).toEqual([2, 1]);
  });

  it('stops where its first take is good enough, where there is no verdict, and where there is nothing to compare with', async () => {
    // It zooms in where a pan was asked for: somebody should look at that.
    const panned = grounded(['job=enough smooth'], { quality: { target: 'review', maxTakes: 3 } });
    const [enough, unjudged, alone] = await Promise.all([
      make({ ...panned, shots: panned.shots.map((shot) => ({ ...shot, camera: 'pan left' as const })) }),
      make(grounded(['job=unjudged smooth'])),
      make({ ...storyboard(['job=alone stuck']), quality: { target: 'pass', maxTakes: 3 } }),
    ]);
    expect(told(enough)).toEqual({ verdicts: ['review'], kept: 1, reason: 'targetMet' });
    expect(told(unjudged)).toEqual({ verdicts: ['uncalibrated'], kept: 1, reason: 'uncalibrated' });
    expect(told(alone)).toEqual({ verdicts: [undefined], kept: 1, reason: 'noReference' });
  });

  it('spends no more than was approved for the job, whichever shot comes first', async () => {
    const view = await make(grounded(['job=money stuck a', 'job=money stuck b']), { maxCostUsd: 1.5 });
    expect(view.job.budget).toMatchObject({ leastUsd: 1, reservedUsd: 1.5 });
    expect(view.state).toBe('succeeded');
    expect([told(view, 0).reason, told(view, 1).reason].sort()).toEqual(['budget', 'uncalibrated']);
    expect(await paidFor('money')).toHaveLength(3);
  });

  it('keeps what it has where a later take fails', async () => {
    // The provider refuses nothing of the first request; the changed one begins with other words.
    const refusing = place.open({
      wrap: (generator) => ({
        ...generator,
        start: (shot, options) =>
          generator.start({ ...shot, prompt: shot.prompt.includes('motion') ? `${shot.prompt} fail=contentPolicy` : shot.prompt }, options),
      }),
    });
    await server.runner.stop();
    const { jobId } = await createJob(refusing.ports, grounded(['job=fails stuck']));
    refusing.runner.kick();
    const view = await until(() => requireJobView(refusing.ports, jobId), isOver);
    expect(view.state).toBe('succeeded');
    expect(told(view)).toEqual({ verdicts: ['fail', undefined], kept: 1, reason: 'takeFailed' });
    await refusing.close();
    server = place.open();
  });

  it('that is cancelled between two takes gets no other one, and its clip is kept', async () => {
    await server.runner.stop();
    // A server that measures and dies before it decides: the take has succeeded, and what follows is not written.
    const { jobId } = await createJob(server.ports, grounded(['job=cancelled stuck']));
    const other = place.open({
      ports: (ports) => ({
        ...ports,
        records: { ...ports.records, claim: async (kind, options) => (kind === 'job' ? undefined : ports.records.claim(kind, options)) },
      }),
    });
    other.runner.kick();
    await until(
      () => requireJobView(server.ports, jobId),
      (view) => view.takes[0]?.state === 'succeeded',
    );
    await other.close();
    const view = await requireJobView(server.ports, jobId);
    expect(view.state).toBe('running');
    await cancelJob(server.ports, jobId);
    server = place.open();
    const ended = await over(jobId);
    expect(ended).toMatchObject({ state: 'cancelled', job: { kept: [{ index: 0 }] } });
    expect(told(ended).reason).toBe('cancelled');
    expect(await paidFor('cancelled')).toHaveLength(1);
  });
});

it('two requests that differ by their quality goal are two jobs', async () => {
  const goal = { target: 'pass', maxTakes: 2 } as const;
  const [plain, measured] = await Promise.all([make(storyboard(['job=goal'])), make({ ...storyboard(['job=goal']), quality: goal })]);
  expect(measured.id).not.toBe(plain.id);
});
