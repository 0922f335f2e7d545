import { AppError } from '../errors.ts';
import { originalBytes, requireAsset } from '../library/assets.ts';
import type { Asset, Ports, ReferenceRole } from '../ports.ts';
import { type Candidate, retrieve } from './retrieval.ts';
import { momentOf, videoFrame } from './video-frame.ts';

/** One reference as asked for: a picture, a moment of a video, or what a query finds. */
export interface ReferenceDraft {
  /** Default `firstFrame`. */
  role?: ReferenceRole | undefined;
  imageId?: string | undefined;
  videoId?: string | undefined;
  /** Moment of the video in seconds; absent: the best moment for `query`, else its middle. */
  atSeconds?: number | undefined;
  /** Alone: what retrieves the reference. With `videoId`: what the moment shall show. */
  query?: string | undefined;
}

/** The reference chosen for a shot. */
export interface PlannedReference {
  role: ReferenceRole;
  assetId: string;
  /** Of the still picture that the provider gets: the original, or the frame of a video. */
  sha256: string;
  /** Of the same; empty where a frame is only planned. */
  objectKey: string;
  name: string;
  /** Of a video: which of its frames. */
  atSeconds?: number;
  subject?: Asset['subject'];
  /** How it was found, where a query chose it. */
  retrieval?: { query: string; candidates: Candidate[] };
}

/** Resolves references of one collection; `where` names what one is for in errors, e.g. `shot 1`. */
export type ReferenceFinder = (draft: ReferenceDraft, where: string) => Promise<PlannedReference>;

/**
 * A finder that looks for the same reference only once. With `keepFrames` the frames of videos are stored as objects; without, nothing is written.
 * NOT_FOUND for an unknown asset and a query that nothing clearly shows; INVALID_INPUT for a draft that names not exactly one source, an asset
 * that must not ground a video, and a moment beyond the end.
 */
export function referenceFinder(ports: Ports, collection: string, { keepFrames }: { keepFrames: boolean }): ReferenceFinder {
  const found = new Map<string, Promise<Omit<PlannedReference, 'role'>>>();
  return async ({ role = 'firstFrame', ...draft }, where) => {
    checkSource(draft, where);
    const { imageId, videoId, atSeconds, query } = draft;
    const key = JSON.stringify([imageId, videoId, atSeconds, query]);
    const known = found.get(key) ?? resolve(ports, { collection, draft, where, keepFrames });
    found.set(key, known);
    return { role, ...(await known) };
  };
}

function checkSource({ imageId, videoId, atSeconds, query }: ReferenceDraft, where: string): void {
  const refuse = (what: string, hint: string) => {
    throw new AppError('INVALID_INPUT', `A reference of ${where} ${what}.`, { hint });
  };
  if (imageId !== undefined && query !== undefined) refuse('has both imageId and query', 'imageId names the reference; query retrieves it. Give one.');
  if (imageId !== undefined && videoId !== undefined) refuse('has both imageId and videoId', 'Give two references, each with its role.');
  if (imageId === undefined && videoId === undefined && query === undefined) refuse('names nothing', 'Give imageId, videoId (with atSeconds) or query.');
  if (atSeconds !== undefined && videoId === undefined) refuse('has atSeconds without videoId', 'atSeconds is a moment of a video: give videoId.');
  if (atSeconds !== undefined && query !== undefined) refuse('has both atSeconds and query', 'Both name the moment of the video. Give one.');
}

interface Search {
  collection: string;
  draft: ReferenceDraft;
  where: string;
  keepFrames: boolean;
}

async function resolve(ports: Ports, { collection, draft, where, keepFrames }: Search): Promise<Omit<PlannedReference, 'role'>> {
  const { imageId, videoId, atSeconds, query = '' } = draft;
  if (imageId !== undefined) return pictureReference(ports, await requireAsset(ports, imageId, 'image'));
  const frame = async (video: Asset, moment: number | undefined) => videoReference(ports, video, moment ?? (await momentOf(ports, video, query)), keepFrames);
  if (videoId !== undefined) {
    const video = await requireAsset(ports, videoId, 'video');
    await checkApproval(ports, video);
    return frame(video, atSeconds);
  }
  const { best, candidates } = await retrieve(ports, collection, query, where);
  const reference = best.asset.kind === 'video' ? await frame(best.asset, best.atSeconds) : await pictureReference(ports, best.asset);
  return { ...reference, retrieval: { query, candidates } };
}

async function pictureReference(ports: Ports, asset: Asset): Promise<Omit<PlannedReference, 'role'>> {
  await checkApproval(ports, asset);
  await originalBytes(ports, asset);
  const { id, sha256, objectKey, subject } = asset;
  return { assetId: id, sha256, objectKey, name: asset.caption ?? asset.name, ...(subject ? { subject } : {}) };
}

async function videoReference(ports: Ports, video: Asset, atSeconds: number, keep: boolean): Promise<Omit<PlannedReference, 'role'>> {
  return { assetId: video.id, name: video.caption ?? video.name, ...(await videoFrame(ports, video, atSeconds, { keep })) };
}

/** Rejected assets ground nothing; where the asset's collection requires approval, only approved ones do. */
async function checkApproval(ports: Ports, asset: Asset): Promise<void> {
  const settings = asset.status === 'pending' ? await ports.catalog.collection(asset.collection) : undefined;
  if (asset.status !== 'rejected' && !settings?.requireApproval) return;
  const why = asset.status === 'rejected' ? 'is rejected' : `is ${asset.status}, and collection "${asset.collection}" requires approval`;
  throw new AppError('INVALID_INPUT', `${asset.kind === 'image' ? 'Image' : 'Video'} "${asset.id}" ${why}, so it must not ground a video.`, {
    hint: `Choose another one with search_images {filter: {status: "approved"}}, or have it approved: ingest_image {imageId: "${asset.id}", status: "approved"}.`,
  });
}
