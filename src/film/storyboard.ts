import { AppError } from '../errors.ts';
import { originalBytes, requireAsset } from '../library/assets.ts';
import { type Hit, type SearchResult, search } from '../library/search.ts';
import { cleanText } from '../library/text.ts';
import { negations } from '../library/words.ts';
import type { Asset, AssetStatus, CameraMove, Ports, ReferenceRole, ShotRequest, VideoGenerator } from '../ports.ts';

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
  /** What the provider or the retrieval cannot honour, said before anything starts. */
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
    shots.push({ ...planned, dropped: [...generator.limits(request(planned)), ...notUnderstood(shot)] });
  }
  const costUsd = shots.reduce((sum, shot) => sum + generator.estimate(request(shot)).costUsd, 0);
  return { provider: generator.id, collection: draft.collection, shots, costUsd };
}

/** What retrieval does not do with a shot's query. */
function notUnderstood({ query = '' }: ShotDraft): string[] {
  return negations(query).map((word) => `Retrieval does not understand "${word}": the reference may show what it should not. Check it, or give imageId.`);
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

/** The reference that a shot names, or the best approved hit of its query, where it is clear that it shows what was asked for. */
async function chooseReference(ports: Ports, collection: string, shot: ShotDraft, index: number): Promise<PlannedReference | undefined> {
  if (shot.imageId !== undefined) return toReference(ports, await requireAsset(ports, shot.imageId, 'image'));
  if (shot.query === undefined) return undefined;
  const { hits } = await retrieve(ports, collection, shot.query, 'approved');
  // The first hit only: one further down that passes is mostly a poorer picture of half of the query ("red bag": a red glove).
  const [best] = hits;
  if (!best?.grounds) throw await refusal(ports, { query: shot.query, collection, index }, hits);
  const candidates = hits.map(({ asset, scores }) => ({ id: asset.id, name: asset.caption ?? asset.name, scores }));
  return { ...(await toReference(ports, best.asset)), retrieval: { query: shot.query, candidates } };
}

function retrieve(ports: Ports, collection: string, query: string, status: AssetStatus): Promise<SearchResult> {
  return search(ports, { collection, query, filter: { kind: 'image', status: [status] }, limit: CANDIDATES_SHOWN, maxBytes: 0 });
}

/** No silent wrong picture: nothing that clearly shows what was asked for is an error that shows what was closest. */
async function refusal(ports: Ports, shot: { query: string; collection: string; index: number }, hits: Hit[]): Promise<AppError> {
  const { query, collection, index } = shot;
  const pending = (await retrieve(ports, collection, query, 'pending')).hits.find(({ grounds }) => grounds);
  const closest = hits.map(({ asset, scores, coverage }) => {
    const values = Object.entries(scores).map(([name, value]) => `${name} ${value}`);
    const missing = coverage?.missing.length ? [`not found: ${coverage.missing.join(', ')}`] : [];
    return `${asset.id} "${cleanText(asset.caption ?? asset.name, 60)}" (${[...values, ...missing].join('; ')})`;
  });
  const hint = [
    pending ? `${pending.asset.id} shows it, but is pending: approve it with ingest_image {imageId: "${pending.asset.id}", status: "approved"}.` : '',
    closest.length > 0
      ? `Closest, but not clear enough to use unasked: ${closest.join('; ')}. Look at them, and give imageId to use one; or change query, or add a picture with ingest_image.`
      : 'Nothing approved in it comes close: change query, or add a picture with ingest_image.',
  ];
  return new AppError('NOT_FOUND', `No picture in collection "${collection}" clearly shows "${cleanText(query, 100)}" (shot ${index + 1}).`, {
    hint: hint.filter(Boolean).join(' '),
  });
}

/** Rejected assets ground nothing; where the asset's collection requires approval, only approved ones do. */
async function toReference(ports: Ports, asset: Asset): Promise<PlannedReference> {
  const settings = asset.status === 'pending' ? await ports.catalog.collection(asset.collection) : undefined;
  if (asset.status === 'rejected' || settings?.requireApproval) {
    const why = asset.status === 'rejected' ? 'is rejected' : `is ${asset.status}, and collection "${asset.collection}" requires approval`;
    throw new AppError('INVALID_INPUT', `Image "${asset.id}" ${why}, so it must not ground a video.`, {
      hint: `Choose another one with search_images {filter: {status: "approved"}}, or have it approved: ingest_image {imageId: "${asset.id}", status: "approved"}.`,
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
