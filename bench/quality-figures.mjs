// Figures of the eye from measured cases: for each kind of defect area under the curve, true positive rate at 5 % false alarms, where, and why.
import { areaUnderCurve } from '../dist/quality/calibrate.js';
import { GATES } from '../dist/quality/gates.js';
import { mean, median, quantile, rounded } from '../dist/quality/statistics.js';
import { overallVerdict } from '../dist/quality/verdict.js';
import { random } from './synthetic-base.mjs';

const DRAWS = 400;

/** The gate that a kind of defect is measured by. */
export const GATE_OF = {
  ...{
    wrongReference: 'reference',
    style: 'rendering',
    restyled: 'rendering',
    objectSwap: 'regions',
    attributeSwap: 'regions',
    objectSwapReal: 'likeness',
    attributeSwapReal: 'likeness',
  },
  ...{
    logo: 'detail',
    hue30: 'tint',
    hue120: 'tint',
    saturation0: 'tint',
    driftFade: 'drift',
    driftMorph: 'drift',
    freezeAll: 'freeze',
    freezeHalf: 'freeze',
  },
  ...{ flicker2: 'flicker', flicker5: 'flicker', flicker10: 'flicker', burst: 'blank', insertedCut: 'cuts', blur2: 'sharpness', blur4: 'sharpness' },
};

const STYLE_CAUSES = ['rendering', 'likeness', 'reference', 'regions', 'colour', 'tint'];

/** What a report should name for each kind of defect: ids of checks. */
export const CAUSES = {
  ...{ wrongReference: ['reference'], hue30: ['colour', 'tint'], hue120: ['colour', 'tint'], saturation0: ['colour', 'tint'] },
  ...{ objectSwap: ['regions', 'detail', 'likeness'], attributeSwap: ['regions', 'detail', 'likeness'], logo: ['regions', 'detail'] },
  ...{ objectSwapReal: ['regions', 'likeness', 'reference', 'detail'], attributeSwapReal: ['regions', 'likeness', 'reference', 'detail'] },
  ...{ style: STYLE_CAUSES, restyled: STYLE_CAUSES, driftFade: ['drift', 'reference'], driftMorph: ['drift', 'regions', 'detail'] },
  ...{ freezeAll: ['freeze', 'motion'], freezeHalf: ['freeze'], flicker2: ['flicker'], flicker5: ['flicker'], flicker10: ['flicker'] },
  ...{ burst: ['blank'], insertedCut: ['cuts'], blur2: ['sharpness'], blur4: ['sharpness'] },
  ...{ truncated: ['decode', 'duration'], fps: ['fps'], size: ['size'], duration: ['duration'] },
};

const gateOf = (id) => GATES.find((gate) => gate.id === id);

/** Higher is better for every gate; what could not be measured counts as good. */
export function scored(row, id) {
  const gate = gateOf(id);
  const value = gate.score(row.report.shots[0]);
  if (value === undefined) return Number.POSITIVE_INFINITY;
  return gate.better === 'higher' ? value : -value;
}

/** A row as `calibrate` takes it. */
export const clipOf = (row) => ({
  reference: row.group,
  kind: row.good ? 'good' : row.type,
  scores: Object.fromEntries(GATES.map((gate) => [gate.id, row.report.shots[0] && gate.score(row.report.shots[0])])),
});

const auc = (good, bad, of) => areaUnderCurve(good.map(of), bad.map(of));

function caught(good, bad, of) {
  const bar = quantile(good.map(of), 0.05);
  return mean(bad.map((row) => (of(row) < bar ? 1 : 0)));
}

/** Value with a 95 % percentile interval over draws of whole references with replacement. */
export function withInterval(statistic, good, bad) {
  const groups = new Map();
  for (const row of [...good, ...bad]) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  const all = [...groups.values()];
  const next = random(5);
  const values = Array.from({ length: DRAWS }, () => {
    const drawn = all.flatMap(() => all[Math.floor(next() * all.length)]);
    return statistic(
      drawn.filter((row) => row.good),
      drawn.filter((row) => !row.good),
    );
  }).filter((value) => !Number.isNaN(value));
  return { value: rounded(statistic(good, bad), 4), low: rounded(quantile(values, 0.025), 4), high: rounded(quantile(values, 0.975), 4) };
}

/** Everything of one kind of defect against the good clips. */
export function kindFigures(type, good, bad) {
  const of = (row) => scored(row, GATE_OF[type]);
  const figures = {
    ...{ gate: GATE_OF[type], n: bad.length, references: new Set(bad.map((row) => row.group)).size },
    auc: withInterval((a, b) => auc(a, b, of), good, bad),
    tprAt5PercentFar: withInterval((a, b) => caught(a, b, of), good, bad),
    everyGate: bestGate(good, bad),
    ...verdictsOf(bad),
    causeRate: rounded(mean(bad.map((row) => (CAUSES[type]?.includes(row.report.advice[0]?.check) ? 1 : 0))), 3),
  };
  const located = bad.filter((row) => row.truth?.atSeconds !== undefined);
  if (located.length > 0) figures.localisationSeconds = rounded(median(located.map((row) => localisation(row))), 3);
  return { ...figures, ...peersFigures(good, bad) };
}

/** AUC of each gate for this kind, the best three: what the gates that are not meant for it see of it. */
function bestGate(good, bad) {
  const all = GATES.map((gate) => [
    gate.id,
    rounded(
      auc(good, bad, (row) => scored(row, gate.id)),
      3,
    ),
  ]);
  return Object.fromEntries(all.sort((a, b) => b[1] - a[1]).slice(0, 3));
}

export function verdictsOf(rows) {
  const count = { pass: 0, review: 0, fail: 0, uncalibrated: 0 };
  for (const row of rows) count[overallVerdict(row.report.checks)]++;
  return { verdicts: count };
}

/** Seconds between when the defect begins and when the report says so; the clip's length where no check of its cause asks for a look. */
export function localisation(row) {
  const found = row.report.checks.filter((check) => CAUSES[row.type].includes(check.id) && (check.verdict === 'fail' || check.verdict === 'review'));
  if (found.length === 0) return row.truth.durationSeconds;
  return Math.min(...found.map((check) => Math.abs(check.fromSeconds - row.truth.atSeconds)));
}

/** Similarity to the reference by VBench's formula, and the same statistics by the descriptor that needs no model. */
function peersFigures(good, bad) {
  const known = (rows) => rows.filter((row) => row.peers?.model);
  const of = (path) => rounded(auc(known(good), known(bad), path), 3);
  if (known(bad).length === 0) return {};
  return {
    vbenchAuc: of((row) => row.peers.model.vbench),
    descriptor: {
      mean: of((row) => row.peers.descriptor.mean),
      max: of((row) => row.peers.descriptor.max),
      fall: of((row) => -row.peers.descriptor.fall),
      colour: of((row) => row.peers.descriptor.colour),
    },
  };
}

/** Real edits, a reference at a time: its edits against a bar set by the good clips of all others. */
export function leaveOneOut(good, bad, gate) {
  const of = (row) => scored(row, gate);
  const found = bad.map((row) => {
    const bar = quantile(good.filter((one) => one.group !== row.group).map(of), 0.05);
    return of(row) < bar ? 1 : 0;
  });
  return rounded(mean(found), 3);
}

/** AUC of the same object against others of its class, pooled and for each pair. */
export function identityFigures(rows) {
  const own = rows.filter((row) => row.type === 'sameObject');
  const others = rows.filter((row) => row.type === 'sameClass');
  const of = (row) => row.report.shots[0].similarity?.mean ?? Number.NaN;
  const known = (path) => rounded(areaUnderCurve(own.filter((row) => row.peers?.model).map(path), others.filter((row) => row.peers?.model).map(path)), 3);
  const pairs = Object.fromEntries(
    [...new Set(others.map((row) => row.pair))].sort().map((pair) => {
      const name = pair.split(' ')[0];
      const mine = own.filter((row) => row.pair.startsWith(`${name} `));
      return [pair, rounded(areaUnderCurve(mine.map(of), others.filter((row) => row.pair === pair).map(of)), 3)];
    }),
  );
  const both = [...own.map((row) => ({ ...row, good: true })), ...others];
  const interval = withInterval(
    (a, b) => areaUnderCurve(a.map(of), b.map(of)),
    both.filter((row) => row.good),
    others,
  );
  return { sameClass: interval, same: own.length, others: others.length, pairs, descriptor: known((row) => row.peers.descriptor.mean) };
}
