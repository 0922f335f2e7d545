import { AppError } from '../../../errors.ts';
import type { Catalog, Records } from '../../../ports.ts';
import { Collections, generationsOf, settingsOf } from './collections.ts';
import { Documents } from './documents.ts';
import { Engine, type EngineOptions } from './engine.ts';
import { addVectors, beginGeneration, dropGeneration, missingVectors, switchGeneration } from './generation-writes.ts';
import { allCollections, attributeNames, countByObjectKey, findBySha256, getMany, list, nearDuplicates, similarIds, storedVectorsOf } from './lookups.ts';
import { match } from './match.ts';
import { nearest } from './nearest.ts';
import { seen } from './seen.ts';
import { removeAssets, type Store, upsertAssets } from './writes.ts';

/**
 * The catalog in OpenSearch: an index per collection, a document per asset, a field of vectors per generation, so that every search of an asset sees
 * its words, conditions and vectors of one moment. Which index and field are searched stands in a record (`records`). `nearest` is approximate
 * (HNSW); the rest is as in the port. Errors as in the port; RATE_LIMITED and UNAVAILABLE where OpenSearch does not answer, MISCONFIGURED where it
 * refuses access or its version is too old. Nothing is connected before the first call.
 */
export function createOpenSearchCatalog(options: EngineOptions, records: Records): { catalog: Catalog; close(): Promise<void> } {
  const engine = new Engine(options);
  const collections = new Collections(records, engine);
  const store: Store = { engine, records, collections, documents: new Documents(engine) };
  return { catalog: catalogOf(store), close: () => engine.close() };
}

function catalogOf(store: Store): Catalog {
  const { collections } = store;
  return {
    upsert: (entries, defaultEmbedderId) => upsertAssets(store, entries, defaultEmbedderId),
    remove: (ids) => removeAssets(store, ids),
    get: async (id) => (await getMany(store, [id]))[0],
    getMany: (ids) => getMany(store, ids),
    vectors: (ids, embedderId) => storedVectorsOf(store, ids, embedderId),
    findBySha256: (collection, sha256) => findBySha256(store, collection, sha256),
    countByObjectKey: (objectKey) => countByObjectKey(store, objectKey),
    nearDuplicates: (collection, hash, maxDistance, k) => nearDuplicates(store, collection, hash, maxDistance, k),
    nearest: (collection, query, filter, k) => nearest(store, collection, query, filter, k),
    match: (collection, text, filter, k) => match(store, collection, text, filter, k),
    seen: (collection, query, filter, k) => seen(store, collection, query, filter, k),
    list: (collection, filter, page) => list(store, collection, filter, page),
    collections: () => allCollections(store),
    collection: async (name) => {
      const state = await collections.find(name);
      return state && settingsOf(state);
    },
    configure: (name, settings) => configure(store, name, settings),
    removeCollection: (name) => collections.remove(name),
    attributeNames: (name) => attributeNames(store, name),
    generations: async (name) => {
      const state = await collections.find(name);
      return state ? generationsOf(state).map(({ field: _field, ...generation }) => generation) : [];
    },
    beginGeneration: (name, embedderId, dimensions) => beginGeneration(store, name, embedderId, dimensions),
    missingVectors: (name, embedderId, page) => missingVectors(store, name, embedderId, page),
    addVectors: (name, embedderId, entries) => addVectors(store, name, embedderId, entries),
    switchGeneration: (name, embedderId, { without }) => switchGeneration(store, name, embedderId, without),
    dropGeneration: (name, embedderId) => dropGeneration(store, name, embedderId),
    similarIds: (id, limit) => similarIds(store, id, limit),
  };
}

async function configure({ collections }: Store, name: string, { requireApproval, embedderId }: Parameters<Catalog['configure']>[1]): Promise<void> {
  await collections.findOrMake(name, embedderId ?? '');
  await collections.change(name, (state) => {
    if (embedderId !== undefined && embedderId !== state.embedderId && state.dimensions > 0) {
      throw new AppError('CONFLICT', `The collection ${name} holds vectors of ${state.embedderId}, so it cannot be set to ${embedderId}.`, {
        hint: 'Run `reindex` to embed it again with another embedder.',
      });
    }
    return { ...state, ...(embedderId === undefined ? {} : { embedderId }), ...(requireApproval === undefined ? {} : { requireApproval }) };
  });
}
