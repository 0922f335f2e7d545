import type { Box } from './pictures.ts';
import type { Concept, Seen } from './vision.ts';

export type AssetKind = 'image' | 'video';
export type AssetStatus = 'pending' | 'approved' | 'rejected';

/** What a person may note about an asset under a name of their own; dates are ISO 8601 strings (`2026-11-21` or with a time). */
export type AttributeValue = string | number | boolean;

/** One image or video of a collection. Text fields are untrusted data, already cleaned and capped. */
export interface Asset {
  /** `img_…` or `vid_…`: random, unguessable. */
  id: string;
  collection: string;
  kind: AssetKind;
  status: AssetStatus;
  /** Key of the original bytes in the object store. */
  objectKey: string;
  sha256: string;
  mediaType: string;
  byteLength: number;
  width: number;
  height: number;
  /** Videos only. */
  durationSeconds?: number;
  fps?: number;
  /** Readable name, from the file name or the prompt. */
  name: string;
  caption?: string;
  captionOrigin?: 'given' | 'file' | 'model';
  /** Which model wrote the caption. */
  captionModel?: string;
  tags: string[];
  /** Free attributes by name; no name equals a built-in filter field. */
  attributes?: Record<string, AttributeValue>;
  licence?: string;
  creator?: string;
  /** Where it came from: a path, a URL, or a job id. */
  source: string;
  /** What the vision model saw (video: the maximum over its frames). */
  seen?: Seen;
  /** The subject's box as the vision model sees it; absent where nothing stands out. */
  subject?: Box;
  /** Computed from the pixels: mean lightness of the whole picture, 0 black .. 1 white. */
  brightness?: number;
  /** Computed from the pixels: 64-bit perceptual hash as 16 hex digits (images only). */
  perceptualHash?: string;
  /** Object key of a JPEG preview: longer side at most 512 px, upright, sRGB, on white, without metadata. */
  previewKey?: string;
  /** Ids of the assets that it was made from (generated videos, in-painted pictures), each once. */
  madeFrom?: string[];
  /** Record id of the manifest, for assets made here. */
  manifestId?: string;
  createdAt: string;
  updatedAt: string;
}

/** A vector of an asset; videos have one per sampled frame, panoramas one per square beside their own. */
export interface AssetVector {
  vector: Float32Array;
  atSeconds?: number;
}

/** All vectors of one asset in one embedder's space. */
export interface EmbeddedVectors {
  embedderId: string;
  vectors: AssetVector[];
}

/**
 * The vectors of a collection in one embedder's space. A collection has one active generation, which is searched, and while it is
 * re-embedded a second one that is being built; a retired one stays readable for searches that began before the switch.
 */
export interface Generation {
  embedderId: string;
  dimensions: number;
  state: 'active' | 'building' | 'retired';
  /** Since when it is in this state. */
  since: string;
}

/** A collection without its counts. */
export interface CollectionSettings {
  name: string;
  /** Id and length of the vectors that are searched, pinned at the first insert; dimensions 0: no vector yet, so not bound, and '' where none was ever named. */
  embedderId: string;
  dimensions: number;
  /** New assets wait as `pending`, and only approved ones may ground a video. */
  requireApproval: boolean;
  createdAt: string;
}

export interface Collection extends CollectionSettings {
  images: number;
  videos: number;
}

export type Orientation = 'landscape' | 'portrait' | 'square';

/** Fields every asset has that a condition may name; anything else is an attribute. `megapixels` is width x height / 1,000,000. */
export const FILTER_FIELDS = [
  'status',
  'licence',
  'creator',
  'name',
  'source',
  'mediaType',
  'captionOrigin',
  'orientation',
  'width',
  'height',
  'megapixels',
  'brightness',
  'durationSeconds',
  'createdAt',
  'updatedAt',
  'madeFrom',
] as const;

export type FilterField = (typeof FILTER_FIELDS)[number];

/**
 * A condition on a built-in field or an attribute; an asset without the field never matches. `in`: equal to one of the values (text without
 * regard to case; a field that is a list: any of its items). Range: numbers, or ISO 8601 dates and times compared as points in time
 * (a date alone is its midnight UTC), both ends inclusive.
 */
export type FieldCondition =
  | { field: FilterField | { attribute: string }; in: AttributeValue[] }
  | { field: FilterField | { attribute: string }; gte?: number | string; lte?: number | string };

/** Only assets that match every given part; applied before the top k. Empty lists are as if not given. */
export interface Filter {
  kind?: AssetKind;
  status?: AssetStatus[];
  tagsAll?: string[];
  tagsAny?: string[];
  tagsNone?: string[];
  fields?: FieldCondition[];
}

export interface Ranked {
  id: string;
  /** nearest: cosine -1..1; match: BM25, larger is better, unbounded; seen: as that method says, 0 to about the number of concepts. */
  score: number;
  /** nearest: time of the best frame of a video. */
  atSeconds?: number;
}

/**
 * Vectors, text and metadata of all collections. What a call wrote is visible to the next call of any process (where a service shows writes late, a
 * write resolves only when it does). What may be approximate says so.
 */
export interface Catalog {
  /**
   * Inserts or replaces assets with all their vectors; makes the collection on first use and pins the embedder of the first vectors.
   * `vectors` holds one entry per embedder and must have one for the active generation; one for a generation that is being built goes
   * there, others are ignored. `vectors: undefined` keeps those that are stored (metadata edits). CONFLICT where the collection is pinned
   * to another embedder or length (the hint names both), or the id belongs to another collection. `defaultEmbedderId` names the embedder
   * of a collection that this makes without any vector. `refuseSameBytes`: CONFLICT where the collection has another asset with this `sha256`,
   * also one that another process adds at the same moment.
   */
  upsert(entries: { asset: Asset; vectors?: EmbeddedVectors[]; refuseSameBytes?: boolean }[], defaultEmbedderId: string): Promise<void>;
  /** Removes assets; unknown ids are no error. The collection stays, and without any vector left it is no longer bound to its embedder. */
  remove(ids: string[]): Promise<void>;
  get(id: string): Promise<Asset | undefined>;
  /** Those of the ids that are there, in the order asked. */
  getMany(ids: string[]): Promise<Asset[]>;
  /** The stored vectors of the assets in one embedder's space; assets without any are left out. */
  vectors(ids: string[], embedderId: string): Promise<Map<string, AssetVector[]>>;
  /** The asset of a collection with these bytes, the oldest where there are several. */
  findBySha256(collection: string, sha256: string): Promise<Asset | undefined>;
  /** Number of assets in any collection whose original or preview is this object. */
  countByObjectKey(objectKey: string): Promise<number>;
  /** Assets of the collection whose perceptual hash differs in at most `maxDistance` of 64 bits, nearest first, at most k. */
  nearDuplicates(collection: string, perceptualHash: string, maxDistance: number, k: number): Promise<{ id: string; distance: number }[]>;
  /**
   * k distinct assets by cosine in the generation of `embedderId`, best first. Embedded: exact; OpenSearch: at least .95 of the true ten best
   * (test/engines), each with its own cosine. [] for an unknown collection or one without vectors;
   * CONFLICT where the collection has no generation of this embedder (any more): read `collections` and embed the query again.
   */
  nearest(collection: string, query: { embedderId: string; vector: Float32Array }, filter: Filter, k: number): Promise<Ranked[]>;
  /**
   * k assets by BM25 over name, caption, tags and text attributes; any word may match; user text is never query syntax. A word of at least
   * four letters that no asset of the collection has also matches words one typo away (one letter added, left out, changed, or two swapped);
   * what only such a correction found comes last. Where more assets than a catalog can rank at once have a word (embedded: 1,000, or 4 k), those with all
   * words, then those with the rarest, the newest first, are ranked. Scores of two catalogs, or of two collections, are not comparable.
   */
  match(collection: string, text: string, filter: Filter, k: number): Promise<Ranked[]>;
  /**
   * k assets by T (.2 + .8 C) + .05 C, score > 0 only. T: the sum over the query's concepts of sqrt(sum of weight x probability). C: the mean
   * over its colours of sqrt(min(1, share / .4)), with shares of the subject (of the whole picture where none stands out). Without colours T;
   * without concepts the mean of sqrt(share) in the whole picture. A product, because "red shoes" asks for red shoes: a sum finds red things and other shoes
   * (measured, docs/architecture.md).
   */
  seen(collection: string, query: { concepts: Concept[]; colours: string[] }, filter: Filter, k: number): Promise<Ranked[]>;
  /** Newest first; `cursor` continues after the last one of the page before. */
  list(collection: string | undefined, filter: Filter, page: { limit: number; cursor?: string }): Promise<{ assets: Asset[]; cursor?: string }>;
  /** By name. */
  collections(): Promise<Collection[]>;
  /** One collection's settings, without a look at its assets (embedded: in well under a millisecond). */
  collection(name: string): Promise<CollectionSettings | undefined>;
  /** Changes a collection's settings, and makes it where it is not there. CONFLICT for another embedder than that of its vectors. */
  configure(collection: string, settings: { requireApproval?: boolean; embedderId?: string }): Promise<void>;
  /** Forgets a collection with all its assets, vectors and generations (not their objects); an unknown one is no error. */
  removeCollection(collection: string): Promise<void>;
  /** Names of the attributes that assets of the collection have, sorted. */
  attributeNames(collection: string): Promise<string[]>;
  /** The collection's generations, the active one first; [] where it has no vectors. */
  generations(collection: string): Promise<Generation[]>;
  /** Begins to build a second generation, or goes on with the one that is being built; CONFLICT where one of another embedder is, NOT_FOUND for an unknown collection. */
  beginGeneration(collection: string, embedderId: string, dimensions: number): Promise<void>;
  /** Ids of assets that have no vectors in this generation yet, oldest first, after the given id. */
  missingVectors(collection: string, embedderId: string, page: { limit: number; after?: string }): Promise<string[]>;
  /** Adds vectors to a generation that is being built; assets that are gone, or have vectors in it, are left as they are. CONFLICT where it is not being built. */
  addVectors(collection: string, embedderId: string, entries: { id: string; vectors: AssetVector[] }[]): Promise<void>;
  /**
   * Makes the generation that was built the active one and retires the one before, in one step, where every asset that the active
   * generation has vectors of has some in it, but those in `without` (they could not be embedded). False: some are missing still.
   */
  switchGeneration(collection: string, embedderId: string, options: { without: string[] }): Promise<boolean>;
  /** Drops a generation that is being built or was retired; none is no error, the active one is a CONFLICT. */
  dropGeneration(collection: string, embedderId: string): Promise<void>;
  /** The ids closest to a mistyped one (edit distance), at most `limit`. */
  similarIds(id: string, limit: number): Promise<string[]>;
}
