import { AppError } from '../../../errors.ts';
import type { Asset, EmbeddedVectors, Records } from '../../../ports.ts';
import { checkFit, checkVectors, firstOf } from '../../local/store/vector-rules.ts';
import { pause } from './backoff.ts';
import { holding } from './claims.ts';
import { allIndices, type CollectionState, type Collections, generationsOf, type StoredGeneration } from './collections.ts';
import { type AssetDocument, assetFields, storedVectors } from './document.ts';
import type { Documents } from './documents.ts';
import type { Engine } from './engine.ts';

export interface Entry {
  asset: Asset;
  vectors?: EmbeddedVectors[];
  refuseSameBytes?: boolean;
}

/** Ids that are looked up in one search. */
const IDS_AT_ONCE = 1000;
/** The collection was bound, switched or removed by somebody else each time. */
const TRIES = 10;

export interface Store {
  engine: Engine;
  records: Records;
  collections: Collections;
  documents: Documents;
}

/** Which collection and index each of the assets is in. */
export async function homesOf({ engine }: Store, ids: readonly string[]): Promise<Map<string, { collection: string; index: string }>> {
  const homes = new Map<string, { collection: string; index: string }>();
  const index = allIndices(engine.options.prefix);
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const query = { terms: { id: ids.slice(at, at + IDS_AT_ONCE) } };
    const [{ hits }] = await engine.search([{ index, body: { size: 10_000, query, _source: { includes: ['id', 'collection'] } } }]);
    for (const { _source, _index } of hits.hits) homes.set(String(_source?.id), { collection: String(_source?.collection), index: String(_index) });
  }
  return homes;
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}

/** As in the port. All conflicts that can be known before are found before anything is written. */
export async function upsertAssets(store: Store, entries: readonly Entry[], defaultEmbedderId: string): Promise<void> {
  for (const entry of entries) {
    checkVectors(entry);
    for (const { vectors } of entry.vectors ?? []) storedVectors(entry.asset.id, vectors);
  }
  const homes = await homesOf(store, [...new Set(entries.map(({ asset }) => asset.id))]);
  for (const { asset } of entries) {
    const home = homes.get(asset.id)?.collection ?? asset.collection;
    homes.set(asset.id, { collection: asset.collection, index: '' });
    if (home === asset.collection) continue;
    throw new AppError('CONFLICT', `The id ${asset.id} belongs to another collection than ${asset.collection}.`, { hint: 'Give the copy an id of its own.' });
  }
  const byCollection = grouped(entries, ({ asset }) => asset.collection);
  const states = new Map<string, CollectionState | undefined>();
  for (const [name, some] of byCollection) {
    states.set(name, await store.collections.find(name));
    checkEntries(states.get(name), some);
  }
  const unique = entries.filter(({ refuseSameBytes }) => refuseSameBytes).map(({ asset }) => asset);
  const adding = unique.map(({ sha256 }) => sha256);
  await holding(store.records, adding, async () => {
    for (const asset of unique) await checkBytes(store, asset, states.get(asset.collection));
    for (const [name, some] of byCollection) await upsertInto(store, name, some, { known: states.get(name), defaultEmbedderId });
  });
}

/** `known`: the collection as it was read before; one that was not there may have been made meanwhile, with these bytes. */
async function checkBytes({ engine, collections }: Store, { id, collection, sha256 }: Asset, known: CollectionState | undefined): Promise<void> {
  const state = known ?? (await collections.find(collection));
  if (!state) return;
  const query = { bool: { filter: [{ terms: { sha256: [sha256] } }], must_not: [{ terms: { id: [id] } }] } };
  const [{ hits }] = await engine.search([{ index: state.index, body: { size: 1, query, _source: { includes: ['id'] } } }]);
  const [other] = hits.hits;
  if (other) throw new AppError('CONFLICT', `The collection ${collection} has these bytes: ${other._source?.id}.`, { hint: 'Use that asset.' });
}

/** The generations that an entry's vectors have to fit: those that are there, or the one that the entry before would have bound the collection to. */
function checkEntries(state: CollectionState | undefined, entries: readonly Entry[]): void {
  let bound = current(state);
  for (const { asset, vectors } of entries) {
    checkFit(asset, vectors, bound);
    const first = firstOf(vectors ?? [], state?.embedderId);
    if (bound.length === 0 && first) bound = [{ ...first, state: 'active', since: '', field: '' }];
  }
}

/** Generations that new vectors go to; none where the collection is not bound to an embedder. */
function current(state: CollectionState | undefined): StoredGeneration[] {
  return state && state.dimensions > 0 ? generationsOf(state).filter((one) => one.state !== 'retired') : [];
}

/** `known`: the collection as it was read a moment ago; where it has changed since, the look after the write tells. */
async function upsertInto(
  store: Store,
  name: string,
  entries: readonly Entry[],
  { known, defaultEmbedderId }: { known: CollectionState | undefined; defaultEmbedderId: string },
): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await pause(attempt);
    const made = (attempt === 0 && known) || (await store.collections.findOrMake(name, defaultEmbedderId));
    const state = await bound(store, made, entries);
    checkEntries(state, entries);
    await write(store, state, entries);
    // A switch, an unbinding or a removal in between would have left these without vectors: then all is done again, or refused.
    const after = await store.collections.find(name);
    if (after?.index === state.index && sameGenerations(after, state)) {
      if (entries.some(({ vectors }) => vectors?.every(({ vectors: ofOne }) => ofOne.length === 0))) await unbindIfEmpty(store, name);
      return;
    }
    // Writing to an index that is gone makes it again.
    if (after?.index !== state.index) await store.engine.deleteIndex(state.index);
  }
  throw new AppError('UNAVAILABLE', `Other servers keep changing the collection ${name}.`, { hint: 'Call again in a minute.' });
}

const sameGenerations = (a: CollectionState, b: CollectionState): boolean =>
  JSON.stringify(current(a).map(({ field, state }) => [field, state])) === JSON.stringify(current(b).map(({ field, state }) => [field, state]));

/** Binds an unbound collection by its first vectors; without any it stays as it is. */
async function bound(store: Store, state: CollectionState, entries: readonly Entry[]): Promise<CollectionState> {
  if (state.dimensions > 0) return state;
  const first = entries.map(({ vectors }) => firstOf(vectors ?? [], state.embedderId)).find((one) => one !== undefined);
  if (!first) return state;
  const going = state.generations.find((one) => one.embedderId === first.embedderId && one.state === 'building' && one.dimensions === first.dimensions);
  const field = going?.field ?? (await newField(store, state.name, first.dimensions));
  const changed = await store.collections.change(state.name, (now) => {
    if (now.dimensions > 0 || now.index !== state.index) return undefined;
    const generation: StoredGeneration = { ...first, state: 'active', since: new Date().toISOString(), field };
    // What was retired is of no use to an unbound collection; its vectors go with the next generation that is dropped.
    const others = now.generations.filter(({ embedderId }) => embedderId !== first.embedderId);
    return { ...now, ...first, generations: [generation, ...others] };
  });
  return changed ?? state;
}

/** A field of the index that no generation had before; CONFLICT where the collection is gone. */
export async function newField({ engine, collections }: Store, name: string, dimensions: number): Promise<string> {
  const changed = await collections.change(name, (state) => ({ ...state, nextField: state.nextField + 1 }));
  if (!changed) throw new AppError('CONFLICT', `The collection ${name} was deleted meanwhile.`, { hint: 'Call again to make it anew.' });
  const field = `g${changed.nextField - 1}`;
  await engine.addVectorField(changed.index, field, dimensions);
  return field;
}

/** Later entries of the same asset count, and those without vectors keep what the one before gave. */
async function write({ documents }: Store, state: CollectionState, entries: readonly Entry[]): Promise<void> {
  const whole = new Map<string, AssetDocument>();
  const edits = new Map<string, Asset>();
  for (const { asset, vectors } of entries) {
    const given = whole.get(asset.id);
    if (vectors) {
      whole.set(asset.id, wholeDocument(state, asset, vectors));
      edits.delete(asset.id);
    } else if (given) whole.set(asset.id, edited(state, asset, given));
    else edits.set(asset.id, asset);
  }
  if (whole.size > 0) await documents.put(state.index, [...whole.values()]);
  await documents.change(state.index, [...edits.keys()], (id, stored) => edited(state, edits.get(id) as Asset, stored));
}

/** In all generations: one that gets none of the new vectors must not keep those of a former picture. */
function wholeDocument(state: CollectionState, asset: Asset, vectors: readonly EmbeddedVectors[]): AssetDocument {
  const fields = current(state).flatMap(({ field, embedderId }) => {
    const stored = storedVectors(asset.id, vectors.find((entry) => entry.embedderId === embedderId)?.vectors ?? []);
    return stored.length > 0 ? [[field, stored] as const] : [];
  });
  return { ...assetFields(asset), generations: fields.map(([field]) => field), ...Object.fromEntries(fields) } as AssetDocument;
}

/** The vectors stay, but for those of dropped generations. */
function edited(state: CollectionState, asset: Asset, stored: AssetDocument | undefined): AssetDocument {
  const kept = state.generations.map(({ field }) => field).filter((field) => stored?.generations.includes(field));
  return { ...assetFields(asset), generations: kept, ...Object.fromEntries(kept.map((field) => [field, stored?.[field]])) } as AssetDocument;
}

export async function removeAssets(store: Store, ids: readonly string[]): Promise<void> {
  const homes = await homesOf(store, ids);
  const found = [...new Set(ids)].flatMap((id) => {
    const home = homes.get(id);
    return home ? [{ id, ...home }] : [];
  });
  for (const [index, some] of grouped(found, (one) => one.index)) {
    await store.documents.remove(
      index,
      some.map(({ id }) => id),
    );
  }
  for (const collection of new Set(found.map((one) => one.collection))) await unbindIfEmpty(store, collection);
}

/** Unbinds a collection whose last vector went, but while another generation of it is being built. */
async function unbindIfEmpty({ engine, collections }: Store, name: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const found = await collections.versioned(name);
    if (!found || current(found.state)[0]?.state !== 'active') return;
    const { state, version } = found;
    const query = { terms: { generations: current(state).map(({ field }) => field) } };
    const [{ hits }] = await engine.search([{ index: state.index, body: { size: 1, query, _source: { includes: ['id'] } } }]);
    if (hits.hits.length > 0) return;
    const generations = state.generations.filter((one) => one.state !== 'active');
    if (await collections.replace({ ...state, dimensions: 0, generations }, version)) return;
  }
}
