import type { Asset, AssetVector, Collection, Filter } from '../../../ports.ts';
import { cursorOf, positionOf } from '../../local/store/cursor.ts';
import { closestIds } from '../../local/store/similar-ids.ts';
import { allIndices, settingsOf } from './collections.ts';
import { ASSET_FIELDS, assetOf, HASH_DIGITS, hashParts, idParts, vectorsOf } from './document.ts';
import { newest } from './documents.ts';
import { OLDEST_FIRST, type Query, type SearchBody, type SearchResult } from './engine.ts';
import { filterQueries } from './terms.ts';
import type { Store } from './writes.ts';

const IDS_AT_ONCE = 1000;
/** Assets whose vectors are read in one search: a video's can take 2 MB. */
const VECTORS_AT_ONCE = 50;
const MOST = 10_000;
const PAGE = 1000;
/** Ids that share the most runs of three characters with a mistyped one. */
const SIMILAR_CANDIDATES = 200;

async function searchOne({ engine }: Store, index: string, body: SearchBody): Promise<SearchResult> {
  const [result] = await engine.search([{ index, body }]);
  return result;
}

const everywhere = ({ engine }: Store): string => allIndices(engine.options.prefix);

/** As in the port. */
export async function getMany(store: Store, ids: readonly string[]): Promise<Asset[]> {
  const found = new Map<string, Asset>();
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) {
    const query = { terms: { id: ids.slice(at, at + IDS_AT_ONCE) } };
    const result = await searchOne(store, everywhere(store), { size: MOST, query, _source: { includes: ASSET_FIELDS } });
    for (const { document } of newest(result)) found.set(document.id, assetOf(document));
  }
  return ids.map((id) => found.get(id)).filter((asset) => asset !== undefined);
}

/** As in the port. */
export async function storedVectorsOf(store: Store, ids: readonly string[], embedderId: string): Promise<Map<string, AssetVector[]>> {
  const fields = (await store.collections.all()).flatMap(({ index, generations }) => {
    const field = generations.find((one) => one.embedderId === embedderId)?.field;
    return field === undefined ? [] : [{ index, field }];
  });
  const found = new Map<string, AssetVector[]>();
  for (let at = 0; at < ids.length && fields.length > 0; at += VECTORS_AT_ONCE) {
    const some = ids.slice(at, at + VECTORS_AT_ONCE);
    const searches = fields.map(({ index, field }) => ({
      index,
      body: {
        size: MOST,
        query: { bool: { filter: [{ terms: { id: some } }, { terms: { generations: [field] } }] } },
        _source: { includes: ['id', 'stamp', field] },
      },
    }));
    const results = await store.engine.search(searches);
    results.forEach((result, i) => {
      for (const { document } of newest(result)) found.set(document.id, vectorsOf(document, fields[i].field));
    });
  }
  return new Map(ids.flatMap((id) => (found.has(id) ? [[id, found.get(id) ?? []]] : [])));
}

/** As in the port. */
export async function findBySha256(store: Store, collection: string, sha256: string): Promise<Asset | undefined> {
  const state = await store.collections.find(collection);
  if (!state) return undefined;
  const query = { terms: { sha256: [sha256] } };
  const result = await searchOne(store, state.index, { size: 10, query, sort: OLDEST_FIRST, _source: { includes: ASSET_FIELDS } });
  const [first] = newest(result);
  return first && assetOf(first.document);
}

/** As in the port. */
export async function countByObjectKey(store: Store, objectKey: string): Promise<number> {
  const query = { terms: { objects: [objectKey] } };
  const result = await searchOne(store, everywhere(store), { size: MOST, query, _source: { includes: ['id', 'stamp'] } });
  return newest(result).length;
}

const setBits = (digit: number): number => [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4][digit];

function distanceOf(a: string, b: string): number {
  let distance = 0;
  for (let i = 0; i < HASH_DIGITS; i++) distance += setBits(Number.parseInt(a[i], 16) ^ Number.parseInt(b[i], 16));
  return distance;
}

/** As in the port. Hashes with at most d different bits share at least 16 - d of their 16 digits, so only those are read; with d over 15, all. */
export async function nearDuplicates(
  store: Store,
  collection: string,
  hash: string,
  maxDistance: number,
  k: number,
): Promise<{ id: string; distance: number }[]> {
  const parts = hashParts(hash);
  const state = await store.collections.find(collection);
  if (!state || k < 1 || parts.length === 0) return [];
  const should = parts.map((part): Query => ({ terms: { hashParts: [part] } }));
  const shared = HASH_DIGITS - maxDistance;
  const query: Query = shared > 0 ? { bool: { filter: [{ bool: { should, minimum_should_match: shared } }] } } : { exists: { field: 'hashParts' } };
  const found = new Map<string, { id: string; distance: number; created: string }>();
  for (let after: string[] | undefined; ; ) {
    const result = await searchOne(store, state.index, {
      size: PAGE,
      query,
      sort: OLDEST_FIRST,
      ...(after ? { search_after: after } : {}),
      track_total_hits: false,
      _source: { includes: ['id', 'stamp', 'created', 'hash'] },
    });
    for (const { document } of newest(result)) {
      const distance = distanceOf(hash, String(document.hash));
      if (distance <= maxDistance) found.set(document.id, { id: document.id, distance, created: document.created });
    }
    const last = result.hits.hits.at(-1);
    if (!last || result.hits.hits.length < PAGE) break;
    after = last.sort as string[];
  }
  return [...found.values()]
    .sort((a, b) => a.distance - b.distance || a.created.localeCompare(b.created) || a.id.localeCompare(b.id))
    .slice(0, k)
    .map(({ id, distance }) => ({ id, distance }));
}

/** As in the port; assets of the same moment are in the order of their ids, backwards. INVALID_INPUT for a foreign cursor. */
export async function list(
  store: Store,
  collection: string | undefined,
  filter: Filter,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ assets: Asset[]; cursor?: string }> {
  const after = cursor === undefined ? undefined : (positionOf(cursor, ['string', 'string']) as string[]);
  const filters = filterQueries(filter);
  const index = collection === undefined ? everywhere(store) : (await store.collections.find(collection))?.index;
  if (index === undefined) return { assets: [] };
  const result = await searchOne(store, index, {
    size: Math.min(MOST, limit + 1),
    query: { bool: { filter: filters } },
    sort: [{ created: { order: 'desc', unmapped_type: 'keyword' } }, { id: { order: 'desc', unmapped_type: 'keyword' } }],
    ...(after ? { search_after: after } : {}),
    track_total_hits: false,
    _source: { includes: ASSET_FIELDS },
  });
  const { hits } = result.hits;
  const page = newest({ ...result, hits: { ...result.hits, hits: hits.slice(0, limit) } });
  const last = hits[limit - 1];
  return { assets: page.map(({ document }) => assetOf(document)), ...(hits.length > limit && last ? { cursor: cursorOf(last.sort as string[]) } : {}) };
}

/** As in the port; on Serverless an asset that is being changed may be counted twice for a moment. */
export async function allCollections(store: Store): Promise<Collection[]> {
  const states = (await store.collections.all()).sort((a, b) => (a.name < b.name ? -1 : 1));
  const kinds = { filters: { filters: { image: { terms: { kind: ['image'] } }, video: { terms: { kind: ['video'] } } } } };
  const results = await store.engine.search(states.map(({ index }) => ({ index, body: { size: 0, aggregations: { kinds } } })));
  return states.map((state, i) => {
    const buckets = (results[i].aggregations as { kinds?: { buckets?: Record<string, { doc_count: number }> } } | undefined)?.kinds?.buckets;
    return { ...settingsOf(state), images: buckets?.image?.doc_count ?? 0, videos: buckets?.video?.doc_count ?? 0 };
  });
}

/** As in the port. */
export async function attributeNames(store: Store, collection: string): Promise<string[]> {
  const state = await store.collections.find(collection);
  if (!state) return [];
  const names: string[] = [];
  for (let after: Record<string, string> | undefined; ; ) {
    const composite = { size: PAGE, sources: [{ name: { terms: { field: 'attributes' } } }], ...(after ? { after } : {}) };
    const result = await searchOne(store, state.index, { size: 0, aggregations: { names: { composite } } });
    const page = (result.aggregations as { names?: { buckets?: { key: { name: string } }[] } } | undefined)?.names?.buckets ?? [];
    names.push(...page.map(({ key }) => key.name));
    after = page.at(-1)?.key;
    if (page.length < PAGE) return names.sort((a, b) => (a < b ? -1 : 1));
  }
}

/** As in the port, among the 200 ids that have the most runs of three characters in common with it. */
export async function similarIds(store: Store, id: string, limit: number): Promise<string[]> {
  if (limit < 1) return [];
  const should = idParts(id.slice(0, 100)).map((part): Query => ({ constant_score: { filter: { terms: { idParts: [part] } } } }));
  const result = await searchOne(store, everywhere(store), { size: SIMILAR_CANDIDATES, query: { bool: { should } }, _source: { includes: ['id', 'stamp'] } });
  const ids = newest(result).map(({ document }) => ({ id: document.id }));
  return closestIds(
    ids.sort((a, b) => (a.id < b.id ? -1 : 1)),
    id,
    limit,
  );
}
