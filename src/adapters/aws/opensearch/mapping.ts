import type { API, Types } from '@opensearch-project/opensearch';

/** A managed domain, or one of the two generations of OpenSearch Serverless. */
export type Kind = 'domain' | 'classic' | 'nextgen';

/** Neighbours of the HNSW graph and how many are looked at while it is built and searched: docs/aws-opensearch.md has what they find. */
const GRAPH = { m: 16, ef_construction: 128 };
export const EF_SEARCH = 256;

type Property = Types.Common_Mapping.Property;

const keyword: Property = { type: 'keyword' };
/** Kept, not searched. */
const kept: Property = { type: 'keyword', index: false, doc_values: false };

/**
 * One document per asset. What is searched stands beside the asset itself (`body`, `seen`: JSON): `terms` and `points` for conditions (terms.ts),
 * `text` for BM25, `classes` and colours for what was seen. Vectors have a field per generation (`mappingOf`).
 */
const PROPERTIES: Record<string, Property> = {
  id: keyword,
  collection: keyword,
  created: keyword,
  kind: keyword,
  terms: keyword,
  points: keyword,
  tags: keyword,
  attributes: keyword,
  objects: keyword,
  sha256: keyword,
  hash: kept,
  hashParts: keyword,
  idParts: keyword,
  generations: keyword,
  stamp: keyword,
  text: { type: 'text', analyzer: 'words' },
  classes: { type: 'rank_features' },
  colours: { type: 'rank_features' },
  subjectColours: { type: 'rank_features' },
  body: kept,
  seen: kept,
};

/** Words come separated by spaces (search-text.ts), so scripts without spaces are indexed as in the embedded catalog; endings as Porter (1980) takes them off. */
const ANALYSIS: Types.Indices_Common.IndexSettingsAnalysis = {
  analyzer: { words: { type: 'custom', tokenizer: 'whitespace', filter: ['lowercase', 'asciifolding', 'porter_stem'] } },
};

/**
 * A domain's default of five shards would score words in each alone. `derived_source` (3.x) leaves vectors out of what is stored and puts them back
 * when it is read, but not always those of nested documents: seen on 3.6.0, where a change of the asset would then have lost them.
 */
const DOMAIN_SETTINGS = { number_of_shards: 1, 'knn.derived_source.enabled': false };

/** The body that makes a collection's index. Serverless sets shards and refresh itself. */
export function indexBody(kind: Kind, meta: Record<string, unknown>): API.Indices_Create_RequestBody {
  return {
    settings: {
      knn: true,
      ...(kind === 'domain' ? DOMAIN_SETTINGS : {}),
      ...(kind === 'classic' ? { 'knn.algo_param.ef_search': EF_SEARCH } : {}),
      analysis: ANALYSIS,
    },
    mappings: { dynamic: 'strict', _meta: meta, properties: PROPERTIES },
  };
}

/** The mapping that adds a generation's field: each vector of an asset is a nested document with its time, so that the k best are k assets. */
export function mappingOf(
  field: string,
  dimensions: number,
  { kind, compression }: { kind: Kind; compression?: string },
): { properties: Record<string, Property> } {
  // NextGen chooses the engine itself and refuses the word.
  const engine = { domain: { engine: 'lucene' }, classic: { engine: 'faiss' }, nextgen: {} }[kind];
  const vector: Property = {
    type: 'knn_vector',
    dimension: dimensions,
    method: { name: 'hnsw', space_type: 'cosinesimil', ...engine, parameters: GRAPH },
    ...(compression === undefined ? {} : { compression_level: compression }),
  };
  return { properties: { [field]: { type: 'nested', properties: { vector, at: { type: 'double', index: false } } } } };
}
