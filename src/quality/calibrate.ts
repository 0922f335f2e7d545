import type { Calibration, Population } from './report.ts';
import { mean, quantile, rounded } from './statistics.ts';

/** One clip of a calibration set: its score against its own reference and against each other reference. */
export interface CalibrationClip {
  /** Which reference it was made from: intervals are bootstrapped over these. */
  reference: string;
  own: number;
  others: number[];
}

/**
 * How cut points are chosen: the two classic ones are the 5 % quantile of right references and what 5 % of near wrong references exceed.
 * A clip passes at or above both and fails below both; between them it is for people to look at. Where the populations overlap the pass
 * point is that of the wrong references, where they are apart it is that of the right ones, so neither kind of clip is judged on a guess.
 */
const CUT_RULE = 'a = 5 % quantile of positives; b = 95 % quantile of nearestNegatives; failBelow = min(a, b); passFrom = max(a, b); review between';

/** Draws of the bootstrap. */
const DRAWS = 2000;

/** A calibration from scored clips (two at least, each with two or more wrong references). The same clips give the same numbers. */
export function calibrate(
  clips: readonly CalibrationClip[],
  about: Pick<Calibration, 'embedderId' | 'statistic' | 'preprocessing' | 'date' | 'positivesAre' | 'negativesAre'>,
): Calibration {
  const own = clips.map((clip) => clip.own);
  const others = clips.flatMap((clip) => clip.others);
  const nearest = clips.map((clip) => Math.max(...clip.others));
  const positive = quantile(own, 0.05);
  const negative = quantile(nearest, 0.95);
  return {
    ...{ embedderId: about.embedderId, statistic: about.statistic, preprocessing: about.preprocessing, date: about.date },
    ...{ failBelow: rounded(Math.min(positive, negative), 4), passFrom: rounded(Math.max(positive, negative), 4), rule: CUT_RULE },
    ...{ positives: population(own), positivesAre: about.positivesAre, negatives: population(others), negativesAre: about.negativesAre },
    nearestNegatives: population(nearest),
    references: new Set(clips.map((clip) => clip.reference)).size,
    auc: rounded(areaUnderCurve(own, others), 5),
    tprAt5PercentFar: bootstrap(clips),
  };
}

/** Probability that a positive scores higher than a negative, ties half (Mann and Whitney). */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const wins = positives.map((value) => mean(negatives.map((other) => (value > other ? 1 : value === other ? 0.5 : 0))));
  return mean(wins);
}

function population(values: readonly number[]): Population {
  const at = (p: number) => rounded(quantile(values, p), 4);
  return { n: values.length, min: at(0), q01: at(0.01), q05: at(0.05), q50: at(0.5), q95: at(0.95), q99: at(0.99), max: at(1) };
}

function truePositiveRate(clips: readonly CalibrationClip[]): number {
  const bar = quantile(
    clips.flatMap((clip) => clip.others),
    0.95,
  );
  return mean(clips.map((clip) => (clip.own > bar ? 1 : 0)));
}

/** 95 % percentile interval over draws of whole references with replacement (cluster bootstrap), seeded. */
function bootstrap(clips: readonly CalibrationClip[]): Calibration['tprAt5PercentFar'] {
  const groups = groupsOf(clips);
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647; // Park and Miller's minimal standard generator
    return state / 2147483647;
  };
  const rates = Array.from({ length: DRAWS }, () => truePositiveRate(groups.flatMap(() => groups[Math.floor(random() * groups.length)])));
  return { value: rounded(truePositiveRate(clips), 3), low: rounded(quantile(rates, 0.025), 3), high: rounded(quantile(rates, 0.975), 3) };
}

function groupsOf(clips: readonly CalibrationClip[]): CalibrationClip[][] {
  const groups = new Map<string, CalibrationClip[]>();
  for (const clip of clips) groups.set(clip.reference, [...(groups.get(clip.reference) ?? []), clip]);
  return [...groups.values()];
}
