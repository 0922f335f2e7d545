import { dependents } from '../film/manifest.ts';
import type { Asset, JsonValue, Ports } from '../ports.ts';
import { requireAsset, TOMBSTONE } from './assets.ts';

export interface Deletion {
  asset: Asset;
  /** Assets (videos, in-painted pictures) that cite it and stay. */
  dependents: string[];
  /** True where the original bytes are gone as well. */
  bytesDeleted: boolean;
}

/**
 * Takes an asset out of every search and leaves a tombstone. Its bytes stay while another asset shares them, or a manifest cites
 * it, unless `purge`.
 */
export async function deleteAsset(ports: Ports, id: string, purge: boolean): Promise<Deletion> {
  const asset = await requireAsset(ports, id);
  const citing = await dependents(ports, id);
  const tombstone: JsonValue = { name: asset.name, collection: asset.collection, sha256: asset.sha256, purged: purge };
  // There already: a deletion that was interrupted before the next line.
  if (!(await ports.records.get(TOMBSTONE, id))) await ports.records.create({ kind: TOMBSTONE, id, body: tombstone });
  await ports.catalog.remove([id]);
  const shared = (await ports.catalog.countByObjectKey(asset.objectKey)) > 0;
  const bytesDeleted = !shared && (purge || citing.length === 0);
  if (bytesDeleted) await ports.objects.delete(asset.objectKey);
  return { asset, dependents: citing, bytesDeleted };
}
