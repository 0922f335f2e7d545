import { AppError } from '../errors.ts';
import type { Asset, CallOptions, Embedder, Ports, Ranked, RawImage } from '../ports.ts';
import type { CollectionView, ReferenceRank, ViewByCollection } from '../quality/collection-view.ts';
import type { EvaluationShot } from '../quality/report.ts';
import { cosine, unit } from '../quality/similarity.ts';
import { mean, rounded } from '../quality/statistics.ts';

/** Frames of a shot that the collection's embedder sees, evenly spread. */
const FRAMES = 8;
/** Assets that a rank is looked for among. */
const DEPTH = 100;
/** Assets nearer than the reference that are named. */
const NAMED = 3;

/**
 * How the frames of a shot look from the collection that its reference comes from, by the embedder that the collection is searched with: one that
 * is billed only with `paid`, whose errors then are the caller's. Nothing where the reference is in no collection any more, or its embedder cannot be had here.
 */
export function viewByCollection(ports: Ports, { paid = false }: { paid?: boolean | undefined }): ViewByCollection {
  return async (frames, shot, options) => {
    const shown = shot.references.find(({ role }) => role !== 'style');
    const asset = shown && (await ports.catalog.get(shown.assetId));
    const embedder = asset && (await embedderOf(ports, asset.collection, paid));
    if (!embedder) return undefined;
    try {
      return await look(ports, { embedder, asset, frames: spread(frames, FRAMES), shot }, options);
    } catch (error) {
      if (!isBeside(error) || paid) throw error;
      return undefined;
    }
  };
}

interface Sight {
  embedder: Embedder;
  /** The reference. */
  asset: Asset;
  frames: RawImage[];
  shot: EvaluationShot;
}

async function look(ports: Ports, { embedder, asset, frames, shot }: Sight, options: CallOptions): Promise<CollectionView> {
  const vectors = await embedder.embedImages(frames, { ...options, purpose: 'query' });
  const alike = (other: Float32Array) => rounded(mean(vectors.map((vector) => cosine(vector, other))), 3);
  const [own] = asset.kind === 'image' ? ((await ports.catalog.vectors([asset.id], embedder.id)).get(asset.id) ?? []) : [];
  const [text] = shot.prompt && embedder.embedTexts ? await embedder.embedTexts([shot.prompt], options) : [];
  const rank = await rankOf(ports, asset, { embedderId: embedder.id, vector: unit(sum(vectors)) });
  return {
    ...{ collection: asset.collection, embedderId: embedder.id },
    ...(rank ? { rank } : {}),
    // By the eye's own embedder the similarity is a gate already.
    ...(own && embedder.id !== ports.embedder.id ? { similarity: alike(own.vector) } : {}),
    ...(text ? { prompt: alike(text) } : {}),
  };
}

async function embedderOf(ports: Ports, collection: string, paid: boolean): Promise<Embedder | undefined> {
  const settings = await ports.catalog.collection(collection);
  if (!settings || settings.dimensions === 0) return undefined;
  try {
    const embedder = await ports.embedders.get(settings.embedderId);
    return embedder.billed && !paid ? undefined : embedder;
  } catch (error) {
    if (!isBeside(error) || paid) throw error;
    return undefined;
  }
}

/** A report does not fail for what it only has beside its gates: the collection is being re-embedded, or its model cannot be had. */
const isBeside = (error: unknown): boolean => error instanceof AppError && error.code !== 'CANCELLED';

/** Among the assets of the reference's kind; videos that were made from it are left out, since this clip may be one of them. */
async function rankOf(ports: Ports, { id, kind, collection }: Asset, query: { embedderId: string; vector: Float32Array }): Promise<ReferenceRank | undefined> {
  const found = await ports.catalog.nearest(collection, query, { kind }, DEPTH);
  if (found.length === 0) return undefined;
  const at = found.findIndex((hit) => hit.id === id);
  const nearer = at < 0 ? found : found.slice(0, at);
  const made = kind === 'video' ? await madeFrom(ports, nearer, id) : new Set<string>();
  const better = nearer.filter((hit) => !made.has(hit.id));
  return {
    ...{ assetId: id, rank: better.length + 1, among: found.length - made.size, isFound: at >= 0 },
    ...(at < 0 ? {} : { cosine: rounded(found[at].score, 3) }),
    better: better.slice(0, NAMED).map((hit) => ({ assetId: hit.id, cosine: rounded(hit.score, 3) })),
  };
}

async function madeFrom(ports: Ports, hits: readonly Ranked[], sourceId: string): Promise<Set<string>> {
  const assets = await ports.catalog.getMany(hits.map(({ id }) => id));
  return new Set(assets.filter((asset) => asset.madeFrom?.includes(sourceId)).map(({ id }) => id));
}

function sum(vectors: readonly Float32Array[]): Float32Array {
  return vectors[0].map((_, i) => vectors.reduce((total, vector) => total + vector[i], 0));
}

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]);
}
