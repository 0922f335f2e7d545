import { AppError } from '../errors.ts';
import type { Asset, CallOptions, Filter, Ports, Ranked, RawImage } from '../ports.ts';
import { requireAsset, requireCollection } from './assets.ts';
import { framesOf, visionCopy } from './look.ts';

/** A query picture: an asset, or a file of the user's. */
export type QueryImage = { imageId: string } | { imagePath: string };

type QueryPicture = Asset | { imagePath: string };

/** Frames that stand for a query video: each is a scan of its own. */
const QUERY_FRAMES = 8;

/** What a list by cosine needs to know. */
export interface NearestRequest {
  collection: string;
  filter: Filter;
  k: number;
}

/** Assets by cosine to a query picture or video (each of its frames), the asset itself left out. [] for a collection without vectors. */
export async function nearestToImage(ports: Ports, request: NearestRequest, image: QueryImage, options: CallOptions & { maxBytes: number }): Promise<Ranked[]> {
  const query = 'imageId' in image ? await requireAsset(ports, image.imageId) : image;
  const self = 'id' in query ? query.id : undefined;
  const found = await inActiveSpace(ports, request.collection, async (embedderId) => {
    const vectors = (self && (await storedVectors(ports, self, embedderId))) || (await embed(ports, query, embedderId, options));
    return nearestToAny(ports, { ...request, k: request.k + 1 }, embedderId, vectors);
  });
  return (found ?? []).filter(({ id }) => id !== self).slice(0, request.k);
}

/** Assets by cosine to words; `undefined` where the collection's embedder knows none, or no vector is there yet. */
export function nearestToText(ports: Ports, request: NearestRequest, text: string, options: CallOptions): Promise<Ranked[] | undefined> {
  return inActiveSpace(ports, request.collection, async (embedderId) => {
    const embedder = await ports.embedders.get(embedderId);
    if (!embedder.modalities.includes('text') || !embedder.embedTexts) return undefined;
    return nearestToAny(ports, request, embedderId, await embedder.embedTexts([text], options));
  });
}

/**
 * Asks in the space that the collection is searched in now; `undefined` where it has no vectors. A re-embedded collection may change to another
 * space while a query is being embedded: then, and only then, it is asked once more.
 */
async function inActiveSpace<T>(ports: Ports, collection: string, ask: (embedderId: string) => Promise<T>): Promise<T | undefined> {
  const { embedderId, dimensions } = await requireCollection(ports, collection);
  if (dimensions === 0) return undefined;
  try {
    return await ask(embedderId);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
    const now = await requireCollection(ports, collection);
    if (now.embedderId === embedderId) throw error;
    return now.dimensions === 0 ? undefined : ask(now.embedderId);
  }
}

/** Distinct assets by their best cosine to one of the vectors. */
async function nearestToAny(ports: Ports, { collection, filter, k }: NearestRequest, embedderId: string, vectors: Float32Array[]): Promise<Ranked[]> {
  const best = new Map<string, Ranked>();
  for (const vector of vectors) {
    for (const hit of await ports.catalog.nearest(collection, { embedderId, vector }, filter, k)) {
      if (hit.score > (best.get(hit.id)?.score ?? Number.NEGATIVE_INFINITY)) best.set(hit.id, hit);
    }
  }
  const ranked = [...best.values()];
  return vectors.length > 1 ? ranked.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, k) : ranked;
}

/** Evenly spread over a video's frames; `undefined` where the asset has no vector in this space (another collection's embedder). */
async function storedVectors(ports: Ports, id: string, embedderId: string): Promise<Float32Array[] | undefined> {
  const stored = (await ports.catalog.vectors([id], embedderId)).get(id);
  return stored && spreadOver(stored, QUERY_FRAMES).map(({ vector }) => vector);
}

async function embed(
  ports: Ports,
  query: QueryPicture,
  embedderId: string,
  { maxBytes, ...options }: CallOptions & { maxBytes: number },
): Promise<Float32Array[]> {
  const embedder = await ports.embedders.get(embedderId);
  return embedder.embedImages(await picturesOf(ports, query, maxBytes), { ...options, purpose: 'query' });
}

async function picturesOf(ports: Ports, query: QueryPicture, maxBytes: number): Promise<RawImage[]> {
  if ('imagePath' in query) {
    const file = await ports.files.resolve(query.imagePath, { maxBytes });
    return [await visionCopy(ports, await ports.files.read(file))];
  }
  return (await framesOf(ports, query)).frames;
}

function spreadOver<T>(list: T[], count: number): T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, at) => list[Math.floor(((at + 0.5) * list.length) / count)]);
}
