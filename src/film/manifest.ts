import type { InpaintMode, JsonValue, Ports } from '../ports.ts';
import { cite, createOnce } from './citations.ts';
import type { CredentialsNote } from './credentials.ts';
import type { JobView } from './jobs.ts';
import type { Candidate } from './retrieval.ts';
import type { IdentifiedTake, ShotTakes, StopReason } from './shot-takes.ts';
import type { TakeChange, TakeEvaluation } from './takes.ts';

/** Where one reference of a shot came from. */
export interface ManifestReference {
  assetId: string;
  sha256: string;
  /** Its bytes in the object store; they outlive the asset while a manifest cites them. */
  objectKey: string;
  role: string;
  name: string;
  /** Of a video: which of its frames, whose own sha256 and objectKey these are. */
  atSeconds?: number;
  /** The query that found it, where it was retrieved, and the candidates with their scores. */
  query?: string;
  candidates?: Candidate[];
}

/** One run of a shot at its provider. */
export interface ManifestTake {
  id: string;
  /** Which take of the shot it is, from 1. */
  number?: number;
  /** Of a further take: the check that it answers and what was changed after an earlier one. */
  change?: TakeChange;
  /** What its report came to, where it was measured. */
  evaluation?: TakeEvaluation;
  state: string;
  attempts: number;
  failure?: string;
  startedAt?: string;
  /** Wall-clock seconds from start to result. */
  seconds?: number;
  costUsd: number;
  /** Hash of the clip as the provider gave it. */
  sha256?: string;
}

/** The provenance record of an asset made here. */
export type Manifest =
  | {
      type: 'video';
      assetId: string;
      jobId: string;
      createdAt: string;
      /** When the job was asked for; `createdAt` is when its video was finished. */
      requestedAt?: string;
      /** Hash of the finished, signed file. */
      sha256?: string;
      provider: string;
      /** Id of the model, where the provider has several. */
      model?: string;
      /** False: camera moves over the references, no AI-generated media. */
      generative: boolean;
      shots: {
        prompt: string;
        takeId: string;
        seed: number;
        durationSeconds: number;
        /** When it begins in the finished video; of a dissolve: when it begins to show. */
        startSeconds?: number;
        width?: number;
        height?: number;
        fps?: number;
        camera?: string;
        references: ManifestReference[];
        /** What the provider or the retrieval could not honour, known before the start. */
        dropped?: string[];
        notes: string[];
        /** Of all its takes. */
        costUsd: number;
        /** Of the take that was used. */
        seconds: number;
        /** Every take that was made of it, the one that was used last. */
        takes?: ManifestTake[];
        /** Why it got no further take, where it might have. */
        stopped?: StopReason;
        /** Id of the quality report of the take that was used, where it was measured. */
        reportId?: string;
      }[];
      costUsd: number;
      /** Length of the dissolves between shots; absent: cuts. */
      dissolveSeconds?: number;
      /** Id of the quality report of the video, where it was measured as it was made and has one shot. */
      reportId?: string;
      credentials?: CredentialsNote;
    }
  | {
      type: 'inpaint';
      assetId: string;
      createdAt: string;
      source: ManifestReference;
      /** Absent before there was another than `remove`. */
      mode?: InpaintMode;
      algorithm: string;
      /** Of a generative in-painter. */
      prompt?: string;
      maskSha256: string;
      changedShare: number;
      seed: number;
      credentials?: CredentialsNote;
    };

type ManifestShot = Extract<Manifest, { type: 'video' }>['shots'][number];

const MANIFEST = 'manifest';

/** Stores a manifest and a citation for each of its sources; a second time it changes nothing. */
export async function writeManifest(ports: Ports, manifest: Manifest): Promise<void> {
  const sources = manifest.type === 'video' ? manifest.shots.flatMap((shot) => shot.references) : [manifest.source];
  await cite(ports, manifest.assetId, manifest.type, [...new Set(sources.map((source) => source.assetId))]);
  await createOnce(ports, MANIFEST, manifest.assetId, manifest as unknown as JsonValue);
}

/** The manifest of an asset, or `undefined` for one that was not made here. */
export async function readManifest(ports: Ports, assetId: string): Promise<Manifest | undefined> {
  const record = await ports.records.get(MANIFEST, assetId);
  return record?.body as unknown as Manifest | undefined;
}

/** What is known of the file once it is joined and signed. */
export interface FinishedFile {
  sha256: string;
  credentials: CredentialsNote;
  startsSeconds: number[];
}

/** The manifest of a job's video; `file` is the finished one. */
export function videoManifest(view: JobView, generative: boolean, file: FinishedFile): Manifest {
  const shots = view.shots.map((shot, index) => manifestShot(shot, file.startsSeconds[index]));
  return {
    type: 'video',
    assetId: view.job.videoId,
    jobId: view.id,
    createdAt: new Date().toISOString(),
    requestedAt: view.createdAt,
    sha256: file.sha256,
    provider: view.job.storyboard.provider,
    generative,
    shots,
    costUsd: shots.reduce((sum, shot) => sum + shot.costUsd, 0),
    ...(view.job.storyboard.dissolveSeconds === undefined ? {} : { dissolveSeconds: view.job.storyboard.dissolveSeconds }),
    ...(shots.length === 1 && shots[0].reportId !== undefined ? { reportId: shots[0].reportId } : {}),
    credentials: file.credentials,
  };
}

function manifestShot({ takes, current: { id, take }, stop }: ShotTakes, startSeconds: number | undefined): ManifestShot {
  const made = [...takes.filter((one) => one.id !== id), { id, take }].map(manifestTake);
  return {
    prompt: take.shot.prompt,
    takeId: id,
    seed: take.shot.seed,
    durationSeconds: take.result?.durationSeconds ?? take.shot.durationSeconds,
    ...(startSeconds === undefined ? {} : { startSeconds }),
    width: take.shot.width,
    height: take.shot.height,
    fps: take.shot.fps,
    ...(take.shot.camera ? { camera: take.shot.camera } : {}),
    references: take.shot.references.map(({ assetId, sha256, objectKey, role, name, atSeconds, retrieval }) => ({
      assetId,
      sha256,
      objectKey,
      role,
      name,
      ...(atSeconds === undefined ? {} : { atSeconds }),
      ...(retrieval ? { query: retrieval.query, candidates: retrieval.candidates } : {}),
    })),
    dropped: take.shot.dropped,
    notes: take.result?.notes ?? [],
    costUsd: made.reduce((sum, one) => sum + one.costUsd, 0),
    seconds: take.result?.seconds ?? 0,
    takes: made,
    ...(stop ? { stopped: stop.reason } : {}),
    ...(take.evaluation?.reportId === undefined ? {} : { reportId: take.evaluation.reportId }),
  };
}

function manifestTake({ id, take }: IdentifiedTake): ManifestTake {
  const { state, attempts, failure, startedAt, result, late, number = 1, change, evaluation } = take;
  return {
    id,
    number,
    ...(change ? { change } : {}),
    ...(evaluation ? { evaluation } : {}),
    state,
    attempts,
    ...(failure ? { failure: `${failure.reason}: ${failure.message}` } : {}),
    ...(startedAt ? { startedAt } : {}),
    ...(result ? { seconds: result.seconds, sha256: result.sha256 } : {}),
    costUsd: (result ?? late)?.costUsd ?? 0,
  };
}
