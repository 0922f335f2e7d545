import type { Seen } from '../../../ports.ts';
import type { ConceptTable, NamedSet } from './concepts.ts';

/** From this probability on a class is named as it is; below, a common kind is looked for first. */
const SURE = 0.5;

/** How much more probable a kind must be than its most probable class to be named instead. */
const KIND_GAIN = 2;

/**
 * The most telling names of what was seen, best first; a kind ("dog") stands for many unsure classes (breeds), and the two classes
 * that have one name ("sunglasses") count together.
 */
export function describeSeen(seen: Seen, table: ConceptTable, limit: number, minProbability: number): { word: string; probability: number }[] {
  const probabilities = new Map(seen.classes);
  const kind = commonKind(probabilities, table.namedSets());
  const covered = new Set(kind ? kind.classes : []);
  const named = new Map<string, number>();
  for (const [index, probability] of seen.classes) {
    const word = table.classNames[index];
    if (!covered.has(index)) named.set(word, (named.get(word) ?? 0) + probability);
  }
  if (kind) named.set(kind.word, kind.probability);
  return [...named]
    .map(([word, probability]) => ({ word, probability: Math.min(1, probability) }))
    .filter(({ probability }) => probability >= minProbability)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, limit);
}

/** The narrowest named set that is probable and says clearly more than its best class; `undefined` where one class is sure. */
function commonKind(probabilities: Map<number, number>, sets: readonly NamedSet[]): (NamedSet & { probability: number }) | undefined {
  const best = Math.max(0, ...probabilities.values());
  if (best >= SURE) return undefined;
  for (const set of sets) {
    const probability = set.classes.reduce((sum, index) => sum + (probabilities.get(index) ?? 0), 0);
    const ownBest = Math.max(...set.classes.map((index) => probabilities.get(index) ?? 0));
    if (probability >= Math.max(SURE, KIND_GAIN * ownBest)) return { ...set, probability: Math.min(1, probability) };
  }
  return undefined;
}
