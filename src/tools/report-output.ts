import * as z from 'zod';
import type { QualityReport, ShotEdit } from '../quality/report.ts';
import { shotNumbers } from '../quality/shown.ts';
import { round } from './asset-output.ts';
import type { ComparedData } from './compare-output.ts';

const verdict = z.enum(['pass', 'review', 'fail', 'uncalibrated']);
const numbers = z.record(z.string(), z.number());

/** What every report has; the other fields (`ReportData`) come where there is something to say. */
export const ReportOutput = z.looseObject({
  verdict,
  summary: z.string(),
  checks: z.array(z.looseObject({ id: z.string(), verdict, finding: z.string() })),
  shots: z.array(z.looseObject({ index: z.number(), fromSeconds: z.number(), toSeconds: z.number() })),
  series: z.array(numbers).describe('Per compared frame'),
  advice: z.array(z.looseObject({ check: z.string(), cause: z.string(), change: z.string() })),
});

type Verdict = z.output<typeof verdict>;
type Numbers = Record<string, number>;

/** A quality report as results show it. */
export type ReportData = {
  /** Under which it is stored; its series is `vrag://reports/{reportId}/series`. */
  reportId?: string;
  /** Of a comparison: then the report is that of the better take. Of a take that is not the first: beside the best one before it. */
  compared?: ComparedData;
  /** Of a take whose shot gets no further one: why. */
  stopped?: string;
  verdict: Verdict;
  summary: string;
  format: string;
  decodesToEnd: boolean;
  /** `value` is a number where it is one; `numbers` has, where given: shot, failBelow and passFrom (or failAbove and passUpTo), fromSeconds, toSeconds. */
  checks: { id: string; verdict: Verdict; value: string; unit: string; finding: string; numbers: Numbers; expected?: string; calibratedOn?: string }[];
  shots: {
    index: number;
    fromSeconds: number;
    toSeconds: number;
    referenceIds: string[];
    embedderId?: string;
    /** Cosines to the reference: firstFrame, mean, p10, min, lastQuarter, drop. */
    similarity?: Numbers;
    /** Motion (px per 1/8 s at 128 px), shares, flicker, colour, sharpness. */
    measures: Numbers;
    motionClass: string;
    /** What the picture did: a camera move, `static` or `mixed`. */
    camera?: string;
    cuts: number[];
    seenInReference?: string;
    seenInClip?: string;
  }[];
  /** Subjects that several shots share: cosine by pair of shots, the least alike first, at most 6. */
  subjects?: { subjectId: string; pairs: { shots: number[]; cosine: number }[] }[];
  series: Numbers[];
  /** `edit`: the change as fields of the shot's request, the likeliest one. */
  advice: { check: string; shot?: number; cause: string; change: string; edit?: ShotEdit }[];
};

/** Points of the series and words of what is seen, so that the result of a storyboard of 20 shots stays under 25 kB. */
const MOST_POINTS = 32;
const MANY_SHOTS = 6;
const WORDS_OF_MANY = 2;

/** Shots are counted from 1 in all that a caller sees. */
export function reportOutput(report: QualityReport): ReportData {
  const { codec, width, height, fps, durationSeconds, frames, decodesToEnd } = report.conformance;
  const many = report.shots.length > MANY_SHOTS;
  return {
    verdict: report.verdict,
    summary: report.summary,
    format: `${codec}, ${width}x${height}, ${round(fps, 2)} fps, ${round(durationSeconds, 2)} s, ${frames} frames`,
    decodesToEnd,
    checks: joinOpenChecks(report).map(checkOutput),
    shots: report.shots.map((shot) => shotOutput(shot, many)),
    ...(report.subjects ? { subjects: report.subjects.map(subjectOutput) } : {}),
    series: thinned(report.series).map((point) => roundNumbers({ ...point, shot: point.shot + 1 })),
    advice: joinAdvice(report.advice),
  };
}

type Check = QualityReport['checks'][number];

/** The checks that pass or have no verdict, and no advice, of several shots, as one each: `shots` has the numbers of every shot. */
function joinOpenChecks({ checks, advice }: QualityReport): Check[] {
  const isOpen = (check: Check) =>
    check.shot !== undefined &&
    (check.verdict === 'uncalibrated' || (check.verdict === 'pass' && check.id !== 'reference')) &&
    !advice.some((one) => one.check === check.id && one.shot === check.shot);
  const open = checks.filter(isOpen);
  return checks.flatMap((check) => {
    const alike = isOpen(check) ? open.filter((other) => other.id === check.id && other.verdict === check.verdict) : [];
    if (alike.length < 2) return [check];
    if (alike[0] !== check) return [];
    const values = alike.map((other) => Number(other.value));
    const most = alike.reduce((high, other) => (Number(other.value) > Number(high.value) ? other : high));
    const range = `${round(Math.min(...values), 3)} to ${round(Math.max(...values), 3)}`;
    return [{ ...most, finding: `Shots ${shotNumbers(alike)}: ${range}, most in shot ${(most.shot ?? 0) + 1}.` }];
  });
}

/** One item for the shots that share a cause and a change. */
function joinAdvice(advice: QualityReport['advice']): ReportData['advice'] {
  const key = (one: QualityReport['advice'][number]) => JSON.stringify([one.check, one.cause, one.change]);
  const groups = new Map<string, QualityReport['advice']>();
  for (const one of advice) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return [...groups.values()].map((group) => {
    const { shot, check, cause, change, edits } = group[0];
    const edit = edits ? { edit: edits[0] } : {};
    if (group.length > 1) return { check, cause: `Shots ${shotNumbers(group)}: ${cause}`, change, ...edit };
    return { check, ...(shot === undefined ? {} : { shot: shot + 1 }), cause, change, ...edit };
  });
}

function thinned<T>(points: readonly T[]): T[] {
  if (points.length <= MOST_POINTS) return [...points];
  return Array.from({ length: MOST_POINTS }, (_, i) => points[Math.round((i * (points.length - 1)) / (MOST_POINTS - 1))]);
}

function checkOutput(check: Check): ReportData['checks'][number] {
  const { id, verdict, value, unit, finding, shot, cutPoint, expected, fromSeconds, toSeconds, calibration } = check;
  const number = shot === undefined ? undefined : shot + 1;
  return {
    ...{ id, verdict, unit, finding },
    value: String(typeof value === 'number' ? round(value, 3) : value),
    numbers: roundNumbers({ shot: number, ...namedCutPoint(cutPoint), fromSeconds, toSeconds }),
    ...(expected === undefined ? {} : { expected: String(expected) }),
    ...(calibration
      ? {
          calibratedOn: `${calibration.positives.n} good and ${calibration.negatives.n} bad clips, ${calibration.date}, AUC ${round(calibration.auc, 3)}`,
        }
      : {}),
  };
}

function namedCutPoint(cutPoint: Check['cutPoint']): object {
  if (!cutPoint) return {};
  return cutPoint.better === 'higher' ? { failBelow: cutPoint.fail, passFrom: cutPoint.pass } : { failAbove: cutPoint.fail, passUpTo: cutPoint.pass };
}

function shotOutput(shot: QualityReport['shots'][number], many: boolean): ReportData['shots'][number] {
  const { similarity, colour, regions, motion, camera, seen } = shot;
  const words = many ? WORDS_OF_MANY : Number.POSITIVE_INFINITY;
  return {
    index: shot.index + 1,
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
      tint: colour?.tint,
      regionAgreement: regions?.agreement,
      subjectSimilarity: regions?.subject,
      blankShare: shot.blankShare,
      repeatedShare: shot.repeatedShare,
      loopPeriodSeconds: shot.loop?.periodSeconds,
      referenceRank: shot.collection?.rank?.rank,
      collectionSimilarity: shot.collection?.similarity,
      promptSimilarity: shot.collection?.prompt,
      colourShift: colour?.shift,
      exposure: colour?.exposure,
      exposureChange: colour?.exposureChange,
    }),
    motionClass: motion.class,
    ...(camera ? { camera: camera.move } : {}),
    cuts: shot.cuts.map((time) => round(time, 2)),
    ...(seen ? { seenInReference: wordList(seen.reference.slice(0, words)), seenInClip: wordList(seen.clip.slice(0, words)) } : {}),
  };
}

const MOST_PAIRS = 6;

function subjectOutput({ assetId, pairs }: NonNullable<QualityReport['subjects']>[number]): NonNullable<ReportData['subjects']>[number] {
  return { subjectId: assetId, pairs: pairs.slice(0, MOST_PAIRS).map(({ shots, cosine }) => ({ shots: shots.map((shot) => shot + 1), cosine })) };
}

const wordList = (words: { word: string; probability: number }[]) =>
  words.map(({ word, probability }) => `${word} ${round(probability, 2)}`).join(', ') || 'nothing certain';

/** The numbers among the fields, to three digits. */
function roundNumbers(values: object): Record<string, number> {
  const numeric = Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return Object.fromEntries(numeric.map(([key, value]) => [key, round(value, 3)]));
}
