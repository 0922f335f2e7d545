import type { Asset, Filter } from '../../../ports.ts';
import { ASSET_COLUMNS, type AssetRow, assetOf } from './asset-rows.ts';
import { collectionNamed } from './collection-rows.ts';
import { cursorOf, positionOf } from './cursor.ts';
import type { Sql } from './database.ts';
import { fieldValue, filterTests } from './filter.ts';
import type { Position } from './resident.ts';
import type { Residents } from './residents.ts';

/** So many of the newest are tested one by one before the resident copies are asked, which may have to be loaded. */
const TESTED_FIRST = 200;

interface Listed extends Position {
  asset: Asset;
}

interface Page {
  limit: number;
  after: Position | undefined;
}

function newest(sql: Sql, name: string | undefined, { limit, after }: Page): Listed[] {
  return sql(`
    select a.number, a.created_at, ${ASSET_COLUMNS} from asset a
    where ${name === undefined ? 'true' : 'a.collection = (select id from collection where name = $name)'}
      and ${after === undefined ? 'true' : '(a.created_at, a.number) < ($createdAt, $number)'}
    order by a.created_at desc, a.number desc limit $limit`)
    .all<AssetRow & { number: number; created_at: string }>({
      ...(name === undefined ? {} : { name }),
      ...(after ? { createdAt: after.createdAt, number: after.number } : {}),
      limit,
    })
    .map((row) => ({ createdAt: row.created_at, number: row.number, asset: assetOf(row) }));
}

function listedAt(sql: Sql, position: Position): Listed {
  const row = sql(`select ${ASSET_COLUMNS} from asset a where a.number = ?`).get<AssetRow>(position.number);
  if (!row) throw new Error(`asset ${position.number} is gone`);
  return { ...position, asset: assetOf(row) };
}

function filtered(sql: Sql, residents: Residents, name: string | undefined, filter: Filter, { limit, after }: Page): Listed[] {
  const tests = filterTests(filter);
  if (tests.length === 0) return newest(sql, name, { limit, after });
  const size = Math.max(TESTED_FIRST, limit);
  const tested = newest(sql, name, { limit: size, after });
  const found = tested.filter(({ asset }) => tests.every(({ field, passes }) => passes(fieldValue(asset, field)))).slice(0, limit);
  if (found.length === limit || tested.length < size) return found;
  const rest = residents.newest(sql, name, filter, { limit: limit - found.length, after: tested.at(-1) });
  return [...found, ...rest.map((position) => listedAt(sql, position))];
}

/** As in the port: newest first. INVALID_INPUT for a foreign cursor. */
export function listAssets(
  sql: Sql,
  residents: Residents,
  name: string | undefined,
  filter: Filter,
  { limit, cursor }: { limit: number; cursor?: string },
): { assets: Asset[]; cursor?: string } {
  const [createdAt, number] = cursor === undefined ? [] : positionOf(cursor, ['string', 'number']);
  const after = cursor === undefined ? undefined : ({ createdAt, number } as Position);
  if (name !== undefined && !collectionNamed(sql, name)) return { assets: [] };
  const found = filtered(sql, residents, name, filter, { limit: limit + 1, after });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { assets: page.map(({ asset }) => asset), ...(found.length > limit && last ? { cursor: cursorOf([last.createdAt, last.number]) } : {}) };
}
