import type { Sql } from './database.ts';
import { editDistance } from './edit-distance.ts';

/** An id is similar where at most this part of it is mistyped; unrelated random ids differ in nearly every character. */
const SIMILAR_PART = 0.5;

/** The ids closest to a mistyped one (edit distance), at most `limit`. */
export function similarIds(sql: Sql, id: string, limit: number): string[] {
  const rows = sql('select id from asset order by id').iterate<{ id: string }>();
  return closestIds(rows, id, limit);
}

/** Those of `all` that are similar to an id, the closest first, among equal ones as they come. */
export function closestIds(all: Iterable<{ id: string }>, id: string, limit: number): string[] {
  const near: { id: string; distance: number }[] = [];
  for (const row of all) {
    const similar = Math.floor(Math.max(id.length, row.id.length) * SIMILAR_PART);
    // With enough found, only a closer one is of interest.
    const most = near.length < limit ? similar : Math.min(similar, near[limit - 1].distance - 1);
    const distance = editDistance(id, row.id, most);
    if (distance > most) continue;
    near.push({ id: row.id, distance });
    near.sort((a, b) => a.distance - b.distance);
    if (near.length > limit) near.pop();
  }
  return near.map((entry) => entry.id);
}
