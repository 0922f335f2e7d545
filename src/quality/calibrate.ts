import type { Calibration, CalibrationFile, Population } from './cut-points.ts';
import { GATES, type Gate } from './gates.ts';
import { mean, quantile, rounded } from './statistics.ts';

/** One clip of a calibration set with the scores of all gates that could be measured. */
export interface ScoredClip {
  /** Which reference it was made from: intervals are bootstrapped over these. */
  reference: string;
  /** Good, or the kind of its defect; `bad`: of no named kind, so every gate is there to find it. */
  kind: 'good' | 'bad' | (string & {});
  scores: Readonly<Record<string, number | undefined>>;
}

/** Share of good clips that any gate may fail, and that any gate may keep from passing. */
const MOST_FAILED = 0.01;
const MOST_HELD_BACK = 0.08;
/**
 * How far a point lies beyond the worst good clips, since other good clips will be a little worse: part of the way to the middle (fail) or the
 * nearest quarter (pass) of the defects that the gate is for, or part of the good clips' own spread, whichever is more.
 */
const FAIL_ROOM = { towardsDefects: 0.5, defects: 0.5, ofSpread: 0.5 };
const PASS_ROOM = { towardsDefects: 0.25, defects: 0.75, ofSpread: 0.1 };

const RULE =
  'fail: one quantile of good clips for every gate, so low that all gates together fail 1 % of them at most, moved away from them by 50 % of the way to the median of the defects the gate is for or 50 % of their own spread, whichever is more; pass: the worst good clip moved away by 25 % of the way to their nearest quarter or 10 % of the spread, then raised gate by gate where that holds back most of the defects it is for, until 8 % of the good clips are held back';

/** Draws of the bootstrap. */
const DRAWS = 1000;

interface Aligned {
  gate: Gate;
  /** Scores turned so that higher is better. */
  good: number[];
  /** Of the defects the gate is for. */
  bad: number[];
}

const isAimedAt = (gate: Gate, kind: string): boolean => kind === 'bad' || gate.against.includes(kind);

/** Cut points of all gates that could be measured, by gate, turned so that higher scores are better (`turnedScore`). */
export interface CutPoints {
  gates: readonly Aligned[];
  fail: ReadonlyMap<string, number>;
  pass: ReadonlyMap<string, number>;
}

export function chooseCutPoints(clips: readonly ScoredClip[]): CutPoints {
  const good = clips.filter((clip) => clip.kind === 'good');
  const bad = clips.filter((clip) => clip.kind !== 'good');
  const gates = GATES.map((gate) => alignGate(gate, good, bad)).filter((one) => one.good.length > 0);
  const fail = failPoints(gates, good);
  return { gates, fail, pass: passPoints(gates, fail, { good, bad }) };
}

/** Whether any gate's score is under its point, among those that could be measured. */
export function isUnder(clip: ScoredClip, gates: CutPoints['gates'], points: ReadonlyMap<string, number>): boolean {
  return gates.some(({ gate }) => (turnedScore(clip, gate) ?? Infinity) < (points.get(gate.id) ?? -Infinity));
}

/** Cut points of all gates, chosen together from good clips and clips with known defects. The same clips give the same numbers. */
export function calibrate(clips: readonly ScoredClip[], about: Pick<CalibrationFile, 'embedderId' | 'preprocessing' | 'date' | 'clipsAre'>): CalibrationFile {
  const good = clips.filter((clip) => clip.kind === 'good');
  const { gates, fail, pass } = chooseCutPoints(clips);
  const anyBad = clips.some((clip) => clip.kind === 'bad');
  const entries = gates.map(({ gate, good: own, bad: others }): [string, Calibration] => {
    const turn = sign(gate);
    return [
      gate.id,
      {
        ...{ gate: gate.id, statistic: gate.unit, better: gate.better, date: about.date },
        ...{ fail: rounded(turn * (fail.get(gate.id) ?? 0), 4), pass: rounded(turn * (pass.get(gate.id) ?? 0), 4) },
        positives: population(own.map((value) => turn * value)),
        negatives: population(others.map((value) => turn * value)),
        negativesAre: anyBad ? 'bad clips' : gate.against.join(', '),
        references: new Set(good.map((clip) => clip.reference)).size,
        auc: rounded(areaUnderCurve(own, others), 4),
        tprAt5PercentFar: bootstrap(gate, clips),
      },
    ];
  });
  return { ...about, rule: RULE, gates: Object.fromEntries(entries) };
}

const sign = (gate: Pick<Gate, 'better'>): number => (gate.better === 'higher' ? 1 : -1);

function turnedScore(clip: ScoredClip, gate: Gate): number | undefined {
  const score = clip.scores[gate.id];
  return score === undefined || Number.isNaN(score) ? undefined : sign(gate) * score;
}

function scoresOf(clips: readonly ScoredClip[], gate: Gate): number[] {
  return clips.flatMap((clip) => turnedScore(clip, gate) ?? []);
}

function alignGate(gate: Gate, good: readonly ScoredClip[], bad: readonly ScoredClip[]): Aligned {
  const aimed = bad.filter((clip) => isAimedAt(gate, clip.kind));
  return { gate, good: scoresOf(good, gate), bad: scoresOf(aimed, gate) };
}

function failPoints(gates: readonly Aligned[], good: readonly ScoredClip[]): Map<string, number> {
  for (const level of [0.02, 0.015, 0.01, 0.005, 0]) {
    const points = new Map(gates.map((one) => [one.gate.id, failPoint(one, level)]));
    const failed = good.filter((clip) => isUnder(clip, gates, points));
    if (failed.length <= MOST_FAILED * good.length || level === 0) return points;
  }
  return new Map();
}

function failPoint(one: Aligned, level: number): number {
  return beyond(one, quantile(one.good, level), FAIL_ROOM);
}

function beyond({ good, bad }: Aligned, worst: number, room: typeof FAIL_ROOM): number {
  const spread = quantile(good, 0.5) - quantile(good, 0.02);
  const gap = bad.length > 0 ? worst - quantile(bad, room.defects) : 0;
  return worst - Math.max(room.ofSpread * spread, room.towardsDefects * gap);
}

/** Raises the pass points where that holds back most defects of the gate (each kind counts the same) for each good clip that is held back too. */
function passPoints(gates: readonly Aligned[], fail: ReadonlyMap<string, number>, clips: { good: readonly ScoredClip[]; bad: readonly ScoredClip[] }) {
  const points = new Map(gates.map((one) => [one.gate.id, Math.max(fail.get(one.gate.id) ?? -Infinity, beyond(one, Math.min(...one.good), PASS_ROOM))]));
  const weights = weightsOf(clips.bad);
  const isHeld = (clip: ScoredClip, at: ReadonlyMap<string, number>) => isUnder(clip, gates, at);
  const heldBad = (gate: Gate, at: ReadonlyMap<string, number>) =>
    clips.bad.reduce((sum, clip) => sum + (isAimedAt(gate, clip.kind) && isHeld(clip, at) ? (weights.get(clip.kind) ?? 0) : 0), 0);
  for (;;) {
    const held = clips.good.filter((clip) => isHeld(clip, points)).length;
    let best: { gain: number; id: string; point: number } | undefined;
    for (const { gate, good } of gates) {
      const caught = heldBad(gate, points);
      for (const point of stepsAbove(good, points.get(gate.id) ?? -Infinity)) {
        const next = new Map(points).set(gate.id, point);
        const cost = clips.good.filter((clip) => isHeld(clip, next)).length - held;
        if (held + cost > MOST_HELD_BACK * clips.good.length) break;
        const gain = (heldBad(gate, next) - caught) / (cost + 0.5);
        if (gain > 1e-9 && gain > (best?.gain ?? 0)) best = { gain, id: gate.id, point };
      }
    }
    if (!best) return points;
    points.set(best.id, best.point);
  }
}

/** Steps looked ahead, so that a gate whose first good clips are outliers gets its chance. */
const AHEAD = 8;

/** Points between neighbouring good scores above `from`, the lowest first; the first lies just under all good ones above it. */
function stepsAbove(good: readonly number[], from: number): number[] {
  const above = [...new Set(good.filter((value) => value >= from))].sort((a, b) => a - b).slice(0, AHEAD + 1);
  return above.map((value, i) => (i === 0 ? value - 1e-6 : (above[i - 1] + value) / 2)).filter((point) => point > from);
}

function weightsOf(bad: readonly ScoredClip[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind } of bad) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return new Map(Array.from(counts, ([kind, count]) => [kind, 1 / count]));
}

/** Probability that a positive scores higher than a negative, ties half (Mann and Whitney); NaN without one of them. */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  if (positives.length === 0 || negatives.length === 0) return Number.NaN;
  return mean(positives.map((value) => mean(negatives.map((other) => (value > other ? 1 : value === other ? 0.5 : 0)))));
}

function population(values: readonly number[]): Population {
  const at = (p: number) => (values.length > 0 ? rounded(quantile(values, p), 4) : 0);
  return { n: values.length, min: at(0), q01: at(0.01), q05: at(0.05), q50: at(0.5), q95: at(0.95), q99: at(0.99), max: at(1) };
}

/** Scores of one gate, turned so that higher is better. */
interface GateScores {
  good: number[];
  bad: number[];
}

/** Share of the gate's defects that score worse than 95 % of the good clips. */
function detected({ good, bad }: GateScores): number {
  const bar = quantile(good, 0.05);
  return mean(bad.map((value) => (value < bar ? 1 : 0)));
}

/** 95 % percentile interval over draws of whole references with replacement (cluster bootstrap), seeded. */
function bootstrap(gate: Gate, clips: readonly ScoredClip[]): Calibration['tprAt5PercentFar'] {
  const used = clips.filter((clip) => clip.kind === 'good' || isAimedAt(gate, clip.kind));
  const scores = (from: readonly ScoredClip[]): GateScores => ({
    good: scoresOf(
      from.filter((clip) => clip.kind === 'good'),
      gate,
    ),
    bad: scoresOf(
      from.filter((clip) => clip.kind !== 'good'),
      gate,
    ),
  });
  const groups = groupsOf(used).map(scores);
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647; // Park and Miller's minimal standard generator
    return state / 2147483647;
  };
  const draw = (): GateScores => {
    const drawn = groups.map(() => groups[Math.floor(random() * groups.length)]);
    return { good: drawn.flatMap(({ good }) => good), bad: drawn.flatMap(({ bad }) => bad) };
  };
  const rates = Array.from({ length: DRAWS }, () => detected(draw())).filter((rate) => !Number.isNaN(rate));
  return { value: rounded(detected(scores(used)), 3), low: rounded(quantile(rates, 0.025), 3), high: rounded(quantile(rates, 0.975), 3) };
}

/** Clips by their reference. */
export function groupsOf(clips: readonly ScoredClip[]): ScoredClip[][] {
  const groups = new Map<string, ScoredClip[]>();
  for (const clip of clips) groups.set(clip.reference, [...(groups.get(clip.reference) ?? []), clip]);
  return [...groups.values()];
}
