import { AppError } from '../../../errors.ts';
import type { Asset, AssetVector, Catalog, Collection, Filter, Ranked } from '../../../ports.ts';
import { ASSET_COLUMNS, type AssetRow, assetOf } from './asset-rows.ts';
import { removeAssets, upsertAssets } from './catalog-writes.ts';
import { cursorOf, positionOf } from './cursor.ts';
import type { Database, Sql } from './database.ts';
import { editDistance } from './edit-distance.ts';
import { filterCondition } from './filter.ts';
import { codeOf } from './quantise.ts';
import { ResidentCollection } from './resident.ts';
import { matchText } from './text-match.ts';

/** An id is similar where at most this part of it is mistyped; unrelated random ids differ in nearly every character. */
const SIMILAR_PART = 0.5;

interface Named {
  id: number;
  dimensions: number;
}

function find(sql: Sql, name: string): Named | undefined {
  return sql('select id, dimensions from collection where name = ?').get<Named>(name);
}

/** The collections in memory. One that was removed and made again has another number, so its old copy is not used. */
function residents() {
  const loaded = new Map<string, { number: number; collection: ResidentCollection }>();
  return (sql: Sql, name: string, search: (collection: ResidentCollection, dimensions: number) => Ranked[]): Ranked[] => {
    const found = find(sql, name);
    let entry = loaded.get(name);
    if (!found) {
      loaded.delete(name);
      return [];
    }
    if (entry?.number !== found.id) entry = { number: found.id, collection: new ResidentCollection(found.id) };
    loaded.set(name, entry);
    try {
      return search(entry.collection, found.dimensions);
    } catch (error) {
      // A copy that failed while it was brought up to date is never used again; a refused argument does it no harm.
      if (!(error instanceof AppError)) loaded.delete(name);
      throw error;
    }
  };
}

function list(sql: Sql, name: string | undefined, filter: Filter, { limit, cursor }: { limit: number; cursor?: string }) {
  const [createdAt, number] = cursor === undefined ? [] : positionOf(cursor, ['string', 'number']);
  const collection = name === undefined ? undefined : find(sql, name);
  if (name !== undefined && !collection) return { assets: [] };
  const { condition, parameters } = filterCondition(filter);
  const rows = sql(`
    select a.number, a.created_at, ${ASSET_COLUMNS} from asset a
    where ${collection ? 'a.collection = $collection' : 'true'}
      and ${cursor === undefined ? 'true' : '(a.created_at, a.number) < ($createdAt, $number)'} and ${condition}
    order by a.created_at desc, a.number desc limit $rows`).all<AssetRow & { number: number; created_at: string }>({
    ...(collection ? { collection: collection.id } : {}),
    ...(cursor === undefined ? {} : { createdAt, number }),
    rows: limit + 1,
    ...parameters,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { assets: page.map(assetOf), ...(rows.length > limit && last ? { cursor: cursorOf([last.created_at, last.number]) } : {}) };
}

function collections(sql: Sql): Collection[] {
  return sql(`
    select name, embedder_id as embedderId, dimensions, created_at as createdAt, 0 as requireApproval,
      (select count(*) from asset where collection = c.id and kind = 'image') as images,
      (select count(*) from asset where collection = c.id and kind = 'video') as videos
    from collection c order by name`)
    .all<Collection>()
    .map((row) => ({ ...row, requireApproval: false }));
}

function unbuilt(): Promise<never> {
  return Promise.reject(new AppError('INTERNAL', 'Generations are not built yet.'));
}

function similarIds(sql: Sql, id: string, limit: number): string[] {
  const near: { id: string; distance: number }[] = [];
  for (const row of sql('select id from asset order by id').iterate<{ id: string }>()) {
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

/**
 * The catalog in a data folder's database: rows, BM25 (FTS5) and vectors in one file, with the vectors and what was seen resident per collection,
 * loaded by the first search that needs them. Searching is synchronous: about 4 ms for 100,000 vectors of 512 dimensions.
 * A collection exists while it has an asset. Empty lists in a filter are as if they were not given.
 * Errors as in the port, and as in `Database`; INVALID_INPUT for a foreign cursor, a vector of another length than the collection's, or a vector that is not finite.
 */
export function createCatalog(database: Database): Catalog {
  const inCollection = residents();
  const one = (sql: Sql, condition: string, ...values: string[]): Asset | undefined => {
    const row = sql(`select ${ASSET_COLUMNS} from asset a ${condition}`).get<AssetRow>(...values);
    return row && assetOf(row);
  };

  return {
    upsert: (entries, embedderId) =>
      upsertAssets(
        database,
        entries.map(({ asset, vectors }) => ({ asset, ...(vectors?.[0] ? { vectors: vectors[0].vectors } : {}) })),
        entries[0]?.vectors?.[0]?.embedderId ?? embedderId,
      ),
    remove: (ids) => removeAssets(database, ids),
    get: (id) => database.read((sql) => one(sql, 'where a.id = ?', id)),
    findBySha256: (collection, sha256) =>
      database.read((sql) =>
        one(sql, 'join collection c on c.id = a.collection where a.sha256 = ? and c.name = ? order by a.number limit 1', sha256, collection),
      ),
    countByObjectKey: (objectKey) => database.read((sql) => sql('select count(*) as n from asset where object_key = ?').get<{ n: number }>(objectKey)?.n ?? 0),
    getMany: (ids) => database.read((sql) => ids.map((id) => one(sql, 'where a.id = ?', id)).filter((asset) => asset !== undefined)),
    vectors: (ids) =>
      database.read((sql) => {
        const found = new Map<string, AssetVector[]>();
        for (const id of ids) {
          const rows = sql('select at_seconds, scale, code from vector where asset = (select number from asset where id = ?) order by id').all<{
            at_seconds: number | null;
            scale: number;
            code: Uint8Array;
          }>(id);
          const vectors = rows.map((row) => ({
            vector: Float32Array.from(codeOf(row.code), (x) => x * row.scale),
            ...(row.at_seconds === null ? {} : { atSeconds: row.at_seconds }),
          }));
          if (vectors.length > 0) found.set(id, vectors);
        }
        return found;
      }),
    nearDuplicates: async () => [],
    collection: (name) => database.read((sql) => collections(sql).find((collection) => collection.name === name)),
    configure: async () => undefined,
    removeCollection: async () => undefined,
    attributeNames: async () => [],
    generations: async () => [],
    beginGeneration: () => unbuilt(),
    missingVectors: () => unbuilt(),
    addVectors: () => unbuilt(),
    switchGeneration: () => unbuilt(),
    dropGeneration: () => unbuilt(),
    nearest: (name, { vector }, filter, k) =>
      database.read((sql) =>
        inCollection(sql, name, (collection, dimensions) => {
          if (dimensions === 0 || k < 1) return [];
          if (vector.length === dimensions) return collection.nearest(sql, vector, filter, k);
          throw new AppError('INVALID_INPUT', `The query vector has ${vector.length} components; the collection ${name} holds vectors of ${dimensions}.`, {
            hint: "Embed the query with the collection's own embedder.",
          });
        }),
      ),
    match: (name, text, filter, k) =>
      database.read((sql) => {
        const collection = find(sql, name);
        return collection ? matchText(sql, collection.id, text, filter, k) : [];
      }),
    seen: (name, query, filter, k) => database.read((sql) => inCollection(sql, name, (collection) => (k < 1 ? [] : collection.seen(sql, query, filter, k)))),
    list: (collection, filter, page) => database.read((sql) => list(sql, collection, filter, page)),
    collections: () => database.read(collections),
    similarIds: (id, limit) => (limit < 1 ? Promise.resolve([]) : database.read((sql) => similarIds(sql, id, limit))),
  };
}
