import { AppError } from '../errors.ts';
import { TOMBSTONE } from '../library/assets.ts';
import { cleanText } from '../library/text.ts';
import type { Ports, StoredRecord } from '../ports.ts';
import type { CredentialsNote } from './credentials.ts';
import { etaSeconds } from './eta.ts';
import type { Storyboard } from './storyboard.ts';
import { isFinal, type TakeState } from './take-state.ts';
import { giveUpTake, readTake, stopTake, TAKE, type Take } from './takes.ts';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** The stored body of a job: a storyboard to render. While it is open, its state is derived from its takes. */
export interface Job {
  storyboard: Storyboard;
  takeIds: string[];
  /** Id that the finished video will have; fixed from the start, so finishing twice makes one video. */
  videoId: string;
  /** Tries to join the shots that something hindered, and when the next one is. */
  finish?: { tries: number; tryAt: string; message: string };
  /** Files of the video while it is not in the catalog yet. */
  made?: MadeFiles;
  /** Set once the job is over. */
  ended?: { state: Exclude<JobState, 'queued' | 'running' | 'unknown'>; message?: string; at: string };
  video?: FinishedVideo;
  /** Finished shots of a job that made no video: readable copies (absolute path or URL). */
  kept?: { index: number; path: string }[];
}

/** The joined and signed video, its contact sheet, poster and animated preview, as they are in the object store. */
export interface MadeFiles {
  objectKey: string;
  sha256: string;
  byteLength: number;
  credentials: CredentialsNote;
  /** When each shot begins in it. */
  startsSeconds: number[];
  sheetKey: string;
  posterKey: string;
  previewKey: string;
}

export interface FinishedVideo {
  objectKey: string;
  sha256: string;
  /** Absolute path or URL of the readable copy. */
  path: string;
  width: number;
  height: number;
  durationSeconds: number;
  fps: number;
  /** Object key of a JPEG contact sheet. */
  sheetKey: string;
  sheetPath: string;
  /** JPEG of the first clear frame and an animated WebP; absent in videos of earlier versions. */
  posterKey?: string;
  posterPath?: string;
  previewKey?: string;
  previewPath?: string;
  /** Absent: made before files were signed. */
  credentials?: CredentialsNote;
}

/** A job with its takes, read at one moment. */
export interface JobView {
  id: string;
  state: JobState;
  /** Why it ended as it did. */
  message?: string;
  /** 0..1 */
  progress: number;
  /** Until the shots are made; absent where nothing tells. */
  etaSeconds?: number;
  createdAt: string;
  updatedAt: string;
  job: Job;
  takes: Take[];
  /** When its video was deleted, if it was. */
  videoDeletedAt?: string;
}

export const JOB = 'job';

export const readJob = (record: StoredRecord): Job => record.body as unknown as Job;

/** Ids of all references, each once. */
export function referenceIds(storyboard: Storyboard): string[] {
  return [...new Set(storyboard.shots.flatMap((shot) => shot.references.map((reference) => reference.assetId)))];
}

/** The job as it stands, or `undefined`. */
export async function readJobView(ports: Ports, id: string): Promise<JobView | undefined> {
  const record = await ports.records.get(JOB, id);
  return record && (await viewsOf(ports, [record]))[0];
}

/** Jobs with their takes, in three reads however many they are. */
async function viewsOf(ports: Ports, records: StoredRecord[]): Promise<JobView[]> {
  const jobs = records.map(readJob);
  const [takes, tombstones] = await Promise.all([
    ports.records.getMany(
      TAKE,
      jobs.flatMap((job) => job.takeIds),
    ),
    ports.records.getMany(
      TOMBSTONE,
      jobs.flatMap((job) => (job.video ? [job.videoId] : [])),
    ),
  ]);
  const takeOf = new Map(takes.map((record) => [record.id, readTake(record)]));
  const deletedAt = new Map(tombstones.map((record) => [record.id, record.createdAt]));
  return records.map((record, index) => {
    const job = jobs[index];
    const own = job.takeIds.flatMap((id) => takeOf.get(id) ?? []);
    return viewOf(record, job, own, deletedAt.get(job.videoId));
  });
}

function viewOf({ id, createdAt, updatedAt }: StoredRecord, job: Job, takes: Take[], videoDeletedAt: string | undefined): JobView {
  const done = takes.reduce((sum, take) => sum + (take.state === 'succeeded' ? 1 : take.progress), 0) / Math.max(1, job.takeIds.length);
  const eta = job.ended ? undefined : etaSeconds(takes);
  const state = job.ended?.state ?? derive(takes);
  const message = job.ended ? job.ended.message : state === 'failed' || state === 'cancelled' ? endMessage(takes) : undefined;
  return {
    id,
    state,
    ...(message === undefined ? {} : { message }),
    progress: job.ended?.state === 'succeeded' ? 1 : Math.round(done * 100) / 100,
    ...(eta === undefined ? {} : { etaSeconds: eta }),
    createdAt,
    updatedAt,
    job,
    takes,
    ...(videoDeletedAt === undefined ? {} : { videoDeletedAt }),
  };
}

/** The job, or NOT_FOUND naming recent ones. */
export async function requireJobView(ports: Ports, id: string): Promise<JobView> {
  const view = await readJobView(ports, id);
  if (view) return view;
  const recent = await ports.records.list(JOB, { limit: 3 });
  const ids = recent.records.map((record) => record.id).join(', ');
  throw new AppError('NOT_FOUND', `There is no job "${cleanText(id, 64)}".`, {
    hint: ids ? `Recent jobs: ${ids}. Call get_job without jobId for a list.` : 'No job was started yet: generate_video starts one.',
  });
}

function derive(takes: Take[]): JobState {
  const states = takes.map((take) => take.state);
  if (states.every((state) => state === 'created')) return 'queued';
  if (!states.every(isFinal)) return 'running';
  return states.includes('unknown') ? 'unknown' : (terminal(states) ?? 'running');
}

/** Why takes did not make a video, and what is paid all the same. */
export function endMessage(takes: Take[]): string {
  const failed = takes.filter((take) => take.failure).map((take) => `Shot ${take.index + 1}: ${take.failure?.message} (${take.failure?.reason})`);
  const billed = takes.filter((take) => take.stillBilled).map((take) => take.index + 1);
  const still = billed.length > 0 ? [`Still billed by the provider: shot ${billed.join(', ')}. Should a clip come of it, it is kept.`] : [];
  return [...(failed.length > 0 ? failed : ['Cancelled.']), ...still].join(' ');
}

/** The end that final takes mean for their job; `undefined` where all succeeded, and the video is still to be joined. */
export function terminal(states: TakeState[]): 'failed' | 'cancelled' | undefined {
  if (states.includes('failed')) return 'failed';
  if (states.includes('cancelled')) return 'cancelled';
  return undefined;
}

/**
 * Asks all unfinished takes to stop; the workers that hold them do it. `giveUp`: the user's word that takes whose fate is unknown are not
 * waited for any more, so that the job fails and may be asked for again. Returns the job as it then stands.
 */
export async function cancelJob(ports: Ports, id: string, { giveUp = false }: { giveUp?: boolean } = {}): Promise<JobView> {
  const view = await requireJobView(ports, id);
  if (view.job.ended) return view;
  for (const takeId of view.job.takeIds) {
    await stopTake(ports, takeId);
    if (giveUp) await giveUpTake(ports, takeId);
  }
  return requireJobView(ports, id);
}

/** Jobs, newest first. */
export async function listJobs(ports: Ports, page: { limit: number; cursor?: string }): Promise<{ views: JobView[]; cursor?: string }> {
  const { records, cursor } = await ports.records.list(JOB, page);
  return { views: await viewsOf(ports, records), ...(cursor === undefined ? {} : { cursor }) };
}
