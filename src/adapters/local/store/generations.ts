import type { AssetVector, EmbeddedVectors, Generation } from '../../../ports.ts';
import type { CollectionRow } from './collection-rows.ts';
import type { Sql } from './database.ts';
import { codeOf, quantise } from './quantise.ts';
import { firstOf } from './vector-rules.ts';

export interface GenerationRow extends Generation {
  id: number;
}

/** A collection's generations that are there for callers, the active one first, then those being built. */
export function generationsOf(sql: Sql, collection: number): GenerationRow[] {
  return sql(`
    select id, embedder_id as embedderId, dimensions, state, since from generation where collection = ? and state <> 'dropped'
    order by case state when 'active' then 0 when 'building' then 1 else 2 end, id desc`).all<GenerationRow>(collection);
}

/** Makes a generation the one that is searched, in an unbound collection or in place of another. */
export function activate(sql: Sql, collection: number, { id, embedderId, dimensions }: Omit<GenerationRow, 'state' | 'since'>): void {
  sql("update generation set state = 'active', since = ? where id = ?").run(new Date().toISOString(), id);
  sql('update collection set embedder_id = ?, dimensions = ? where id = ?').run(embedderId, dimensions, collection);
}

export function addGeneration(sql: Sql, collection: number, embedderId: string, dimensions: number): number {
  const added = sql("insert into generation(collection, embedder_id, dimensions, state, since) values(?, ?, ?, 'building', ?)");
  return added.run(collection, embedderId, dimensions, new Date().toISOString()).lastInsertRowid;
}

/** Binds an unbound collection by its first vectors; without any it stays as it is. */
export function bind(sql: Sql, { id: collection, embedder_id: configured }: CollectionRow, vectors: readonly EmbeddedVectors[]): void {
  const first = firstOf(vectors, configured);
  if (!first) return;
  const known = generationsOf(sql, collection).find(({ embedderId }) => embedderId === first.embedderId);
  const goesOn = known?.state === 'building' && known.dimensions === first.dimensions;
  // What was retired is of no use to an unbound collection; its vectors go with the next generation that is dropped.
  if (known && !goesOn) sql("update generation set state = 'dropped' where id = ?").run(known.id);
  activate(sql, collection, goesOn ? known : { id: addGeneration(sql, collection, first.embedderId, first.dimensions), ...first });
}

/** Unbinds a collection whose last vector went, but while another generation of it is being built. */
export function unbindIfEmpty(sql: Sql, collection: number): void {
  const current = generationsOf(sql, collection).filter(({ state }) => state !== 'retired');
  const [active] = current;
  if (active?.state !== 'active' || current.some(({ id }) => sql('select 1 from vector where generation = ? limit 1').get(id))) return;
  sql('delete from generation where id = ?').run(active.id);
  sql('update collection set dimensions = 0 where id = ?').run(collection);
}

export function insertVectors(
  sql: Sql,
  { collection, generation, asset }: Record<'collection' | 'generation' | 'asset', number>,
  vectors: readonly AssetVector[],
): void {
  for (const { vector, atSeconds } of vectors) {
    const { code, scale } = quantise(vector);
    const added = sql('insert into vector(collection, generation, asset, at_seconds, scale, code) values(?, ?, ?, ?, ?, ?)');
    added.run(collection, generation, asset, atSeconds ?? null, scale, code);
  }
}

/** The stored vectors of an asset in one embedder's space. */
export function storedVectors(sql: Sql, id: string, embedderId: string): AssetVector[] {
  return sql(`
    select v.at_seconds, v.scale, v.code from asset a join generation g on g.collection = a.collection and g.embedder_id = $embedderId and g.state <> 'dropped'
      join vector v on v.asset = a.number and v.generation = g.id where a.id = $id order by v.id`)
    .all<{ at_seconds: number | null; scale: number; code: Uint8Array }>({ id, embedderId })
    .map(({ at_seconds: atSeconds, scale, code }) => ({
      vector: Float32Array.from(codeOf(code), (x) => x * scale),
      ...(atSeconds === null ? {} : { atSeconds }),
    }));
}
