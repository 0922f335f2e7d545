import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { advise } from '../../src/quality/advice.ts';
import { areaUnderCurve, calibrate } from '../../src/quality/calibrate.ts';
import { calibrationFileName, loadCalibration } from '../../src/quality/calibration.ts';
import { shotChecks } from '../../src/quality/checks.ts';
import { conformanceChecks, describeConformance } from '../../src/quality/conformance.ts';
import { REFERENCE_STATISTIC, REFERENCE_VIEWS } from '../../src/quality/reference.ts';
import type { Calibration, Check, Expectation, ShotReport } from '../../src/quality/report.ts';
import { shotNumbers } from '../../src/quality/shown.ts';
import { judge, overallVerdict, summarise } from '../../src/quality/verdict.ts';

const about = { embedderId: 'test', statistic: 's', preprocessing: 'p', date: '2026-01-01', positivesAre: 'p', negativesAre: 'n' };
/** 40 clips of 8 references: own scores .80 to .995, others .30 to .495, the nearest of each clip .40 to .595. */
const clips = Array.from({ length: 40 }, (_, i) => ({ reference: `r${i % 8}`, own: 0.8 + i * 0.005, others: [0.3 + i * 0.005, 0.4 + i * 0.005] }));
const calibration = calibrate(clips, about);

function shotOf(mean: number, change: Partial<ShotReport> = {}): ShotReport {
  const similarity = {
    embedderId: 'test',
    block: 'model',
    frames: 16,
    firstFrame: mean,
    mean,
    p10: mean,
    min: mean,
    minAtSeconds: 0,
    lastQuarter: mean,
    drop: 0,
  };
  return {
    ...{ index: 0, fromSeconds: 0, toSeconds: 6, references: [{ assetId: 'img_1', role: 'firstFrame', mean, max: mean }], similarity },
    ...{ motion: { top5Percent: 2, class: 'moderate' }, frozenShare: 0, longestFreezeSeconds: 0, blackShare: 0, flicker: 0.1, cuts: [] },
    ...change,
  };
}
const info = {
  width: 1280,
  height: 720,
  durationSeconds: 6,
  fps: 24,
  frames: 144,
  codec: 'h264',
  pixelFormat: 'yuv420p',
  hasAudio: false,
  mediaType: 'video/mp4',
};
const facts = describeConformance(info, { frames: 144, decodeErrors: 0 });

describe('calibration', () => {
  it('puts the cut points at the 5 % quantile of positives and the 95 % quantile of the nearest negatives', () => {
    expect(calibration.passFrom).toBeCloseTo(0.8 + 0.05 * 39 * 0.005, 4);
    expect(calibration.failBelow).toBeCloseTo(0.4 + 0.95 * 39 * 0.005, 4);
    expect(calibration).toMatchObject({ auc: 1, references: 8, tprAt5PercentFar: { value: 1, low: 1, high: 1 } });
    expect(calibration.positives.n).toBe(40);
    expect(calibration.negatives.n).toBe(80);
  });

  it('keeps the pass point above the fail point where the populations overlap', () => {
    const overlapping = calibrate(
      clips.map((clip) => ({ ...clip, own: clip.own - 0.35 })),
      about,
    );
    expect(overlapping.passFrom).toBeGreaterThan(overlapping.failBelow);
    expect(overlapping.failBelow).toBeCloseTo(0.45 + 0.05 * 39 * 0.005, 4);
    expect(overlapping.tprAt5PercentFar.low).toBeLessThan(overlapping.tprAt5PercentFar.value);
  });

  it('counts ties as half in the area under the curve', () => {
    expect(areaUnderCurve([1, 0.5], [0.5, 0])).toBe(0.875);
  });

  it('is in the package for the packaged embedder, with its populations, and the file names fit the ids inside', async () => {
    const packaged = await loadCalibration('vision-lite0.1+colour.1', REFERENCE_STATISTIC, REFERENCE_VIEWS);
    expect(packaged).toMatchObject({ positives: { n: 32 }, negatives: { n: 480 } });
    expect(packaged?.passFrom).toBeGreaterThan(packaged?.failBelow ?? 1);
    const folder = path.join(import.meta.dirname, '../../src/quality/calibration');
    for (const name of await readdir(folder)) {
      const { embedderId } = JSON.parse(await readFile(path.join(folder, name), 'utf8')) as Calibration;
      expect(calibrationFileName(embedderId)).toBe(name);
    }
  });

  it('does not exist for another embedder, another statistic or other views', async () => {
    expect(await loadCalibration('somebody-elses-model', REFERENCE_STATISTIC, REFERENCE_VIEWS)).toBeUndefined();
    expect(await loadCalibration('../verdict', REFERENCE_STATISTIC, REFERENCE_VIEWS)).toBeUndefined();
    expect(await loadCalibration('vision-lite0.1+colour.1', 'max', REFERENCE_VIEWS)).toBeUndefined();
    expect(await loadCalibration('vision-lite0.1+colour.1', REFERENCE_STATISTIC, 'whole only')).toBeUndefined();
  });
});

describe('verdict', () => {
  it('has three outcomes by two cut points, and none without a calibration or a number', () => {
    expect(judge(calibration.passFrom, calibration)).toBe('pass');
    expect(judge(calibration.failBelow, calibration)).toBe('review');
    expect(judge(calibration.failBelow - 1e-6, calibration)).toBe('fail');
    expect(judge(0.99, undefined)).toBe('uncalibrated');
    expect(judge(Number.NaN, calibration)).toBe('uncalibrated');
  });

  it('is the worst of the judged checks', () => {
    const check = (verdict: Check['verdict'], calibrated = true): Check => ({
      id: 'x',
      verdict,
      value: 1,
      unit: '',
      finding: '',
      ...(calibrated ? { calibration } : {}),
    });
    expect(overallVerdict([check('pass'), check('review'), check('fail')])).toBe('fail');
    expect(overallVerdict([check('pass'), check('review'), check('uncalibrated', false)])).toBe('review');
    expect(overallVerdict([check('pass'), check('uncalibrated', false)])).toBe('pass');
    expect(overallVerdict([check('pass', false), check('uncalibrated', false)])).toBe('uncalibrated');
    expect(overallVerdict([])).toBe('uncalibrated');
  });

  it('fails a wrong reference, passes a right one, and says the numbers only without a calibration', () => {
    const verdictOf = (mean: number, by?: Calibration) => shotChecks(shotOf(mean), by).find((check) => check.id === 'reference')?.verdict;
    expect(verdictOf(0.4, calibration)).toBe('fail');
    expect(verdictOf(0.9, calibration)).toBe('pass');
    expect(verdictOf(0.4)).toBe('uncalibrated');
  });

  it('does not fail a subject or an unlike look that the calibration says nothing about', () => {
    const subject = (mean: number) =>
      shotChecks(shotOf(mean, { references: [{ assetId: 'img_1', role: 'subject', mean, max: mean }] }), calibration)[0].verdict;
    expect(subject(0.4)).toBe('uncalibrated');
    expect(subject(0.95)).toBe('pass');
  });

  it('gives every other gate a number and no verdict while it is not far from good clips', () => {
    const bad = shotOf(0.9, {
      frozenShare: 0.6,
      blackShare: 0.2,
      flicker: 12,
      cuts: [2],
      sharpnessRatio: 0.01,
      colour: { shift: 60 },
      expectedMotion: 'strong',
    });
    const others = shotChecks(bad, calibration).filter((check) => check.id !== 'reference');
    expect(others.map((check) => check.id)).toEqual(['drift', 'colour', 'sharpness', 'motion', 'freeze', 'black', 'flicker', 'cuts']);
    expect(new Set(others.map((check) => check.verdict))).toEqual(new Set(['uncalibrated']));
  });

  it.each([
    ['freeze', { frozenShare: 0.95 }, /stands still for more than 6 %/],
    ['black', { blackShare: 0.3 }, /none has a black frame/],
    ['flicker', { flicker: 80 }, /none exceeds 9.7/],
    ['cuts', { cuts: [1.1, 1.3, 1.5, 1.7] }, /WCAG 2.3.1/],
  ] as const)('asks to look at %s beyond what any good clip has, with the measured basis, so that the clip does not pass', (id, change, basis) => {
    const shot = shotOf(0.95, { ...change } as Partial<ShotReport>);
    const checks = shotChecks(shot, calibration);
    expect(checks.filter((check) => check.verdict === 'review')).toMatchObject([
      { id, finding: expect.stringMatching(/Uncalibrated heuristic: of 66 good clips measured/) },
    ]);
    expect(checks.find((check) => check.id === id)?.finding).toMatch(basis);
    expect(overallVerdict(checks)).toBe('review');
    expect(summarise('review', checks, [])).toMatch(/^Needs a look: Shot 1: .*Uncalibrated heuristic.*The rest: the reference gate: Shot 1 shows/);
    expect(advise(checks, [shot], facts)).not.toEqual([]);
  });

  it('passes a still shot that was asked for, and slow cutting', () => {
    expect(overallVerdict(shotChecks(shotOf(0.95, { frozenShare: 1, expectedMotion: 'static' }), calibration))).toBe('pass');
    expect(overallVerdict(shotChecks(shotOf(0.95, { cuts: [1, 2, 3, 4, 5] }), calibration))).toBe('pass');
  });

  it('says in the summary which shots passed, and hides none that is flagged', () => {
    const checks = [0.9, 0.95, 0.93, 0.94, 0.92].flatMap((mean, index) => shotChecks({ ...shotOf(mean), index, frozenShare: index > 0 ? 1 : 0 }, calibration));
    expect(summarise('review', checks, [])).toMatch(
      /Shot 2: Nothing.*Shot 4: Nothing.*Also: freeze \(shots 5\)\. The rest: the reference gate: shots 1-5 show.*lowest 0.9, shot 1/,
    );
    expect(shotNumbers([{ shot: 6 }, { shot: 0 }, { shot: 1 }, { shot: 2 }, {}])).toBe('1-3, 7');
  });

  it('names in the summary what was judged and what was not', () => {
    const checks = shotChecks(shotOf(0.4), calibration);
    expect(summarise('fail', checks, [])).toMatch(/^Fail: Shot 1 does not show its reference.*no calibration yet\): drift, motion/);
  });
});

it('puts findings that call for a change into the summary, though they have no verdict', () => {
  const still = shotOf(0.95, { motion: { top5Percent: 0, class: 'static' }, expectedMotion: 'strong' });
  const checks = shotChecks(still, calibration);
  const summary = summarise('pass', checks, advise(checks, [still], facts));
  expect(summary).toMatch(
    /^Pass: the reference gate: Shot 1 shows its reference.*Not judged, but look at it: Shot 1: Motion is static, less than the strong motion/,
  );
});

describe('conformance', () => {
  const verdicts = (expectation: Parameters<typeof conformanceChecks>[1], change = {}) =>
    Object.fromEntries(conformanceChecks({ ...facts, ...change }, expectation).map((check) => [check.id, check.verdict]));

  it('checks only what was asked for', () => {
    expect(verdicts({})).toEqual({ decode: 'pass' });
    expect(verdicts({ durationSeconds: 6, width: 1280, height: 720, fps: 24 })).toEqual({ decode: 'pass', duration: 'pass', size: 'pass', fps: 'pass' });
  });

  it('fails another duration, size or rate, and takes 23.976 for 24', () => {
    expect(verdicts({ durationSeconds: 5, width: 1920, fps: 30 })).toEqual({ decode: 'pass', duration: 'fail', size: 'fail', fps: 'fail' });
    expect(verdicts({ fps: 24 }, { fps: 23.976 })).toMatchObject({ fps: 'pass' });
    expect(verdicts({ durationSeconds: 6 }, { durationSeconds: 6.042 })).toMatchObject({ duration: 'pass' });
  });

  it('names only the side that was asked for', () => {
    const size = (expectation: Expectation) => conformanceChecks(facts, expectation).find((check) => check.id === 'size');
    expect(size({ width: 1920 })).toMatchObject({ verdict: 'fail', expected: 'width 1920', finding: 'The size is 1280 x 720 px; width 1920 was asked for.' });
    expect(size({ height: 720 })).toMatchObject({ verdict: 'pass', expected: 'height 720' });
    expect(size({ width: 1280, height: 480 })).toMatchObject({ verdict: 'fail', expected: '1280 x 480' });
  });

  it('fails a file of fewer than 8 frames as too short to measure', () => {
    expect(verdicts({}, { frames: 7, announcedFrames: 7 })).toEqual({ decode: 'pass', frames: 'fail' });
    expect(verdicts({}, { frames: 8, announcedFrames: 8 })).toEqual({ decode: 'pass' });
  });

  it('fails a clip that breaks off or decodes with errors, not one that lacks a frame at an end', () => {
    expect(describeConformance(info, { frames: 100, decodeErrors: 0 }).decodesToEnd).toBe(false);
    expect(describeConformance(info, { frames: 144, decodeErrors: 1 }).decodesToEnd).toBe(false);
    expect(describeConformance(info, { frames: 143, decodeErrors: 0 }).decodesToEnd).toBe(true);
  });
});

describe('advice', () => {
  const adviceFor = (shot: ShotReport, expectation: Expectation = {}) => {
    const asked = { ...shot, ...(expectation.motion ? { expectedMotion: expectation.motion } : {}) };
    const checks = [...conformanceChecks(facts, expectation), ...shotChecks(asked, calibration)];
    return advise(checks, [asked], facts);
  };

  it('is empty for a sound clip', () => {
    expect(adviceFor(shotOf(0.95), { motion: 'moderate' })).toEqual([]);
  });

  it('tells a wrong picture from a drift', () => {
    expect(adviceFor(shotOf(0.4))[0].cause).toMatch(/not used/);
    const drifting = shotOf(0.5);
    Object.assign(drifting.similarity ?? {}, { firstFrame: 0.95, drop: 0.6 });
    expect(adviceFor(drifting)[0].cause).toMatch(/drifts away/);
  });

  it('answers a still clip that should move, and leaves one alone that should stand still', () => {
    const still = shotOf(0.99, { frozenShare: 1, motion: { top5Percent: 0, class: 'static' } });
    expect(adviceFor(still, { motion: 'strong' })).toMatchObject([{ check: 'motion', cause: expect.stringMatching(/leakage/) }]);
    expect(adviceFor(still, { motion: 'static' })).toEqual([]);
  });

  it('never asks to shorten a still shot that was asked for', () => {
    const drifting = shotOf(0.5, { frozenShare: 0.5, motion: { top5Percent: 0.1, class: 'static' } });
    Object.assign(drifting.similarity ?? {}, { firstFrame: 0.95, drop: 0.6 });
    expect(JSON.stringify(adviceFor(drifting))).toMatch(/shot shorter/);
    expect(JSON.stringify(adviceFor(drifting, { motion: 'static' }))).not.toMatch(/shot shorter/);
  });

  it('answers facts that failed first', () => {
    expect(adviceFor(shotOf(0.4, { cuts: [2] }), { durationSeconds: 5 }).map((one) => one.check)).toEqual(['duration', 'reference', 'cuts']);
  });
});
