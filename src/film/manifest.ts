import type { JsonValue, Ports } from '../ports.ts';
import { cite, createOnce } from './citations.ts';
import type { JobView } from './jobs.ts';

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
  /** The query that found it, where it was retrieved. */
  query?: string;
}

/** The provenance record of an asset made here. */
export type Manifest =
  | {
      type: 'video';
      assetId: string;
      jobId: string;
      createdAt: string;
      provider: string;
      /** False: camera moves over the references, no AI-generated media. */
      generative: boolean;
      shots: {
        prompt: string;
        takeId: string;
        seed: number;
        durationSeconds: number;
        camera?: string;
        references: ManifestReference[];
        notes: string[];
        costUsd: number;
        seconds: number;
      }[];
      costUsd: number;
    }
  | {
      type: 'inpaint';
      assetId: string;
      createdAt: string;
      source: ManifestReference;
      algorithm: string;
      maskSha256: string;
      changedShare: number;
      seed: number;
    };

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

/** The manifest of a job's video. */
export function videoManifest(view: JobView, generative: boolean): Manifest {
  const shots = view.takes.map((take, index) => ({
    prompt: take.shot.prompt,
    takeId: view.job.takeIds[index],
    seed: take.shot.seed,
    durationSeconds: take.result?.durationSeconds ?? take.shot.durationSeconds,
    ...(take.shot.camera ? { camera: take.shot.camera } : {}),
    references: take.shot.references.map(({ assetId, sha256, objectKey, role, name, atSeconds, retrieval }) => ({
      assetId,
      sha256,
      objectKey,
      role,
      name,
      ...(atSeconds === undefined ? {} : { atSeconds }),
      ...(retrieval ? { query: retrieval.query } : {}),
    })),
    notes: take.result?.notes ?? [],
    costUsd: take.result?.costUsd ?? 0,
    seconds: take.result?.seconds ?? 0,
  }));
  return {
    type: 'video',
    assetId: view.job.videoId,
    jobId: view.id,
    createdAt: new Date().toISOString(),
    provider: view.job.storyboard.provider,
    generative,
    shots,
    costUsd: shots.reduce((sum, shot) => sum + shot.costUsd, 0),
  };
}
