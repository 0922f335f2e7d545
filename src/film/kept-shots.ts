import { createHash } from 'node:crypto';
import type { JsonValue, Ports } from '../ports.ts';
import { createOnce } from './citations.ts';
import { allTakes } from './cost.ts';
import type { JobView, TakenShot } from './jobs.ts';
import { type PlannedShot, type Storyboard, shotEssence } from './storyboard.ts';

/** Record kind of finished shots that no video was made of; its id is a hash of the shot. */
const KEPT_SHOT = 'kept-shot';

type KeptShot = Omit<TakenShot, 'index'>;

/** A shot is the same one in a collection, at a provider, with the same bytes as references. */
const keyOf = ({ collection, provider }: Storyboard, shot: PlannedShot): string =>
  createHash('sha256')
    .update(JSON.stringify([collection, provider, shotEssence(shot)]))
    .digest('hex');

/** Notes the paid shots of a job that made no video, also those that came late, so that a later job need not pay for them again. */
export async function rememberShots(ports: Ports, { id, job, shots }: JobView): Promise<void> {
  if (!job.budget) return;
  for (const take of allTakes(shots)) {
    const clip = take.result ?? take.late;
    if (!clip || job.taken?.some(({ result }) => result.objectKey === clip.objectKey)) continue;
    const { objectKey, sha256, byteLength, mediaType, durationSeconds, costUsd, notes, seconds } = clip;
    const kept: KeptShot = { jobId: id, result: { objectKey, sha256, byteLength, mediaType, durationSeconds, costUsd, notes, seconds } };
    await createOnce(ports, KEPT_SHOT, keyOf(job.storyboard, take.shot), kept as unknown as JsonValue);
  }
}

/** The shots of a storyboard that are there already, paid for by a job that failed or was cancelled; none where the provider is free. */
export async function keptShots(ports: Ports, storyboard: Storyboard): Promise<TakenShot[]> {
  if (ports.videoGenerators.get(storyboard.provider)?.capabilities.free !== false) return [];
  const keys = storyboard.shots.map((shot) => keyOf(storyboard, shot));
  const records = await ports.records.getMany(KEPT_SHOT, [...new Set(keys)]);
  const found: TakenShot[] = [];
  for (const [index, key] of keys.entries()) {
    const record = records.find(({ id }) => id === key);
    if (!record) continue;
    const kept = record.body as unknown as KeptShot;
    // Used by a job that succeeded since, say, and then deleted with its video.
    if (await ports.objects.has(kept.result.objectKey)) found.push({ index, ...kept });
  }
  return found;
}
