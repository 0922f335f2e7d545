import type { Filter, Ranked } from '../../../ports.ts';
import { queryWords } from '../../local/store/search-text.ts';
import { newest } from './documents.ts';
import { BEST_FIRST, type Query, type Search, type SearchResult } from './engine.ts';
import { filterQueries } from './terms.ts';
import type { Store } from './writes.ts';

/** What a match through a correction counts, beside one as it was typed (as in the embedded catalog). */
const CORRECTED_WEIGHT = 0.6;
const MOST = 10_000;
/** Letters of a word that may be mistyped, as in the port; longer ones are seldom words. */
const CORRECTABLE = /^[\p{L}\p{M}]{4,24}$/u;

const asTyped = (words: readonly string[]): Query => ({ match: { text: { query: words.join(' ') } } });

/** One typo: one letter added, left out or changed, or two swapped. */
const corrected = (words: readonly string[]): Query => ({
  bool: { should: words.map((word) => ({ match: { text: { query: word, fuzziness: 1, fuzzy_transpositions: true, prefix_length: 0 } } })) },
});

/** As in the port. Two requests where a word of the text is in no asset of the collection, else one. */
export async function match({ engine, collections }: Store, name: string, text: string, filter: Filter, k: number): Promise<Ranked[]> {
  const words = queryWords(text);
  const filters = filterQueries(filter);
  const state = await collections.find(name);
  if (!state || k < 1 || words.length === 0) return [];
  const { index } = state;
  const size = Math.min(k, MOST);
  const search = (must: Query, rest: { should?: Query[]; must_not?: Query[] } = {}): Search => ({
    index,
    body: {
      size,
      query: { bool: { filter: filters, must: [must], ...rest } },
      sort: BEST_FIRST,
      track_total_hits: false,
      _source: { includes: ['id', 'stamp'] },
    },
  });
  const doubtful = words.filter(({ word, canBeMistyped }) => canBeMistyped && CORRECTABLE.test(word)).map(({ word }) => word);
  const counts = Object.fromEntries(doubtful.map((word, i) => [`w${i}`, asTyped([word])]));
  const typed = asTyped(words.map(({ word }) => word));
  const presence = { index, body: { size: 0, aggregations: { words: { filters: { filters: counts } } } } };
  const [found, present]: (SearchResult | undefined)[] = await engine.search(doubtful.length > 0 ? [search(typed), presence] : [search(typed)]);
  const unknown = doubtful.filter((_, i) => countOf(present, `w${i}`) === 0);
  if (unknown.length === 0) return ranked(found);
  const meant = corrected(unknown);
  const [both, onlyMeant] = await engine.search([
    search(typed, { should: [{ bool: { should: [meant], boost: CORRECTED_WEIGHT } }] }),
    search(meant, { must_not: [typed] }),
  ]);
  const best = ranked(both);
  const rest = ranked(onlyMeant).slice(0, k - best.length);
  // What only a correction found comes after all that has a word as it was typed.
  const worst = ranked(found).at(-1)?.score ?? Number.POSITIVE_INFINITY;
  const factor = Math.min(1, worst / (rest[0]?.score ?? 1)) * CORRECTED_WEIGHT;
  return [...best, ...rest.map(({ id, score }) => ({ id, score: score * factor }))];
}

function countOf(result: SearchResult | undefined, key: string): number {
  const buckets = (result?.aggregations as { words?: { buckets?: Record<string, { doc_count: number }> } } | undefined)?.words?.buckets;
  return buckets?.[key]?.doc_count ?? 0;
}

const ranked = (result: SearchResult | undefined): Ranked[] =>
  (result ? newest(result) : []).map(({ document, hit }) => ({ id: document.id, score: Number(hit._score) }));
