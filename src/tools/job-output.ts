import * as z from 'zod';
import type { FinishedVideo, JobView } from '../film/jobs.ts';
import type { ShotTakes } from '../film/shot-takes.ts';
import type { Take } from '../film/takes.ts';
import type { LibraryJobView } from '../library/jobs.ts';
import type { Studio } from '../studio.ts';
import { type TakeData, takeLines, takesOutput } from './take-output.ts';

export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'unknown'] as const;

const Shot = z.looseObject({ state: z.string(), prompt: z.string(), referenceIds: z.array(z.string()) });

/** One shot as results show it. */
type ShotData = {
  state: string;
  prompt: string;
  referenceIds: string[];
  progress: number;
  seed: number;
  /** What the provider did or could not honour. */
  notes: string[];
  failure?: string;
  /** Where a quality goal was given. */
  takes?: TakeData[];
  /** Why it got no further take. */
  stopped?: string;
};

/** `VideoData` has all of it. */
const Video = z.looseObject({ id: z.string(), uri: z.string(), path: z.string() }).partial();

/** A finished video as results show it; paths only to clients that share this machine's files. */
type VideoData = {
  id: string;
  uri: string;
  path?: string;
  contactSheetPath?: string;
  /** JPEG of the first clear frame. */
  posterPath?: string;
  /** Animated WebP. */
  previewPath?: string;
  sha256: string;
  width: number;
  height: number;
  durationSeconds: number;
  fps: number;
  /** What they say, who signed, or why there are none. */
  credentials?: string;
};

/** `FilesData` has all of it. */
const Files = z.looseObject({ total: z.number(), done: z.number(), failed: z.number() }).partial();

/** Of a folder, or the assets of a collection. */
type FilesData = {
  total: number;
  done: number;
  added?: number;
  alreadyThere?: number;
  failed: number;
  /** The latest ones. */
  failures: { file: string; reason: string }[];
};

/** One job as results show it. What a part always has is not said in the tool list: that is paid for in every conversation. */
export const JobOutput = z.looseObject({
  jobId: z.string(),
  type: z.string(),
  state: z.string(),
  progress: z.number(),
  etaSeconds: z.number().optional(),
  createdAt: z.string(),
  collection: z.string().optional(),
  files: Files.optional(),
  provider: z.string().optional(),
  generative: z.boolean().optional(),
  shots: z.array(Shot.partial()).optional(),
  costUsd: z.number().optional(),
  video: Video.optional(),
  message: z.string().optional(),
});

type Common = Pick<z.input<typeof JobOutput>, 'jobId' | 'progress' | 'createdAt' | 'message'> & { state: (typeof jobStates)[number] };

export type VideoJobData = Common & {
  type: 'video';
  etaSeconds?: number;
  collection: string;
  provider: string;
  generative: boolean;
  shots: ShotData[];
  /** What the provider named so far. */
  costUsd: number;
  /** Of a paid job: what it was approved to cost, and what beside `costUsd` may be billed, or have been. */
  budget?: { approvedUsd: number; openUsd: number };
  video?: VideoData;
};

export type LibraryJobData = Common & {
  type: 'ingest' | 'reindex' | 'delete';
  collection: string;
  files: FilesData;
};

export type JobData = VideoJobData | LibraryJobData;

/** The first sentence of every result that concerns a video of a renderer that is no AI model. */
export function providerSentence(generative: boolean): string {
  return generative
    ? ''
    : 'This is an animatic, camera moves over the reference, and not a clip of an AI video model (VRAG_VIDEO_MODELS adds one: "Video models" in the README). ';
}

export function jobOutput(studio: Studio, view: JobView): VideoJobData {
  const { job, shots } = view;
  const { video, storyboard } = job;
  const generator = studio.ports.videoGenerators.get(storyboard.provider);
  const message = view.videoDeletedAt === undefined ? statusMessage(view, generator !== undefined) : `Its video was deleted on ${view.videoDeletedAt}.`;
  const generative = generator?.capabilities.generative ?? true;
  const { spentUsd, openUsd } = studio.film.costOf(view);
  return {
    jobId: view.id,
    type: 'video',
    state: view.state,
    progress: view.progress,
    ...(view.etaSeconds === undefined ? {} : { etaSeconds: view.etaSeconds }),
    createdAt: view.createdAt,
    collection: storyboard.collection,
    provider: storyboard.provider,
    generative,
    shots: shots.map((shot) => shotOutput(studio, view, shot)),
    costUsd: spentUsd,
    ...(job.budget ? { budget: { approvedUsd: job.budget.reservedUsd, openUsd } } : {}),
    ...(video && view.videoDeletedAt === undefined
      ? {
          video: {
            id: job.videoId,
            uri: `vrag://videos/${job.videoId}`,
            ...(studio.localPaths ? pathsOf(video) : {}),
            sha256: video.sha256,
            width: video.width,
            height: video.height,
            durationSeconds: Math.round(video.durationSeconds * 100) / 100,
            fps: Math.round(video.fps * 100) / 100,
            ...(video.credentials ? { credentials: studio.film.credentialsText(video.credentials) } : {}),
          },
        }
      : {}),
    ...(message ? { message } : {}),
  };
}

function shotOutput({ localPaths }: Studio, { job }: JobView, shot: ShotTakes): ShotData {
  const { take } = shot.current;
  return {
    state: take.state,
    prompt: take.shot.prompt,
    referenceIds: take.shot.references.map((reference) => reference.assetId),
    progress: take.state === 'succeeded' ? 1 : Math.round(take.progress * 100) / 100,
    seed: take.shot.seed,
    notes: [...(take.result?.notes ?? take.shot.dropped), ...afterNotes(take, keptPath(job, take), localPaths)],
    ...(take.failure ? { failure: `${take.failure.reason}: ${take.failure.message}` } : {}),
    ...(job.storyboard.quality ? takesOutput(shot) : {}),
  };
}

/** The places of its files. */
export function pathsOf({
  path,
  sheetPath,
  posterPath,
  previewPath,
}: FinishedVideo): Pick<VideoData, 'path' | 'contactSheetPath' | 'posterPath' | 'previewPath'> {
  return { path, contactSheetPath: sheetPath, ...(posterPath ? { posterPath } : {}), ...(previewPath ? { previewPath } : {}) };
}

/** Why a job ended as it did, or what it waits for. */
function statusMessage({ message, job: { ended, finish, storyboard } }: JobView, configured: boolean): string | undefined {
  if (message !== undefined || ended) return message;
  if (finish) return `The shots are made; joining them failed ${finish.tries} times and is tried again at ${finish.tryAt}. ${finish.message}`;
  return configured ? undefined : `Waiting: video provider "${storyboard.provider}" is not configured here.`;
}

const keptPath = ({ kept = [] }: JobView['job'], { index }: Take): string | undefined => kept.find((shot) => shot.index === index)?.path;

/** What became of a shot after its end. */
function afterNotes({ state, result, late, stillBilled, watchUntil }: Take, kept: string | undefined, localPaths: boolean): string[] {
  if (kept !== undefined) return [`Its clip is kept: ${localPaths ? kept : `sha256 ${result?.sha256}`}.`];
  if (late) return [`Its clip came after the end and is kept, but not part of the video: ${localPaths ? late.path : `sha256 ${late.sha256}`}.`];
  const billed = stillBilled ? ['Cancelled, but still billed by the provider.'] : [];
  if (state === 'unknown' && watchUntil !== undefined) return [`The provider is asked after it until ${watchUntil}.`];
  return watchUntil === undefined ? billed : [...billed, `Should its clip come before ${watchUntil}, it is kept.`];
}

export function jobText(data: JobData): string {
  return data.type === 'video' ? videoJobText(data) : libraryJobText(data);
}

function costText({ costUsd, budget }: VideoJobData): string {
  if (!budget) return `cost ${costUsd} USD`;
  return `cost ${costUsd} of ${budget.approvedUsd} USD approved${budget.openUsd > 0 ? `, ${budget.openUsd} USD more may be billed` : ''}`;
}

function videoJobText(data: VideoJobData): string {
  const shots = data.shots.map((shot, index) => {
    const notes = [...shot.notes, ...(shot.failure ? [`failed: ${shot.failure}`] : [])];
    const takes = takeLines(shot);
    return `  shot ${index + 1}: ${shot.state}, references ${shot.referenceIds.join(', ') || 'none'}, seed ${shot.seed}: ${shot.prompt}${[...notes, ...takes].map((note) => `\n    - ${note}`).join('')}`;
  });
  const { video } = data;
  const stills = [...(video?.posterPath ? [`poster: ${video.posterPath}`] : []), ...(video?.previewPath ? [`animated preview: ${video.previewPath}`] : [])];
  const made = video
    ? [
        `Video ${video.id}: ${video.width}x${video.height}, ${video.durationSeconds} s at ${video.fps} fps, sha256 ${video.sha256}`,
        `  ${video.uri}${video.path ? ` | ${[video.path, `contact sheet: ${video.contactSheetPath}`, ...stills].join(' | ')}` : ''}`,
        ...(video.credentials ? [`  ${video.credentials}`] : []),
      ]
    : [];
  const head = `${providerSentence(data.generative)}Job ${data.jobId}: ${data.state}, ${Math.round(data.progress * 100)} %${data.etaSeconds === undefined ? '' : `, about ${data.etaSeconds} s left`}, ${data.provider}, collection "${data.collection}", ${costText(data)}, made ${data.createdAt}.`;
  return [head, ...(data.message ? [data.message] : []), ...made, ...shots].join('\n');
}

/** File paths are shown to clients that share this machine's files, to others the names. */
export function libraryJobOutput(studio: Studio, view: LibraryJobView): LibraryJobData {
  const { work, ended, waiting } = view.job;
  const { total, done, added, alreadyThere, failed, skipped } = view.counts;
  const shown = (file: string) => (studio.localPaths ? file : (file.split(/[/\\]/).at(-1) ?? ''));
  const message = ended ? ended.message : waiting && `Waiting: ${waiting}`;
  return {
    jobId: view.id,
    type: work.type,
    state: view.state,
    progress: view.progress,
    createdAt: view.createdAt,
    collection: work.collection,
    files: {
      // What is no picture or video is not worth counting.
      total: total - skipped,
      done: done - skipped,
      ...(work.type === 'ingest' ? { added, alreadyThere } : {}),
      failed,
      failures: view.failures.map(({ file, reason }) => ({ file: shown(file), reason })),
    },
    ...(message ? { message } : {}),
  };
}

function libraryJobText({ jobId, type, state, progress, createdAt, collection, files, message }: LibraryJobData): string {
  const of = type === 'ingest' ? `files: ${files.added} added, ${files.alreadyThere} already there, ` : 'assets: ';
  const head = `${type} job ${jobId}, collection "${collection}": ${state}, ${Math.round(progress * 100)} %, made ${createdAt}.`;
  const counts = `${files.done} of ${files.total} ${of}${files.failed} failed.`;
  return [head, counts, ...(message ? [message] : []), ...files.failures.map(({ file, reason }) => `  ${file}: ${reason}`)].join('\n');
}
