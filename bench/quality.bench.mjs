// The eye on clips with known defects: real H.264 files through the same evaluation as evaluate_video. The cut points in the package were chosen on
// one half of the references (scripts/calibrate-quality.mjs), all figures are of the other half. VRAG_BENCH_SMALL=1: a few clips of each kind, to
// see that it runs; VRAG_BENCH_EACH=N: N of each kind instead of 60. VRAG_BENCH_CACHE=DIR keeps the clips, VRAG_BENCH_NATIVE=DIR has the native runtime.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mean, median, rounded } from '../dist/quality/statistics.js';
import { overallVerdict } from '../dist/quality/verdict.js';
import { readData } from './quality-bases.mjs';
import { casesOf, editCases, identityCases } from './quality-cases.mjs';
import { GATE_OF, identityFigures, kindFigures, leaveOneOut, localisation, verdictsOf } from './quality-figures.mjs';
import { nativeRuntime } from './quality-native.mjs';
import { measureCases, openTools } from './quality-run.mjs';

const EACH = { small: 4, full: 60 };
const IDENTITY = { small: { clips: 1, photos: 2 }, full: { clips: 2, photos: 5 } };

export async function bench({ say, data }) {
  if (!existsSync(path.join(data, 'pairs.json'))) {
    console.error(`No pairs.json in ${data}: give --data DIR.`);
    process.exit(2);
  }
  const size = process.env.VRAG_BENCH_SMALL ? 'small' : 'full';
  const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-bench-quality-'));
  const folder = process.env.VRAG_BENCH_CACHE ?? path.join(scratch, 'clips');
  const tools = openTools(data, { nativeModule: nativeRuntime(scratch) });
  try {
    const all = readData(data);
    const identity = identityCases(all, tools, IDENTITY[size]).filter((one) => one.half === 1);
    const cases = [...casesOf(all, 1, tools, { each: Number(process.env.VRAG_BENCH_EACH ?? EACH[size]) }), ...editCases(all, tools), ...identity];
    const { rows, failures } = await measureCases(cases, { tools, folder, say });
    return { size, ...figuresOf(rows), clips: rows.length, failures };
  } finally {
    tools.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

const isReal = (row) => row.kind === 'edit' || row.kind === 'style';

export function figuresOf(rows) {
  const of = (type) => rows.filter((row) => row.type === type);
  const good = rows.filter((row) => row.good && !isReal(row));
  const sources = of('source');
  const kinds = Object.fromEntries(
    Object.keys(GATE_OF)
      .filter((type) => of(type).length > 0)
      .map((type) => [type, kindFigures(type, type.endsWith('Real') ? sources : good, of(type))]),
  );
  const drift = kindFigures('driftFade', good, [...of('driftFade'), ...of('driftMorph')]);
  const freeze = kindFigures('freezeAll', good, [...of('freezeAll'), ...of('freezeHalf')]);
  const bad = rows.filter((row) => !row.good && row.kind !== 'identity');
  const share = (some, verdict) => rounded(mean(some.map((row) => (overallVerdict(row.report.checks) === verdict ? 1 : 0))), 4);
  const located = bad.filter((row) => row.truth?.atSeconds !== undefined && GATE_OF[row.type]);
  const same = identityFigures(rows);
  return {
    wrongReferenceAuc: kinds.wrongReference?.auc.value,
    sameClassAuc: same.sameClass.value,
    driftAuc: drift.auc.value,
    freezeTpr: share(of('freezeAll').concat(of('freezeHalf')).map(freezeOnly), 'fail'),
    freezeFalseAlarms: good.filter((row) =>
      row.report.checks.some((check) => check.id === 'freeze' && check.verdict !== 'pass' && check.verdict !== 'uncalibrated'),
    ).length,
    ...{ flicker5Auc: kinds.flicker5?.auc.value, flicker2Auc: kinds.flicker2?.auc.value, hue120Auc: kinds.hue120?.auc.value },
    ...{ objectSwapTpr: kinds.objectSwap?.tprAt5PercentFar.value, attributeSwapTpr: kinds.attributeSwap?.tprAt5PercentFar.value },
    attributeSwapRealTpr: leaveOneOut(sources, of('attributeSwapReal'), GATE_OF.attributeSwapReal),
    styleAuc: kinds.style?.auc.value,
    restyledAuc: kinds.restyled?.auc.value,
    wrongReferenceFailed: share(of('wrongReference'), 'fail'),
    defectPassed: share(bad, 'pass'),
    benignPassed: share(good, 'pass'),
    benignFalseFail: share(good, 'fail'),
    localisationSeconds: rounded(median(located.map(localisation)), 3),
    causeRate: rounded(mean(Object.values(kinds).map((kind) => kind.causeRate)), 3),
    good: { n: good.length, references: new Set(good.map((row) => row.group)).size, ...verdictsOf(good) },
    failedGood: good
      .filter((row) => overallVerdict(row.report.checks) === 'fail')
      .map((row) => `${row.id}: ${row.report.checks.filter((check) => check.verdict === 'fail').map((check) => `${check.id} ${check.value}`)}`),
    ...{ identity: same, drift, freeze, kinds },
    conformance: Object.fromEntries(['truncated', 'fps', 'size', 'duration'].map((type) => [type, verdictsOf(of(type)).verdicts])),
  };
}

/** The verdict of the gate `freeze` alone. */
const freezeOnly = (row) => ({ ...row, report: { ...row.report, checks: row.report.checks.filter((check) => check.id === 'freeze') } });
