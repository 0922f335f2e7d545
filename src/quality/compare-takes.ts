import { betterBy, type Standing, standingOf } from './better.ts';
import { GATES, type Gate } from './gates.ts';
import type { QualityReport, ShotReport } from './report.ts';
import { rounded } from './statistics.ts';

/** A report to compare, by the name that the caller gave it. */
export interface NamedReport {
  name: string;
  report: Pick<QualityReport, 'verdict' | 'checks' | 'shots'>;
}

/** One take beside the others. */
export interface ComparedTake extends Standing {
  name: string;
  /** Score of each gate, of several shots the worst. */
  gates: Readonly<Record<string, number>>;
  /** Against the better take (the first one where none is better): its score less that one's, for the gates that both have. */
  differences?: Readonly<Record<string, number>>;
  /** Gates of `differences` by which this take is better, and worse, by more than noise. */
  betterIn?: string[];
  worseIn?: string[];
}

export interface TakeComparison {
  /** Name of the better take; absent where there is no difference beyond noise, or each is better in something. */
  better?: string;
  /** For people. */
  reason: string;
  /** In the order given. */
  takes: ComparedTake[];
  /** By gate: a difference up to this is noise. */
  noise: Readonly<Record<string, number>>;
}

/**
 * By gate, what another grain and encoding change in its score although the clip shows the same. Measured: 24 image-to-video clips of 16 references,
 * encoded again (H.264, CRF 20) with random grain of 4 levels of 255; the 95 % quantile of the difference, rounded up. What another seed of a
 * provider changes may be more: then it is a difference of the clips.
 */
export const GATE_NOISE: Readonly<Record<string, number>> = {
  ...{ reference: 0.02, likeness: 0.03, drift: 0.02, regions: 0.07, rendering: 0.02, detail: 0.02, colour: 0.01, tint: 0.02, sharpness: 0.1 },
  ...{ freeze: 0.02, blank: 0.01, flicker: 0.11, cuts: 0 },
};

/** Compares takes of one shot, at least two, gate by gate. Verdict, flagged checks and similarity decide as in the quality loop; else the gates, where all differences go one way. */
export function compareTakes(given: readonly NamedReport[]): TakeComparison {
  const takes = given.map(({ name, report }): ComparedTake => ({ name, ...standingOf(report), gates: gateScores(report.shots) }));
  const best = takes.reduce((high, take) => (isBetter(take, high) ? take : high));
  const others = takes.filter((take) => take !== best);
  const beside = takes.map((take) => (take === best ? take : { ...take, ...against(take, best) }));
  const noise = Object.fromEntries(Object.entries(GATE_NOISE).filter(([gate]) => takes.some(({ gates }) => gate in gates)));
  const beaten = others.filter((other) => isBetter(best, other));
  if (beaten.length === others.length) return { better: best.name, reason: reasonFor(best, others), takes: beside, noise };
  return { reason: tieReason(best, others, beaten), takes: beside, noise };
}

/** The worst score of each gate over the shots. */
function gateScores(shots: readonly ShotReport[]): Record<string, number> {
  const scored = GATES.flatMap((gate): [string, number][] => {
    const scores = shots.flatMap((shot) => gate.score(shot) ?? []).filter((score) => !Number.isNaN(score));
    if (scores.length === 0) return [];
    return [[gate.id, rounded(gate.better === 'higher' ? Math.min(...scores) : Math.max(...scores), 3)]];
  });
  return Object.fromEntries(scored);
}

function against(take: ComparedTake, best: ComparedTake): Required<Pick<ComparedTake, 'differences' | 'betterIn' | 'worseIn'>> {
  const both = GATES.filter(({ id }) => id in take.gates && id in best.gates);
  const gain = ({ id, better }: Gate) => (take.gates[id] - best.gates[id]) * (better === 'higher' ? 1 : -1);
  const beyond = (sign: number) => both.filter((gate) => sign * gain(gate) > GATE_NOISE[gate.id] + 1e-9).map(({ id }) => id);
  return {
    differences: Object.fromEntries(both.map(({ id }) => [id, rounded(take.gates[id] - best.gates[id], 3)])),
    ...{ betterIn: beyond(1), worseIn: beyond(-1) },
  };
}

type Ground = ReturnType<typeof betterBy> | 'gates';

/** By what the first is better; equal by all that the loop looks at, it is better where some gates are and none is worse. */
function ground(a: ComparedTake, b: ComparedTake): Ground {
  const by = betterBy(a, b);
  if (by !== undefined || betterBy(b, a) !== undefined) return by;
  const { betterIn, worseIn } = against(a, b);
  return betterIn.length > 0 && worseIn.length === 0 ? 'gates' : undefined;
}

const isBetter = (a: ComparedTake, b: ComparedTake): boolean => ground(a, b) !== undefined;

function reasonFor(best: ComparedTake, others: readonly ComparedTake[]): string {
  return others
    .map((other) => {
      const { betterIn, worseIn } = against(other, best);
      const by = ground(best, other);
      const grounds: Record<NonNullable<Ground>, string> = {
        verdict: `its verdict is ${best.verdict}, that of ${other.name} ${other.verdict}${flags(other)}`,
        flagged: `${count(best)} flagged${flags(best)}, against ${count(other)} of ${other.name}${flags(other)}`,
        similarity: `it is more like the reference than ${other.name} (${best.similarity} against ${other.similarity})`,
        gates: `it is better than ${other.name} in ${list(worseIn, best, other)}, and worse in nothing`,
      };
      const more = by !== 'gates' && worseIn.length > 0 ? `; better in ${list(worseIn, best, other)}` : '';
      const less = betterIn.length > 0 ? `; worse in ${list(betterIn, best, other)}` : '';
      return `${grounds[by ?? 'gates']}${more}${less}`;
    })
    .join('. ');
}

function tieReason(best: ComparedTake, others: readonly ComparedTake[], beaten: readonly ComparedTake[]): string {
  const sentences = others
    .filter((other) => !beaten.includes(other))
    .map((other) => {
      const { betterIn, worseIn } = against(other, best);
      if (betterIn.length + worseIn.length === 0) return `no difference beyond noise between ${best.name} and ${other.name}`;
      return `${best.name} is better in ${list(worseIn, best, other) || 'nothing'}, ${other.name} in ${list(betterIn, other, best)}: choose by what matters`;
    });
  const worse = beaten.map(({ name }) => name);
  return [...sentences, ...(worse.length > 0 ? [`worse: ${worse.join(', ')}`] : [])].join('. ');
}

const count = ({ flagged }: Standing): string => `${flagged.length} check${flagged.length === 1 ? '' : 's'}`;

const flags = ({ flagged }: Standing): string => (flagged.length > 0 ? ` (${[...new Set(flagged)].join(', ')})` : '');

/** Gates with both scores: `flicker (0.2 against 4.1)`. */
function list(gates: readonly string[], own: ComparedTake, other: ComparedTake): string {
  return gates.map((gate) => `${gate} (${own.gates[gate]} against ${other.gates[gate]})`).join(', ');
}
