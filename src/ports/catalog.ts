import type { Box } from './pictures.ts';
import type { Concept, Seen } from './vision.ts';

export type AssetKind = 'image' | 'video';
export type AssetStatus = 'pending' | 'approved' | 'rejected';

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
  tags: string[];
  licence?: string;
  creator?: string;
  /** Where it came from: a path, a URL, or a job id. */
  source: string;
  /** What the vision model saw (video: the maximum over its frames). */
  seen?: Seen;
  /** The subject's box as the vision model sees it; absent where nothing stands out. */
  subject?: Box;
  /** Record id of the manifest, for assets made here. */
  manifestId?: string;
  createdAt: string;
  updatedAt: string;
}

/** A vector of an asset; videos have one per sampled frame. */
export interface AssetVector {
  vector: Float32Array;
  atSeconds?: number;
}

export interface Collection {
  name: string;
  /** Id and length of the vectors it holds, pinned at the first insert. */
  embedderId: string;
  dimensions: number;
  images: number;
  videos: number;
  createdAt: string;
}

/** Only assets that match every given field; applied before the top k. */
export interface Filter {
  kind?: AssetKind;
  status?: AssetStatus[];
  tagsAll?: string[];
  tagsAny?: string[];
  tagsNone?: string[];
}

export interface Ranked {
  id: string;
  /** nearest: cosine -1..1; match: BM25, larger is better, unbounded; seen: sum of square roots of probabilities. */
  score: number;
  /** nearest: time of the best frame of a video. */
  atSeconds?: number;
}

/** Vectors, text and metadata of all collections. What a call wrote is visible to the next call of any process. */
export interface Catalog {
  /**
   * Inserts or replaces assets with all their vectors; makes the collection on first use and pins `embedderId`.
   * `vectors: undefined` keeps those that are stored (metadata edits). CONFLICT where the collection is pinned to another
   * embedder or length (the hint names both), or the id belongs to another collection.
   */
  upsert(entries: { asset: Asset; vectors?: AssetVector[] }[], embedderId: string): Promise<void>;
  /** Removes assets; unknown ids are no error. */
  remove(ids: string[]): Promise<void>;
  get(id: string): Promise<Asset | undefined>;
  /** The asset of a collection with these bytes, the oldest where there are several. */
  findBySha256(collection: string, sha256: string): Promise<Asset | undefined>;
  /** Number of assets in any collection whose original is this object. */
  countByObjectKey(objectKey: string): Promise<number>;
  /** k distinct assets by cosine, best first, exact. [] for an unknown collection. */
  nearest(collection: string, vector: Float32Array, filter: Filter, k: number): Promise<Ranked[]>;
  /** k assets by BM25 over name, caption and tags; any word may match; user text is never query syntax. */
  match(collection: string, text: string, filter: Filter, k: number): Promise<Ranked[]>;
  /** k assets by the sum over the query's concepts of sqrt(sum of weight x probability), plus .35 sqrt(share) per colour; score > 0 only. */
  seen(collection: string, query: { concepts: Concept[]; colours: string[] }, filter: Filter, k: number): Promise<Ranked[]>;
  /** Newest first; `cursor` continues after the last one of the page before. */
  list(collection: string | undefined, filter: Filter, page: { limit: number; cursor?: string }): Promise<{ assets: Asset[]; cursor?: string }>;
  collections(): Promise<Collection[]>;
  /** The ids closest to a mistyped one (edit distance), at most `limit`. */
  similarIds(id: string, limit: number): Promise<string[]>;
}
