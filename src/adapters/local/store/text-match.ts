import type { Ranked } from '../../../ports.ts';
import type { Sql } from './database.ts';
import { textQuery } from './search-text.ts';

/** The k best assets of a collection (its number) by BM25, larger is better; [] where the text has no word. `isAllowed` sees asset numbers. */
export function matchText(sql: Sql, collection: number, text: string, isAllowed: ((number: number) => boolean) | undefined, k: number): Ranked[] {
  const query = textQuery(collection, text);
  if (!query || k < 1) return [];
  // The weight of `scope` is 0: it selects rows and adds nothing to the score.
  const ranked = sql(
    'select rowid as number, -bm25(asset_text, 0, 1, 1, 1, 1) as score from asset_text where asset_text match $query order by score desc, rowid limit $limit',
  );
  const found: Ranked[] = [];
  for (const { number, score } of ranked.iterate<{ number: number; score: number }>({ query, limit: isAllowed ? -1 : k })) {
    if (isAllowed && !isAllowed(number)) continue;
    const id = sql('select id from asset where number = ?').get<{ id: string }>(number)?.id;
    if (id !== undefined && found.push({ id, score }) === k) break;
  }
  return found;
}
