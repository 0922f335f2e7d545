import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { JsonValue, Ports, ShotRequest, StoredRecord, TakeFailure, TakeStatus, VideoGenerator } from '../ports.ts';
import type { PlannedShot } from './storyboard.ts';

export type TakeState = 'created' | 'submitting' | 'running' | 'fetching' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** The stored body of a take: one run of one shot at a provider. */
export interface Take {
  jobId: string;
  index: number;
  provider: string;
  shot: PlannedShot;
  state: TakeState;
  /** Starts at the provider, from 1; part of the token. */
  attempts: number;
  operation?: JsonValue;
  /** 0..1 */
  progress: number;
  cancelRequested?: boolean;
  failure?: { reason: TakeFailure | 'lost' | 'internal'; message: string };
  result?: TakeResult;
  startedAt?: string;
}

export interface TakeResult {
  objectKey: string;
  sha256: string;
  byteLength: number;
  mediaType: string;
  /** Length of the rendered clip, which may differ from what was asked by a fraction of a frame. */
  durationSeconds: number;
  costUsd: number;
  notes: string[];
  /** Wall-clock seconds from start to result. */
  seconds: number;
}

export const TAKE = 'take';

/** A worker that stopped without a word loses its take after this long. */
export const LEASE_SECONDS = 10;
const RENEW_MS = 3000;
/** A free local take may be started again this often after its renderer was killed. */
const MAX_ATTEMPTS = 3;
/** Longest a take may run before it counts as failed. */
const TIMEOUT_MS = 30 * 60_000;

export const readTake = (record: StoredRecord): Take => record.body as unknown as Take;

/** States in which nothing more will happen by itself. */
export const isFinal = (state: TakeState): boolean => ['succeeded', 'failed', 'cancelled', 'unknown'].includes(state);

/**
 * Read, change, compare-and-swap; repeated when somebody else was faster. With `owner` the write counts only under that lease
 * (CONFLICT once it is lost).
 */
async function changeTake(ports: Ports, id: string, change: (take: Take) => Take, owner?: string): Promise<Take> {
  for (let attempt = 0; ; attempt++) {
    const record = await ports.records.get(TAKE, id);
    if (!record) throw new AppError('NOT_FOUND', `There is no take "${id}".`);
    const take = change(readTake(record));
    try {
      await ports.records.update(
        { kind: TAKE, id, version: record.version, open: !isFinal(take.state), body: take as unknown as JsonValue },
        owner === undefined ? {} : { owner },
      );
      return take;
    } catch (error) {
      const stale = error instanceof AppError && error.code === 'CONFLICT' && attempt < 5;
      if (!stale) throw error;
      await sleep(20 * (attempt + 1));
    }
  }
}

/** Stops a take: at once where it has not begun, else its worker does it. A finished one stays as it is. */
export function stopTake(ports: Ports, id: string): Promise<Take> {
  return changeTake(ports, id, (take) => {
    if (isFinal(take.state)) return take;
    return take.state === 'created' ? { ...take, state: 'cancelled' } : { ...take, cancelRequested: true };
  });
}

/** Carries a leased take on to its end (or until the lease is lost or `signal` aborts); every step is written before the next begins. */
export async function runTake(ports: Ports, record: StoredRecord, owner: string, signal: AbortSignal): Promise<void> {
  const lease = new AbortController();
  const stop = AbortSignal.any([signal, lease.signal]);
  const renewal = setInterval(async () => {
    const held = await ports.records.renew(TAKE, record.id, { owner, leaseSeconds: LEASE_SECONDS }).catch(() => false);
    if (!held) lease.abort();
  }, RENEW_MS);
  const save = (change: (take: Take) => Take) => changeTake(ports, record.id, change, owner);
  try {
    let take = readTake(record);
    while (!isFinal(take.state) && !stop.aborted) take = await step(ports, record.id, take, save, stop);
  } catch (error) {
    if (!stop.aborted) await fail(error, save);
  } finally {
    clearInterval(renewal);
    await ports.records.release(TAKE, record.id, owner).catch(() => undefined);
  }
}

type Save = (change: (take: Take) => Take) => Promise<Take>;

async function step(ports: Ports, id: string, take: Take, save: Save, signal: AbortSignal): Promise<Take> {
  const generator = ports.videoGenerators.get(take.provider);
  if (!generator) throw new AppError('MISCONFIGURED', `Video provider "${take.provider}" is no longer configured.`);
  if (take.cancelRequested) return cancelTake(generator, take, save);
  if (take.state === 'created') {
    const next = await save((current) => ({ ...current, state: 'submitting', attempts: current.attempts + 1, startedAt: new Date().toISOString() }));
    return submit(ports, generator, id, next, save);
  }
  if (take.state === 'submitting') return adopt(generator, id, take, save);
  return follow(ports, generator, take, save, signal);
}

async function submit(ports: Ports, generator: VideoGenerator, id: string, take: Take, save: Save): Promise<Take> {
  const shot = await toShotRequest(ports, take.shot);
  const operation = await generator.start(shot, { token: `${id}.${take.attempts}` });
  return save((current) => ({ ...current, state: 'running', operation }));
}

/** The answer to a start was lost: look for it; what is free may simply begin again, what costs money waits for a person. */
async function adopt(generator: VideoGenerator, id: string, take: Take, save: Save): Promise<Take> {
  const operation = await generator.find?.(`${id}.${take.attempts}`);
  if (operation !== undefined) return save((current) => ({ ...current, state: 'running', operation }));
  return again(generator, take, save);
}

function again(generator: VideoGenerator, take: Take, save: Save): Promise<Take> {
  if (!generator.capabilities.free) return save((current) => ({ ...current, state: 'unknown' }));
  if (take.attempts >= MAX_ATTEMPTS) {
    const failure = { reason: 'lost' as const, message: `The renderer stopped ${take.attempts} times.` };
    return save((current) => ({ ...current, state: 'failed', failure }));
  }
  return save(({ operation: _, ...current }) => ({ ...current, state: 'created', progress: 0 }));
}

async function follow(ports: Ports, generator: VideoGenerator, take: Take, save: Save, signal: AbortSignal): Promise<Take> {
  if (take.operation === undefined) throw new AppError('INTERNAL', 'A running take has no operation.');
  const started = Date.parse(take.startedAt ?? new Date().toISOString());
  const status: TakeStatus = await generator.poll(take.operation, { signal });
  if (status.state === 'lost') return again(generator, take, save);
  if (status.state === 'failed') return save((current) => ({ ...current, state: 'failed', failure: { reason: status.reason, message: status.message } }));
  if (status.state === 'succeeded') return fetchResult(ports, take, status, save);
  if (Date.now() - started > TIMEOUT_MS) {
    return save((current) => ({ ...current, state: 'failed', failure: { reason: 'timeout', message: `Not finished after ${TIMEOUT_MS / 60_000} minutes.` } }));
  }
  await sleep(generator.capabilities.free ? 250 : 5000, undefined, { signal }).catch(() => undefined);
  return save((current) => ({ ...current, progress: status.progress ?? current.progress }));
}

async function fetchResult(ports: Ports, take: Take, status: Extract<TakeStatus, { state: 'succeeded' }>, save: Save): Promise<Take> {
  await save((current) => ({ ...current, state: 'fetching', progress: 1 }));
  const stored = await ports.objects.put({ path: status.path, move: true }, status.mediaType);
  const seconds = Math.round((Date.now() - Date.parse(take.startedAt ?? new Date().toISOString())) / 100) / 10;
  const { durationSeconds } = await ports.media.probe((await ports.objects.localPath(stored.key)) ?? status.path);
  const { costUsd, notes, mediaType } = status;
  const result = { objectKey: stored.key, sha256: stored.sha256, byteLength: stored.byteLength, mediaType, durationSeconds, costUsd, notes, seconds };
  return save((current) => ({ ...current, state: 'succeeded', result }));
}

async function cancelTake(generator: VideoGenerator, take: Take, save: Save): Promise<Take> {
  if (take.operation !== undefined) await generator.cancel?.(take.operation);
  return save((current) => ({ ...current, state: 'cancelled' }));
}

async function fail(error: unknown, save: Save): Promise<void> {
  const known = error instanceof AppError && error.code !== 'INTERNAL';
  if (error instanceof AppError && error.code === 'CONFLICT') return;
  console.error('take failed:', error);
  const noCodec = error instanceof AppError && error.code === 'UNSUPPORTED';
  const failure = { reason: noCodec ? ('noCodec' as const) : ('internal' as const), message: known ? error.message : 'Unexpected error; see the server log.' };
  await save((current) => ({ ...current, state: 'failed', failure })).catch(() => undefined);
}

async function toShotRequest(ports: Ports, shot: PlannedShot): Promise<ShotRequest> {
  const references = [];
  for (const { role, assetId, sha256, objectKey, subject } of shot.references) {
    const path = await ports.objects.localPath(objectKey);
    if (!path) throw new AppError('NOT_FOUND', `The file of reference "${assetId}" is no longer in the store.`);
    references.push({ role, assetId, sha256, path, ...(subject ? { subject } : {}) });
  }
  const { dropped: _, ...request } = shot;
  return { ...request, references };
}
