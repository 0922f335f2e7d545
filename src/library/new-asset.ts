import { AppError } from '../errors.ts';
import type { Asset, CallOptions, EmbeddedVectors, Embedder, Ports } from '../ports.ts';
import { assetVectors } from './asset-vectors.ts';
import { type Description, describedAsset, writtenFields } from './description.ts';
import { embeddersOf } from './embedders.ts';
import { newId } from './ids.ts';
import { type Look, lookAtClip, lookAtPicture } from './look.ts';
import { assure, discard } from './stored.ts';

/** What is known of a stored file before it is looked at. */
export interface NewAsset {
  id?: string;
  collection: string;
  objectKey: string;
  sha256: string;
  byteLength: number;
  name: string;
  source: string;
  manifestId?: string;
  /** Ids of the assets that it was made from, each once. */
  madeFrom?: string[];
  captionOrigin?: Asset['captionOrigin'];
  captionModel?: string;
  described: Description;
  /** CONFLICT where the collection has these bytes by then. */
  refuseSameBytes?: boolean;
}

/** Looks at a stored still picture and puts it into the catalog. */
export async function addImage(ports: Ports, fresh: NewAsset, bytes: Uint8Array, options: CallOptions = {}): Promise<Asset> {
  return addLooked(ports, fresh, await lookAtPicture(ports, bytes, options), options);
}

/** Looks at frames of a stored video and puts it into the catalog with its vectors. */
export async function addVideo(ports: Ports, fresh: NewAsset, options: CallOptions = {}): Promise<Asset> {
  const path = await ports.objects.localPath(fresh.objectKey);
  if (!path) throw new AppError('NOT_FOUND', 'The video file is not in the store.', { hint: 'Ingest it again.' });
  return addLooked(ports, fresh, await lookAtClip(ports, path, options), options);
}

/** Stores the preview and puts the asset into the catalog with its vectors; after a failure no preview is left. */
export async function addLooked(ports: Ports, fresh: NewAsset, look: Look, options: CallOptions = {}): Promise<Asset> {
  const settings = await ports.catalog.collection(fresh.collection);
  const draft = toAsset(fresh, look, settings?.requireApproval ? 'pending' : 'approved');
  const embed = embedding(look, options);
  const embedders = await embeddersOf(ports, fresh.collection);
  const vectors = await embed(embedders);
  const preview = await ports.objects.put(look.preview.bytes, look.preview.mediaType);
  const asset = { ...draft, previewKey: preview.key };
  const insert = async (made: EmbeddedVectors[], embedderId: string) =>
    ports.catalog.upsert([{ asset, vectors: made, ...(fresh.refuseSameBytes ? { refuseSameBytes: true } : {}) }], embedderId);
  try {
    try {
      await insert(vectors, embedders[0].id);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'CONFLICT')) throw error;
      // The collection was bound, or switched to another generation, meanwhile.
      const now = await embeddersOf(ports, fresh.collection);
      if (now.every(({ id }, index) => id === embedders[index]?.id)) throw error;
      await insert(await embed(now), now[0].id);
    }
    await assure(ports, preview.key, look.preview);
    return asset;
  } catch (error) {
    await discard(ports, preview, look.preview);
    throw error;
  }
}

/** Embeds what was looked at once with each embedder. */
function embedding(look: Look, options: CallOptions) {
  const made = new Map<string, EmbeddedVectors>();
  return async (embedders: Embedder[]): Promise<EmbeddedVectors[]> => {
    for (const embedder of embedders) {
      if (made.has(embedder.id)) continue;
      made.set(embedder.id, { embedderId: embedder.id, vectors: await assetVectors(embedder, look, options) });
    }
    return embedders.flatMap(({ id }) => made.get(id) ?? []);
  };
}

function toAsset(fresh: NewAsset, look: Look, status: Asset['status']): Asset {
  const now = new Date().toISOString();
  const { id, described, captionOrigin, captionModel, madeFrom, refuseSameBytes: _, ...stored } = fresh;
  const bare: Asset = {
    ...stored,
    id: id ?? newId(look.fields.kind === 'image' ? 'img' : 'vid'),
    status,
    ...look.fields,
    tags: [],
    ...writtenFields(look.written, described),
    ...(madeFrom && madeFrom.length > 0 ? { madeFrom: [...new Set(madeFrom)] } : {}),
    createdAt: now,
    updatedAt: now,
  };
  const asset = describedAsset(bare, described);
  return captionOrigin && asset.caption ? { ...asset, captionOrigin, ...(captionModel ? { captionModel } : {}) } : asset;
}
