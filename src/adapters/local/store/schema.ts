import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { Connect, Connection } from './driver.ts';

/** Marks the file as ours (PRAGMA application_id): "vrag" in ASCII. */
const APPLICATION_ID = 0x76726167;

/**
 * Step i brings `user_version` from i to i + 1. Steps are never edited once released.
 *
 * - `asset.number` is stable while the asset lives; `vectors_from` is the smallest valid `vector.id` of the asset, so older resident rows are stale.
 * - `change` has one row per asset ever written: its `seq` rises with each write, and a row without an asset is a removal.
 * - `vector.code` is int16 little-endian, the component being `code x scale`; a changed vector is a new row.
 * - `asset_text` is contentless: `scope` holds the collection, so one collection's search reads only its own rows.
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
    for (const step of migrations.slice(version)) connection.exec(step);
    connection.exec(`pragma application_id=${APPLICATION_ID}; pragma user_version=${migrations.length}; commit`);
  } catch (error) {
    rollBack(connection);
    throw error;
  }
}
