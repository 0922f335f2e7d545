import type { Filter, Ranked } from '../../../ports.ts';
import type { Sql } from './database.ts';
import { filterCondition } from './filter.ts';
import { textQuery } from './search-text.ts';

/** The k best assets of a collection (its number) by BM25, larger is better; [] where the text has no word. */
export function matchText(sql: Sql, collection: number, text: string, filter: Filter, k: number): Ranked[] {
  const query = textQuery(collection, text);
  if (!query || k < 1) return [];
  const { condition, parameters } = filterCondition(filter);
  // The weight of `scope` is 0: it selects rows and adds nothing to the score. Rows are joined before the limit only where a filter has to see them.
  const ranked = 'select rowid as number, -bm25(asset_text, 0, 1, 1, 1) as score from asset_text where asset_text match $query';
  const best = condition === 'true' ? `${ranked} order by score desc, rowid limit $k` : ranked;
  return sql(`select a.id, t.score from (${best}) t join asset a on a.number = t.number where ${condition} order by t.score desc, a.number limit $k`)
    .all<Ranked>({ query, k, ...parameters })
    .map(({ id, score }) => ({ id, score }));
}
