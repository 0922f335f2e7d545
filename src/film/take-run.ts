import { AppError } from '../errors.ts';
import type { Ports, StoredRecord, TakeStatus } from '../ports.ts';
import { holdLease, type Lease } from './lease.ts';
import { evaluateTake } from './take-evaluate.ts';
import { fetchTake, storeLate } from './take-fetch.ts';
import { adoptTake, loseTake, repeatTake, startTake } from './take-start.ts';
import { hasEnded, moved } from './take-state.ts';
import { answered, backOff, deadlineSeconds, isConflict, nextLook, pollMs, report, reread, type TakeWork, tokenOf, UNWATCHED, watched } from './take-work.ts';
import { changeTake, isOpen, readTake, TAKE, type Take } from './takes.ts';

/** Tries to cancel a take at its provider before it counts as cancelled and still billed. */
const MAX_CANCELS = 5;

/** True while nobody need look at the take. */
export const waits = ({ waitUntil }: Take): boolean => waitUntil !== undefined && Date.parse(waitUntil) > Date.now();

/**
 * Carries a claimed take on to its end, or to where it has to wait, or until the lease is lost or `signal` aborts; every step is written
 * before the next begins. Errors of the store, and of a provider that does not answer, leave the take as it is: another look goes on from there.
 */
export async function runTake(ports: Ports, record: StoredRecord, lease: Lease, signal: AbortSignal): Promise<void> {
  const { id } = record;
  let take = readTake(record);
  const generator = ports.videoGenerators.get(take.provider);
  const held = holdLease(ports, TAKE, id, lease);
  const stop = AbortSignal.any([signal, held.lost]);
  try {
    if (!generator) return;
    const work: TakeWork = { ports, id, generator, stop, troubles: 0, save: (change) => changeTake(ports, id, change, lease.owner) };
    while (isOpen(take) && !waits(take) && !stop.aborted) take = await step(work, take);
  } catch (error) {
    // Somebody else has the take now, or has ended it.
    if (!isConflict(error) && !stop.aborted) throw error;
  } finally {
    await held.end();
  }
}

function step(work: TakeWork, take: Take): Promise<Take> {
  switch (take.state) {
    case 'created':
      return startTake(work, take);
    case 'submitting':
      return adoptTake(work, take);
    case 'running':
      return take.cancelRequested ? cancelTake(work, take) : followTake(work, take);
    case 'fetching':
      return followTake(work, take);
    case 'evaluating':
      return evaluateTake(work, take);
    default:
      return watchTake(work, take);
  }
}

/** One poll and what follows from it. */
async function followTake(work: TakeWork, take: Take): Promise<Take> {
  const { generator, save } = work;
  const { operation = null } = take;
  let status: TakeStatus | undefined;
  try {
    status = await answered((signal) => generator.poll(operation, { signal }));
  } catch (error) {
    return notAnswered(work, take, error);
  }
  if (status?.state === 'succeeded') return fetchTake(work, take, status);
  work.troubles = 0;
  if (status?.state === 'lost') return loseTake(work, take);
  if (status?.state === 'failed') {
    const failure = { reason: status.reason, message: status.message };
    if (status.retryable && generator.capabilities.free) return repeatTake(work, take, failure);
    const { costUsd: billedUsd = 0 } = status;
    return save((current) => moved(current, 'failed', { failure, billedUsd }));
  }
  if (isOverdue(work, take)) return timeOut(work, take);
  await backOff(work, pollMs(generator), 0);
  const progress = Math.max(take.progress, Math.round((status?.progress ?? 0) * 100) / 100);
  return save((current) => (current.progress === progress ? current : { ...current, progress }));
}

async function notAnswered(work: TakeWork, take: Take, error: unknown): Promise<Take> {
  report(work, 'poll', error);
  if (error instanceof AppError && error.code === 'INVALID_INPUT') {
    const failure = { reason: 'internal' as const, message: 'The provider does not know its own operation; the clip may have been billed.' };
    return work.save((current) => moved(current, 'failed', { failure }));
  }
  if (isOverdue(work, take)) return timeOut(work, take);
  await backOff(work, pollMs(work.generator), work.troubles++);
  return reread(work);
}

const isOverdue = ({ generator }: TakeWork, take: Take): boolean =>
  Date.now() - Date.parse(take.startedAt ?? new Date().toISOString()) > deadlineSeconds(generator) * 1000;

async function timeOut(work: TakeWork, take: Take): Promise<Take> {
  const { generator } = work;
  const minutes = Math.round(deadlineSeconds(generator) / 6) / 10;
  if (generator.capabilities.free) {
    await stopAtProvider(work, take).catch((error) => report(work, 'cancel', error));
    return work.save((current) => moved(current, 'failed', { failure: { reason: 'timeout', message: `Not finished after ${minutes} minutes.` } }));
  }
  const message = `Not finished after ${minutes} minutes. It may still be billed; should its clip come within a day, it is kept.`;
  return work.save((current) => moved(current, 'failed', { failure: { reason: 'timeout', message }, ...watched(generator) }));
}

async function cancelTake(work: TakeWork, take: Take): Promise<Take> {
  let stillBilled = !work.generator.capabilities.free;
  try {
    stillBilled = (await stopAtProvider(work, take)) ?? stillBilled;
  } catch (error) {
    report(work, 'cancel', error);
    if (work.troubles++ < MAX_CANCELS) {
      await backOff(work, pollMs(work.generator), work.troubles);
      return reread(work);
    }
  }
  return work.save((current) => moved(current, 'cancelled', { stillBilled, ...(stillBilled ? watched(work.generator) : {}) }));
}

/** Whether it is still billed; `undefined` where the provider cannot stop a take. */
async function stopAtProvider({ generator }: TakeWork, { operation = null }: Take): Promise<boolean | undefined> {
  return (await answered(() => generator.cancel?.(operation)))?.stillBilled;
}

/** Asks after a take that has ended, or is unknown: a lost operation is adopted, and output that comes late is kept. */
async function watchTake(work: TakeWork, take: Take): Promise<Take> {
  const { generator, save } = work;
  const wait = () => save((current) => ({ ...current, ...nextLook(generator, current) }));
  if (Date.now() > Date.parse(take.watchUntil ?? '')) return save((current) => ({ ...current, ...UNWATCHED }));
  try {
    if (take.operation === undefined) return (await findAgain(work, take)) ?? (await wait());
    const status = await answered((signal) => generator.poll(take.operation ?? null, { signal }));
    if (status === undefined || (status.state === 'lost' && !hasEnded(take.state))) return await wait();
    if (!hasEnded(take.state)) return await save((current) => moved(current, 'running', UNWATCHED));
    if (status.state === 'running') return await wait();
    const late = status.state === 'succeeded' ? { late: await storeLate(work.ports, take, status) } : {};
    const billed = status.state === 'failed' ? { billedUsd: status.costUsd ?? 0 } : {};
    return await save((current) => ({ ...current, ...UNWATCHED, ...late, ...billed }));
  } catch (error) {
    if (isConflict(error)) throw error;
    report(work, 'watch', error);
    return wait();
  }
}

async function findAgain({ generator, save, id }: TakeWork, take: Take): Promise<Take | undefined> {
  const operation = await answered(() => generator.find?.(tokenOf(id, take)));
  if (operation === undefined) return undefined;
  return save((current) => (current.state === 'unknown' ? moved(current, 'running', { operation, ...UNWATCHED }) : { ...current, operation }));
}
