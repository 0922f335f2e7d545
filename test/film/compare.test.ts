import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareVideos } from '../../src/film/compare.ts';
import { keepReview, requireReport, requireSeries } from '../../src/film/reports.ts';
import type { Evaluation, ShotReport } from '../../src/quality/report.ts';
import type { Studio } from '../../src/studio.ts';
import { openPlace, type Place } from '../library/studio.ts';

let place: Place;
let studio: Studio;
beforeAll(async () => {
  place = await openPlace();
  studio = await place.open({ background: false });
});
afterAll(() => place.clear());

function evaluation(flicker: number, references: ShotReport['references']): Evaluation {
  const shot: ShotReport = {
    ...{ index: 0, fromSeconds: 0, toSeconds: 2, references, motion: { top5Percent: 2, class: 'moderate' }, cuts: [] },
    ...{ frozenShare: 0, longestFreezeSeconds: 0, blackShare: 0, flicker },
  };
  return {
    ...{ verdict: 'uncalibrated', summary: '', shots: [shot], checks: [], series: [], advice: [] },
    conformance: {
      ...{ codec: 'h264', pixelFormat: 'yuv420p', width: 64, height: 36, fps: 24, durationSeconds: 2, frames: 48, announcedFrames: 48 },
      ...{ hasAudio: false, decodesToEnd: true },
    },
    evidence: { bytes: new Uint8Array([1]), mediaType: 'image/jpeg' },
    frameSeries: { units: {}, framesInClip: 48, framesPerEntry: 1, stepsPerEntry: 1, frames: {}, steps: {}, looks: {}, cutsSeconds: [] },
  };
}
const first = { assetId: 'img_a', role: 'firstFrame' as const, mean: 0.9, max: 0.9 };
const keep = (flicker: number, ...references: ShotReport['references']) => keepReview(studio.ports, evaluation(flicker, references));
const compare = (...takes: string[]) => compareVideos(studio.ports, { takes }, { localPaths: false });

describe('the report of a clip that is no take', () => {
  it('is stored once with its series, and without a picture', async () => {
    const id = await keep(0.2, first);
    expect(await keep(0.2, first)).toBe(id);
    expect(await keep(0.3, first)).not.toBe(id);
    const stored = await requireReport(studio.ports, id);
    expect(stored).toMatchObject({ report: { shots: [{ flicker: 0.2 }] } });
    expect(stored.evidence).toBeUndefined();
    expect(await requireSeries(studio.ports, id)).toMatchObject({ framesInClip: 48 });
    await expect(requireSeries(studio.ports, 'rep_nothere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('comparing stored reports', () => {
  it('takes ids and addresses, and a picture that is first and last frame for the same reference', async () => {
    const [steady, shaky] = [await keep(0.2, first, { ...first, role: 'lastFrame' }), await keep(4, first)];
    const { comparison, reports } = await compare(`vrag://reports/${shaky}`, steady);
    expect(comparison).toMatchObject({ better: steady, reason: expect.stringMatching(/better than .* in flicker \(0.2 against 4\)/) });
    expect(reports.map(({ reportId }) => reportId)).toEqual([shaky, steady]);
  });

  it('refuses other references, unknown reports, and paths where none are accepted', async () => {
    const [one, other] = [await keep(0.2, first), await keep(0.2, { ...first, assetId: 'img_b' })];
    await expect(compare(one, other)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(`${one} against img_a; ${other} against img_b`),
    });
    await expect(compare(one, 'rep_nothere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(compare(one, '/clips/other.mp4')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});
