import type { AttributeValue } from '../ports.ts';
import type { Verdict } from '../quality/report.ts';
import type { Take } from './takes.ts';

/** An unjudged shot keeps the whole from passing. */
const WORST_FIRST: readonly Verdict[] = ['fail', 'review', 'uncalibrated', 'pass'];

/**
 * What a video's takes were measured to be, as attributes that searches can ask for: `verdict`, the worst of its shots, and `similarity`, the lowest
 * mean cosine of a shot to its reference. Nothing where a shot was not measured.
 */
export function clipScores(takes: readonly Take[]): Record<string, AttributeValue> {
  const measured = takes.flatMap(({ evaluation }) => evaluation ?? []);
  if (measured.length === 0 || measured.length < takes.length) return {};
  const similarities = measured.flatMap(({ similarity }) => similarity?.mean ?? []);
  return {
    verdict: WORST_FIRST.find((one) => measured.some(({ verdict }) => verdict === one)) ?? 'uncalibrated',
    ...(similarities.length > 0 ? { similarity: Math.min(...similarities) } : {}),
  };
}
