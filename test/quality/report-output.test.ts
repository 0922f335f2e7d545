import { describe, expect, it } from 'vitest';
import { advise } from '../../src/quality/advice.ts';
import { calibrate, type ScoredClip } from '../../src/quality/calibrate.ts';
import { shotChecks } from '../../src/quality/checks.ts';
import { conformanceChecks } from '../../src/quality/conformance.ts';
import type { Advice, Check, QualityReport, ShotReport } from '../../src/quality/report.ts';
import { overallVerdict, summarise } from '../../src/quality/verdict.ts';
import { ReportOutput, reportOutput } from '../../src/tools/report-output.ts';
import { reportText } from '../../src/tools/report-text.ts';

const { gates: calibrations } = calibrate(
  Array.from({ length: 40 }, (_, i) => i * 0.005).flatMap((more, i): ScoredClip[] => {
    const rest = { freeze: 0.1 * more, blank: 0, flicker: 0.5 + more, cuts: 0, drift: more, colour: 0.9, sharpness: 0.6 + more };
    return [
      { reference: `r${i % 8}`, kind: 'good', scores: { reference: 0.8 + more, ...rest } },
      { reference: `r${i % 8}`, kind: 'wrongReference', scores: { reference: 0.3 + more, ...rest } },
    ];
  }),
  { embedderId: 'vision-lite0.1+colour.1', preprocessing: 'p', date: '2026-01-01', clipsAre: 'made up' },
);
const conformance = {
  ...{ codec: 'h264', pixelFormat: 'yuv420p', width: 1280, height: 720, fps: 24, durationSeconds: 60, frames: 1440, announcedFrames: 1440 },
  ...{ hasAudio: false, decodesToEnd: true },
};
const words = ['mountain', 'meadow', 'photograph', 'landscape', 'sheepdog'].map((word) => ({ word, probability: 0.123 }));

function shotAt(index: number, mean: number, change: Partial<ShotReport>): ShotReport {
  const assetId = `img_${String(index).padStart(16, '0')}`;
  return {
    ...{ index, fromSeconds: index * 3.04, toSeconds: index * 3.04 + 3.04, references: [{ assetId, role: 'firstFrame', mean, max: mean }] },
    similarity: {
      ...{ embedderId: 'vision-lite0.1+colour.1', block: 'model', frames: 4, firstFrame: 0.934, mean, max: 0.95, p10: 0.812, min: 0.801 },
      ...{ minAtSeconds: 3.1, lastQuarter: 0.812, drop: 0.022, fall: 0.1, fallFromSeconds: 2 },
    },
    ...{
      motion: { top5Percent: 2.17, class: 'moderate' as const },
      frozenShare: 0.002,
      longestFreezeSeconds: 0.25,
      blackShare: 0,
      blankShare: 0,
      flicker: 0.12,
      cuts: [],
    },
    ...{ colour: { similarity: 0.912, best: 0.92, shift: 4.2, tint: 1.2 }, sharpnessRatio: 0.81, seen: { reference: words, clip: words } },
    ...change,
  };
}

function reportOf(count: number, mean: number, change: Partial<ShotReport> = {}): QualityReport {
  const shots = Array.from({ length: count }, (_, i) => shotAt(i, mean, change));
  const checks: Check[] = [...conformanceChecks(conformance, { width: 1280 }), ...shots.flatMap((shot) => shotChecks(shot, calibrations))];
  const advice: Advice[] = advise(checks, shots, conformance);
  const verdict = overallVerdict(checks);
  const series = shots.flatMap((shot) => [0, 1, 2, 3].map((i) => ({ timeSeconds: shot.fromSeconds + i, shot: shot.index, similarity: 0.871, motion: 2.17 })));
  return { verdict, summary: summarise(verdict, checks, advice), conformance, shots, checks, series, advice };
}

describe('a report as results show it', () => {
  it.each([
    ['sound', 0.95, {}],
    ['wrong', 0.4, { frozenShare: 0.97, flicker: 30, cuts: [1, 1.2, 1.4, 1.6, 1.8, 2] }],
  ])('of 20 %s shots stays small: text under 24,000 characters, structured content under 30 kB, a series of at most 32 points', (name, mean, change) => {
    const data = reportOutput(reportOf(20, mean, change));
    const text = reportText(data);
    expect(ReportOutput.parse(data)).toEqual(data);
    expect(text.length).toBeLessThan(name === 'sound' ? 12_000 : 24_000);
    expect(JSON.stringify(data).length).toBeLessThan(name === 'sound' ? 25_000 : 48_000);
    expect(data.series).toHaveLength(32);
    expect(data.series.at(-1)?.shot).toBe(20);
    for (let shot = 1; shot <= 20; shot++) expect(text).toMatch(new RegExp(`^${shot}\\. `, 'm'));
  });

  it('counts shots from 1 in numbers as in sentences', () => {
    const data = reportOutput(reportOf(2, 0.4));
    expect(data.shots.map((shot) => shot.index)).toEqual([1, 2]);
    const references = data.checks.filter((check) => check.id === 'reference');
    expect(references.map((check) => [check.numbers.shot, check.finding.slice(0, 6)])).toEqual([
      [1, 'Shot 1'],
      [2, 'Shot 2'],
    ]);
    expect(data.series.map((point) => point.shot)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect(reportOutput(reportOf(1, 0.4)).advice.map((one) => one.shot)).toEqual([1]);
    expect(data.advice.map((one) => one.cause.slice(0, 9))).toEqual(['Shots 1-2']);
  });

  it('gives a line of text to checks that say something, and only numbers to the others', () => {
    const sound = reportText(reportOutput(reportOf(1, 0.95)));
    expect(sound).not.toMatch(/UNCALIBRATED|Checks to look at|Series/);
    expect(sound).toMatch(/Passed: decode 1440; size 1280 x 720; reference 0.95 \(fails below/);
    expect(sound).toMatch(/flicker 0.12 \(fails above/);
    expect(reportText(reportOutput(reportOf(1, 0.95, { flicker: 40 })))).toMatch(/^Verdict: FAIL.*\n.*\nChecks to look at:\n- FAIL flicker, shot 1: 40/);
  });

  it('says in a line of each shot what its collection makes of it, and of a storyboard which shots differ in a subject', () => {
    const rank = { assetId: 'img_1', rank: 2, among: 9, isFound: true, cosine: 0.8, better: [{ assetId: 'img_2', cosine: 0.9 }] };
    const report = reportOf(2, 0.95, { collection: { collection: 'c', embedderId: 'e', rank, similarity: 0.71, prompt: 0.21 } });
    const subjects = [{ assetId: 'img_s', pairs: [{ shots: [0, 1] as [number, number], cosine: 0.4 }], whole: [] }];
    const data = reportOutput({ ...report, subjects });
    expect(data.shots[0].measures).toMatchObject({ referenceRank: 2, collectionSimilarity: 0.71, promptSimilarity: 0.21 });
    expect(data.subjects).toEqual([{ subjectId: 'img_s', pairs: [{ shots: [1, 2], cosine: 0.4 }] }]);
    const text = reportText({ ...data, reportId: 'rep_1' });
    expect(text).toMatch(/^1\. .*rank of the reference in its collection 2, similarity by the collection's embedder 0.71, prompt 0.21/m);
    expect(text).toMatch(/^Subject img_s, cosine by pair of shots, least alike first: 1 and 2 0.4$/m);
    expect(text).toMatch(/vrag:\/\/reports\/rep_1\/series/);
  });

  it('keeps every check of a clip of one shot in the structured content, and one of each kind for unremarkable shots', () => {
    const ids = ['decode', 'size', 'reference', 'likeness', 'drift', 'colour', 'tint', 'sharpness', 'freeze', 'blank', 'flicker', 'cuts', 'motion'];
    expect(reportOutput(reportOf(1, 0.95)).checks.map((check) => check.id)).toEqual(ids);
    const many = reportOutput(reportOf(3, 0.95)).checks;
    expect(many.filter((check) => check.id === 'reference')).toHaveLength(3);
    expect(many.filter((check) => check.id === 'flicker')).toMatchObject([{ finding: expect.stringMatching(/^Shots 1-3: 0.12 to 0.12/) }]);
  });
});
