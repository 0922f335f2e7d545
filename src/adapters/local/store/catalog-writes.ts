import { AppError } from '../../../errors.ts';
import type { Asset, EmbeddedVectors, Generation } from '../../../ports.ts';
import { attributesOf, storeFields } from './asset-fields.ts';
import { bodyOf, seenColumns } from './asset-rows.ts';
import { collectionNamed, countAttributes, makeCollection } from './collection-rows.ts';
import type { Database, Sql } from './database.ts';
import { bind, generationsOf, insertVectors, unbindIfEmpty } from './generations.ts';
import { indexedText, scopeToken } from './search-text.ts';
import { eachInShortTransactions, inShortTransactions, type Step } from './short-transactions.ts';
import { checkFit, checkVectors, firstOf } from './vector-rules.ts';

interface Entry {
  asset: Asset;
  vectors?: EmbeddedVectors[];
  refuseSameBytes?: boolean;
}

export async function upsertAssets(database: Database, entries: readonly Entry[], defaultEmbedderId: string): Promise<void> {
  for (const entry of entries) checkVectors(entry);
  // All conflicts that can be known before are found before anything is written.
  await database.read((sql) => {
    const bound = new Map<string, Generation[]>();
    for (const entry of entries) {
      const { collection } = entry.asset;
      const known = bound.get(collection) ?? boundGenerations(sql, collection);
      checkConflicts(sql, entry, known);
      bound.set(collection, known.length > 0 ? known : wouldBind(sql, entry));
    }
  });
  await eachInShortTransactions(database, entries, (sql, entry) => {
    checkConflicts(sql, entry, boundGenerations(sql, entry.asset.collection));
    return upsertAsset(sql, entry, defaultEmbedderId);
  });
}

export function removeAssets(database: Database, ids: readonly string[]): Promise<void> {
  return eachInShortTransactions(database, ids, removeAsset);
}

/** What new vectors of the collection have to fit; none where it is not bound to an embedder. */
function boundGenerations(sql: Sql, collection: string): Generation[] {
  const known = collectionNamed(sql, collection);
  if (!known || known.dimensions === 0) return [];
  return generationsOf(sql, known.id).filter(({ state }) => state !== 'retired');
}

/** What an unbound collection would be bound to by an entry. */
function wouldBind(sql: Sql, { asset, vectors = [] }: Entry): Generation[] {
  const first = firstOf(vectors, collectionNamed(sql, asset.collection)?.embedder_id);
  return first ? [{ ...first, state: 'active', since: '' }] : [];
}

function checkConflicts(sql: Sql, { asset, vectors, refuseSameBytes }: Entry, generations: readonly Generation[]): void {
  const home = sql('select c.name from asset a join collection c on c.id = a.collection where a.id = ?').get<{ name: string }>(asset.id)?.name;
  if (home !== undefined && home !== asset.collection) {
    throw new AppError('CONFLICT', `The id ${asset.id} belongs to another collection than ${asset.collection}.`, { hint: 'Give the copy an id of its own.' });
  }
  if (refuseSameBytes) checkBytes(sql, asset);
  checkFit(asset, vectors, generations);
}

function checkBytes(sql: Sql, { id, collection, sha256 }: Asset): void {
  const same = sql('select a.id from asset a join collection c on c.id = a.collection where a.sha256 = ? and c.name = ? and a.id <> ?');
  const other = same.get<{ id: string }>(sha256, collection, id)?.id;
  if (other !== undefined) throw new AppError('CONFLICT', `The collection ${collection} has these bytes: ${other}.`, { hint: 'Use that asset.' });
}

function upsertAsset(sql: Sql, { asset, vectors }: Entry, defaultEmbedderId: string): Step['atEnd'] {
  const collection = collectionNamed(sql, asset.collection) ?? makeCollection(sql, asset.collection, defaultEmbedderId);
  const { colours, classes, subject_colours } = seenColumns(asset.seen);
  const { number } = sql(`
    insert into asset(id, collection, kind, object_key, sha256, created_at, colours, classes, subject_colours, body)
    values($id, $collection, $kind, $objectKey, $sha256, $createdAt, $colours, $classes, $subject_colours, $body)
    on conflict(id) do update set kind = excluded.kind, object_key = excluded.object_key, sha256 = excluded.sha256, created_at = excluded.created_at,
      colours = excluded.colours, classes = excluded.classes, subject_colours = excluded.subject_colours, body = excluded.body
    returning number`).get<{ number: number }>({
    id: asset.id,
    collection: collection.id,
    kind: asset.kind,
    objectKey: asset.objectKey,
    sha256: asset.sha256,
    createdAt: asset.createdAt,
    colours,
    classes,
    subject_colours,
    body: bodyOf(asset),
  }) as { number: number };
  const before = attributesOf(sql, number);
  const after = Object.keys(asset.attributes ?? {});
  countAttributes(sql, collection.id, { gone: before.filter((name) => !after.includes(name)), added: after.filter((name) => !before.includes(name)) });
  storeFields(sql, number, asset);
  if (vectors) {
    if (collection.dimensions === 0) bind(sql, collection, vectors);
    replaceVectors(sql, collection.id, number, vectors);
  }
  logChange(sql, collection.id, number);
  return () => indexText(sql, collection.id, number, asset);
}

function indexText(sql: Sql, collection: number, number: number, { name, caption = '', tags, attributes = {} }: Asset): void {
  const words = Object.values(attributes).filter((value) => typeof value === 'string');
  sql('delete from asset_text where rowid = ?').run(number);
  sql('insert into asset_text(rowid, scope, name, caption, tags, attributes) values(?, ?, ?, ?, ?, ?)').run(
    number,
    scopeToken(collection),
    indexedText(name),
    indexedText(caption),
    indexedText(tags.join(' ')),
    indexedText(words.join(' ')),
  );
}

/** In all generations: one that gets none of the new vectors must not keep those of a former picture. */
function replaceVectors(sql: Sql, collection: number, asset: number, vectors: readonly EmbeddedVectors[]): void {
  sql('delete from vector where asset = ?').run(asset);
  for (const { id: generation, embedderId, state } of generationsOf(sql, collection)) {
    const given = vectors.find((entry) => entry.embedderId === embedderId)?.vectors ?? [];
    if (state !== 'retired') insertVectors(sql, { collection, generation, asset }, given);
  }
  unbindIfEmpty(sql, collection);
}

/** Replacing the asset's row gives it a new, higher `seq`: that is how resident copies in any process learn of it. */
function logChange(sql: Sql, collection: number, asset: number): void {
  sql('insert or replace into change(collection, asset) values(?, ?)').run(collection, asset);
}

function removeAsset(sql: Sql, id: string): Step['atEnd'] {
  const found = sql('select number, collection from asset where id = ?').get<{ number: number; collection: number }>(id);
  if (!found) return undefined;
  const { number, collection } = found;
  countAttributes(sql, collection, { gone: attributesOf(sql, number), added: [] });
  const { changes: hadVectors } = sql('delete from vector where asset = ?').run(number);
  sql('delete from asset_field where asset = ?').run(number);
  sql('delete from asset where number = ?').run(number);
  logChange(sql, collection, number);
  if (hadVectors > 0) unbindIfEmpty(sql, collection);
  return () => sql('delete from asset_text where rowid = ?').run(number);
}

/** Asset by asset, so that a call that is interrupted can be made again; the row of the collection goes with the last of them. */
export function removeCollection(database: Database, name: string): Promise<void> {
  return inShortTransactions(database, (sql) => {
    const collection = collectionNamed(sql, name)?.id;
    if (collection === undefined) return { goesOn: false };
    const next = sql('select id from asset where collection = ? limit 1').get<{ id: string }>(collection);
    if (next) return { goesOn: true, atEnd: removeAsset(sql, next.id) };
    forgetCollection(sql, collection);
    return { goesOn: false };
  });
}

function forgetCollection(sql: Sql, collection: number): void {
  for (const table of ['change', 'generation', 'attribute']) sql(`delete from ${table} where collection = ?`).run(collection);
  sql('delete from collection where id = ?').run(collection);
}
