import type { AssetVector, Ports } from '../ports.ts';
import type { Strength } from './fusion.ts';

/** Candidates that are chosen from. */
const POOL = 200;

/**
 * Reorders hits so that near-identical ones do not follow each other: maximal marginal relevance (Carbonell, Goldstein 1998), each next hit
 * being the best by (1 - diversity) x relevance - diversity x largest cosine to one chosen before. `diversity` 0..1; `shown` are the hits of
 * earlier pages. Assets without a vector count as unlike all others.
 */
export async function diversify(
  ports: Ports,
  ranked: Strength[],
  { diversity, shown, count, embedderId }: { diversity: number; shown: string[]; count: number; embedderId: string },
): Promise<string[]> {
  const pool = ranked.slice(0, POOL);
  const before = shown.slice(-POOL);
  const stored = await ports.catalog.vectors([...before, ...pool.map(({ id }) => id)], embedderId);
  const vectorOf = new Map([...stored].map(([id, vectors]) => [id, representative(vectors)]));
  const best = Math.max(...pool.map(({ strength }) => strength), Number.EPSILON);
  const left = pool.map(({ id, strength }) => ({ id, relevance: strength / best, likeness: 0 }));
  const chosen: string[] = [];
  const compare = (id: string) => {
    for (const candidate of left) candidate.likeness = Math.max(candidate.likeness, cosine(vectorOf.get(candidate.id), vectorOf.get(id)));
  };
  for (const id of before) compare(id);
  while (left.length > 0 && chosen.length < count) {
    const gain = ({ relevance, likeness }: (typeof left)[number]) => (1 - diversity) * relevance - diversity * likeness;
    const next = left.reduce((top, candidate, at) => (gain(candidate) > gain(left[top]) ? at : top), 0);
    const [{ id }] = left.splice(next, 1);
    chosen.push(id);
    compare(id);
  }
  return chosen;
}

/** The vector that stands for an asset: a video's middle frame. */
const representative = (vectors: AssetVector[]): Float32Array | undefined => vectors[vectors.length >> 1]?.vector;

function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (!a || !b) return 0;
  let [dot, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    lengthA += a[i] * a[i];
    lengthB += b[i] * b[i];
  }
  return dot / Math.sqrt(lengthA * lengthB || 1);
}
