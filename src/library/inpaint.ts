import { createHash } from 'node:crypto';
import { createOnce } from '../film/citations.ts';
import { type CredentialsNote, signRepair } from '../film/credentials.ts';
import { readManifest, writeManifest } from '../film/manifest.ts';
import type { Asset, CallOptions, FileBytes, Ports } from '../ports.ts';
import { originalBytes, requireAsset } from './assets.ts';
import { newId } from './ids.ts';
import { drawMask, type MaskShapes, share } from './mask.ts';
import { addImage } from './new-asset.ts';
import { discard } from './stored.ts';
import { cleanOptional, cleanText } from './text.ts';

export interface InpaintDraft extends Omit<MaskShapes, 'image'> {
  imageId: string;
  maskPath?: string | undefined;
  invert?: boolean | undefined;
  growPixels?: number | undefined;
  featherPixels?: number | undefined;
  seed: number;
  name?: string | undefined;
}

export interface InpaintOutcome {
  source: Asset;
  asset: Asset;
  algorithm: string;
  /** Share 0..1 of the pixels that may have changed, and how much of it was marked before the mask was grown. */
  changedShare: number;
  markedShare: number;
  seconds: number;
  /** Absent where the same repair was made before files were signed. */
  credentials?: CredentialsNote;
}

/** Record kind: the asset of a picture by its collection and the hash of its bytes before they were signed, since no two signatures are the same. */
const REPAIRED = 'repaired';

/** Repairs a part of an image; the result is a new PNG asset in the same collection, with its lineage. */
export async function inpaintAsset(
  ports: Ports,
  draft: InpaintDraft,
  options: CallOptions & { onProgress?: (fraction: number) => void },
): Promise<InpaintOutcome> {
  const started = Date.now();
  const source = await requireAsset(ports, draft.imageId, 'image');
  const image = await ports.images.decode(await originalBytes(ports, source));
  const maskImage = draft.maskPath === undefined ? undefined : await decodeMask(ports, draft.maskPath);
  const { boxes, ellipses, polygons, invert, growPixels, featherPixels } = draft;
  const marked = { width: image.width, height: image.height, boxes, ellipses, polygons, image: maskImage, invert };
  const markedShare = share(drawMask(marked).data);
  const mask = drawMask({ ...marked, growPixels, featherPixels });
  const result = await ports.inpainter.inpaint({ image, mask, mode: 'remove', seed: draft.seed }, options);
  const file = await ports.images.encode(result.image, { format: 'png' });
  const changedShare = share(mask.data);
  const digest = createHash('sha256').update(file.bytes).digest('hex');
  const same = await repairedBefore(ports, source.collection, digest);
  const { asset, credentials } = same ?? (await signAndCatalogue(ports, source, draft, { file, digest, algorithm: result.algorithm }));
  await writeManifest(ports, {
    type: 'inpaint',
    assetId: asset.id,
    createdAt: asset.createdAt,
    source: { assetId: source.id, sha256: source.sha256, objectKey: source.objectKey, role: 'source', name: source.caption ?? source.name },
    algorithm: result.algorithm,
    maskSha256: createHash('sha256').update(mask.data).digest('hex'),
    changedShare,
    seed: draft.seed,
    ...(credentials ? { credentials } : {}),
  });
  const seconds = (Date.now() - started) / 1000;
  return { source, asset, algorithm: result.algorithm, changedShare, markedShare, seconds, ...(credentials ? { credentials } : {}) };
}

async function repairedBefore(ports: Ports, collection: string, digest: string): Promise<{ asset: Asset; credentials?: CredentialsNote } | undefined> {
  const record = await ports.records.get(REPAIRED, `${collection}/${digest}`);
  const id = (record?.body as { assetId?: string } | undefined)?.assetId;
  const asset = (id === undefined ? undefined : await ports.catalog.get(id)) ?? (await ports.catalog.findBySha256(collection, digest));
  if (!asset) return undefined;
  const { credentials } = (await readManifest(ports, asset.id)) ?? {};
  return { asset, ...(credentials ? { credentials } : {}) };
}

async function signAndCatalogue(ports: Ports, source: Asset, draft: InpaintDraft, made: { file: FileBytes; digest: string; algorithm: string }) {
  const { file, digest, algorithm } = made;
  const { bytes, credentials } = await signRepair(ports, file.bytes, { ...source, name: source.caption ?? source.name }, algorithm);
  const asset = await catalogue(ports, source, draft, { ...file, bytes });
  const key = `${source.collection}/${digest}`;
  await ports.records.delete(REPAIRED, key);
  await createOnce(ports, REPAIRED, key, { assetId: asset.id });
  return { asset, credentials };
}

/** A repaired picture has its source's description, and its verdict where that was no approval: nobody has looked at the repair yet. */
async function catalogue(ports: Ports, source: Asset, draft: InpaintDraft, file: FileBytes): Promise<Asset> {
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
    name: cleanOptional(draft.name, 120) ?? cleanText(`${source.name} (in-painted)`, 120),
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

async function decodeMask(ports: Ports, path: string) {
  const file = await ports.files.resolve(path);
  return ports.images.decode(await ports.files.read(file));
}
