import { createHash } from 'node:crypto';
import { createOnce } from '../film/citations.ts';
import { type CredentialsNote, signRepair } from '../film/credentials.ts';
import { readManifest, writeManifest } from '../film/manifest.ts';
import type { Asset, FileBytes, Ports, RawImage } from '../ports.ts';
import { newId } from './ids.ts';
import type { InpaintTask } from './inpaint-task.ts';
import { addImage } from './new-asset.ts';
import { discard } from './stored.ts';
import { cleanOptional, cleanText } from './text.ts';

/** One finished picture of an in-painting. */
export interface Repair {
  image: RawImage;
  algorithm: string;
  generative: boolean;
  seed: number;
  name?: string | undefined;
  prompt?: string | undefined;
}

/** Record kind: the asset of a picture by its collection and the hash of its bytes before they were signed, since no two signatures are the same. */
const REPAIRED = 'repaired';

/** Stores a repaired picture as a signed PNG asset of the source's collection, with its manifest; the same picture again is the same asset. */
export async function keepRepair(ports: Ports, task: InpaintTask, repair: Repair): Promise<{ asset: Asset; credentials?: CredentialsNote }> {
  const { source, mask, mode, changedShare } = task;
  const { algorithm, seed, prompt } = repair;
  const file = await ports.images.encode(repair.image, { format: 'png' });
  const digest = createHash('sha256').update(file.bytes).digest('hex');
  const { asset, credentials } = (await repairedBefore(ports, source.collection, digest)) ?? (await signAndCatalogue(ports, source, repair, { file, digest }));
  await writeManifest(ports, {
    type: 'inpaint',
    assetId: asset.id,
    createdAt: asset.createdAt,
    source: { assetId: source.id, sha256: source.sha256, objectKey: source.objectKey, role: 'source', name: source.caption ?? source.name },
    mode,
    algorithm,
    maskSha256: createHash('sha256').update(mask.data).digest('hex'),
    changedShare,
    seed,
    ...(prompt === undefined ? {} : { prompt }),
    ...(credentials ? { credentials } : {}),
  });
  return { asset, ...(credentials ? { credentials } : {}) };
}

async function repairedBefore(ports: Ports, collection: string, digest: string): Promise<{ asset: Asset; credentials?: CredentialsNote } | undefined> {
  const record = await ports.records.get(REPAIRED, `${collection}/${digest}`);
  const id = (record?.body as { assetId?: string } | undefined)?.assetId;
  const asset = (id === undefined ? undefined : await ports.catalog.get(id)) ?? (await ports.catalog.findBySha256(collection, digest));
  if (!asset) return undefined;
  const { credentials } = (await readManifest(ports, asset.id)) ?? {};
  return { asset, ...(credentials ? { credentials } : {}) };
}

async function signAndCatalogue(ports: Ports, source: Asset, repair: Repair, { file, digest }: { file: FileBytes; digest: string }) {
  const { bytes, credentials } = await signRepair(ports, file.bytes, { ...source, name: source.caption ?? source.name }, repair);
  const asset = await catalogue(ports, source, repair.name, { ...file, bytes });
  const key = `${source.collection}/${digest}`;
  await ports.records.delete(REPAIRED, key);
  await createOnce(ports, REPAIRED, key, { assetId: asset.id });
  return { asset, credentials };
}

/** A repaired picture has its source's description, and its verdict where that was no approval: nobody has looked at the repair yet. */
async function catalogue(ports: Ports, source: Asset, name: string | undefined, file: FileBytes): Promise<Asset> {
  const id = newId('img');
  const { caption, captionOrigin, captionModel, tags, attributes, licence, creator, status } = source;
  const stored = await ports.objects.put(file.bytes, file.mediaType);
  const fresh = {
    id,
    manifestId: id,
    collection: source.collection,
    objectKey: stored.key,
    sha256: stored.sha256,
    byteLength: stored.byteLength,
    name: cleanOptional(name, 120) ?? cleanText(`${source.name} (in-painted)`, 120),
    source: `inpaint:${source.id}`,
    madeFrom: [source.id],
    captionOrigin,
    ...(captionModel ? { captionModel } : {}),
    described: { caption, tags: [...tags, 'inpainted'], attributes, licence, creator, ...(status === 'approved' ? {} : { status }) },
  };
  try {
    return await addImage(ports, fresh, file.bytes);
  } catch (error) {
    await discard(ports, stored, file);
    throw error;
  }
}
