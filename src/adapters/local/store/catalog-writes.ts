import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';
import type { Asset, AssetVector } from '../../../ports.ts';
import { bodyOf, seenColumns } from './asset-rows.ts';
import type { Database, Sql } from './database.ts';
import { quantise } from './quantise.ts';
import { indexedText, scopeToken } from './search-text.ts';

/** How long a bulk write may hold the lock and the event loop (design: at most 50 ms a transaction; one entry always goes in whole). */
const TRANSACTION_MS = 40;
/** Between two transactions, so that other processes that wait for the lock get it. */
const PAUSE_MS = 5;
/** `vectors_from` of an asset without vectors. */
const NO_VECTORS = Number.MAX_SAFE_INTEGER;

interface Entry {
  asset: Asset;
  vectors?: AssetVector[];
}

/** Runs `step` over the items in as many transactions as the time limit makes. */
async function inShortTransactions<T>(database: Database, items: readonly T[], step: (sql: Sql, item: T) => void): Promise<void> {
  for (let next = 0; next < items.length; ) {
    const start = next;
    next = await database.write((sql) => {
      const end = performance.now() + TRANSACTION_MS;
      let at = start;
      do step(sql, items[at++]);
      while (at < items.length && performance.now() < end);
      return at;
    });
    if (next < items.length) await sleep(PAUSE_MS);
  }
}

export async function upsertAssets(database: Database, entries: readonly Entry[], embedderId: string): Promise<void> {
  if (entries.length === 0) return;
  for (const { asset, vectors } of entries) checkVectors(asset, vectors);
  // All conflicts that can be known before are found before anything is written.
  await database.read((sql) => {
    for (const { asset, vectors } of entries) checkPins(sql, asset, vectors, embedderId);
  });
  await inShortTransactions(database, entries, (sql, entry) => {
    checkPins(sql, entry.asset, entry.vectors, embedderId);
    upsertAsset(sql, entry, embedderId);
  });
}

export function removeAssets(database: Database, ids: readonly string[]): Promise<void> {
  return inShortTransactions(database, ids, removeAsset);
}

function checkVectors(asset: Asset, vectors: AssetVector[] | undefined): void {
  const lengths = new Set(vectors?.map(({ vector }) => vector.length));
  if (lengths.size > 1 || lengths.has(0)) {
    throw new AppError('INVALID_INPUT', `The vectors of ${asset.id} have lengths ${[...lengths].join(', ')}.`, {
      hint: 'All vectors of one embedder have the same length.',
    });
  }
}

interface CollectionRow {
  id: number;
  name: string;
  embedder_id: string;
  dimensions: number;
}

function collectionNamed(sql: Sql, name: string): CollectionRow | undefined {
  return sql('select id, name, embedder_id, dimensions from collection where name = ?').get<CollectionRow>(name);
}

function checkPins(sql: Sql, asset: Asset, vectors: AssetVector[] | undefined, embedderId: string): void {
  const home = sql('select c.name from asset a join collection c on c.id = a.collection where a.id = ?').get<{ name: string }>(asset.id)?.name;
  if (home !== undefined && home !== asset.collection) {
    throw new AppError('CONFLICT', `The id ${asset.id} belongs to another collection than ${asset.collection}.`, { hint: 'Give the copy an id of its own.' });
  }
  const pinned = collectionNamed(sql, asset.collection);
  // A collection without any vector yet is not bound to anything.
  if (!pinned || pinned.dimensions === 0 || !vectors?.length) return;
  const { length } = vectors[0].vector;
  if (pinned.embedder_id === embedderId && pinned.dimensions === length) return;
  throw new AppError('CONFLICT', `The collection ${asset.collection} holds vectors of another embedder.`, {
    hint: `It is pinned to ${pinned.embedder_id} (${pinned.dimensions} dimensions); these vectors are from ${embedderId} (${length}). Use another collection, or run \`reindex\`.`,
  });
}

/** The collection's number; made on first use, and bound to the embedder with its first vector. */
function pinCollection(sql: Sql, { asset, vectors }: Entry, embedderId: string): number {
  const dimensions = vectors?.[0]?.vector.length ?? 0;
  const known = collectionNamed(sql, asset.collection);
  if (!known) {
    const made = sql('insert into collection(name, embedder_id, dimensions, created_at) values(?, ?, ?, ?)');
    return made.run(asset.collection, embedderId, dimensions, new Date().toISOString()).lastInsertRowid;
  }
  if (known.dimensions === 0 && dimensions > 0) {
    sql('update collection set embedder_id = ?, dimensions = ? where id = ?').run(embedderId, dimensions, known.id);
  }
  return known.id;
}

function upsertAsset(sql: Sql, entry: Entry, embedderId: string): void {
  const { asset, vectors } = entry;
  const collection = pinCollection(sql, entry, embedderId);
  const { colours, classes } = seenColumns(asset.seen);
  const { number } = sql(`
    insert into asset(id, collection, kind, status, object_key, sha256, created_at, vectors_from, tags, colours, classes, body)
    values($id, $collection, $kind, $status, $objectKey, $sha256, $createdAt, ${NO_VECTORS}, $tags, $colours, $classes, $body)
    on conflict(id) do update set kind = excluded.kind, status = excluded.status, object_key = excluded.object_key, sha256 = excluded.sha256,
      created_at = excluded.created_at, tags = excluded.tags, colours = excluded.colours, classes = excluded.classes, body = excluded.body
    returning number`).get<{ number: number }>({
    id: asset.id,
    collection,
    kind: asset.kind,
    status: asset.status,
    objectKey: asset.objectKey,
    sha256: asset.sha256,
    createdAt: asset.createdAt,
    tags: JSON.stringify(asset.tags),
    colours,
    classes,
    body: bodyOf(asset),
  }) as { number: number };
  if (vectors) replaceVectors(sql, collection, number, vectors);
  sql('delete from asset_text where rowid = ?').run(number);
  sql('insert into asset_text(rowid, scope, name, caption, tags) values(?, ?, ?, ?, ?)').run(
    number,
    scopeToken(collection),
    indexedText(asset.name),
    indexedText(asset.caption ?? ''),
    indexedText(asset.tags.join(' ')),
  );
  logChange(sql, collection, number);
}

function replaceVectors(sql: Sql, collection: number, asset: number, vectors: AssetVector[]): void {
  sql('delete from vector where asset = ?').run(asset);
  let first = NO_VECTORS;
  for (const { vector, atSeconds } of vectors) {
    const { code, scale } = quantise(vector);
    const added = sql('insert into vector(collection, asset, at_seconds, scale, code) values(?, ?, ?, ?, ?)');
    const { lastInsertRowid } = added.run(collection, asset, atSeconds ?? null, scale, code);
    first = Math.min(first, lastInsertRowid);
  }
  sql('update asset set vectors_from = ? where number = ?').run(first, asset);
}

/** Replacing the asset's row gives it a new, higher `seq`: that is how resident copies in any process learn of it. */
function logChange(sql: Sql, collection: number, asset: number): void {
  sql('insert or replace into change(collection, asset) values(?, ?)').run(collection, asset);
}

/** Removes an asset; with the last one its collection goes too, so that the name is free for another embedder. */
function removeAsset(sql: Sql, id: string): void {
  const found = sql('select number, collection from asset where id = ?').get<{ number: number; collection: number }>(id);
  if (!found) return;
  const { number, collection } = found;
  sql('delete from vector where asset = ?').run(number);
  sql('delete from asset_text where rowid = ?').run(number);
  sql('delete from asset where number = ?').run(number);
  logChange(sql, collection, number);
  if (sql('select 1 from asset where collection = ? limit 1').get(collection)) return;
  sql('delete from change where collection = ?').run(collection);
  sql('delete from collection where id = ?').run(collection);
}
