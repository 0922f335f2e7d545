import { AppError } from '../errors.ts';
import type { Asset, AssetStatus, AssetVector, Box, Ports, RawImage, Seen } from '../ports.ts';
import { requireAsset } from './assets.ts';
import { newId } from './ids.ts';
import { cleanOptional, cleanTags, cleanText } from './text.ts';

/** Where the bytes of a new asset come from. */
export type Source = { path: string } | { url: string };

/** What a person says about an asset; absent fields stay as they are, empty ones are cleared. */
export interface Description {
  caption?: string | undefined;
  tags?: string[] | undefined;
  licence?: string | undefined;
  creator?: string | undefined;
  status?: AssetStatus | undefined;
}

/** Longer side of the copy that the vision model sees: its larger view needs 256 px on the short side, up to a 4:1 panorama. */
const VISION_MAX_SIDE = 1024;

/** Frames of a video that get a vector of their own. */
const VIDEO_VECTORS = 8;

/** Adds a picture or video to a collection. The same bytes again are the same asset (`alreadyThere`), with the given description merged in. */
export async function ingest(ports: Ports, source: Source, collection: string, description: Description, options: { maxBytes: number; signal?: AbortSignal }) {
  await refuseOtherCase(ports, collection);
  const file = await load(ports, source, options);
  const video = file.mediaType.startsWith('video/') || looksLikeVideo(file.bytes);
  const info = video ? undefined : await ports.images.probe(file.bytes);
  const stored = await ports.objects.put(file.bytes, info?.mediaType ?? videoType(file.bytes));
  const known = await ports.catalog.findBySha256(collection, stored.sha256);
  if (known) return { asset: await describe(ports, known, description), alreadyThere: true };
  const base = {
    collection,
    objectKey: stored.key,
    sha256: stored.sha256,
    byteLength: stored.byteLength,
    name: cleanText(file.name, 120) || 'unnamed',
    source: cleanText('path' in source ? `file:${file.name}` : source.url, 300),
    described: description,
  };
  try {
    if (video) await refuseCutOff(ports, stored.key);
    const asset = video ? await addVideo(ports, base) : await addImage(ports, { ...base, mediaType: info?.mediaType ?? file.mediaType }, file.bytes);
    const first = await ports.catalog.findBySha256(collection, stored.sha256);
    if (!first || first.id === asset.id) return { asset, alreadyThere: false };
    // Another call added the same bytes meanwhile: the older asset stays, for all who raced.
    await ports.catalog.remove([asset.id]);
    return { asset: await describe(ports, first, description), alreadyThere: true };
  } catch (error) {
    // Broken bytes are of no use to anybody; after another failure a parallel call may still need them.
    const broken = error instanceof AppError && error.code === 'INVALID_MEDIA';
    if (broken && (await ports.catalog.countByObjectKey(stored.key)) === 0) await ports.objects.delete(stored.key);
    throw error;
  }
}

/** Two collections whose names differ only in case would be mistaken for each other. */
async function refuseOtherCase(ports: Ports, name: string): Promise<void> {
  const same = (await ports.catalog.collections()).find((collection) => collection.name !== name && collection.name.toLowerCase() === name.toLowerCase());
  if (same)
    throw new AppError('INVALID_INPUT', `There is a collection "${same.name}" already.`, {
      hint: `Use collection "${same.name}", or a name that differs in more than upper and lower case.`,
    });
}

/** Changes what is said about an asset; vectors stay. */
export async function editAsset(ports: Ports, id: string, description: Description): Promise<Asset> {
  return describe(ports, await requireAsset(ports, id), description);
}

/** What is known of new bytes before they are looked at. */
export interface NewAsset {
  collection: string;
  objectKey: string;
  sha256: string;
  byteLength: number;
  mediaType?: string;
  name: string;
  source: string;
  manifestId?: string;
  id?: string;
  described: Description;
}

/** Looks at a still picture and puts it into the catalog. */
export async function addImage(ports: Ports, fresh: NewAsset & { mediaType: string }, bytes: Uint8Array): Promise<Asset> {
  const info = await ports.images.probe(bytes);
  const picture = await ports.images.decode(bytes, { maxSide: VISION_MAX_SIDE });
  const [[vector], [seen], subject] = await Promise.all([
    ports.embedder.embedImages([picture]),
    ports.recogniser.recognise([picture]),
    ports.recogniser.subject(picture),
  ]);
  const asset = toAsset(fresh, 'image', { width: info.width, height: info.height, mediaType: fresh.mediaType, seen, subject });
  await ports.catalog.upsert([{ asset, vectors: [{ embedderId: ports.embedder.id, vectors: [{ vector }] }] }], ports.embedder.id);
  return asset;
}

/** Least share of the announced frames that must decode; containers that only estimate their number are off by a little. */
const WHOLE_SHARE = 0.9;

/** A clip whose data ends early would be used, and measured, as if it were whole. */
async function refuseCutOff(ports: Ports, objectKey: string): Promise<void> {
  const path = (await ports.objects.localPath(objectKey)) ?? '';
  const { frames: announced } = await ports.media.probe(path);
  const { frames } = await ports.media.scan(path, { width: 16, height: 16, format: 'gray' }, () => undefined);
  if (frames >= announced * WHOLE_SHARE) return;
  throw new AppError('INVALID_MEDIA', `The video is cut off or damaged: ${frames} of ${announced} frames decode.`, { hint: 'Export or download it again.' });
}

/** Looks at frames of a video and puts it into the catalog with one vector per sampled frame. */
export async function addVideo(ports: Ports, fresh: NewAsset): Promise<Asset> {
  const path = await ports.objects.localPath(fresh.objectKey);
  if (!path) throw new AppError('NOT_FOUND', 'The video file is not in the store.', { hint: 'Ingest it again.' });
  const info = await ports.media.probe(path);
  const times = Array.from({ length: VIDEO_VECTORS }, (_, index) => (info.durationSeconds * (index + 0.5)) / VIDEO_VECTORS);
  const frames: RawImage[] = await ports.media.frames(path, times, { maxSide: 640 });
  const [vectors, seen] = await Promise.all([ports.embedder.embedImages(frames), ports.recogniser.recognise(frames)]);
  const entries: AssetVector[] = vectors.map((vector, index) => ({ vector, atSeconds: times[index] }));
  const { width, height, mediaType, durationSeconds, fps } = info;
  const asset = { ...toAsset(fresh, 'video', { width, height, mediaType, seen: strongest(seen), subject: undefined }), durationSeconds, fps };
  await ports.catalog.upsert([{ asset, vectors: [{ embedderId: ports.embedder.id, vectors: entries }] }], ports.embedder.id);
  return asset;
}

function toAsset(
  fresh: NewAsset,
  kind: Asset['kind'],
  looked: { width: number; height: number; mediaType: string; seen: Seen | undefined; subject: Box | undefined },
): Asset {
  const now = new Date().toISOString();
  const { id, described, ...rest } = fresh;
  return {
    ...rest,
    id: id ?? newId(kind === 'image' ? 'img' : 'vid'),
    kind,
    status: described.status ?? 'approved',
    mediaType: looked.mediaType,
    width: looked.width,
    height: looked.height,
    tags: cleanTags(described.tags ?? []),
    ...describedFields(described),
    ...(looked.seen ? { seen: looked.seen } : {}),
    ...(looked.subject ? { subject: looked.subject } : {}),
    createdAt: now,
    updatedAt: now,
  };
}

function describedFields(description: Description): Partial<Asset> {
  const caption = cleanOptional(description.caption, 1000);
  const licence = cleanOptional(description.licence, 200);
  const creator = cleanOptional(description.creator, 200);
  return { ...(caption ? { caption, captionOrigin: 'given' as const } : {}), ...(licence ? { licence } : {}), ...(creator ? { creator } : {}) };
}

async function describe(ports: Ports, asset: Asset, description: Description): Promise<Asset> {
  const changed: Asset = {
    ...asset,
    ...describedFields(description),
    ...(description.tags ? { tags: cleanTags(description.tags) } : {}),
    ...(description.status ? { status: description.status } : {}),
  };
  for (const field of ['caption', 'licence', 'creator'] as const)
    if (description[field] !== undefined && !cleanText(description[field], 1000)) delete changed[field];
  if (changed.caption === undefined) delete changed.captionOrigin;
  if (JSON.stringify(changed) === JSON.stringify(asset)) return asset;
  changed.updatedAt = new Date().toISOString();
  await ports.catalog.upsert([{ asset: changed }], ports.embedder.id);
  return changed;
}

async function load(ports: Ports, source: Source, options: { maxBytes: number; signal?: AbortSignal }) {
  if ('url' in source) return ports.downloads.fetch(source.url, { maxBytes: options.maxBytes, signal: options.signal });
  const file = await ports.files.resolve(source.path, { maxBytes: options.maxBytes });
  return { bytes: await ports.files.read(file), name: file.name, mediaType: '' };
}

/** ISO base media with a video brand, or Matroska/WebM, by their first bytes (ISO/IEC 14496-12 section 4.3; RFC 9559 section 5). */
function looksLikeVideo(bytes: Uint8Array): boolean {
  return videoBrand(bytes) !== undefined || isMatroska(bytes);
}

function isMatroska(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3;
}

function videoBrand(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(4, 12));
  if (!text.startsWith('ftyp')) return undefined;
  const brand = text.slice(4);
  return /^(avif|avis|heic|heix|hevc|hevx|heim|heis|mif1|msf1)$/.test(brand) ? undefined : brand;
}

function videoType(bytes: Uint8Array): string {
  if (isMatroska(bytes)) return 'video/webm';
  return videoBrand(bytes)?.startsWith('qt') ? 'video/quicktime' : 'video/mp4';
}

/** Per class and colour the maximum over the frames. */
function strongest(frames: Seen[]): Seen {
  const classes = new Map<number, number>();
  const colours = new Map<string, number>();
  for (const frame of frames) {
    for (const [index, probability] of frame.classes) classes.set(index, Math.max(probability, classes.get(index) ?? 0));
    for (const [name, share] of frame.colours) colours.set(name, Math.max(share, colours.get(name) ?? 0));
  }
  const byValue = <K>(map: Map<K, number>): [K, number][] => [...map].sort((a, b) => b[1] - a[1]);
  return { classes: byValue(classes).slice(0, 64), colours: byValue(colours) };
}
