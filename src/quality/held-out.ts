import { AppError } from '../errors.ts';
import { chooseCutPoints, groupsOf, isUnder, type ScoredClip } from './calibrate.ts';
import type { HeldOut } from './cut-points.ts';

/** 2 % of the good clips may fail: of fewer than 50 that is no clip at all. */
const LEAST_GOOD = 50;
/** Clips of one reference are alike; what holds for fewer than 10 of them says little about the next. */
const LEAST_REFERENCES = 10;
/** Pass points lie towards the defects; their quarter is a guess for fewer. */
const LEAST_BAD = 20;

/** INVALID_INPUT that says how many clips there are and how many are needed. */
export function requireEnough(clips: readonly ScoredClip[]): void {
  const good = clips.filter((clip) => clip.kind === 'good');
  const counts: [found: number, least: number, what: string][] = [
    [good.length, LEAST_GOOD, 'good clips'],
    [new Set(good.map((clip) => clip.reference)).size, LEAST_REFERENCES, 'references with good clips'],
    [clips.length - good.length, LEAST_BAD, 'bad clips'],
  ];
  const missing = counts.filter(([found, least]) => found < least).map(([found, least, what]) => `${found} ${what}, at least ${least} are needed`);
  if (missing.length === 0) return;
  throw new AppError('INVALID_INPUT', `Too few clips to choose cut points from: ${missing.join('; ')}.`, {
    hint: `Add clips. Of ${LEAST_GOOD} good ones, 2 % is one; three times as many let the rate be told from 0 with 95 % confidence.`,
  });
}

/** Parts that the references are dealt into; each is judged by the cut points of the others. */
const PARTS = 10;

/** How the whole verdict does on references that its cut points were not chosen with. The same clips give the same numbers. */
export function judgeHeldOut(clips: readonly ScoredClip[]): HeldOut {
  const groups = groupsOf(clips);
  const count = { goodFailed: 0, goodHeldBack: 0, badPassed: 0 };
  for (let part = 0; part < Math.min(PARTS, groups.length); part++) {
    const { gates, fail, pass } = chooseCutPoints(groups.filter((_, i) => i % PARTS !== part).flat());
    for (const clip of groups.filter((_, i) => i % PARTS === part).flat()) {
      const passes = !isUnder(clip, gates, pass) && !isUnder(clip, gates, fail);
      if (clip.kind !== 'good') count.badPassed += passes ? 1 : 0;
      else if (isUnder(clip, gates, fail)) count.goodFailed++;
      else if (!passes) count.goodHeldBack++;
    }
  }
  const good = clips.filter((clip) => clip.kind === 'good').length;
  return { good, bad: clips.length - good, ...count, goodFailRateAtMost: upperBound(count.goodFailed, good) };
}

/** Upper end of the one-sided 95 % interval of a rate of `count` in `of` (Clopper and Pearson 1934), to three decimals. */
export function upperBound(count: number, of: number): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-6) {
    const rate = (low + high) / 2;
    if (chanceOfAtMost(count, of, rate) > 0.05) low = rate;
    else high = rate;
  }
  return Math.ceil(high * 1000 - 1e-3) / 1000;
}

/** Binomial: the chance of `count` or fewer hits in `of` draws. */
function chanceOfAtMost(count: number, of: number, rate: number): number {
  let term = (1 - rate) ** of;
  let sum = term;
  for (let k = 1; k <= count; k++) {
    term *= ((of - k + 1) / k) * (rate / (1 - rate));
    sum += term;
  }
  return sum;
}
