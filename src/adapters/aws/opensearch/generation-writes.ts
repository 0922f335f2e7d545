import { AppError } from '../../../errors.ts';
import type { AssetVector } from '../../../ports.ts';
import { checkLength } from '../../local/store/vector-rules.ts';
import { pause } from './backoff.ts';
import type { CollectionState, StoredGeneration } from './collections.ts';
import { type AssetDocument, storedVectors } from './document.ts';
import { OLDEST_FIRST, type Query } from './engine.ts';
import { newField, type Store } from './writes.ts';

/** Documents that are rewritten at a time when a generation is dropped. */
const SWEPT_AT_ONCE = 200;
/** Ids that a query leaves out at most (OpenSearch, `index.max_terms_count`). */
const WITHOUT_AT_MOST = 65_536;
const TRIES = 10;

const conflict = (message: string, hint: string): AppError => new AppError('CONFLICT', message, { hint });

const notBuilding = (name: string, embedderId: string) =>
  conflict(`The collection ${name} is not being embedded by ${embedderId}.`, 'Run `reindex` again; it goes on with what is there.');

export function generationOf(state: CollectionState | undefined, embedderId: string): StoredGeneration | undefined {
  return state?.generations.find((one) => one.embedderId === embedderId);
}

/** As in the port; a retired generation of the embedder is dropped before. */
export async function beginGeneration(store: Store, name: string, embedderId: string, dimensions: number): Promise<void> {
  const before = await store.collections.find(name);
  if (generationOf(before, embedderId)?.state === 'retired') await dropGeneration(store, name, embedderId);
  const state = await store.collections.find(name);
  if (!state) throw new AppError('NOT_FOUND', `There is no collection ${name}.`, { hint: 'Read `collections` for their names.' });
  if (isBegun(state, embedderId, dimensions)) return;
  const field = await newField(store, name, dimensions);
  await store.collections.change(name, (now) => {
    if (isBegun(now, embedderId, dimensions)) return undefined;
    const generation: StoredGeneration = { embedderId, dimensions, state: 'building', since: new Date().toISOString(), field };
    return { ...now, generations: [...now.generations, generation] };
  });
}

/** Whether the generation is being built already; CONFLICT where it cannot be. */
function isBegun(state: CollectionState, embedderId: string, dimensions: number): boolean {
  const { name } = state;
  const generation = generationOf(state, embedderId);
  const building = state.generations.find((one) => one.state === 'building');
  if (building && building !== generation) {
    throw conflict(`The collection ${name} is being embedded by ${building.embedderId}.`, 'Wait for that `reindex`, or cancel it.');
  }
  if (!generation) return false;
  if (generation.state !== 'building') throw conflict(`The collection ${name} is searched with ${embedderId} already.`, 'Give another embedder.');
  if (generation.dimensions === dimensions) return true;
  throw conflict(`The generation of ${embedderId} has ${generation.dimensions} dimensions, not ${dimensions}.`, 'Drop it and begin again.');
}

/** As in the port; CONFLICT where the collection has no such generation. After an id that is gone meanwhile it starts from the oldest again. */
export async function missingVectors(store: Store, name: string, embedderId: string, { limit, after }: { limit: number; after?: string }): Promise<string[]> {
  const state = await store.collections.find(name);
  const generation = generationOf(state, embedderId);
  if (!state || !generation) throw notBuilding(name, embedderId);
  const { index } = state;
  const from = after === undefined ? undefined : await positionOf(store, index, after);
  const [{ hits }] = await store.engine.search([
    {
      index,
      body: {
        size: limit,
        query: { bool: { must_not: [{ terms: { generations: [generation.field] } }] } },
        sort: OLDEST_FIRST,
        ...(from ? { search_after: from } : {}),
        _source: { includes: ['id'] },
      },
    },
  ]);
  return [...new Set(hits.hits.map(({ _source }) => String(_source?.id)))];
}

async function positionOf({ engine }: Store, index: string, id: string): Promise<string[] | undefined> {
  const [{ hits }] = await engine.search([{ index, body: { size: 1, query: { terms: { id: [id] } }, _source: { includes: ['id', 'created'] } } }]);
  const [hit] = hits.hits;
  return hit && [String(hit._source?.created), id];
}

/** As in the port. */
export async function addVectors(store: Store, name: string, embedderId: string, entries: readonly { id: string; vectors: AssetVector[] }[]): Promise<void> {
  const state = await store.collections.find(name);
  const generation = generationOf(state, embedderId);
  if (!state || generation?.state !== 'building') throw notBuilding(name, embedderId);
  const { field } = generation;
  for (const { vectors } of entries) checkLength(generation, vectors, name);
  const given = new Map(entries.map(({ id, vectors }) => [id, storedVectors(id, vectors)]));
  await store.documents.change(state.index, [...given.keys()], (id, stored) => {
    const vectors = given.get(id) ?? [];
    if (!stored || stored.generations.includes(field) || vectors.length === 0) return undefined;
    return { ...stored, stamp: laterStamp(stored), generations: [...stored.generations, field], [field]: vectors };
  });
}

/** Stamps are times first; the new version must sort after the one that it replaces also where the clocks of two servers differ. */
function laterStamp({ stamp }: AssetDocument): string {
  const before = Date.parse(stamp.split(' ')[0]);
  return `${new Date(Math.max(Date.now(), before + 1)).toISOString()} ${stamp.split(' ')[1]}`;
}

/**
 * As in the port; CONFLICT where the generation is neither being built nor active already. A write that slipped in between the look and the switch
 * is found by a second look after it (a later one sees the switch itself), and the switch is taken back.
 */
export async function switchGeneration(store: Store, name: string, embedderId: string, without: readonly string[]): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await pause(attempt);
    const found = await store.collections.versioned(name);
    const next = generationOf(found?.state, embedderId);
    if (!found || !next || next.state === 'retired') throw notBuilding(name, embedderId);
    if (next.state === 'active') return true;
    const active = found.state.generations.find((one) => one.state === 'active');
    if (active && (await isAnyMissing(store, found.state.index, active, next, without))) return false;
    if (!(await store.collections.replace(switched(found.state, active, next), found.version))) continue;
    if (!active || !(await isAnyMissing(store, found.state.index, active, next, without))) return true;
    await store.collections.change(name, (now) => (generationOf(now, embedderId)?.state === 'active' ? switchedBack(now, active, next) : undefined));
    return false;
  }
  throw new AppError('UNAVAILABLE', `Other servers keep changing the collection ${name}.`, { hint: 'Call again in a minute.' });
}

function switched(state: CollectionState, active: StoredGeneration | undefined, next: StoredGeneration): CollectionState {
  const since = new Date().toISOString();
  const generations = state.generations.map((one): StoredGeneration => {
    if (one === next) return { ...one, state: 'active', since };
    return one === active ? { ...one, state: 'retired', since } : one;
  });
  return { ...state, embedderId: next.embedderId, dimensions: next.dimensions, generations };
}

function switchedBack(state: CollectionState, active: StoredGeneration, next: StoredGeneration): CollectionState {
  const before = [active, next];
  const generations = state.generations.map((one) => before.find(({ field }) => field === one.field) ?? one);
  return { ...state, embedderId: active.embedderId, dimensions: active.dimensions, generations };
}

/** Whether an asset has vectors in the active generation, but none in the next, and is not one of `without`. */
async function isAnyMissing({ engine }: Store, index: string, active: StoredGeneration, next: StoredGeneration, without: readonly string[]): Promise<boolean> {
  const query: Query = {
    bool: {
      filter: [{ terms: { generations: [active.field] } }],
      must_not: [{ terms: { generations: [next.field] } }, { terms: { id: without.slice(0, WITHOUT_AT_MOST) } }],
    },
  };
  const [{ hits }] = await engine.search([{ index, body: { size: 1, query, _source: { includes: ['id'] } } }]);
  return hits.hits.length > 0;
}

/** As in the port; also takes away what an interrupted call has left. */
export async function dropGeneration(store: Store, name: string, embedderId: string): Promise<void> {
  const state = await store.collections.change(name, (now) => {
    const generation = generationOf(now, embedderId);
    if (generation?.state === 'active') {
      throw conflict(`The collection ${name} is searched with ${embedderId}.`, 'Run `reindex` with another embedder before dropping it.');
    }
    return generation && { ...now, generations: now.generations.filter((one) => one !== generation) };
  });
  if (state) await sweep(store, state);
}

/** Rewrites the documents that hold vectors of no generation any more; fields that were made after the record was read are left alone. */
async function sweep({ engine, documents }: Store, state: CollectionState): Promise<void> {
  const live = new Set(state.generations.map(({ field }) => field));
  const dead = Array.from({ length: state.nextField - 1 }, (_, i) => `g${i + 1}`).filter((field) => !live.has(field));
  if (dead.length === 0) return;
  for (;;) {
    const query = { terms: { generations: dead } };
    const [{ hits }] = await engine.search([{ index: state.index, body: { size: SWEPT_AT_ONCE, query, _source: { includes: ['id'] } } }]);
    const ids = [...new Set(hits.hits.map(({ _source }) => String(_source?.id)))];
    if (ids.length === 0) return;
    await documents.change(state.index, ids, (_id, stored) => {
      if (!stored) return undefined;
      const kept = Object.entries(stored).filter(([field]) => !dead.includes(field));
      return {
        ...(Object.fromEntries(kept) as AssetDocument),
        stamp: laterStamp(stored),
        generations: stored.generations.filter((field) => !dead.includes(field)),
      };
    });
  }
}
