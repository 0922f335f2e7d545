import * as z from 'zod';
import type { QualityReport } from '../quality/report.ts';
import { round } from './asset-output.ts';

const verdict = z.enum(['pass', 'review', 'fail', 'uncalibrated']);
const numbers = z.record(z.string(), z.number());

/** A quality report as results show it. */
export const ReportOutput = z.strictObject({
  verdict,
  summary: z.string(),
  format: z.string(),
  decodesToEnd: z.boolean(),
  checks: z.array(
    z.strictObject({
      id: z.string(),
      verdict,
      value: z.union([z.number(), z.string()]),
      unit: z.string(),
      finding: z.string(),
      numbers: numbers.describe('Where given: shot, failBelow, passFrom, fromSeconds, toSeconds'),
      expected: z.string().optional(),
      calibratedOn: z.string().optional(),
    }),
  ),
  shots: z.array(
    z.strictObject({
      index: z.number(),
      fromSeconds: z.number(),
      toSeconds: z.number(),
      referenceIds: z.array(z.string()),
      embedderId: z.string().optional(),
      similarity: numbers.optional().describe('Cosines to the reference: firstFrame, mean, p10, min, lastQuarter, drop'),
      measures: numbers.describe('motion (px per 1/8 s at 128 px), shares, flicker, colour, sharpness'),
      motionClass: z.string(),
      cuts: z.array(z.number()),
      seenInReference: z.string().optional(),
      seenInClip: z.string().optional(),
    }),
  ),
  series: z.array(numbers).describe('Per compared frame: timeSeconds, shot, similarity, motion'),
  advice: z.array(z.strictObject({ check: z.string(), shot: z.number().optional(), cause: z.string(), change: z.string() })),
});

export type ReportData = z.input<typeof ReportOutput>;

export function reportOutput(report: QualityReport): ReportData {
  const { codec, width, height, fps, durationSeconds, frames, decodesToEnd } = report.conformance;
  return {
    verdict: report.verdict,
    summary: report.summary,
    format: `${codec}, ${width}x${height}, ${round(fps, 2)} fps, ${round(durationSeconds, 2)} s, ${frames} frames`,
    decodesToEnd,
    checks: report.checks.map(checkOutput),
    shots: report.shots.map(shotOutput),
    series: report.series.map(roundNumbers),
    advice: report.advice,
  };
}

function checkOutput({
  id,
  verdict,
  value,
  unit,
  finding,
  shot,
  cutPoint,
  expected,
  fromSeconds,
  toSeconds,
  calibration,
}: QualityReport['checks'][number]): ReportData['checks'][number] {
  return {
    ...{ id, verdict, unit, finding },
    value: typeof value === 'number' ? round(value, 3) : value,
    numbers: roundNumbers({ shot, failBelow: cutPoint?.fail, passFrom: cutPoint?.pass, fromSeconds, toSeconds }),
    ...(expected === undefined ? {} : { expected: String(expected) }),
    ...(calibration ? { calibratedOn: `${calibration.positives.n} true and ${calibration.negatives.n} false pairs, ${calibration.date}` } : {}),
  };
}

function shotOutput(shot: QualityReport['shots'][number]): ReportData['shots'][number] {
  const { similarity, colour, motion, seen } = shot;
  return {
    index: shot.index,
    fromSeconds: round(shot.fromSeconds, 2),
    toSeconds: round(shot.toSeconds, 2),
    referenceIds: shot.references.map((reference) => reference.assetId),
    ...(similarity ? { embedderId: similarity.embedderId, similarity: roundNumbers(similarity) } : {}),
    measures: roundNumbers({
      motion: motion.top5Percent,
      frozenShare: shot.frozenShare,
      longestFreezeSeconds: shot.longestFreezeSeconds,
      blackShare: shot.blackShare,
      flicker: shot.flicker,
      sharpnessRatio: shot.sharpnessRatio,
      colourSimilarity: colour?.similarity,
      colourShift: colour?.shift,
    }),
    motionClass: motion.class,
    cuts: shot.cuts.map((time) => round(time, 2)),
    ...(seen ? { seenInReference: wordList(seen.reference), seenInClip: wordList(seen.clip) } : {}),
  };
}

const wordList = (words: { word: string; probability: number }[]) =>
  words.map(({ word, probability }) => `${word} ${round(probability, 2)}`).join(', ') || 'nothing certain';

/** The numbers among the fields, to three digits. */
function roundNumbers(values: object): Record<string, number> {
  const numeric = Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return Object.fromEntries(numeric.map(([key, value]) => [key, round(value, 3)]));
}

export function reportText(report: ReportData): string {
  const checks = report.checks.map((check) => {
    const details = [list(check.numbers), check.expected && `expected ${check.expected}`, check.calibratedOn && `calibrated on ${check.calibratedOn}`].filter(
      Boolean,
    );
    return `- ${check.verdict.toUpperCase()} ${check.id}: ${check.value} ${check.unit}${details.length > 0 ? ` (${details.join('; ')})` : ''}. ${check.finding}`;
  });
  const shots = report.shots.map((shot) => {
    const like = shot.similarity ? `similarity by ${shot.embedderId}: ${list(shot.similarity)}` : 'no reference to compare with';
    const seen = shot.seenInClip ? `; seen in reference: ${shot.seenInReference}; in clip: ${shot.seenInClip}` : '';
    const measures = `${list(shot.measures)}, motion class ${shot.motionClass}, cuts ${shot.cuts.join(', ') || 'none'}`;
    return `Shot ${shot.index + 1} (${shot.fromSeconds}-${shot.toSeconds} s, references ${shot.referenceIds.join(', ') || 'none'}): ${like}; ${measures}${seen}`;
  });
  const series = report.series.map((point) => `${point.timeSeconds}:${point.similarity ?? '-'}/${point.motion}`);
  const advice = report.advice.map((item) => `- ${item.check}${item.shot === undefined ? '' : ` shot ${item.shot + 1}`}: ${item.cause} -> ${item.change}`);
  return [
    `Verdict: ${report.verdict.toUpperCase()}. ${report.summary}`,
    `Format: ${report.format}, decodes to the end: ${report.decodesToEnd}`,
    'Checks:',
    ...checks,
    ...shots,
    `Series (seconds:similarity/motion): ${series.join(' ')}`,
    ...(advice.length > 0 ? ['Advice:', ...advice] : []),
    'The picture shows the reference beside the first, worst and last frames.',
  ].join('\n');
}

const list = (values: Record<string, number>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
