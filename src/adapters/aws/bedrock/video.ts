import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { CallOptions, JsonValue, ShotReference, ShotRequest, TakeStatus, VideoCapabilities, VideoGenerator } from '../../../ports.ts';
import type { Bedrock } from './client.ts';
import { type FrameFormat, type Keyframe, makeKeyframe } from './keyframe.ts';
import type { Model } from './models.ts';
import type { Pictures } from './pictures.ts';
import { type Made, madeOf } from './result-files.ts';
import type { Place, Results } from './results.ts';
import { type Condition, checkShot } from './shot-check.ts';

/** A video model of Bedrock: what it takes, and how a shot is put to it. Nothing here does input or output. */
export interface VideoModel {
  /** Provider id. */
  id: string;
  model: Model;
  capabilities: VideoCapabilities;
  /** What a shot has to meet besides the capabilities. */
  conditions(shot: ShotRequest): Condition[];
  /** See `VideoGenerator.limits`. */
  limits(shot: ShotRequest): string[];
  costUsd(shot: ShotRequest): number;
  /** Size and file format of its keyframes. */
  frame(shot: ShotRequest): FrameFormat;
  /** `modelInput` of StartAsyncInvoke. */
  input(shot: ShotRequest, frameOf: (reference: ShotReference) => Promise<Keyframe>): Promise<JsonValue>;
}

export interface VideoOptions {
  bedrock: Bedrock;
  results: Results;
  pictures: Pictures;
  /** Where Bedrock writes; the key is empty or ends with `/`. */
  output: Place;
  bucketOwner?: string | undefined;
  kmsKey?: string | undefined;
  /** Folder for files that were fetched and wait to be taken. */
  workDir: string;
}

/** What is known of a take beside its job, in S3 next to its result, so that any server can finish it. */
interface Request {
  costUsd: number;
  notes: string[];
}

const ARN = /^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:\d{12}:async-invoke\/([a-z0-9]{12})$/;
/** How far back a lost start is looked for, and how many pages of jobs are read. */
const FIND_MS = 48 * 3600_000;
const MAX_PAGES = 50;
/** A finished job's file may be seen this much later. */
const LATE_MS = 600_000;

/**
 * A video provider on Bedrock's asynchronous invocations. The take's token becomes the job's `clientRequestToken`, so the same token never starts twice;
 * the operation is `{ invocationArn }`. There is no way to stop a job, hence no `cancel`: what was started is billed.
 */
export function createBedrockVideo(video: VideoModel, options: VideoOptions): VideoGenerator {
  const { bedrock, results, pictures, output } = options;
  const { model, capabilities } = video;

  /** Everything before the job: after it, nothing may fail but the start itself. */
  async function prepare(shot: ShotRequest, place: Place, call: CallOptions): Promise<JsonValue> {
    const frame = video.frame(shot);
    const notes = [...video.limits(shot)];
    try {
      const input = await video.input(shot, async (reference) => {
        const made = await makeKeyframe(pictures, reference, frame);
        for (const note of made.notes) if (!notes.includes(note)) notes.push(note);
        return made;
      });
      const request: Request = { costUsd: video.costUsd(shot), notes };
      await results.put({ ...place, key: `${place.key}/${REQUEST}` }, JSON.stringify(request), call);
      return input;
    } catch (error) {
      throw notSent(error);
    }
  }

  async function start(shot: ShotRequest, { token, ...call }: { token: string } & CallOptions): Promise<JsonValue> {
    checkShot(shot, capabilities, video.conditions(shot));
    const clientRequestToken = requestToken(token);
    const place = { bucket: output.bucket, key: `${output.key}${clientRequestToken}` };
    const modelInput = await prepare(shot, place, call);
    const s3OutputDataConfig = {
      s3Uri: `s3://${place.bucket}/${place.key}`,
      ...(options.kmsKey ? { kmsKeyId: options.kmsKey } : {}),
      ...(options.bucketOwner ? { bucketOwner: options.bucketOwner } : {}),
    };
    const job = { clientRequestToken, modelInput, outputDataConfig: { s3OutputDataConfig } };
    return { invocationArn: await bedrock.startJob(model, job, call) };
  }

  async function finished(place: Place, invocationId: string, endTime: Date | undefined, call: CallOptions): Promise<TakeStatus> {
    const made = await madeOf(results, place, call);
    if ('failed' in made) return made.failed;
    if (!('key' in made)) {
      if (Date.now() - (endTime?.getTime() ?? Date.now()) < LATE_MS) return { state: 'running' };
      return { state: 'failed', reason: 'providerError', message: `${model.title} finished, but wrote no video.` };
    }
    const file = path.join(options.workDir, `bedrock-${invocationId}.mp4`);
    if (!(await isThere(file))) await results.fetch({ ...place, key: made.key }, file, call);
    return { state: 'succeeded', path: file, mediaType: 'video/mp4', ...(await requestOf(place, made, call)) };
  }

  async function requestOf(place: Place, made: Made, call: CallOptions): Promise<Request> {
    const text = await results.text({ ...place, key: `${path.posix.dirname(place.key)}/${REQUEST}` }, call);
    const gone: Request = { costUsd: 0, notes: ['What it cost is not known: the record beside the video in S3 is gone.'] };
    const request = text === undefined ? gone : (JSON.parse(text) as Request);
    return { ...request, notes: [...request.notes, ...made.notes] };
  }

  return {
    id: video.id,
    capabilities,
    estimate: (shot) => ({ costUsd: video.costUsd(shot) }),
    limits: video.limits,
    start,
    async find(token) {
      const wanted = requestToken(token);
      let nextToken: string | undefined;
      for (let page = 0; page < MAX_PAGES; page++) {
        const since = { submitTimeAfter: new Date(Date.now() - FIND_MS), sortBy: 'SubmissionTime' as const, sortOrder: 'Descending' as const };
        const answer = await bedrock.listJobs(model, { ...since, maxResults: 100, ...(nextToken ? { nextToken } : {}) }, {});
        const { invocationArn } = answer.asyncInvokeSummaries?.find(({ clientRequestToken }) => clientRequestToken === wanted) ?? {};
        if (invocationArn) return { invocationArn };
        nextToken = answer.nextToken;
        if (!nextToken) return undefined;
      }
      return undefined;
    },
    async poll(operation, call = {}) {
      const { invocationArn, invocationId } = readOperation(operation);
      const job = await bedrock.getJob(model, invocationArn, call);
      if (!job) return { state: 'lost' };
      if (job.status === 'Failed') return failed(model, job.failureMessage);
      if (job.status !== 'Completed') return { state: 'running' };
      return finished(readUri(job.outputDataConfig?.s3OutputDataConfig?.s3Uri), invocationId, job.endTime, call);
    },
  };
}

const REQUEST = 'request.json';

/** Bedrock takes 1 to 256 printable characters. */
const requestToken = (token: string): string => `vrag-${createHash('sha256').update(token).digest('hex')}`;

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Codes that the port reads as refused for good, or not accepted; anything else would mean that the take may have been started. */
function notSent(error: unknown): AppError {
  const failure = error instanceof AppError ? error : new AppError('INTERNAL', 'The request could not be made.', { cause: error });
  if (['INVALID_INPUT', 'FORBIDDEN', 'MISCONFIGURED', 'NOT_FOUND', 'CANCELLED'].includes(failure.code)) return failure;
  const code = failure.code === 'UNAVAILABLE' || failure.code === 'RATE_LIMITED' ? 'RATE_LIMITED' : 'INVALID_INPUT';
  return new AppError(code, failure.message, { ...(failure.hint ? { hint: failure.hint } : {}), cause: failure.cause ?? failure });
}

/** Why a job failed is told by its text alone (AWS docs, "video generation errors"). */
function failed(model: Model, failureMessage = ''): TakeStatus {
  console.error(`[bedrock] ${model.title}: ${failureMessage}`);
  if (/content filter|blocked/i.test(failureMessage)) {
    return { state: 'failed', reason: 'contentPolicy', message: `The content filters of ${model.title} blocked the video.` };
  }
  return { state: 'failed', reason: 'providerError', message: `${model.title} could not make the video.` };
}

function readOperation(operation: JsonValue): { invocationArn: string; invocationId: string } {
  const arn = operation && typeof operation === 'object' && !Array.isArray(operation) ? operation.invocationArn : undefined;
  const invocationId = typeof arn === 'string' ? ARN.exec(arn)?.[1] : undefined;
  if (typeof arn === 'string' && invocationId) return { invocationArn: arn, invocationId };
  throw new AppError('INVALID_INPUT', 'The operation is no job of Amazon Bedrock.', { hint: 'Give back exactly what `start` returned.' });
}

/** `s3://bucket/key`, without a slash at its end. */
export function readUri(uri: string | undefined): Place {
  const { bucket = '', key = '' } = /^s3:\/\/(?<bucket>[^/]+)\/?(?<key>.*?)\/*$/.exec(uri ?? '')?.groups ?? {};
  if (bucket) return { bucket, key };
  throw new AppError('UNAVAILABLE', 'Amazon Bedrock did not say where the video is.');
}
