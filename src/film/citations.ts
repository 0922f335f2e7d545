import { unlessConflict } from '../errors.ts';
import type { JsonValue, Ports } from '../ports.ts';

/** Record kind that lists what cites an asset, by the citing asset's id. */
const citedBy = (assetId: string): string => `cited-by/${assetId}`;

/** Notes that an asset (made, or being made) cites its sources; a second time it changes nothing. */
export async function cite(ports: Ports, assetId: string, type: 'video' | 'inpaint', sourceIds: string[]): Promise<void> {
  for (const sourceId of sourceIds) await createOnce(ports, citedBy(sourceId), assetId, { type });
}

/** Takes the citations back, where nothing came of it or the citing asset is deleted. */
export async function uncite(ports: Ports, assetId: string, sourceIds: string[]): Promise<void> {
  for (const sourceId of sourceIds) await ports.records.delete(citedBy(sourceId), assetId);
}

/** Ids of the assets made from this one, newest first, at most 100. */
export async function dependents(ports: Ports, assetId: string): Promise<string[]> {
  const { records } = await ports.records.list(citedBy(assetId), { limit: 100 });
  return records.map((record) => record.id);
}

/** Creates a record; that it is there already is fine. */
export async function createOnce(ports: Ports, kind: string, id: string, body: JsonValue): Promise<void> {
  await ports.records.create({ kind, id, body }).catch(unlessConflict);
}
