import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { RawImage } from '../../../ports/pictures.ts';
import type { JsonValue } from '../../../ports/storage.ts';
import type { ShotRequest, TakeStatus, VideoCapabilities, VideoGenerator } from '../../../ports/video.ts';
import { ChildHost, ChildStopped } from '../child/host.ts';
import type { CodecChoice } from '../media/backend.ts';
import { makeFolder } from '../store/folders.ts';
import type { RenderParams, RenderResult } from './child.ts';
import { DISK_FULL, isDiskFull } from './failure.ts';
import { beginJournal, dropJournal, endJournal, exists, readJournal, removePartials, sweep, touchJournal } from './journal.ts';
import { checkShot, type PlannedShot, planRequest, requestLimits } from './request.ts';

export interface AnimaticOptions {
  /** Folder for finished and unfinished files; made when needed, may be shared by several processes. */
  workDir: string;
  /** Which codec the renderer uses; default `auto`. */
  codec?: CodecChoice;
  /** Draws the storyboard card of a shot without a reference (`Images.card`). */
  card: (text: string, options: { width: number; height: number; title?: string }) => Promise<RawImage>;
}

const CAPABILITIES: VideoCapabilities = {
  title: 'Animatic (storyboard preview)',
  generative: false,
  roles: ['firstFrame', 'lastFrame', 'subject'],
  textOnly: true,
  minSeconds: 1,
  maxSeconds: 120,
  maxWidth: 1920,
  maxHeight: 1920,
  fps: [24, 30],
  seed: true,
  free: true,
};

const PREFIX = 'animatic-';
const HEARTBEAT_MS = 1000;
/** A frame of 1920x1080 takes about .1 s on a slow core; ten times that, and half a minute to start. */
const timeLimitSeconds = (frames: number) => 30 + frames;

interface Render {
  progress: number;
  abort: AbortController;
  done: Promise<void>;
}

/**
 * The embedded video provider: a real camera move over the reference (or a storyboard card), rendered in a child process of its own, takes
 * one after the other. The operation is `{ token, path }`; the state beside `path` lets any process poll it, and a renderer that was killed
 * is `lost` after 5 s.
 */
export function createAnimatic(options: AnimaticOptions): VideoGenerator & { close(): void } {
  const child = new ChildHost(new URL('./child.js', import.meta.url), { name: 'animatic', idleSeconds: 30 });
  const renders = new Map<string, Render>();
  let queue: Promise<unknown> = Promise.resolve();

  const operationOf = (token: string) => ({
    token,
    path: path.join(options.workDir, `${PREFIX}${createHash('sha256').update(token).digest('hex').slice(0, 32)}.mp4`),
  });

  async function picture(shot: ShotRequest, planned: PlannedShot): Promise<RenderParams['picture']> {
    if (planned.picturePath !== undefined) return { path: planned.picturePath };
    return { image: await options.card(shot.prompt, { width: shot.width, height: shot.height, title: 'Storyboard' }) };
  }

  async function render(shot: ShotRequest, video: string, state: Render): Promise<void> {
    if (state.abort.signal.aborted) return;
    const planned = planRequest(shot);
    const params: RenderParams = {
      plan: planned.plan,
      picture: await picture(shot, planned),
      lastPicture: planned.lastPath === undefined ? undefined : { path: planned.lastPath },
      outputPath: video,
      codec: options.codec ?? 'auto',
    };
    const result = await child.call<RenderResult>('render', params, {
      signal: state.abort.signal,
      timeoutSeconds: timeLimitSeconds(planned.plan.frames),
      onEvent: ({ progress }: { progress: number }) => {
        state.progress = progress;
      },
    });
    if ('failed' in result) await endJournal(video, { state: 'failed', reason: result.failed, message: result.message });
    else await endJournal(video, { state: 'succeeded', notes: [...planned.notes, ...result.notes] });
  }

  async function run(shot: ShotRequest, video: string, state: Render): Promise<void> {
    const heartbeat = setInterval(() => {
      touchJournal(video, state.progress).then(
        (alive) => alive || state.abort.abort(),
        (error: unknown) => console.error('[animatic]', error),
      );
    }, HEARTBEAT_MS);
    try {
      const turn = queue.then(() => render(shot, video, state));
      queue = turn.catch(() => undefined);
      await turn;
    } catch (error) {
      if (isLost(error)) await forget(video);
      else if (!state.abort.signal.aborted) await fail(video, error);
    } finally {
      clearInterval(heartbeat);
      renders.delete(video);
      if (state.abort.signal.aborted) await forget(video);
    }
  }

  async function start(shot: ShotRequest, { token }: { token: string }): Promise<JsonValue> {
    checkShot(shot, CAPABILITIES);
    const operation = operationOf(token);
    const video = operation.path;
    if (renders.has(video)) return operation;
    const state: Render = { progress: 0, abort: new AbortController(), done: Promise.resolve() };
    renders.set(video, state);
    let begun = false;
    try {
      begun = await claim(video);
    } finally {
      if (!begun) renders.delete(video);
    }
    if (begun) {
      state.done = run(shot, video, state).catch((error: unknown) => console.error('[animatic]', error));
    }
    return operation;
  }

  return {
    id: 'animatic',
    capabilities: CAPABILITIES,
    estimate: () => ({ costUsd: 0 }),
    limits: requestLimits,
    start,
    async find(token) {
      const operation = operationOf(token);
      return (await exists(operation.path)) || (await readJournal(operation.path)) ? operation : undefined;
    },
    async poll(operation) {
      const { path: video } = readOperation(operation, options.workDir);
      const own = renders.get(video);
      return own ? { state: 'running', progress: own.progress } : readStatus(video);
    },
    async cancel(operation) {
      const { path: video } = readOperation(operation, options.workDir);
      const own = renders.get(video);
      own?.abort.abort();
      await dropJournal(video);
      await own?.done;
      if (!own) await rm(video, { force: true });
      return { stillBilled: false };
    },
    close() {
      for (const state of renders.values()) state.abort.abort();
      child.close();
    },
  };
}

/** True where this call shall render: nobody else does, and there is no finished file. */
async function claim(video: string): Promise<boolean> {
  await makeFolder(path.dirname(video));
  await sweep(path.dirname(video), PREFIX);
  const found = await readJournal(video);
  if (await exists(video)) {
    if (found?.entry.state === 'succeeded') return false;
  } else if (!found) return beginJournal(video, false);
  if (found && found.entry.state === 'running' && !found.stale) return false;
  await removePartials(video);
  return beginJournal(video, true);
}

/** The renderer died by no doing of ours (out of memory, say): the take is forgotten, so that it may be started again. */
function isLost(error: unknown): boolean {
  return error instanceof ChildStopped && error.reason === 'exited';
}

async function fail(video: string, error: unknown): Promise<void> {
  if (!(error instanceof AppError)) console.error('[animatic]', error);
  const message = error instanceof AppError ? error.message : 'The animatic could not be rendered. Details are in the server log (stderr).';
  const timeout = error instanceof ChildStopped && error.reason === 'timeout';
  await removePartials(video);
  if (isDiskFull(error)) await endJournal(video, { state: 'failed', reason: 'outOfDisk', message: DISK_FULL });
  else await endJournal(video, { state: 'failed', reason: timeout ? 'timeout' : 'providerError', message });
}

async function forget(video: string): Promise<void> {
  await dropJournal(video);
  await removePartials(video);
  await rm(video, { force: true });
}

async function readStatus(video: string): Promise<TakeStatus> {
  const found = await readJournal(video);
  if (!found) return { state: 'lost' };
  const { entry, stale } = found;
  if (entry.state === 'failed') return entry;
  if (entry.state === 'running' && !stale) return { state: 'running', progress: entry.progress };
  // A file under its final name is complete, even where its process ended before it could say so.
  if (!(await exists(video))) return { state: 'lost' };
  const notes = entry.state === 'succeeded' ? entry.notes : ['The renderer was ended before it wrote its notes.'];
  return { state: 'succeeded', path: video, mediaType: 'video/mp4', costUsd: 0, notes };
}

/** Only paths that this adapter itself makes are accepted, whatever a record says. */
function readOperation(operation: JsonValue, workDir: string): { path: string } {
  const file = operation && typeof operation === 'object' && !Array.isArray(operation) ? operation.path : undefined;
  if (typeof file === 'string' && path.dirname(file) === path.resolve(workDir) && path.basename(file).startsWith(PREFIX)) return { path: file };
  throw new AppError('INVALID_INPUT', 'The operation is not one of the animatic renderer.', { hint: 'Give back exactly what `start` returned.' });
}
