import { AppError } from '../errors.ts';
import { originalBytes, requireAsset } from '../library/assets.ts';
import { type Hit, search } from '../library/search.ts';
import { cleanText } from '../library/text.ts';
import type { Asset, CameraMove, Ports, ReferenceRole, ShotRequest, VideoGenerator } from '../ports.ts';

/** One shot as asked for. */
export interface ShotDraft {
  prompt: string;
  /** The reference by id, or found by `query`; neither: text only. */
  imageId?: string | undefined;
  query?: string | undefined;
  durationSeconds: number;
  camera?: CameraMove | undefined;
}

export interface StoryboardDraft {
  collection: string;
  shots: ShotDraft[];
  width: number;
  height: number;
  fps: number;
  seed: number;
  /** Provider id; absent: the default one. */
  provider?: string | undefined;
}

/** A candidate that retrieval looked at, with its own scores. */
export interface Candidate {
  id: string;
  name: string;
  scores: Hit['scores'];
}

/** The reference chosen for a shot. */
export interface PlannedReference {
  role: ReferenceRole;
  assetId: string;
  sha256: string;
  objectKey: string;
  name: string;
  subject?: Asset['subject'];
  /** How it was found, where a query chose it. */
  retrieval?: { query: string; candidates: Candidate[] };
}

export interface PlannedShot extends Omit<ShotRequest, 'references'> {
  references: PlannedReference[];
  /** What the provider cannot honour, said before anything starts. */
  dropped: string[];
}

export interface Storyboard {
  provider: string;
  collection: string;
  shots: PlannedShot[];
  /** Estimate over all shots, US dollars. */
  costUsd: number;
}

/** Hits that a retrieval shows as candidates. */
const CANDIDATES_SHOWN = 3;

/** Resolves references, fits the draft to the provider and checks every limit before anything starts. */
export async function planStoryboard(ports: Ports, draft: StoryboardDraft): Promise<Storyboard> {
  const generator = requireGenerator(ports, draft.provider);
  checkSize(draft, generator);
  const shots: PlannedShot[] = [];
  for (const [index, shot] of draft.shots.entries()) {
    checkDuration(shot.durationSeconds, index, generator);
    const reference = await chooseReference(ports, draft.collection, shot, index);
    const { width, height, fps, seed } = draft;
    const { prompt, durationSeconds, camera } = shot;
    const planned = { prompt, durationSeconds, width, height, fps, seed, ...(camera ? { camera } : {}), references: reference ? [reference] : [] };
    shots.push({ ...planned, dropped: generator.limits(request(planned)) });
  }
  const costUsd = shots.reduce((sum, shot) => sum + generator.estimate(request(shot)).costUsd, 0);
  return { provider: generator.id, collection: draft.collection, shots, costUsd };
}

/** The provider of this id, or the default; INVALID_INPUT naming the configured ones. */
export function requireGenerator(ports: Ports, id: string | undefined): VideoGenerator {
  const generator = id === undefined ? [...ports.videoGenerators.values()][0] : ports.videoGenerators.get(id);
  if (generator) return generator;
  throw new AppError('INVALID_INPUT', `There is no video provider "${cleanText(id ?? '', 40)}".`, {
    hint: `Configured providers: ${[...ports.videoGenerators.keys()].join(', ')}.`,
  });
}

function checkSize(draft: StoryboardDraft, { capabilities, id }: VideoGenerator): void {
  if (draft.width > Math.max(capabilities.maxWidth, capabilities.maxHeight) || draft.height > Math.max(capabilities.maxWidth, capabilities.maxHeight)) {
    throw new AppError('INVALID_INPUT', `${draft.width}x${draft.height} is larger than provider "${id}" makes.`, {
      hint: `At most ${capabilities.maxWidth}x${capabilities.maxHeight}: lower resolution.`,
    });
  }
  if (!capabilities.fps.includes(draft.fps)) {
    throw new AppError('INVALID_INPUT', `fps ${draft.fps} is not possible with provider "${id}".`, { hint: `Use one of: ${capabilities.fps.join(', ')}.` });
  }
}

function checkDuration(durationSeconds: number, index: number, { capabilities, id }: VideoGenerator): void {
  if (durationSeconds >= capabilities.minSeconds && durationSeconds <= capabilities.maxSeconds) return;
  throw new AppError('INVALID_INPUT', `durationSeconds ${durationSeconds} of shot ${index + 1} is outside what provider "${id}" makes.`, {
    hint: `Between ${capabilities.minSeconds} and ${capabilities.maxSeconds} seconds a shot; use several shots for a longer video.`,
  });
}

async function chooseReference(ports: Ports, collection: string, shot: ShotDraft, index: number): Promise<PlannedReference | undefined> {
  if (shot.imageId !== undefined) return toReference(ports, await requireAsset(ports, shot.imageId, 'image'));
  if (shot.query === undefined) return undefined;
  const found = await search(ports, {
    collection,
    query: shot.query,
    filter: { kind: 'image', status: ['approved'] },
    limit: CANDIDATES_SHOWN,
    maxBytes: 0,
  });
  const candidates = found.hits.map(({ asset, scores }) => ({ id: asset.id, name: asset.caption ?? asset.name, scores }));
  const best = found.hits[0];
  if (!best?.coverage?.grounds) throw refusal(shot.query, collection, index, found.hits);
  return { ...(await toReference(ports, best.asset)), retrieval: { query: shot.query, candidates } };
}

/** No silent wrong picture: nothing above the floor is an error that shows what was closest. */
function refusal(query: string, collection: string, index: number, hits: Hit[]): AppError {
  const closest = hits.map(({ asset, scores }) => `${asset.id} "${(asset.caption ?? asset.name).slice(0, 60)}" (seen ${scores.seen ?? 0})`);
  const hint =
    closest.length > 0
      ? `Closest, but not clear enough to use unasked: ${closest.join('; ')}. Look at them, and give imageId to use one; or change query, or add a picture with ingest_image.`
      : 'Nothing in it comes close: change query, or add a picture with ingest_image.';
  return new AppError('NOT_FOUND', `No picture in collection "${collection}" clearly shows "${cleanText(query, 100)}" (shot ${index + 1}).`, { hint });
}

async function toReference(ports: Ports, asset: Asset): Promise<PlannedReference> {
  if (asset.status === 'rejected') {
    throw new AppError('INVALID_INPUT', `Image "${asset.id}" is rejected and must not ground a video.`, {
      hint: 'Choose another one with search_images, or approve it with ingest_image {imageId, status: "approved"}.',
    });
  }
  await originalBytes(ports, asset);
  return {
    role: 'firstFrame',
    assetId: asset.id,
    sha256: asset.sha256,
    objectKey: asset.objectKey,
    name: asset.caption ?? asset.name,
    ...(asset.subject ? { subject: asset.subject } : {}),
  };
}

/** A planned shot as the provider's pure questions take it: files are looked up only when it starts. */
function request(shot: Omit<PlannedShot, 'dropped'>): ShotRequest {
  return {
    ...shot,
    references: shot.references.map(({ role, assetId, sha256, subject }) => ({ role, assetId, sha256, path: '', ...(subject ? { subject } : {}) })),
  };
}
