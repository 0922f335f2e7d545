import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Asset, FileBytes, Ports } from '../ports.ts';
import { requireAsset, TOMBSTONE } from './assets.ts';
import { captionFor } from './caption.ts';
import { refuseOtherCase } from './collections.ts';
import { checkDescription, type Description, describedAsset } from './description.ts';
import { embeddersOf } from './embedders.ts';
import { lookAtClip, lookAtPicture, refuseCutOff } from './look.ts';
import { type NearDuplicate, nearDuplicatesOf } from './near-duplicates.ts';
import { addLooked } from './new-asset.ts';
import { loadSource, type Source, type SourceFile } from './source.ts';
import { assure, discard } from './stored.ts';
import { cleanText } from './text.ts';

export type { Description, Source };

export interface Ingested {
  asset: Asset;
  /** The collection had these bytes: the asset is that one, with the description merged in. */
  alreadyThere: boolean;
  /** Other assets that look nearly the same; [] where `alreadyThere`. */
  nearDuplicates: NearDuplicate[];
}

/**
 * Adds a picture or video to a collection. The same bytes again are the same asset. After a failure nothing is left behind. Errors as
 * `loadSource`, `Images.decode`, `Media.probe`, `checkDescription`; INVALID_INPUT for a collection whose name differs only in case.
 */
export async function ingest(
  ports: Ports,
  source: Source,
  collection: string,
  description: Description,
  options: { maxBytes: number; signal?: AbortSignal | undefined },
): Promise<Ingested> {
  checkDescription(description);
  await refuseOtherCase(ports, collection);
  const file = await loadSource(ports, source, options);
  const sha256 = createHash('sha256').update(file.bytes).digest('hex');
  const known = await ports.catalog.findBySha256(collection, sha256);
  if (known) return { asset: await describe(ports, known, description), alreadyThere: true, nearDuplicates: [] };
  // A model that cannot be had is said at once: looking at the picture takes longer.
  await embeddersOf(ports, collection);
  try {
    const asset = await add(ports, { ...file, sha256 }, collection, description, options);
    return { asset, alreadyThere: false, nearDuplicates: await nearDuplicatesOf(ports, asset) };
  } catch (error) {
    // Another call may have added the same bytes meanwhile: the catalog takes them once.
    const first = error instanceof AppError && error.code === 'CONFLICT' ? await ports.catalog.findBySha256(collection, sha256) : undefined;
    if (!first) throw error;
    return { asset: await describe(ports, first, description), alreadyThere: true, nearDuplicates: [] };
  }
}

/** A picture is looked at before its bytes are stored, so that a broken one never is; a video has to lie in a file to be looked at. */
async function add(
  ports: Ports,
  file: SourceFile & { sha256: string },
  collection: string,
  described: Description,
  options: { signal?: AbortSignal | undefined },
): Promise<Asset> {
  const call = { signal: options.signal };
  const picture = file.videoType === undefined ? await lookAtPicture(ports, file.bytes, call) : undefined;
  const original: FileBytes = { bytes: file.bytes, mediaType: picture?.fields.mediaType ?? file.videoType ?? '' };
  const { sha256 } = file;
  const stored = await ports.objects.put(original.bytes, original.mediaType, { sha256 });
  const { key: objectKey, byteLength } = stored;
  try {
    const named = { name: cleanText(file.name, 120) || 'unnamed', source: file.source };
    const caption = picture && (await captionFor(ports, { sha256, picture: picture.frames[0], written: picture.written, described }, call));
    const fresh = { collection, objectKey, sha256, byteLength, ...named, described, ...caption, refuseSameBytes: true };
    const asset = await addLooked(ports, fresh, picture ?? (await lookAtStored(ports, objectKey, call)), call);
    await assure(ports, objectKey, original);
    return asset;
  } catch (error) {
    await discard(ports, stored, original);
    throw error;
  }
}

async function lookAtStored(ports: Ports, objectKey: string, call: { signal: AbortSignal | undefined }) {
  const path = (await ports.objects.localPath(objectKey)) ?? '';
  await refuseCutOff(ports, path, call);
  return lookAtClip(ports, path, call);
}

/** Changes what is said about an asset; its vectors stay. Errors as `requireAsset` and `checkDescription`. */
export async function editAsset(ports: Ports, id: string, description: Description): Promise<Asset> {
  return describe(ports, await requireAsset(ports, id), description);
}

async function describe(ports: Ports, asset: Asset, description: Description): Promise<Asset> {
  const changed = describedAsset(asset, description);
  if (JSON.stringify(changed) === JSON.stringify(asset)) return asset;
  changed.updatedAt = new Date().toISOString();
  const settings = await ports.catalog.collection(asset.collection);
  await ports.catalog.upsert([{ asset: changed }], settings?.embedderId ?? ports.embedder.id);
  if (await ports.records.get(TOMBSTONE, asset.id)) {
    // Deleted meanwhile: writing it must not bring it back.
    await ports.catalog.remove([asset.id]);
    await requireAsset(ports, asset.id);
  }
  return changed;
}
