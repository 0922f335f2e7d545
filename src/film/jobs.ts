import { AppError } from '../errors.ts';
import { TOMBSTONE } from '../library/assets.ts';
import { cleanText } from '../library/text.ts';
import type { JsonValue, Ports, StoredRecord } from '../ports.ts';
import { createOnce } from './citations.ts';
import type { Budget } from './cost.ts';
import type { CredentialsNote } from './credentials.ts';
import { etaSeconds } from './eta.ts';
import { furtherTakeId, isDecided, type ShotStop, type ShotTakes, shotTakes, takeIdsOf } from './shot-takes.ts';
import type { Storyboard } from './storyboard.ts';
import { isFinal, type TakeState } from './take-state.ts';
import { giveUpTake, readTake, stopTake, TAKE, type Take, type TakeResult } from './takes.ts';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** The stored body of a job: a storyboard to render. While it is open, its state is derived from its takes. */
export interface Job {
  storyboard: Storyboard;
  takeIds: string[];
  /** Id that the finished video will have; fixed from the start, so finishing twice makes one video. */
  videoId: string;
  /** Of a paid provider: what it was approved to cost. */
  budget?: Budget;
  /** Shots whose clip an earlier job without a video had paid for. */
  taken?: TakenShot[];
  /** Tries to join the shots that something hindered, and when the next one is. */
  finish?: { tries: number; tryAt: string; message: string };
  /** Files of the video while it is not in the catalog yet. */
  made?: MadeFiles;
  /** Set once the job is over. */
  ended?: { state: Exclude<JobState, 'queued' | 'running' | 'unknown'>; message?: string; at: string };
  video?: FinishedVideo;
  /** Of each shot why it got no further take, where it may have several; null: not decided yet. */
  stops?: (ShotStop | null)[];
  /** Finished shots of a job that made no video: readable copies (absolute path or URL). */
  kept?: { index: number; path: string }[];
}

/** A finished shot of a failed or cancelled job that a later one uses. */
export interface TakenShot {
  index: number;
  /** Where it was made and paid for. */
  jobId: string;
  result: TakeResult;
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
  /** Of each shot the take that stands for it: the one that was kept, before that the last. */
  takes: Take[];
  /** All takes of each shot. */
  shots: ShotTakes[];
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
    ports.records.getMany(TAKE, jobs.flatMap(takeIdsOf)),
    ports.records.getMany(
      TOMBSTONE,
      jobs.flatMap((job) => (job.video ? [job.videoId] : [])),
    ),
  ]);
  const takeOf = new Map(takes.map((record) => [record.id, readTake(record)]));
  const deletedAt = new Map(tombstones.map((record) => [record.id, record.createdAt]));
  return records.map((record, index) => {
    const job = jobs[index];
    return viewOf(record, job, shotTakes(job, takeOf), deletedAt.get(job.videoId));
  });
}

function viewOf({ id, createdAt, updatedAt }: StoredRecord, job: Job, shots: ShotTakes[], videoDeletedAt: string | undefined): JobView {
  const takes = shots.map(({ current }) => current.take);
  const done = shots.reduce((sum, shot) => sum + progressOf(shot, job), 0) / Math.max(1, job.takeIds.length);
  const eta = job.ended ? undefined : etaSeconds(takes);
  const state = job.ended?.state ?? derive(job, shots);
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
    shots,
    ...(videoDeletedAt === undefined ? {} : { videoDeletedAt }),
  };
}

/** 0..1; of a shot that may get further takes its share of all of them, so that it never goes back. */
function progressOf({ takes, current: { take }, stop }: ShotTakes, { storyboard: { quality } }: Job): number {
  const own = take.state === 'succeeded' ? 1 : take.progress;
  return quality === undefined || stop ? own : (takes.length - 1 + own) / quality.maxTakes;
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

function derive(job: Job, shots: ShotTakes[]): JobState {
  const states = shots.map(({ current }) => current.take.state);
  if (states.every((state) => state === 'created') && shots.every(({ takes }) => takes.length === 1)) return 'queued';
  if (!states.every(isFinal) || !isDecided({ job, shots })) return 'running';
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
  for (const { current, stop } of view.shots) {
    if (!stop) await stopShot(ports, view.job, current.take);
    if (giveUp) await giveUpTake(ports, current.id);
  }
  return requireJobView(ports, id);
}

/** Stops the shot's take; where it has succeeded meanwhile, the next one that might follow: one that is not written yet is written as cancelled. */
async function stopShot(ports: Ports, job: Job, { jobId, index }: Take): Promise<void> {
  for (let number = 1; number <= (job.storyboard.quality?.maxTakes ?? 1); number++) {
    const id = furtherTakeId(job.takeIds[index], number);
    if (number > 1) await createOnce(ports, TAKE, id, cancelledTake(job, { jobId, index, number }) as unknown as JsonValue);
    if ((await stopTake(ports, id)).state !== 'succeeded') return;
  }
}

function cancelledTake({ storyboard }: Job, { jobId, index, number }: Pick<Take, 'jobId' | 'index' | 'number'>): Take {
  const { provider, shots } = storyboard;
  return { jobId, index, number, provider, shot: shots[index], state: 'cancelled', attempts: 0, progress: 0, stillBilled: false };
}

/** Jobs that are looked at for changes. */
const MOST_OPEN = 50;

/** Ids of the newest jobs that have not ended, at most 50. */
export async function openJobIds(ports: Ports): Promise<string[]> {
  return (await ports.records.list(JOB, { limit: MOST_OPEN, open: true })).records.map(({ id }) => id);
}

/** Jobs, newest first. */
export async function listJobs(ports: Ports, page: { limit: number; cursor?: string }): Promise<{ views: JobView[]; cursor?: string }> {
  const { records, cursor } = await ports.records.list(JOB, page);
  return { views: await viewsOf(ports, records), ...(cursor === undefined ? {} : { cursor }) };
}
