import { AppError } from '../errors.ts';
import { originalBytes, requireAsset } from '../library/assets.ts';
import type { CallOptions, Ports, ReferenceRole } from '../ports.ts';
import { evaluateClip } from '../quality/evaluate.ts';
import type { Evaluation, EvaluationReference, EvaluationRequest, Expectation } from '../quality/report.ts';
import { viewByCollection } from './collection-view.ts';
import { requireJobView } from './jobs.ts';
import { type JudgedClip, type Judgement, judgeClip } from './judge.ts';
import { type ManifestReference, readManifest } from './manifest.ts';

/** The clip to measure: a job's video, a video asset, or a local file. */
export type ReviewTarget = { jobId: string } | { videoId: string } | { path: string };

export interface ReviewRequest {
  target: ReviewTarget;
  /** References instead of those of the manifest, by asset id. */
  referenceIds?: string[] | undefined;
  expect?: Expectation | undefined;
  /** Also by the embedder of the reference's collection where each call of it is billed. */
  paidEmbedder?: boolean | undefined;
}

/** Longer side of a decoded reference: more than any crop of it is compared at. */
const REFERENCE_MAX_SIDE = 1024;

type ReviewOptions = CallOptions & { onProgress?: (fraction: number) => void };

/** Measures a clip against its references, by default those that its manifest names, shot by shot; with the opinion of the judge, where one is configured. */
export async function reviewVideo(ports: Ports, request: ReviewRequest, options: ReviewOptions): Promise<Evaluation & { judge?: Judgement }> {
  const { clip, evaluation } = await measure(ports, request, options);
  const judge = await judgeClip(ports, clip, evaluation, { signal: options.signal });
  return judge ? { ...evaluation, judge } : evaluation;
}

/** The same without the judge, who may be paid. */
export async function measureVideo(ports: Ports, request: ReviewRequest, options: ReviewOptions): Promise<Evaluation> {
  return (await measure(ports, request, options)).evaluation;
}

async function measure(ports: Ports, request: ReviewRequest, options: ReviewOptions): Promise<{ clip: JudgedClip; evaluation: Evaluation }> {
  const { path, videoId } = await findClip(ports, request.target);
  const shots = request.referenceIds
    ? [{ startSeconds: 0, endSeconds: Infinity, references: await decodeAll(ports, request.referenceIds) }]
    : await shotsOfManifest(ports, videoId);
  const byCollection = viewByCollection(ports, { paid: request.paidEmbedder });
  const evaluation = await evaluateClip(ports, { path, shots, byCollection, ...(request.expect ? { expect: request.expect } : {}) }, options);
  return { clip: { path, shots }, evaluation };
}

async function findClip(ports: Ports, target: ReviewTarget): Promise<{ path: string; videoId?: string }> {
  if ('path' in target) return { path: (await ports.files.resolve(target.path)).path };
  const videoId = 'videoId' in target ? target.videoId : await videoOfJob(ports, target.jobId);
  const asset = await requireAsset(ports, videoId, 'video');
  const path = await ports.objects.localPath(asset.objectKey);
  if (!path) throw new AppError('NOT_FOUND', `The file of "${videoId}" is no longer in the store.`, { hint: 'Generate it again.' });
  return { path, videoId };
}

async function videoOfJob(ports: Ports, jobId: string): Promise<string> {
  const view = await requireJobView(ports, jobId);
  if (view.state === 'succeeded') return view.job.videoId;
  throw new AppError('INVALID_INPUT', `Job "${jobId}" has no video: it is ${view.state}.`, {
    hint:
      view.state === 'running' || view.state === 'queued'
        ? `Wait with get_job {jobId: "${jobId}", waitSeconds: 45}.`
        : 'Call get_job to see why, and generate_video again.',
  });
}

async function shotsOfManifest(ports: Ports, videoId: string | undefined): Promise<JudgedClip['shots']> {
  const manifest = videoId === undefined ? undefined : await readManifest(ports, videoId);
  if (manifest?.type !== 'video') {
    throw new AppError('INVALID_INPUT', 'It is not known which pictures this clip was made from.', {
      hint: 'Give referenceIds: ids of the pictures that it should show.',
    });
  }
  // While one shot dissolves into the next, the picture is of neither: those frames are not compared.
  const { dissolveSeconds = 0 } = manifest;
  let after = 0;
  const shots: JudgedClip['shots'] = [];
  for (const [index, shot] of manifest.shots.entries()) {
    const begins = shot.startSeconds ?? after;
    after = begins + shot.durationSeconds;
    const next = manifest.shots[index + 1];
    const startSeconds = index === 0 ? begins : begins + dissolveSeconds;
    const endSeconds = next ? (next.startSeconds ?? after) : after;
    const references = await decodeCited(ports, shot.references);
    shots.push({ startSeconds, endSeconds, references, prompt: shot.prompt, ...cameraExpectation(shot.camera) });
  }
  return shots;
}

/** What the camera move of a shot lets one expect. */
export function cameraExpectation(camera: string | undefined): Pick<EvaluationRequest['shots'][number], 'expectMotion' | 'expectCamera'> {
  return { ...(camera === undefined ? {} : { expectCamera: camera }), ...(camera === 'static' ? { expectMotion: 'static' } : {}) };
}

/** References that the caller names: assets of today. */
async function decodeAll(ports: Ports, ids: string[]): Promise<EvaluationReference[]> {
  const references: EvaluationReference[] = [];
  for (const id of ids) {
    const asset = await requireAsset(ports, id, 'image');
    const image = await ports.images.decode(await originalBytes(ports, asset), { maxSide: REFERENCE_MAX_SIDE });
    references.push({ assetId: id, role: 'firstFrame', image });
  }
  return references;
}

/** References of a manifest: their bytes stay in the store also where the asset was deleted since. */
export async function decodeCited(ports: Ports, cited: Pick<ManifestReference, 'assetId' | 'objectKey' | 'role'>[]): Promise<EvaluationReference[]> {
  const references: EvaluationReference[] = [];
  for (const { assetId, objectKey, role } of cited) {
    const bytes = await ports.objects.get(objectKey);
    if (!bytes)
      throw new AppError('NOT_FOUND', `The bytes of reference "${assetId}" were purged.`, { hint: 'Give referenceIds: pictures that the clip should show.' });
    references.push({ assetId, role: role as ReferenceRole, image: await ports.images.decode(bytes, { maxSide: REFERENCE_MAX_SIDE }) });
  }
  return references;
}
