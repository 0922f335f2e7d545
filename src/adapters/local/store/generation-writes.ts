import { AppError } from '../../../errors.ts';
import type { AssetVector } from '../../../ports.ts';
import { collectionNamed } from './collection-rows.ts';
import type { Database, Sql } from './database.ts';
import { activate, addGeneration, type GenerationRow, generationsOf, insertVectors } from './generations.ts';
import { eachInShortTransactions, inShortTransactions } from './short-transactions.ts';
import { checkLength } from './vector-rules.ts';

interface Found {
  collection: number;
  generations: GenerationRow[];
  generation: GenerationRow | undefined;
}

function find(sql: Sql, name: string, embedderId: string): Found | undefined {
  const collection = collectionNamed(sql, name)?.id;
  if (collection === undefined) return undefined;
  const generations = generationsOf(sql, collection);
  return { collection, generations, generation: generations.find((one) => one.embedderId === embedderId) };
}

function conflict(message: string, hint: string): AppError {
  return new AppError('CONFLICT', message, { hint });
}

const notBuilding = (name: string, embedderId: string) =>
  conflict(`The collection ${name} is not being embedded by ${embedderId}.`, 'Run `reindex` again; it goes on with what is there.');

/** As in the port; a retired generation of the embedder is dropped before. */
export async function beginGeneration(database: Database, name: string, embedderId: string, dimensions: number): Promise<void> {
  const before = await database.read((sql) => find(sql, name, embedderId));
  if (before?.generation?.state === 'retired') await dropGeneration(database, name, embedderId);
  await database.write((sql) => {
    const found = find(sql, name, embedderId);
    if (!found) throw new AppError('NOT_FOUND', `There is no collection ${name}.`, { hint: 'Read `collections` for their names.' });
    const { collection, generations, generation } = found;
    const building = generations.find(({ state }) => state === 'building');
    if (building && building !== generation) {
      throw conflict(`The collection ${name} is being embedded by ${building.embedderId}.`, 'Wait for that `reindex`, or cancel it.');
    }
    if (!generation) addGeneration(sql, collection, embedderId, dimensions);
    else if (generation.state !== 'building') throw conflict(`The collection ${name} is searched with ${embedderId} already.`, 'Give another embedder.');
    else if (generation.dimensions !== dimensions) {
      throw conflict(`The generation of ${embedderId} has ${generation.dimensions} dimensions, not ${dimensions}.`, 'Drop it and begin again.');
    }
  });
}

/** As in the port; CONFLICT where the collection has no such generation. After an id that is gone meanwhile it starts from the oldest again. */
export function missingVectors(sql: Sql, name: string, embedderId: string, { limit, after }: { limit: number; after?: string }): string[] {
  const found = find(sql, name, embedderId);
  if (!found?.generation) throw notBuilding(name, embedderId);
  return sql(`
    select a.id from asset a where a.collection = $collection and a.number > coalesce((select number from asset where id = $after), 0)
      and not exists (select 1 from vector v where v.asset = a.number and v.generation = $generation) order by a.number limit $limit`)
    .all<{ id: string }>({ collection: found.collection, generation: found.generation.id, after: after ?? null, limit })
    .map(({ id }) => id);
}

export function addVectors(database: Database, name: string, embedderId: string, entries: readonly { id: string; vectors: AssetVector[] }[]): Promise<void> {
  return eachInShortTransactions(database, entries, (sql, { id, vectors }) => {
    const found = find(sql, name, embedderId);
    if (found?.generation?.state !== 'building') throw notBuilding(name, embedderId);
    checkLength(found.generation, vectors, name);
    const { collection, generation } = found;
    const asset = sql('select number from asset where id = ? and collection = ?').get<{ number: number }>(id, collection)?.number;
    if (asset === undefined || sql('select 1 from vector where asset = ? and generation = ?').get(asset, generation.id)) return undefined;
    insertVectors(sql, { collection, generation: generation.id, asset }, vectors);
    return undefined;
  });
}

/** As in the port; CONFLICT where the generation is neither being built nor active already. */
export function switchGeneration(sql: Sql, name: string, embedderId: string, without: readonly string[]): boolean {
  const found = find(sql, name, embedderId);
  const next = found?.generation;
  if (!found || !next || next.state === 'retired') throw notBuilding(name, embedderId);
  if (next.state === 'active') return true;
  const active = found.generations.find(({ state }) => state === 'active');
  if (active && isAnyMissing(sql, active.id, next.id, without)) return false;
  if (active) sql("update generation set state = 'retired', since = ? where id = ?").run(new Date().toISOString(), active.id);
  activate(sql, found.collection, next);
  return true;
}

function isAnyMissing(sql: Sql, active: number, next: number, without: readonly string[]): boolean {
  return Boolean(
    sql(`
      select 1 from vector v where v.generation = $active
        and not exists (select 1 from vector n where n.asset = v.asset and n.generation = $next)
        and (select id from asset where number = v.asset) not in (select value from json_each($without)) limit 1`).get({
      active,
      next,
      without: JSON.stringify(without),
    }),
  );
}

/** As in the port; also deletes what an interrupted call has left. */
export async function dropGeneration(database: Database, name: string, embedderId: string): Promise<void> {
  const collection = await database.write((sql) => {
    const found = find(sql, name, embedderId);
    if (found?.generation?.state === 'active') {
      throw conflict(`The collection ${name} is searched with ${embedderId}.`, 'Run `reindex` with another embedder before dropping it.');
    }
    if (found?.generation) sql("update generation set state = 'dropped' where id = ?").run(found.generation.id);
    return found?.collection;
  });
  if (collection === undefined) return;
  await inShortTransactions(database, (sql) => {
    const dropped = sql("select id from generation where collection = ? and state = 'dropped' limit 1").get<{ id: number }>(collection)?.id;
    if (dropped === undefined) return { goesOn: false };
    const { changes } = sql('delete from vector where id in (select id from vector where generation = ? limit 200)').run(dropped);
    if (changes === 0) sql('delete from generation where id = ?').run(dropped);
    return { goesOn: true };
  });
}
