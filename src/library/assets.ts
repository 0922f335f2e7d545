import { AppError } from '../errors.ts';
import type { Asset, AssetKind, CollectionSettings, Ports } from '../ports.ts';
import { cleanText } from './text.ts';

/** Record kind of deleted assets: id, name, collection and time stay, so that a later question gets a true answer. */
export const TOMBSTONE = 'tombstone';

/** The asset of an id (or of its vrag:// address), or NOT_FOUND that says what happened to it or names the closest ids. */
export async function requireAsset(ports: Ports, given: string, kind?: AssetKind): Promise<Asset> {
  const id = cleanText(given, 200).replace(/^vrag:\/\/(?:images|videos)\//, '');
  const asset = await ports.catalog.get(id);
  if (asset && (!kind || asset.kind === kind)) return asset;
  if (asset) {
    throw new AppError(
      'INVALID_INPUT',
      `"${id}" is ${asset.kind === 'image' ? 'an image' : 'a video'}, but ${kind === 'image' ? 'an image' : 'a video'} is needed.`,
      {
        hint: `Use search_images with kind "${kind}" to find one.`,
      },
    );
  }
  const tombstone = await ports.records.get(TOMBSTONE, id);
  if (tombstone) {
    throw new AppError('NOT_FOUND', `"${id}" was deleted on ${tombstone.createdAt}.`, { hint: 'Use search_images to find another one.' });
  }
  const shown = cleanText(id, 64);
  const closest = await ports.catalog.similarIds(shown, 3);
  const hint =
    closest.length > 0
      ? `Closest ids: ${closest.join(', ')}. Use search_images to find ids.`
      : 'Use search_images to find ids, or ingest_image to add a picture.';
  throw new AppError('NOT_FOUND', `There is no asset "${shown}".`, { hint });
}

/** The settings of a collection, or NOT_FOUND that names the existing ones. */
export async function requireCollection(ports: Ports, name: string): Promise<CollectionSettings> {
  const settings = await ports.catalog.collection(name);
  if (settings) return settings;
  const collections = await ports.catalog.collections();
  const names = collections.map((collection) => `"${collection.name}" (${collection.images} images, ${collection.videos} videos)`);
  throw new AppError('NOT_FOUND', `There is no collection "${name}".`, {
    hint: names.length > 0 ? `Collections: ${names.slice(0, 20).join(', ')}.` : 'There is no collection yet: ingest_image makes one on first use.',
  });
}

/** The original bytes of an asset; NOT_FOUND where they were purged. */
export async function originalBytes(ports: Ports, asset: Asset): Promise<Uint8Array> {
  const bytes = await ports.objects.get(asset.objectKey);
  if (!bytes) throw new AppError('NOT_FOUND', `The file of "${asset.id}" is no longer in the store.`, { hint: 'Ingest the picture again.' });
  return bytes;
}
