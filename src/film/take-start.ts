import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, type ErrorCode } from '../errors.ts';
import type { JsonValue, Ports, ShotRequest } from '../ports.ts';
import { coverStart } from './budget.ts';
import type { PlannedShot } from './storyboard.ts';
import { isFinal, moved } from './take-state.ts';
import { answered, backOff, isConflict, report, type TakeWork, tokenOf, watched } from './take-work.ts';
import { changeTake, type Take } from './takes.ts';

/** Errors of `VideoGenerator.start` that say that nothing was sent, or that it was refused for good (see the port). */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['INVALID_INPUT', 'FORBIDDEN', 'MISCONFIGURED', 'UNSUPPORTED', 'NOT_FOUND', 'BUDGET']);
/** A free take may be started this often, after its renderer was killed or failed for a reason that may pass. */
const MAX_ATTEMPTS = 3;
/** Refusals for too much traffic before a take fails: with pauses of 1, 2, 4 ... 60 s, six minutes. */
const MAX_REFUSALS = 10;
const FIRST_PAUSE_MS = 1000;
/** An answer that cannot be written down is tried this often, for as long as the process lives; pauses as above. */
const MAX_WRITES = 20;

/** Sends a take that nothing was sent of: written as `submitting` first, and with its operation before anything else happens. */
export async function startTake(work: TakeWork, take: Take): Promise<Take> {
  const { generator, id } = work;
  let shot: ShotRequest;
  try {
    shot = await toShotRequest(work.ports, take.shot);
    if (!generator.capabilities.free) await coverStart(work.ports, take.jobId, id);
  } catch (error) {
    if (!(error instanceof AppError && REFUSED.has(error.code))) throw error;
    return work.save((current) => moved(current, 'failed', notSent(error)));
  }
  const sent = await work.save((current) => moved(current, 'submitting', { attempts: current.attempts + 1, startedAt: new Date().toISOString() }));
  let answer: Promise<Take> | undefined;
  try {
    const started = await answered((signal) => {
      // Kept also where it comes after the limit: the truth is written down whenever it is known.
      answer = generator.start(shot, { token: tokenOf(id, sent), signal }).then((operation) => keepAnswer(work, sent, operation));
      return answer;
    });
    return started ?? sent;
  } catch (error) {
    answer?.catch(() => undefined);
    if (isConflict(error)) throw error;
    return notStarted(work, sent, error);
  }
}

async function notStarted(work: TakeWork, take: Take, error: unknown): Promise<Take> {
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  if (error instanceof AppError && REFUSED.has(code)) {
    return work.save((current) => moved(current, 'failed', notSent(error)));
  }
  report(work, 'start', error);
  return code === 'RATE_LIMITED' ? refused(work, take) : adoptTake(work, take);
}

/** Fields of a take that was refused for good. */
function notSent({ code, message }: AppError): Pick<Take, 'failure' | 'billedUsd'> {
  const reason = code === 'UNSUPPORTED' ? 'noCodec' : code === 'BUDGET' ? 'budget' : 'invalidRequest';
  return { failure: { reason, message }, billedUsd: 0 };
}

/** Not accepted, so nothing is paid: the same token is sent again after a pause, or the take fails when that does not help. */
async function refused(work: TakeWork, take: Take): Promise<Take> {
  const { refusals = 0 } = take;
  if (refusals + 1 >= MAX_REFUSALS) {
    const message = `The provider refused it ${refusals + 1} times because too much was sent to it; nothing was billed.`;
    return work.save((current) => moved(current, 'failed', { failure: { reason: 'providerError', message }, billedUsd: 0 }));
  }
  const again = await work.save((current) =>
    current.cancelRequested
      ? moved(current, 'cancelled', { stillBilled: false })
      : moved(current, 'created', { attempts: current.attempts - 1, refusals: refusals + 1 }),
  );
  await backOff(work, FIRST_PAUSE_MS, refusals);
  return again;
}

/** The answer to a start was lost: look for it; what is free may simply begin again, what costs money waits for a person. */
export async function adoptTake(work: TakeWork, take: Take): Promise<Take> {
  const operation = await answered(() => work.generator.find?.(tokenOf(work.id, take))).catch((error) => report(work, 'find', error));
  return operation === undefined ? loseTake(work, take) : keepAnswer(work, take, operation);
}

/** A take whose start or operation nobody knows: a free one begins again, a paid one is unknown, and asked after for a day. */
export async function loseTake(work: TakeWork, take: Take): Promise<Take> {
  const { generator, save } = work;
  if (generator.capabilities.free) return repeatTake(work, take, { reason: 'lost', message: `The renderer stopped ${take.attempts} times.` });
  const findable = generator.find !== undefined || take.operation !== undefined;
  return save((current) => moved(current, 'unknown', findable ? watched(generator) : {}));
}

/** Begins a free take again, or fails it with the given reason when that was done often enough. */
export async function repeatTake(work: TakeWork, take: Take, failure: NonNullable<Take['failure']>): Promise<Take> {
  if (take.attempts >= MAX_ATTEMPTS) return work.save((current) => moved(current, 'failed', { failure }));
  const again = await work.save((current) =>
    current.cancelRequested ? moved(current, 'cancelled', { stillBilled: false }) : moved(current, 'created', { operation: undefined, progress: 0 }),
  );
  await backOff(work, FIRST_PAUSE_MS / 4, take.attempts);
  return again;
}

/** Writes the operation down, whatever has become of the take and its lease meanwhile: it is the only way to what may be billed. */
async function keepAnswer(work: TakeWork, take: Take, operation: JsonValue): Promise<Take> {
  const keep = (current: Take) => withOperation(work, current, take.attempts, operation);
  for (let tries = 0; ; tries++) {
    try {
      return await work.save(keep).catch((error) => (isConflict(error) ? changeTake(work.ports, work.id, keep) : Promise.reject(error)));
    } catch (error) {
      if (tries >= MAX_WRITES) throw error;
      report(work, 'an answer cannot be written', error);
      await sleep(Math.min(FIRST_PAUSE_MS * 2 ** tries, 30_000), undefined, { ref: false });
    }
  }
}

function withOperation({ generator }: TakeWork, current: Take, attempts: number, operation: JsonValue): Take {
  if (current.attempts !== attempts || current.operation !== undefined) return current;
  const changes = { operation, refusals: undefined };
  if (current.state === 'submitting' || current.state === 'unknown')
    return moved(current, 'running', { ...changes, watchUntil: undefined, waitUntil: undefined });
  return isFinal(current.state) ? { ...current, ...changes, ...watched(generator) } : current;
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
