import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { advise } from '../../src/quality/advice.ts';
import { areaUnderCurve, calibrate, type ScoredClip } from '../../src/quality/calibrate.ts';
import { calibrationFileName, loadCalibration } from '../../src/quality/calibration.ts';
import { shotChecks } from '../../src/quality/checks.ts';
import { conformanceChecks, describeConformance } from '../../src/quality/conformance.ts';
import type { CalibrationFile } from '../../src/quality/cut-points.ts';
import { GATES } from '../../src/quality/gates.ts';
import { REFERENCE_VIEWS } from '../../src/quality/reference.ts';
import type { Check, Expectation, ShotReport } from '../../src/quality/report.ts';
import { shotNumbers } from '../../src/quality/shown.ts';
import { judge, overallVerdict, summarise } from '../../src/quality/verdict.ts';
import { seeded } from './frames.ts';

const about = { embedderId: 'test', preprocessing: 'p', date: '2026-01-01', clipsAre: 'made up' };
/** 200 good clips of 20 references with similarities of .8 to .999, and as many that show another picture, with .3 to .499. */
const clips: ScoredClip[] = Array.from({ length: 200 }, (_, i) => i * 0.001).flatMap((more, i) => {
  const rest = { freeze: 0.05 * more, blank: 0, flicker: 0.2 + more, cuts: 0 };
  return [
    { reference: `r${i % 20}`, kind: 'good', scores: { reference: 0.8 + more, ...rest } },
    { reference: `r${i % 20}`, kind: 'wrongReference', scores: { reference: 0.3 + more, ...rest } },
    { reference: `r${i % 20}`, kind: 'flicker5', scores: { reference: 0.8 + more, ...rest, flicker: 8 + more } },
    { reference: `r${i % 20}`, kind: 'freezeHalf', scores: { reference: 0.8 + more, ...rest, freeze: 0.5 } },
    { reference: `r${i % 20}`, kind: 'burst', scores: { reference: 0.8 + more, ...rest, blank: 0.1 } },
    { reference: `r${i % 20}`, kind: 'insertedCut', scores: { reference: 0.8 + more, ...rest, cuts: 2 } },
  ];
});
const file = calibrate(clips, about);
const calibrations = file.gates;

function shotOf(mean: number, change: Partial<ShotReport> = {}): ShotReport {
  const similarity = {
    embedderId: 'test',
    block: 'model',
    frames: 16,
    firstFrame: mean,
    mean,
    max: mean,
    p10: mean,
    min: mean,
    minAtSeconds: 0,
    lastQuarter: mean,
    drop: 0,
    fall: 0,
    fallFromSeconds: 0,
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
  it('puts the fail point between good clips and the defects of the gate, nearer to the good ones, and the pass point under the good ones', () => {
    const { reference, flicker } = calibrations;
    expect(reference.fail).toBeGreaterThan(0.499);
    expect(reference.fail).toBeLessThan(0.75);
    expect(reference.pass).toBeLessThanOrEqual(0.835);
    expect(reference.pass).toBeGreaterThanOrEqual(reference.fail);
    expect(reference).toMatchObject({ auc: 1, references: 20, better: 'higher', tprAt5PercentFar: { value: 1, low: 1, high: 1 } });
    expect([reference.positives.n, reference.negatives.n]).toEqual([200, 200]);
    expect(flicker).toMatchObject({ better: 'lower', auc: 1 });
    expect(flicker.fail).toBeGreaterThan(0.4);
    expect(flicker.fail).toBeLessThan(8);
    expect(flicker.pass).toBeLessThanOrEqual(flicker.fail);
  });

  it('fails 1 % of the good clips at most by all gates together, and keeps 18 % at most from passing', () => {
    const random = seeded(3);
    const noisy = clips.map((clip) => ({
      ...clip,
      scores: Object.fromEntries(Object.entries(clip.scores).map(([id, value]) => [id, Number(value) + 0.3 * random()])),
    }));
    const { gates } = calibrate(noisy, about);
    const judged = noisy.filter((clip) => clip.kind === 'good').map((clip) => Object.keys(gates).map((id) => judge(Number(clip.scores[id]), gates[id])));
    expect(judged.filter((verdicts) => verdicts.includes('fail')).length).toBeLessThanOrEqual(2);
    expect(judged.filter((verdicts) => verdicts.some((verdict) => verdict !== 'pass')).length).toBeLessThanOrEqual(36);
  });

  it('counts ties as half in the area under the curve', () => {
    expect(areaUnderCurve([1, 0.5], [0.5, 0])).toBe(0.875);
  });

  it('is in the package for the packaged embedder, with its populations, and the file names fit the ids inside', async () => {
    const packaged = await loadCalibration('vision-lite0.1+colour.1', REFERENCE_VIEWS);
    expect(Object.keys(packaged).sort()).toEqual(GATES.map((gate) => gate.id).sort());
    for (const { better, fail, pass, positives } of Object.values(packaged)) {
      expect(better === 'higher' ? pass - fail : fail - pass).toBeGreaterThanOrEqual(0);
      expect(positives.n).toBeGreaterThan(30);
    }
    const folder = path.join(import.meta.dirname, '../../src/quality/calibration');
    for (const name of await readdir(folder)) {
      const { embedderId } = JSON.parse(await readFile(path.join(folder, name), 'utf8')) as CalibrationFile;
      expect(calibrationFileName(embedderId)).toBe(name);
    }
  });

  it('has only the gates that look at pixels alone for another embedder or other views', async () => {
    const pixels = GATES.filter((gate) => !gate.needsModel).map((gate) => gate.id);
    for (const [id, views] of [
      ['somebody-elses-model', REFERENCE_VIEWS],
      ['../verdict', REFERENCE_VIEWS],
      ['vision-lite0.1+colour.1', 'whole only'],
    ]) {
      expect(Object.keys(await loadCalibration(id, views)).sort()).toEqual([...pixels].sort());
    }
  });
});

describe('verdict', () => {
  it('has three outcomes by two cut points, and none without a calibration or a number', () => {
    const higher = { better: 'higher', fail: 0.6, pass: 0.8 } as const;
    expect([0.8, 0.6, 0.599].map((score) => judge(score, higher))).toEqual(['pass', 'review', 'fail']);
    const lower = { better: 'lower', fail: 0.6, pass: 0.2 } as const;
    expect([0.2, 0.6, 0.601].map((score) => judge(score, lower))).toEqual(['pass', 'review', 'fail']);
    expect(judge(0.99, undefined)).toBe('uncalibrated');
    expect(judge(Number.NaN, higher)).toBe('uncalibrated');
  });

  it('is the worst of the judged checks', () => {
    const check = (verdict: Check['verdict'], calibrated = true, id = 'reference'): Check => ({
      id,
      verdict,
      value: 1,
      unit: '',
      finding: '',
      ...(calibrated ? { calibration: calibrations.reference } : {}),
    });
    expect(overallVerdict([check('pass'), check('review'), check('fail')])).toBe('fail');
    expect(overallVerdict([check('pass'), check('review'), check('uncalibrated', false)])).toBe('review');
    expect(overallVerdict([check('pass'), check('uncalibrated', false)])).toBe('pass');
    expect(overallVerdict([check('pass', false), check('uncalibrated', false)])).toBe('uncalibrated');
    expect(overallVerdict([check('pass', true, 'flicker')])).toBe('uncalibrated');
    expect(overallVerdict([])).toBe('uncalibrated');
  });

  it('fails a wrong reference, passes a right one, and says the numbers only without a calibration', () => {
    const verdictOf = (mean: number, by = {}) => shotChecks(shotOf(mean), by).find((check) => check.id === 'reference')?.verdict;
    expect(verdictOf(0.4, calibrations)).toBe('fail');
    expect(verdictOf(0.9, calibrations)).toBe('pass');
    expect(verdictOf(0.4)).toBe('uncalibrated');
  });

  it('does not fail a subject or an unlike look that the calibration says nothing about', () => {
    const subject = (mean: number) =>
      shotChecks(shotOf(mean, { references: [{ assetId: 'img_1', role: 'subject', mean, max: mean }] }), calibrations)[0].verdict;
    expect(subject(0.4)).toBe('uncalibrated');
    expect(subject(0.95)).toBe('pass');
  });

  it.each([
    ['freeze', { frozenShare: 0.95 }, /Nothing moves for 95 %/],
    ['blank', { blankShare: 0.3 }, /30 % of the frames show one colour/],
    ['flicker', { flicker: 80 }, /jitters by 80 %/],
    ['cuts', { cuts: [1.1, 1.3, 1.5, 1.7] }, /Cut at 1.1, 1.3/],
  ] as const)('fails %s that no good clip has, whatever the reference', (id, change, finding) => {
    const shot = shotOf(0.95, { ...change } as Partial<ShotReport>);
    const checks = shotChecks(shot, calibrations);
    expect(checks.filter((check) => check.verdict === 'fail')).toMatchObject([{ id, finding: expect.stringMatching(finding) }]);
    expect(overallVerdict(checks)).toBe('fail');
    expect(summarise('fail', checks, [])).toMatch(/^Fail: Shot 1: .*The rest: the reference gate: Shot 1 shows/);
    expect(advise(checks, [shot], facts)).toMatchObject([{ check: id, shot: 0 }]);
  });

  it('passes a still shot that was asked for', () => {
    expect(
      overallVerdict(shotChecks(shotOf(0.95, { frozenShare: 1, expectedMotion: 'static', motion: { top5Percent: 0, class: 'static' } }), calibrations)),
    ).toBe('pass');
  });

  it('asks to look at another camera move, or at far less motion, than was asked for', () => {
    const camera = { right: -0.2, down: 0, zoom: 1, roll: 0, move: 'pan left' };
    const judged = (change: Partial<ShotReport>) => shotChecks(shotOf(0.95, change), calibrations).filter((check) => check.verdict === 'review');
    expect(judged({ camera, expectedCamera: 'truck right' })).toMatchObject([{ id: 'camera', value: 'pan left', expected: 'truck right' }]);
    expect(judged({ camera, expectedCamera: 'whip left' })).toEqual([]);
    expect(judged({ camera, expectedCamera: 'handheld' })).toEqual([]);
    expect(judged({ motion: { top5Percent: 0.1, class: 'static' }, expectedMotion: 'subtle' })).toMatchObject([{ id: 'motion' }]);
    expect(judged({ motion: { top5Percent: 2, class: 'moderate' }, expectedMotion: 'strong' })).toEqual([]);
  });

  it('does not judge the look where another one was asked for', () => {
    const shot = shotOf(0.95, { colour: { shift: 40, best: 0.1, tint: 30 } });
    const colour = { gate: 'colour', better: 'higher', fail: 0.5, pass: 0.8 };
    const by = { ...calibrations, colour: { ...calibrations.reference, ...colour } } as typeof calibrations;
    expect(shotChecks(shot, by).find((check) => check.id === 'colour')?.verdict).toBe('fail');
    expect(shotChecks(shot, by, true).find((check) => check.id === 'colour')?.verdict).toBe('uncalibrated');
  });

  it('says in the summary which shots passed, and hides none that is flagged', () => {
    const checks = [0.9, 0.95, 0.93, 0.94, 0.92].flatMap((mean, index) => shotChecks({ ...shotOf(mean), index, frozenShare: index > 0 ? 1 : 0 }, calibrations));
    expect(summarise('fail', checks, [])).toMatch(
      /Shot 2: Nothing.*Shot 4: Nothing.*Also: freeze \(shots 5\)\. The rest: the reference gate: shots 1-5 show.*lowest 0.9, shot 1/,
    );
    expect(shotNumbers([{ shot: 6 }, { shot: 0 }, { shot: 1 }, { shot: 2 }, {}])).toBe('1-3, 7');
  });

  it('names in the summary what was judged and what was not', () => {
    const checks = shotChecks(shotOf(0.4), calibrations);
    expect(summarise('fail', checks, [])).toMatch(/^Fail: Shot 1 does not show its reference.*no calibration yet\): likeness, drift, motion/);
  });
});

it('puts findings that call for a change into the summary, though they have no verdict', () => {
  const calm = shotOf(0.95, { motion: { top5Percent: 2, class: 'moderate' }, expectedMotion: 'strong' });
  const checks = shotChecks(calm, calibrations);
  const summary = summarise('pass', checks, advise(checks, [calm], facts));
  expect(summary).toMatch(
    /^Pass: the reference gate: Shot 1 shows its reference.*Not judged, but look at it: Shot 1: Motion is moderate, less than the strong motion/,
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

describe('numbers alone', () => {
  const numbersOf = (change: Partial<ShotReport>) =>
    shotChecks(shotOf(0.95, change), calibrations).filter(({ id }) => ['repeated', 'loop', 'exposure', 'rank', 'prompt', 'collectionSimilarity'].includes(id));

  it('are said where there is something to say, and never judge', () => {
    expect(numbersOf({})).toEqual([]);
    const said = numbersOf({
      ...{ repeatedShare: 0.5, loop: { periodSeconds: 1.5, fromSeconds: 0, toSeconds: 6 }, colour: { shift: 3, exposure: -4.5, exposureChange: 6 } },
      collection: { collection: 'c', embedderId: 'e', similarity: 0.7, prompt: 0.2 },
    });
    expect(said.map(({ id, value, verdict }) => [id, value, verdict])).toEqual([
      ['exposure', -4.5, 'uncalibrated'],
      ['repeated', 0.5, 'uncalibrated'],
      ['loop', 1.5, 'uncalibrated'],
      ['collectionSimilarity', 0.7, 'uncalibrated'],
      ['prompt', 0.2, 'uncalibrated'],
    ]);
    expect(said[0].finding).toMatch(/darker than the reference by 4.5, its lightness changes by 6/);
    expect(said[1].finding).toMatch(/^50 % of the frames/);
    expect(said[2].finding).toMatch(/4 rounds of 1.5 s, from 0 to 6 s/);
  });

  it('name what is nearer to the frames than their reference', () => {
    const better = [
      { assetId: 'img_2', cosine: 0.9 },
      { assetId: 'img_3', cosine: 0.8 },
    ];
    const finding = (rank: NonNullable<ShotReport['collection']>['rank']) =>
      numbersOf({ collection: { collection: 'c', embedderId: 'e', ...(rank ? { rank } : {}) } })[0].finding;
    expect(finding({ assetId: 'img_1', rank: 3, among: 40, isFound: true, cosine: 0.7, better })).toBe(
      'Of 40 assets the own reference img_1 is number 3: img_2 (0.9), img_3 (0.8) are nearer.',
    );
    expect(finding({ assetId: 'img_1', rank: 1, among: 40, isFound: true, cosine: 0.95, better: [] })).toMatch(/nearest to their own reference/);
    expect(finding({ assetId: 'img_1', rank: 101, among: 100, isFound: false, better })).toMatch(/^Not among the 100 assets/);
  });

  it('of a repetition come with advice: a shot no longer than one round', () => {
    const shot = shotOf(0.95, { loop: { periodSeconds: 1.5, fromSeconds: 0, toSeconds: 6 } });
    const [advice] = advise(shotChecks(shot, calibrations), [shot], describeConformance(info, { frames: 144, decodeErrors: 0 }));
    expect(advice).toMatchObject({
      check: 'loop',
      shot: 0,
      change: expect.stringMatching(/no longer than 1.5 s/),
      edits: [{ durationFactor: 0.6 }, { seedPlus: 1 }],
    });
  });
});

describe('advice', () => {
  const adviceFor = (shot: ShotReport, expectation: Expectation = {}) => {
    const asked = { ...shot, ...(expectation.motion ? { expectedMotion: expectation.motion } : {}) };
    const checks = [...conformanceChecks(facts, expectation), ...shotChecks(asked, calibrations)];
    return advise(checks, [asked], facts);
  };

  it('is empty for a sound clip', () => {
    expect(adviceFor(shotOf(0.95), { motion: 'moderate' })).toEqual([]);
  });

  it('tells a wrong picture from a drift', () => {
    expect(adviceFor(shotOf(0.4))[0].cause).toMatch(/not used/);
    const drifting = shotOf(0.5);
    Object.assign(drifting.similarity ?? {}, { firstFrame: 0.95, drop: 0.6, fall: 0.6 });
    expect(adviceFor(drifting)[0].cause).toMatch(/drifts away/);
  });

  it('answers a still clip that should move, and leaves one alone that should stand still', () => {
    const still = shotOf(0.99, { frozenShare: 1, motion: { top5Percent: 0, class: 'static' } });
    expect(adviceFor(still, { motion: 'strong' })).toMatchObject([{ check: 'freeze', cause: expect.stringMatching(/leakage/) }]);
    expect(adviceFor(still, { motion: 'static' })).toEqual([]);
  });

  it('never asks to shorten a still shot that was asked for', () => {
    const drifting = shotOf(0.5, { frozenShare: 0.5, motion: { top5Percent: 0.1, class: 'static' } });
    Object.assign(drifting.similarity ?? {}, { firstFrame: 0.95, drop: 0.6, fall: 0.6 });
    expect(JSON.stringify(adviceFor(drifting))).toMatch(/shot shorter/);
    expect(JSON.stringify(adviceFor(drifting, { motion: 'static' }))).not.toMatch(/shot shorter/);
  });

  it('answers facts that failed first', () => {
    expect(adviceFor(shotOf(0.4, { cuts: [2] }), { durationSeconds: 5 }).map((one) => one.check)).toEqual(['duration', 'reference', 'cuts']);
  });
});
