import { dependents, uncite } from '../film/citations.ts';
import { readJobView } from '../film/jobs.ts';
import { readManifest } from '../film/manifest.ts';
import { evidenceKeys } from '../film/reports.ts';
import type { JsonValue, Ports } from '../ports.ts';
import { requireAsset, TOMBSTONE } from './assets.ts';

export interface Deletion {
  id: string;
  name: string;
  collection: string;
  /** Assets (videos, also those being made; in-painted pictures) that cite it and stay. */
  dependents: string[];
  /** `deleted`, or why the original bytes stay. */
  bytes: 'deleted' | 'cited' | 'shared';
}

/** What is remembered of a deleted asset. */
interface Tombstone {
  name: string;
  collection: string;
  objectKey: string;
  previewKey?: string;
}

/**
 * Takes an asset out of every search and leaves a tombstone. Its bytes stay while another asset shares them, or something made of
 * it cites them, unless `purge`; a deleted asset can be purged later. With a video go its shots, its contact sheet and its
 * readable copies; its preview always goes. May be repeated after an interruption.
 */
export async function deleteAsset(ports: Ports, id: string, purge: boolean): Promise<Deletion> {
  const known = await ports.records.get(TOMBSTONE, id);
  const asset = known && purge && !(await ports.catalog.get(id)) ? undefined : await requireAsset(ports, id);
  const about = asset ?? (known?.body as unknown as Tombstone);
  const { name, collection, objectKey, previewKey } = about;
  const tombstone: Tombstone = { name, collection, objectKey, ...(previewKey ? { previewKey } : {}) };
  if (!known) await ports.records.create({ kind: TOMBSTONE, id, body: tombstone as unknown as JsonValue });
  await ports.catalog.remove([id]);
  if (previewKey) await deleteUnused(ports, previewKey);
  const citing = await dependents(ports, id);
  const bytes = (await ports.catalog.countByObjectKey(objectKey)) > 0 ? 'shared' : citing.length > 0 && !purge ? 'cited' : 'deleted';
  if (bytes === 'deleted') {
    await deleteMade(ports, id);
    await ports.objects.delete(objectKey);
  }
  return { id, name, collection, dependents: citing, bytes };
}

/** What was made on the way to a video: its shots and contact sheet, and the readable copies of both; its references are cited no more. */
async function deleteMade(ports: Ports, id: string): Promise<void> {
  const manifest = await readManifest(ports, id);
  if (!manifest) return;
  if (manifest.type === 'inpaint') return uncite(ports, id, [manifest.source.assetId]);
  await uncite(
    ports,
    id,
    manifest.shots.flatMap((shot) => shot.references.map((reference) => reference.assetId)),
  );
  const view = await readJobView(ports, manifest.jobId);
  const video = view?.job.video;
  if (!view || !video) return;
  await ports.objects.unpublish(video.objectKey, video.path);
  await ports.objects.unpublish(video.sheetKey, video.sheetPath);
  if (video.posterKey && video.posterPath) await ports.objects.unpublish(video.posterKey, video.posterPath);
  if (video.previewKey && video.previewPath) await ports.objects.unpublish(video.previewKey, video.previewPath);
  const takes = view.shots.flatMap((shot) => shot.takes);
  const keys = [
    video.sheetKey,
    ...[video.posterKey, video.previewKey].filter((key) => key !== undefined),
    ...takes.flatMap(({ take }) => take.result?.objectKey ?? []),
  ];
  for (const key of keys) await deleteUnused(ports, key);
  // The reports stay, as numbers.
  for (const key of await evidenceKeys(ports, takes)) await deleteUnused(ports, key);
}

/** Deletes an object that is neither the original nor the preview of an asset. */
async function deleteUnused(ports: Ports, key: string): Promise<void> {
  if ((await ports.catalog.countByObjectKey(key)) === 0) await ports.objects.delete(key);
}
