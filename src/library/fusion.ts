import type { Ranked, SeenQuery } from '../ports.ts';

/** An id with how strongly it answers the query, larger is better; only for ordering, never shown. */
export interface Strength {
  id: string;
  strength: number;
}

/** The lists of one search, as the catalog gave them. */
export interface Lists {
  /** By BM25, best first. */
  words?: Ranked[];
  /** By what is seen, best first. */
  seen?: Ranked[];
  /** By cosine to the words of the query, best first. */
  text?: Ranked[];
  /** By cosine to the query picture, best first. */
  image?: Ranked[];
}

/** Assets read at a time while fusing. */
const BATCH = 16;

/**
 * Ids by the sum of their strengths, the first `count` of them in their true order. Not by rank (RRF, Cormack et al. 2009): its nearly flat
 * weights let any hit in two lists, say a file name and a weak sight, beat the one clear sight (measured: "red shoes" over 14 pictures).
 * `shares` reads the share of the query's words that the texts of some ids hold, without those that are gone; it is asked only for those
 * that could still come among the first (threshold algorithm; Fagin, Lotem, Naor 2003).
 */
export async function fuse(
  lists: Lists,
  understood: SeenQuery | undefined,
  count: number,
  shares: (ids: string[]) => Promise<Map<string, number>>,
): Promise<Strength[]> {
  const others = sums([strengthOfSeen(lists.seen ?? [], understood), spread(lists.text ?? []), spread(lists.image ?? [])]);
  const written = new Map((lists.words ?? []).map(({ id, score }) => [id, strengthOfWords(score, lists.words?.[0]?.score ?? 1)]));
  const ids = [...new Set([...written.keys(), ...others.keys()])];
  const most = ids.map((id) => ({ id, strength: (written.get(id) ?? 0) + (others.get(id) ?? 0) })).sort(byStrength);
  const done: Strength[] = [];
  for (let at = 0; at < most.length; at += BATCH) {
    const batch = most.slice(at, at + BATCH);
    const share = await shares(batch.map(({ id }) => id).filter((id) => written.has(id)));
    for (const { id } of batch) {
      const part = written.has(id) ? share.get(id) : 0;
      if (part !== undefined) done.push({ id, strength: (written.get(id) ?? 0) * part + (others.get(id) ?? 0) });
    }
    done.sort(byStrength);
    // What comes next is at best as strong as that, and of equals it comes later.
    const next = most[at + BATCH];
    if (next && done.length >= count && byStrength(done[count - 1], next) < 0) break;
  }
  return done.slice(0, count);
}

/** Ties by id, so that the order never depends on chance. */
const byStrength = (a: Strength, b: Strength): number => b.strength - a.strength || (a.id < b.id ? -1 : 1);

/**
 * What a full match of the words counts, between the least and the best BM25: more than the pixels can (1), since a person's words outrank what
 * a model saw.
 */
const WORDS = { least: 1, best: 2 };

const strengthOfWords = (score: number, best: number): number => WORDS.least + (WORDS.best - WORDS.least) * (score / (best || 1));

/** Evidence from the pixels relative to what a perfect picture would score (ports/catalog.ts, `seen`), so that noise stays small. */
function strengthOfSeen(seen: Ranked[], query: SeenQuery | undefined): Ranked[] {
  const { concepts, colours } = query ?? { concepts: [], colours: [] };
  const perfect = concepts.length === 0 ? 1 : concepts.length + (colours.length > 0 ? 0.05 : 0);
  return seen.map(({ id, score }) => ({ id, score: score / perfect }));
}

/** Cosines spread over 0..1 between the worst and the best candidate: embedders differ in what unrelated pictures score. */
function spread(list: Ranked[]): Ranked[] {
  const best = list[0]?.score ?? 1;
  const worst = list.at(-1)?.score ?? 0;
  return list.map(({ id, score }) => ({ id, score: best === worst ? 1 : (score - worst) / (best - worst) }));
}

function sums(lists: Ranked[][]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { id, score } of lists.flat()) found.set(id, (found.get(id) ?? 0) + score);
  return found;
}
