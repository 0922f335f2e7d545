import { AppError } from '../../../errors.ts';
import type { Asset, AssetVector, Catalog, Filter, Ranked } from '../../../ports.ts';
import { ASSET_COLUMNS, type AssetRow, assetOf } from './asset-rows.ts';
import { removeAssets, removeCollection, upsertAssets } from './catalog-writes.ts';
import { allCollections, attributeNames, collectionNamed, collectionSettings, configureCollection } from './collection-rows.ts';
import type { Database, Sql } from './database.ts';
import { addVectors, beginGeneration, dropGeneration, missingVectors, switchGeneration } from './generation-writes.ts';
import { generationsOf, storedVectors } from './generations.ts';
import { listAssets } from './listing.ts';
import { Residents } from './residents.ts';
import { similarIds } from './similar-ids.ts';
import { matchText } from './text-match.ts';

function assetWhere(sql: Sql, condition: string, ...values: string[]): Asset | undefined {
  const row = sql(`select ${ASSET_COLUMNS} from asset a ${condition}`).get<AssetRow>(...values);
  return row && assetOf(row);
}

function vectorsOf(sql: Sql, ids: readonly string[], embedderId: string): Map<string, AssetVector[]> {
  const found = ids.map((id): [string, AssetVector[]] => [id, storedVectors(sql, id, embedderId)]);
  return new Map(found.filter(([, vectors]) => vectors.length > 0));
}

type NearestQuery = Parameters<Catalog['nearest']>[1];

function nearest(sql: Sql, residents: Residents, name: string, { embedderId, vector }: NearestQuery, filter: Filter, k: number): Ranked[] | undefined {
  return residents.search(sql, name, (resident, collection) => {
    const generations = generationsOf(sql, collection.id);
    resident.keepGenerations(generations.map(({ id }) => id));
    const generation = generations.find((one) => one.embedderId === embedderId);
    const [active] = generations;
    if (!generation && active?.state === 'active') {
      throw new AppError('CONFLICT', `The collection ${name} has no vectors of ${embedderId}.`, {
        hint: `It is searched with ${active.embedderId} now. Read \`collections\` and embed the query again.`,
      });
    }
    if (!generation || k < 1) return [];
    if (vector.length === generation.dimensions) return resident.nearest(sql, generation.id, vector, filter, k);
    throw new AppError('INVALID_INPUT', `The query vector has ${vector.length} components; the collection ${name} holds vectors of ${generation.dimensions}.`, {
      hint: "Embed the query with the collection's own embedder.",
    });
  });
}

/**
 * The catalog in a data folder's database: rows, BM25 (FTS5) and vectors in one file, with what searches need resident per collection, each part
 * loaded by the first search that needs it. Searching is synchronous: about 4 ms for 100,000 vectors of 512 dimensions.
 * Errors as in the port, and as in `Database`; INVALID_INPUT for a foreign cursor, a vector of another length than the generation's, a vector that is
 * not finite, or a bound that is neither number nor date.
 */
export function createCatalog(database: Database): Catalog {
  const residents = new Residents();
  return {
    upsert: (entries, defaultEmbedderId) => upsertAssets(database, entries, defaultEmbedderId),
    remove: (ids) => removeAssets(database, ids),
    get: (id) => database.read((sql) => assetWhere(sql, 'where a.id = ?', id)),
    getMany: (ids) => database.read((sql) => ids.map((id) => assetWhere(sql, 'where a.id = ?', id)).filter((asset) => asset !== undefined)),
    vectors: (ids, embedderId) => database.read((sql) => vectorsOf(sql, ids, embedderId)),
    findBySha256: (collection, sha256) =>
      database.read((sql) =>
        assetWhere(sql, 'join collection c on c.id = a.collection where a.sha256 = ? and c.name = ? order by a.number limit 1', sha256, collection),
      ),
    countByObjectKey: (objectKey) =>
      database.read((sql) => {
        const count = sql("select count(*) as n from asset where object_key = ?1 or json_extract(body, '$.previewKey') = ?1");
        return count.get<{ n: number }>(objectKey)?.n ?? 0;
      }),
    nearDuplicates: (name, hash, maxDistance, k) =>
      database.read((sql) => residents.search(sql, name, (resident) => (k < 1 ? [] : resident.nearDuplicates(sql, hash, maxDistance, k))) ?? []),
    nearest: (name, query, filter, k) => database.read((sql) => nearest(sql, residents, name, query, filter, k) ?? []),
    match: (name, text, filter, k) =>
      database.read((sql) => residents.search(sql, name, (resident) => matchText(sql, resident.members(sql, filter), text, k)) ?? []),
    seen: (name, query, filter, k) =>
      database.read((sql) => residents.search(sql, name, (resident) => (k < 1 ? [] : resident.seen(sql, query, filter, k))) ?? []),
    list: (name, filter, page) => database.read((sql) => listAssets(sql, residents, name, filter, page)),
    collections: () => database.read(allCollections),
    collection: (name) => database.read((sql) => collectionSettings(sql, name)),
    configure: (name, settings) => database.write((sql) => configureCollection(sql, name, settings)),
    removeCollection: (name) => removeCollection(database, name),
    attributeNames: (name) => database.read((sql) => attributeNames(sql, name)),
    generations: (name) =>
      database.read((sql) => {
        const collection = collectionNamed(sql, name);
        const found = collection ? generationsOf(sql, collection.id) : [];
        return found.map(({ id: _id, ...generation }) => generation);
      }),
    beginGeneration: (name, embedderId, dimensions) => beginGeneration(database, name, embedderId, dimensions),
    missingVectors: (name, embedderId, page) => database.read((sql) => missingVectors(sql, name, embedderId, page)),
    addVectors: (name, embedderId, entries) => addVectors(database, name, embedderId, entries),
    switchGeneration: (name, embedderId, { without }) => database.write((sql) => switchGeneration(sql, name, embedderId, without)),
    dropGeneration: (name, embedderId) => dropGeneration(database, name, embedderId),
    similarIds: (id, limit) => (limit < 1 ? Promise.resolve([]) : database.read((sql) => similarIds(sql, id, limit))),
  };
}
