import { AppError } from '../errors.ts';
import { addVideo } from '../library/new-asset.ts';
import { cleanText } from '../library/text.ts';
import type { JsonValue, Ports } from '../ports.ts';
import { uncite } from './citations.ts';
import { type FinishedVideo, JOB, type Job, type JobView, readJob, readJobView, referenceIds, terminal } from './jobs.ts';
import { videoManifest, writeManifest } from './manifest.ts';
import { isFinal, LEASE_SECONDS, stopTake } from './takes.ts';

/** Frames on the contact sheet of a finished video, and their layout. */
const SHEET = { frames: 6, columns: 3, cellWidth: 384, maxBytes: 90_000 };

/** Ends a job that has no more to wait for; once a take has failed for good, shots that have not begun are not begun any more. */
export async function settleJob(ports: Ports, id: string, owner: string): Promise<void> {
  const view = await readJobView(ports, id);
  if (!view || view.job.ended || view.takes.length !== view.job.takeIds.length) return;
  const states = view.takes.map((take) => take.state);
  if (states.every(isFinal)) return finishJob(ports, id, owner);
  if (!states.includes('failed')) return;
  for (const [index, state] of states.entries()) if (state === 'created') await stopTake(ports, view.job.takeIds[index]);
}

/** Ends a job whose takes are all final: joins the shots, catalogues the video, writes its manifest. Does nothing while takes run or another server is at it. */
async function finishJob(ports: Ports, id: string, owner: string): Promise<void> {
  const record = await ports.records.claim(JOB, { owner, leaseSeconds: LEASE_SECONDS * 6, id });
  if (!record) return;
  const end = (changes: Partial<Job>) =>
    ports.records.update({ kind: JOB, id, version: record.version, open: false, body: { ...readJob(record), ...changes } as unknown as JsonValue }, { owner });
  const at = new Date().toISOString();
  try {
    const view = await readJobView(ports, id);
    const states = view?.takes.map((take) => take.state) ?? [];
    if (!view || !states.every(isFinal)) return;
    const state = terminal(states);
    if (state) {
      await uncite(ports, view.job.videoId, referenceIds(view.job.storyboard));
      await end({ ended: { state, at, message: endMessage(view) } });
    } else {
      await end({ ended: { state: 'succeeded', at }, video: await assemble(ports, view) });
    }
  } catch (error) {
    console.error(`job ${id} could not be finished:`, error);
    const message = error instanceof AppError && error.code !== 'INTERNAL' ? error.message : 'The shots could not be joined; see the server log.';
    await end({ ended: { state: 'failed', at, message } }).catch(() => undefined);
  } finally {
    await ports.records.release(JOB, id, owner).catch(() => undefined);
  }
}

function endMessage(view: JobView): string {
  const failed = view.takes.filter((take) => take.failure).map((take) => `Shot ${take.index + 1}: ${take.failure?.message} (${take.failure?.reason})`);
  return failed.join(' ') || 'Cancelled.';
}

async function assemble(ports: Ports, view: JobView): Promise<FinishedVideo> {
  const { objectKey, sha256, byteLength } = await join(ports, view);
  const { job } = view;
  const prompt = view.takes[0].shot.prompt;
  const asset = await addVideo(ports, {
    id: job.videoId,
    collection: job.storyboard.collection,
    objectKey,
    sha256,
    byteLength,
    name: cleanText(prompt, 80),
    source: `job:${view.id}`,
    manifestId: job.videoId,
    madeFrom: referenceIds(job.storyboard),
    described: { caption: view.takes.map((take) => take.shot.prompt).join(' / '), tags: ['generated', job.storyboard.provider] },
  });
  await writeManifest(ports, videoManifest(view, ports.videoGenerators.get(job.storyboard.provider)?.capabilities.generative ?? true));
  const title = cleanText(prompt, 2000).split(' ').slice(0, 8).join(' ').slice(0, 60);
  const path = await ports.objects.publish(objectKey, title);
  const sheet = await contactSheet(ports, objectKey, asset.durationSeconds ?? 0);
  const sheetPath = await ports.objects.publish(sheet.key, `${title} (contact sheet)`);
  const { width, height, durationSeconds = 0, fps = 0 } = asset;
  return { objectKey, sha256, path, width, height, durationSeconds, fps, sheetKey: sheet.key, sheetPath };
}

async function join(ports: Ports, view: JobView): Promise<{ objectKey: string; sha256: string; byteLength: number }> {
  const results = view.takes.map((take) => take.result).filter((result) => result !== undefined);
  if (results.length === 1) return results[0];
  const paths = await Promise.all(results.map(async ({ objectKey }) => (await ports.objects.localPath(objectKey)) ?? ''));
  const path = await ports.objects.scratchPath('mp4');
  await ports.media.concat(paths, { path });
  const stored = await ports.objects.put({ path, move: true }, 'video/mp4');
  return { objectKey: stored.key, sha256: stored.sha256, byteLength: stored.byteLength };
}

async function contactSheet(ports: Ports, objectKey: string, durationSeconds: number) {
  const path = (await ports.objects.localPath(objectKey)) ?? '';
  const times = Array.from({ length: SHEET.frames }, (_, index) => (durationSeconds * (index + 0.5)) / SHEET.frames);
  const frames = await ports.media.frames(path, times, { maxSide: SHEET.cellWidth });
  const cells = frames.map((image, index) => ({ image, label: `${times[index].toFixed(2)} s` }));
  const sheet = await ports.images.contactSheet(cells, SHEET);
  return ports.objects.put(sheet.bytes, sheet.mediaType);
}
