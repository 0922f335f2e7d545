import type { Asset, Ports } from '../ports.ts';
import { eachInSlots, Slots } from './job-run.ts';

/** What a check of the data folder found. */
export interface Verification {
  assets: number;
  /** Objects of assets whose bytes were read. */
  objects: number;
  /** The database's own findings. */
  damage: string[];
  /** Assets whose original or preview is not whole. */
  broken: { assetId: string; name: string; what: 'original' | 'preview'; problem: 'damaged' | 'missing' }[];
  /** Objects that nothing names: what an interruption left behind. Harmless. */
  orphans: { key: string; byteLength: number }[];
  /** Orphans deleted. */
  deleted: number;
  /** Old versions of records that were cleared away. */
  compacted: number;
}

/** An object is stored a moment before its asset is, so a young one may only look like an orphan. */
const YOUNG_MS = 60 * 60_000;
const PAGE = 500;
/** Files read at a time. */
const AT_ONCE = 4;

/**
 * Checks the database, the original and the preview of every asset, and finds objects that nothing names. With `repair` those older than an hour
 * are deleted, and old versions of records; nothing else is ever changed. May run beside servers that work.
 */
export async function verify(ports: Ports, options: { repair?: boolean; onProgress?: (done: number, total: number) => void } = {}): Promise<Verification> {
  const damage = await ports.upkeep.damage();
  const total = (await ports.catalog.collections()).reduce((sum, { images, videos }) => sum + images + videos, 0);
  const broken: Verification['broken'] = [];
  const states = new Map<string, ReturnType<Ports['upkeep']['checkObject']>>();
  let assets = 0;
  for (let cursor: string | undefined; ; ) {
    const page = await ports.catalog.list(undefined, {}, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    await eachInSlots(new Slots(AT_ONCE), new AbortController().signal, page.assets, async (asset) => {
      broken.push(...(await brokenParts(ports, asset, states)));
      options.onProgress?.(++assets, Math.max(total, assets));
    });
    if (page.cursor === undefined) break;
    cursor = page.cursor;
  }
  const orphans = await findOrphans(ports);
  const deleted = options.repair ? await deleteOrphans(ports, orphans) : 0;
  const compacted = options.repair ? ((await ports.upkeep.compact?.()) ?? 0) : 0;
  return { assets, objects: states.size, damage, broken, orphans: orphans.map(({ key, byteLength }) => ({ key, byteLength })), deleted, compacted };
}

/** Assets with the same bytes share an object; it is read once. */
async function brokenParts(ports: Ports, asset: Asset, states: Map<string, ReturnType<Ports['upkeep']['checkObject']>>): Promise<Verification['broken']> {
  const found: Verification['broken'] = [];
  for (const [what, key] of [['original', asset.objectKey] as const, ['preview', asset.previewKey] as const]) {
    if (key === undefined) continue;
    const state = states.get(key) ?? ports.upkeep.checkObject(key);
    states.set(key, state);
    const problem = await state;
    if (problem !== 'whole') found.push({ assetId: asset.id, name: asset.name, what, problem });
  }
  return found;
}

async function findOrphans(ports: Ports): Promise<{ key: string; byteLength: number; storedAt: string }[]> {
  const named = await ports.upkeep.namedObjects();
  const orphans: { key: string; byteLength: number; storedAt: string }[] = [];
  for await (const object of ports.upkeep.objects()) if (!named.has(object.key)) orphans.push(object);
  return orphans;
}

async function deleteOrphans(ports: Ports, orphans: { key: string; storedAt: string }[]): Promise<number> {
  const named = await ports.upkeep.namedObjects();
  const old = orphans.filter(({ key, storedAt }) => !named.has(key) && Date.now() - Date.parse(storedAt) > YOUNG_MS);
  for (const { key } of old) await ports.objects.delete(key);
  return old.length;
}
