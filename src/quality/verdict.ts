import type { Calibration } from './cut-points.ts';
import type { Advice, Check, Verdict } from './report.ts';
import { shotNumbers } from './shown.ts';

/** Worst first. `uncalibrated` and `pass` never outrank a judgement against the clip. */
const SEVERITY: readonly Verdict[] = ['fail', 'review', 'pass', 'uncalibrated'];

/** The verdict of a calibrated score; NaN, and a score without calibration, are `uncalibrated`. */
export function judge(score: number, calibration: Pick<Calibration, 'better' | 'fail' | 'pass'> | undefined): Verdict {
  if (!calibration || Number.isNaN(score)) return 'uncalibrated';
  const isWorse = (than: number) => (calibration.better === 'higher' ? score < than : score > than);
  if (isWorse(calibration.fail)) return 'fail';
  return isWorse(calibration.pass) ? 'review' : 'pass';
}

/** The worst of the judged checks. Exact facts and pixels alone can fail a clip but cannot pass it: that takes the calibrated check of its reference. */
export function overallVerdict(checks: readonly Check[]): Verdict {
  const worst = SEVERITY.find((verdict) => checks.some((check) => check.verdict === verdict)) ?? 'uncalibrated';
  if (worst !== 'pass') return worst;
  return checks.some((check) => isGatePassed(check)) ? 'pass' : 'uncalibrated';
}

function isGatePassed(check: Check): boolean {
  return check.id === 'reference' && check.verdict === 'pass' && check.calibration !== undefined;
}

/** Findings that a summary spells out; it names the others by check and shot. */
const SPELT_OUT = 3;

/** A few sentences: the verdict with what it rests on, every flagged check, what stands out without a verdict, and what was only measured. */
export function summarise(verdict: Verdict, checks: readonly Check[], advice: readonly Advice[]): string {
  const unjudged = checks.filter((check) => check.verdict === 'uncalibrated');
  const standsOut = unjudged.filter((check) => advice.some((one) => one.check === check.id && one.shot === check.shot));
  const ids = [...new Set(unjudged.map((check) => check.id))];
  return [
    headline(verdict, checks),
    standsOut.length ? `Not judged, but look at it: ${inWords(standsOut)}` : '',
    ids.length ? `Measured without a verdict (no calibration yet): ${ids.join(', ')}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

function headline(verdict: Verdict, checks: readonly Check[]): string {
  const gate = gateFinding(checks);
  if (verdict === 'uncalibrated') return 'No verdict: no calibrated check could run on this clip.';
  if (verdict === 'pass') return `Pass: ${gate} Every calibrated gate passes.`;
  const against = [...checks.filter((check) => check.verdict === 'fail'), ...checks.filter((check) => check.verdict === 'review')];
  return `${verdict === 'fail' ? 'Fail' : 'Needs a look'}: ${inWords(against)}${gate ? ` The rest: ${gate}` : ''}`;
}

/** What the calibrated check passed and what it could not judge; empty where it passed nothing. */
function gateFinding(checks: readonly Check[]): string {
  const passed = checks.filter(isGatePassed);
  if (passed.length === 0) return '';
  if (passed.length === 1) return `the reference gate: ${passed[0].finding}`;
  const lowest = passed.reduce((low, check) => (Number(check.value) < Number(low.value) ? check : low));
  const shots = shotNumbers(passed);
  return `the reference gate: shots ${shots} show their references (lowest ${lowest.value}, shot ${(lowest.shot ?? 0) + 1}).`;
}

function inWords(checks: readonly Check[]): string {
  const rest = checks.slice(SPELT_OUT);
  const ids = [...new Set(rest.map((check) => check.id))];
  const more = ids.map((id) => {
    const shots = shotNumbers(rest.filter((check) => check.id === id));
    return shots ? `${id} (shots ${shots})` : id;
  });
  const spelt = checks
    .slice(0, SPELT_OUT)
    .map((check) => (check.shot === undefined || check.finding.startsWith('Shot ') ? '' : `Shot ${check.shot + 1}: `) + check.finding);
  return spelt.join(' ') + (more.length ? ` Also: ${more.join(', ')}.` : '');
}
