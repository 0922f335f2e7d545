import type { RawImage } from '../ports/pictures.ts';
import type { CallOptions } from '../ports.ts';
import type { Check, EvaluationShot, ShotReport } from './report.ts';

/** Place of a shot's own reference when its collection is searched by the mean of the frames. Numbers that no cut point was calibrated for. */
export interface ReferenceRank {
  assetId: string;
  /** From 1; where it is not found, one more than those that are. */
  rank: number;
  /** Assets of its kind that were ranked, at most 100. */
  among: number;
  isFound: boolean;
  /** Cosine of the reference and the mean of the frames; absent where it is not found. */
  cosine?: number;
  /** Assets nearer to the frames, nearest first, at most 3. */
  better: { assetId: string; cosine: number }[];
}

/** A shot's frames by the embedder that its reference's collection is searched with. */
export interface CollectionView {
  collection: string;
  embedderId: string;
  rank?: ReferenceRank;
  /** Cosine to the reference, mean over frames; absent where this embedder is the eye's own. */
  similarity?: number;
  /** Cosine to the prompt, mean over frames; absent where the embedder knows no words or no prompt is known. */
  prompt?: number;
}

/** Looks at the frames of a shot from the collection of its reference; `undefined` where there is none. */
export type ViewByCollection = (frames: RawImage[], shot: EvaluationShot, options: CallOptions) => Promise<CollectionView | undefined>;

/** What a collection's view comes to, as checks without a verdict. */
export function collectionChecks({ index, fromSeconds, toSeconds, collection: view }: ShotReport): Check[] {
  if (!view) return [];
  const at = { shot: index, verdict: 'uncalibrated' as const, fromSeconds, toSeconds };
  const checks: Check[] = [];
  if (view.rank)
    checks.push({ ...at, id: 'rank', value: view.rank.rank, unit: `rank by the mean of the frames, ${view.embedderId}`, finding: rankFinding(view.rank) });
  const cosine = `cosine, mean over frames, ${view.embedderId}`;
  if (view.similarity !== undefined) {
    const finding = `By the collection's own embedder the frames resemble the reference by ${view.similarity}.`;
    checks.push({ ...at, id: 'collectionSimilarity', value: view.similarity, unit: cosine, finding });
  }
  if (view.prompt !== undefined) {
    const finding = `The frames agree with the prompt by ${view.prompt}: compare it with other takes of the shot, since each embedder has a scale of its own.`;
    checks.push({ ...at, id: 'prompt', value: view.prompt, unit: cosine, finding });
  }
  return checks;
}

function rankFinding({ assetId, rank, among, isFound, better }: ReferenceRank): string {
  if (!isFound) return `Not among the ${among} assets that the frames are nearest to: ${named(better)} come first.`;
  if (rank === 1) return `Of ${among} assets the frames are nearest to their own reference.`;
  return `Of ${among} assets the own reference ${assetId} is number ${rank}: ${named(better)} ${better.length > 1 ? 'are' : 'is'} nearer.`;
}

const named = (assets: ReferenceRank['better']): string => assets.map(({ assetId, cosine }) => `${assetId} (${cosine})`).join(', ');
