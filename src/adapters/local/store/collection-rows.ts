import { AppError } from '../../../errors.ts';
import type { Collection, CollectionSettings } from '../../../ports.ts';
import type { Sql } from './database.ts';

export interface CollectionRow {
  id: number;
  name: string;
  embedder_id: string;
  /** 0: not bound to the embedder yet. */
  dimensions: number;
}

export function collectionNamed(sql: Sql, name: string): CollectionRow | undefined {
  return sql('select id, name, embedder_id, dimensions from collection where name = ?').get<CollectionRow>(name);
}

export function makeCollection(sql: Sql, name: string, embedderId: string): CollectionRow {
  const made = sql('insert into collection(name, embedder_id, dimensions, created_at) values(?, ?, 0, ?)');
  return { id: made.run(name, embedderId, new Date().toISOString()).lastInsertRowid, name, embedder_id: embedderId, dimensions: 0 };
}

const SETTINGS = 'c.name, c.embedder_id as embedderId, c.dimensions, c.require_approval as requireApproval, c.created_at as createdAt';

/** SQLite has no booleans. */
function withBoolean<T extends { requireApproval: boolean }>(row: T): T {
  return { ...row, requireApproval: Boolean(row.requireApproval) };
}

export function collectionSettings(sql: Sql, name: string): CollectionSettings | undefined {
  const row = sql(`select ${SETTINGS} from collection c where c.name = ?`).get<CollectionSettings>(name);
  return row && withBoolean(row);
}

export function allCollections(sql: Sql): Collection[] {
  return sql(`
    select ${SETTINGS}, (select count(*) from asset where collection = c.id and kind = 'image') as images,
      (select count(*) from asset where collection = c.id and kind = 'video') as videos
    from collection c order by c.name`)
    .all<Collection>()
    .map(withBoolean);
}

export function configureCollection(sql: Sql, name: string, { requireApproval, embedderId }: { requireApproval?: boolean; embedderId?: string }): void {
  const { id, embedder_id: pinned, dimensions } = collectionNamed(sql, name) ?? makeCollection(sql, name, embedderId ?? '');
  if (requireApproval !== undefined) sql('update collection set require_approval = ? where id = ?').run(requireApproval ? 1 : 0, id);
  if (embedderId === undefined || embedderId === pinned) return;
  if (dimensions > 0) {
    throw new AppError('CONFLICT', `The collection ${name} holds vectors of ${pinned}, so it cannot be set to ${embedderId}.`, {
      hint: 'Run `reindex` to embed it again with another embedder.',
    });
  }
  sql('update collection set embedder_id = ? where id = ?').run(embedderId, id);
}

export function attributeNames(sql: Sql, collection: string): string[] {
  return sql('select a.name from attribute a join collection c on c.id = a.collection where c.name = ? order by a.name')
    .all<{ name: string }>(collection)
    .map(({ name }) => name);
}

/** Counts the attributes that an asset lost and gained. */
export function countAttributes(sql: Sql, collection: number, { gone, added }: { gone: readonly string[]; added: readonly string[] }): void {
  const names = JSON.stringify(gone);
  if (gone.length > 0) {
    sql('update attribute set assets = assets - 1 where collection = ? and name in (select value from json_each(?))').run(collection, names);
    sql('delete from attribute where collection = ? and assets = 0').run(collection);
  }
  for (const name of added) {
    sql('insert into attribute(collection, name, assets) values(?, ?, 1) on conflict do update set assets = assets + 1').run(collection, name);
  }
}
