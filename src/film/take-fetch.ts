import { AppError } from '../errors.ts';
import { cleanText } from '../library/text.ts';
import type { Ports, TakeStatus } from '../ports.ts';
import { moved } from './take-state.ts';
import { backOff, report, reread, type TakeWork, watched } from './take-work.ts';
import type { Take, TakeResult } from './takes.ts';

export type FinishedClip = Extract<TakeStatus, { state: 'succeeded' }>;

/** Tries to store a finished clip: with pauses of 1, 2, 4 ... s about four minutes. */
const MAX_TRIES = 8;
const FIRST_PAUSE_MS = 1000;

/** Stores a finished clip and ends its take, or has it measured first; what hinders that may pass (a full disk, say), so it is tried several times. */
export async function fetchTake(work: TakeWork, take: Take, clip: FinishedClip): Promise<Take> {
  if (take.state === 'running') await work.save((current) => moved(current, 'fetching', { progress: 1 }));
  let result: TakeResult;
  try {
    result = await storeClip(work.ports, take, clip);
  } catch (error) {
    return notFetched(work, clip, error);
  }
  return work.save((current) => moved(current, current.measured ? 'evaluating' : 'succeeded', { result }));
}

async function notFetched(work: TakeWork, { costUsd: billedUsd }: FinishedClip, error: unknown): Promise<Take> {
  report(work, 'fetch', error);
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  if (code === 'INVALID_MEDIA') {
    const failure = { reason: 'providerError' as const, message: 'What the provider made is no video that can be read; it may have been billed.' };
    return work.save((current) => moved(current, 'failed', { failure, billedUsd }));
  }
  work.troubles++;
  if (work.troubles < MAX_TRIES) {
    await backOff(work, FIRST_PAUSE_MS, work.troubles);
    return reread(work);
  }
  const why = error instanceof AppError && code !== 'INTERNAL' ? error.message : 'see the server log.';
  const reason = code === 'UNSUPPORTED' ? ('noCodec' as const) : ('internal' as const);
  const failure = { reason, message: `The finished clip could not be stored in ${MAX_TRIES} tries: ${why} It is tried again for a day, and kept then.` };
  return work.save((current) => moved(current, 'failed', { failure, billedUsd, ...watched(work.generator) }));
}

/** The clip in the object store. Looked at before it is moved there: what cannot be read stays where it is, for another try. */
async function storeClip({ media, objects }: Ports, take: Take, clip: FinishedClip): Promise<TakeResult> {
  const { durationSeconds } = await media.probe(clip.path);
  const { costUsd, notes, mediaType } = clip;
  const { key, sha256, byteLength } = await objects.put({ path: clip.path, move: true }, mediaType);
  const seconds = Math.round((Date.now() - Date.parse(take.startedAt ?? new Date().toISOString())) / 100) / 10;
  return { objectKey: key, sha256, byteLength, mediaType, durationSeconds, costUsd, notes, seconds };
}

/** Stores a clip that came after its take had ended, and shows it among the outputs. */
export async function storeLate(ports: Ports, take: Take, clip: FinishedClip): Promise<NonNullable<Take['late']>> {
  const result = await storeClip(ports, take, clip);
  return { ...result, path: await ports.objects.publish(result.objectKey, `${cleanText(take.shot.prompt, 50)} (late)`) };
}
