import type { Concept, Filter, Ranked, Seen } from '../../../ports.ts';
import { type AssetDocument, FULL_SHARE } from './document.ts';
import { newest } from './documents.ts';
import { BEST_FIRST, type Query, type Search } from './engine.ts';
import { filterQueries } from './terms.ts';
import type { Store } from './writes.ts';

/** Constants of the formula in ports/catalog.ts: what a thing counts in no asked colour, and what a colour alone counts. */
const WITHOUT_COLOUR = 0.2;
const COLOUR_ALONE = 0.05;
/** Assets read of each list at first; four times as many in each further round. */
const FIRST_LOT = 200;
const MOST = 10_000;

interface SeenQuery {
  concepts: Concept[];
  colours: string[];
}

/** One list of assets, best first by a sum that the index can add up, and what the sum's root counts. */
interface Term {
  isColour: boolean;
  query: Query;
}

const feature = (field: string, boost: number): Query => ({ rank_feature: { field, boost, linear: {} } });

function termsOf({ concepts, colours }: SeenQuery): Term[] {
  const things = concepts.map(({ classes }): Term => {
    const weightOf = new Map<number, number>();
    for (const [index, weight] of classes) if (weight > 0) weightOf.set(index, (weightOf.get(index) ?? 0) + weight);
    return { isColour: false, query: { bool: { should: Array.from(weightOf, ([index, weight]) => feature(`classes.${index}`, weight)) } } };
  });
  const field = concepts.length > 0 ? 'subjectColours' : 'colours';
  const shades = [...new Set(colours)].map((name): Term => ({ isColour: true, query: feature(`${field}.${name}`, 1) }));
  return [...things, ...shades];
}

/** The port's formula, from the sums under the roots in the order of the terms. */
function scoreOf(terms: readonly Term[], sums: readonly number[]): number {
  let thing = 0;
  let shade = 0;
  terms.forEach(({ isColour }, i) => {
    if (isColour) shade += Math.sqrt(sums[i]);
    else thing += Math.sqrt(sums[i]);
  });
  const shades = terms.filter(({ isColour }) => isColour).length;
  if (shades === 0) return thing;
  const mean = shade / shades;
  return shades === terms.length ? mean : thing * (WITHOUT_COLOUR + (1 - WITHOUT_COLOUR) * mean) + COLOUR_ALONE * mean;
}

/** The sums of one asset from what is stored, exactly; the index has eight binary digits of each probability. */
function sumsOf({ concepts, colours }: SeenQuery, stored: AssetDocument): number[] {
  const seen = JSON.parse(stored.seen ?? '{"classes":[],"colours":[]}') as Seen;
  const probability = new Map(seen.classes);
  const share = new Map(concepts.length > 0 ? (seen.subjectColours ?? seen.colours) : seen.colours);
  const things = concepts.map(({ classes }) => classes.reduce((sum, [index, weight]) => sum + weight * (probability.get(index) ?? 0), 0));
  const shades = [...new Set(colours)].map((name) => (concepts.length > 0 ? Math.min(1, (share.get(name) ?? 0) / FULL_SHARE) : (share.get(name) ?? 0)));
  return [...things, ...shades];
}

/**
 * As in the port. The index ranks each concept and each colour alone; of the best of every list the score is computed here. Nothing that is in no
 * list can score more than an asset with the last value of every list, so the search ends when k assets reach that (the threshold algorithm; Fagin,
 * Lotem, Naor 2003), or with 10,000 of each list.
 */
export async function seen({ engine, collections }: Store, name: string, query: SeenQuery, filter: Filter, k: number): Promise<Ranked[]> {
  const filters = filterQueries(filter);
  const terms = termsOf(query);
  const state = await collections.find(name);
  if (!state || k < 1 || terms.length === 0) return [];
  for (let size = Math.min(MOST, Math.max(FIRST_LOT, 2 * k)); ; size = Math.min(MOST, size * 4)) {
    const searches = terms.map(
      (term): Search => ({
        index: state.index,
        body: {
          size,
          query: { bool: { filter: filters, must: [term.query] } },
          sort: BEST_FIRST,
          track_total_hits: false,
          _source: { includes: ['id', 'stamp', 'created', 'seen'] },
        },
      }),
    );
    const lists = (await engine.search(searches)).map(newest);
    const found = new Map(lists.flat().map(({ document }) => [document.id, document]));
    const best = Array.from(found.values(), (document) => ({ id: document.id, created: document.created, score: scoreOf(terms, sumsOf(query, document)) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || a.created.localeCompare(b.created) || a.id.localeCompare(b.id))
      .slice(0, k);
    const ceiling = scoreOf(
      terms,
      lists.map((list) => (list.length < size ? 0 : Number(list.at(-1)?.hit._score ?? 0))),
    );
    if (size === MOST || ceiling === 0 || (best.length === k && best[k - 1].score >= ceiling)) return best.map(({ id, score }) => ({ id, score }));
  }
}
