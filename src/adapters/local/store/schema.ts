import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { Connect, Connection } from './driver.ts';
import { indexedText } from './search-text.ts';

/** Marks the file as ours (PRAGMA application_id): "vrag" in ASCII. */
const APPLICATION_ID = 0x76726167;

/**
 * Step i brings `user_version` from i to i + 1. Steps are never edited once released.
 *
 * - `asset.number` is stable while the asset lives. `asset_field` has the same asset in narrow columns, named as its properties, for resident copies.
 * - `change` has one row per asset ever written: its `seq` rises with each write, and a row without an asset is a removal.
 * - `vector.code` is int16 little-endian, the component being `code x scale`; a changed vector is a new row.
 * - `asset_text` is contentless: `scope` holds the collection, so one collection's search reads only its own rows.
 *   Its `deletemerge` (sqlite.org/fts5.html, read 2026-11) is 50 %: at the default of 10 %, deleting many assets rewrites the index again and again, half a second at a time.
 * - `collection.embedder_id` and `.dimensions` are those of its active `generation`, or what it was configured with and 0.
 * - A `generation` that is `dropped` is there for nobody; it stays until its vectors are deleted.
 * - `attribute.assets` is the number of the collection's assets that have the attribute.
 */
export const MIGRATIONS: readonly string[] = [
  `
  create table collection(
    id integer primary key autoincrement, name text not null unique, embedder_id text not null, dimensions integer not null, created_at text not null
  ) strict;
  create table asset(
    number integer primary key autoincrement, id text not null unique, collection integer not null references collection(id),
    kind text not null, status text not null, object_key text not null, sha256 text not null, created_at text not null,
    vectors_from integer not null, tags text not null, colours text, classes blob, body text not null
  ) strict;
  create index asset_newest on asset(created_at, number);
  create index asset_of_collection on asset(collection, created_at, number);
  create index asset_kind on asset(collection, kind);
  create index asset_sha256 on asset(sha256);
  create index asset_object on asset(object_key);
  create table change(seq integer primary key autoincrement, collection integer not null, asset integer not null unique) strict;
  create index change_of_collection on change(collection);
  create table vector(
    id integer primary key autoincrement, collection integer not null, asset integer not null references asset(number),
    at_seconds real, scale real not null, code blob not null
  ) strict;
  create index vector_of_collection on vector(collection);
  create index vector_of_asset on vector(asset);
  create virtual table asset_text using fts5(
    scope, name, caption, tags, content='', contentless_delete=1, tokenize="porter unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
  );
  create table record(
    seq integer primary key autoincrement, kind text not null, id text not null, version integer not null,
    created_at text not null, updated_at text not null, open integer not null, body text not null,
    lease_owner text, lease_until integer not null default 0, unique(kind, id)
  ) strict;
  create index record_newest on record(kind, seq);
  create index record_open on record(kind, seq) where open = 1;
  `,
  `
  alter table collection add column require_approval integer not null default 0;
  create table generation(
    id integer primary key autoincrement, collection integer not null references collection(id), embedder_id text not null,
    dimensions integer not null, state text not null, since text not null
  ) strict;
  create unique index generation_of_embedder on generation(collection, embedder_id) where state <> 'dropped';
  create index generation_of_collection on generation(collection);
  update collection set dimensions = 0 where not exists (select 1 from vector where collection = collection.id);
  insert into generation(collection, embedder_id, dimensions, state, since)
    select id, embedder_id, dimensions, 'active', created_at from collection where dimensions > 0;
  alter table vector add column generation integer references generation(id);
  update vector set generation = (select id from generation g where g.collection = vector.collection);
  drop index vector_of_collection;
  drop index vector_of_asset;
  create index vector_of_generation on vector(generation);
  create index vector_of_asset on vector(asset, generation);
  create table asset_field(
    asset integer primary key references asset(number), kind text not null, status text not null, tags text not null, licence text, creator text,
    name text not null, source text not null, mediaType text not null, captionOrigin text, width real not null, height real not null, brightness real,
    durationSeconds real, createdAt text not null, updatedAt text not null, madeFrom text, attributes text, perceptualHash text
  ) strict;
  insert into asset_field(asset, kind, status, tags, licence, creator, name, source, mediaType, captionOrigin, width, height, durationSeconds, createdAt, updatedAt)
    select number, kind, status, tags, body ->> '$.licence', body ->> '$.creator', body ->> '$.name', body ->> '$.source', body ->> '$.mediaType',
      body ->> '$.captionOrigin', body ->> '$.width', body ->> '$.height', body ->> '$.durationSeconds', created_at, body ->> '$.updatedAt' from asset;
  alter table asset add column subject_colours text;
  alter table asset drop column status;
  alter table asset drop column tags;
  alter table asset drop column vectors_from;
  create index asset_preview on asset(json_extract(body, '$.previewKey'));
  create index asset_in_order on asset(collection);
  create table attribute(collection integer not null, name text not null, assets integer not null, primary key(collection, name)) strict, without rowid;
  drop table asset_text;
  create virtual table asset_text using fts5(
    scope, name, caption, tags, attributes, content='', contentless_delete=1, tokenize="porter unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
  );
  insert into asset_text(asset_text, rank) values('deletemerge', 50);
  insert into asset_text(rowid, scope, name, caption, tags, attributes)
    select number, 'c' || collection, indexed_text(json_extract(body, '$.name')), indexed_text(json_extract(body, '$.caption')),
      indexed_text((select group_concat(value, ' ') from json_each(body, '$.tags'))), '' from asset;
  `,
];

function pragma(connection: Connection, name: 'user_version' | 'application_id'): number {
  return connection.prepare(`pragma ${name}`).get<Record<string, number>>()?.[name] ?? 0;
}

/** MISCONFIGURED where a newer release wrote the file. */
export function refuseNewer(version: number, latest: number, file: string): void {
  if (version <= latest) return;
  throw new AppError('MISCONFIGURED', `The database ${file} has schema ${version}; this release knows schemas up to ${latest}.`, {
    hint: 'Update vrag-mcp to the release that wrote it, or set VRAG_HOME to another folder. Nothing was changed.',
  });
}

/** Reads only: MISCONFIGURED where the file is a newer release's or another program's. */
export function refuseForeign(connection: Connection, latest: number, file: string): void {
  refuseNewer(pragma(connection, 'user_version'), latest, file);
  const tables = connection.prepare('select count(*) as n from sqlite_master').get<{ n: number }>()?.n ?? 0;
  if (tables === 0 || pragma(connection, 'application_id') === APPLICATION_ID) return;
  throw new AppError('MISCONFIGURED', `The file ${file} is another program's database. Nothing was changed.`, {
    hint: 'Set VRAG_HOME to another folder.',
  });
}

/** Copies the file as it is under the caller's write lock to `backups/` beside it; a part of a copy never has the final name. */
function backUp(connect: Connect, file: string, version: number): void {
  const folder = path.join(path.dirname(file), 'backups');
  mkdirSync(folder, { recursive: true });
  const copy = path.join(folder, `vrag-schema${version}-${new Date().toISOString().replace(/[:.]/g, '-')}.sqlite`);
  const reader = connect(file);
  try {
    reader.prepare('vacuum into ?').run(`${copy}.part`);
  } finally {
    reader.close();
  }
  renameSync(`${copy}.part`, copy);
}

/** Ends a failed transaction. */
export function rollBack(connection: Connection): void {
  try {
    connection.exec('rollback');
  } catch {
    // A full disk or an input/output error has rolled it back already (sqlite.org/lang_transaction.html); the error that led here counts.
  }
}

/** Brings the file to the latest schema in one transaction; an existing file is backed up before. Does nothing where it is there already. */
export function upgrade(connection: Connection, connect: Connect, file: string, migrations: readonly string[]): void {
  if (pragma(connection, 'user_version') === migrations.length) return;
  connection.exec('begin immediate');
  try {
    // Another process may have upgraded, or even passed us, while this one waited for the lock.
    const version = pragma(connection, 'user_version');
    refuseNewer(version, migrations.length, file);
    if (version > 0 && version < migrations.length) backUp(connect, file, version);
    connection.function('indexed_text', { deterministic: true }, (text) => indexedText(text ?? ''));
    for (const step of migrations.slice(version)) connection.exec(step);
    connection.exec(`pragma application_id=${APPLICATION_ID}; pragma user_version=${migrations.length}; commit`);
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}
