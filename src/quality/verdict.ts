import type { Advice, Calibration, Check, Verdict } from './report.ts';

/** Worst first. `uncalibrated` and `pass` never outrank a judgement against the clip. */
const SEVERITY: readonly Verdict[] = ['fail', 'review', 'pass', 'uncalibrated'];

/** The verdict of a calibrated score; NaN, and a score without calibration, are `uncalibrated`. */
export function judge(score: number, calibration: Calibration | undefined): Verdict {
  if (!calibration || Number.isNaN(score)) return 'uncalibrated';
  if (score < calibration.failBelow) return 'fail';
  return score < calibration.passFrom ? 'review' : 'pass';
}

/** The worst of the judged checks. Exact facts (size, duration) can fail a clip but cannot pass it: that takes a calibrated check. */
export function overallVerdict(checks: readonly Check[]): Verdict {
  const worst = SEVERITY.find((verdict) => checks.some((check) => check.verdict === verdict)) ?? 'uncalibrated';
  if (worst !== 'pass') return worst;
  return checks.some((check) => check.verdict === 'pass' && check.calibration) ? 'pass' : 'uncalibrated';
}

/** A few sentences: the verdict with what it rests on, what stands out without a verdict, and what else was only measured. */
export function summarise(verdict: Verdict, checks: readonly Check[], advice: readonly Advice[]): string {
  const findings = (wanted: Verdict) => checks.filter((check) => check.verdict === wanted).map((check) => check.finding);
  const unjudged = checks.filter((check) => check.verdict === 'uncalibrated');
  const standsOut = unjudged.filter((check) => advice.some((one) => one.check === check.id && one.shot === check.shot)).slice(0, 3);
  const notable = standsOut.length ? ` Not judged, but look at it: ${standsOut.map((check) => check.finding).join(' ')}` : '';
  const ids = [...new Set(unjudged.map((check) => check.id))];
  const rest = notable + (ids.length ? ` Measured without a verdict (no calibration yet): ${ids.join(', ')}.` : '');
  if (verdict === 'fail' || verdict === 'review') {
    const against = [...findings('fail'), ...findings('review')].slice(0, 3).join(' ');
    return `${verdict === 'fail' ? 'Fail' : 'Needs a look'}: ${against}${rest}`;
  }
  if (verdict === 'uncalibrated') return `No verdict: no calibrated check could run on this clip.${rest}`;
  const judged = checks.filter((check) => check.verdict === 'pass' && check.calibration).map((check) => check.finding);
  return `Pass: ${judged.slice(0, 3).join(' ')}${rest}`;
}
