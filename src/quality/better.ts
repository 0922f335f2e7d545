import type { Check, QualityReport, Verdict } from './report.ts';

/** What decides between two takes of a shot. */
export interface Standing {
  verdict: Verdict;
  /** Ids of the checks that fail or ask for a look, one for each shot. */
  flagged: readonly string[];
  /** Mean cosine to the reference; absent without one. */
  similarity?: number;
}

/**
 * Difference of two mean similarities that is no gain. Measured: takes of one request that differ by their seed alone are up to .015 apart (100 takes
 * of 50 requests; npm run bench -- improve, `seedNoise`).
 */
const NOISE = 0.02;

/** Best first. A clip without a verdict has at least nothing against it. */
const RANK: readonly Verdict[] = ['pass', 'uncalibrated', 'review', 'fail'];

/** By what the first is better than the second: by verdict, then by how many checks are flagged, then by similarity beyond noise; `undefined` where it is not. */
export function betterBy(a: Standing, b: Standing): 'verdict' | 'flagged' | 'similarity' | undefined {
  if (a.verdict !== b.verdict) return RANK.indexOf(a.verdict) < RANK.indexOf(b.verdict) ? 'verdict' : undefined;
  if (a.flagged.length !== b.flagged.length) return a.flagged.length < b.flagged.length ? 'flagged' : undefined;
  return (a.similarity ?? 0) - (b.similarity ?? 0) > NOISE ? 'similarity' : undefined;
}

/** Ids of the checks that fail or ask for a look. */
export function flaggedChecks(checks: readonly Check[]): string[] {
  return checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'review').map(({ id }) => id);
}

/** A report's standing; of several shots the lowest similarity counts. */
export function standingOf({ verdict, checks, shots }: Pick<QualityReport, 'verdict' | 'checks' | 'shots'>): Standing {
  const means = shots.flatMap(({ similarity }) => similarity?.mean ?? []);
  return { verdict, flagged: flaggedChecks(checks), ...(means.length > 0 ? { similarity: Math.min(...means) } : {}) };
}
