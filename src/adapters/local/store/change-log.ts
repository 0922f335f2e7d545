import type { Sql } from './database.ts';
import type { SqlValue } from './driver.ts';

/** Rows are read in lots: one at a time costs twice as much, all at once holds a large collection twice. */
const LOT = 5000;

/** What a part of a resident copy needs to know of each changed asset. */
export interface Change {
  seq: number;
  /** Number of the asset. */
  asset: number;
}

/**
 * Calls `apply` with each change of the collection after `since`, oldest first; returns the last one's `seq`. `columns` are of the asset `a`, all
 * null where it was removed; constant text, its parameters by name.
 */
export function eachChange<Row extends Change>(
  sql: Sql,
  { collection, since, columns, parameters = {} }: { collection: number; since: number; columns: string; parameters?: Record<string, SqlValue> },
  apply: (row: Row) => void,
): number {
  const changes = sql(`
    select c.seq, c.asset, ${columns} from change c left join asset a on a.number = c.asset
    where c.collection = $collection and c.seq > $since order by c.seq limit ${LOT}`);
  let last = since;
  for (;;) {
    const rows = changes.all<Row>({ ...parameters, collection, since: last });
    for (const row of rows) apply(row);
    last = rows.at(-1)?.seq ?? last;
    if (rows.length < LOT) return last;
  }
}
