import { AppError, type ErrorCode } from '../errors.ts';
import { addVideo } from '../library/new-asset.ts';
import { cleanText } from '../library/text.ts';
import type { JsonValue, Ports } from '../ports.ts';
import { reconcile } from './budget.ts';
import { uncite } from './citations.ts';
import { clipScores } from './clip-scores.ts';
import { signStill, signVideo } from './credentials.ts';
import { writeTakes } from './job-create.ts';
import { endMessage, type FinishedVideo, JOB, type Job, type JobView, type MadeFiles, readJob, readJobView, referenceIds, terminal } from './jobs.ts';
import { rememberShots } from './kept-shots.ts';
import { holdLease, type Lease } from './lease.ts';
import { videoManifest, writeManifest } from './manifest.ts';
import { continueShots } from './quality-loop.ts';
import { bestTake, isDecided } from './shot-takes.ts';
import { drawStills } from './stills.ts';
import { hasEnded, isFinal, type TakeState } from './take-state.ts';
import { stopTake } from './takes.ts';

/** Frames on the contact sheet of a finished video, and their layout. */
const SHEET = { frames: 6, columns: 3, cellWidth: 384, maxBytes: 90_000 };

/** Tries to end a job before it fails: with pauses of 5, 10, 20 ... s about five minutes. */
const MAX_TRIES = 7;
const FIRST_PAUSE_MS = 5000;
/** What hinders the end of a job and does not pass by itself. */
const LASTING: ReadonlySet<ErrorCode> = new Set(['INVALID_INPUT', 'NOT_FOUND', 'FORBIDDEN', 'INVALID_MEDIA', 'UNSUPPORTED', 'MISCONFIGURED']);

/**
 * Ends a job that has no more to wait for. Takes that its maker did not come to write are written; once a take has failed for good, shots
 * that have not begun are not begun any more. A job with an unknown take has not ended: it waits for adoption or the user's word.
 */
export async function settleJob(ports: Ports, id: string, lease: Lease): Promise<void> {
  const view = await readJobView(ports, id);
  if (!view) return;
  if (view.job.ended) return settleLate(ports, view);
  if (view.takes.length !== view.job.takeIds.length) return writeTakes(ports, id, view.job);
  if (!isDecided(view)) {
    await continueShots(ports, view, lease);
    const after = await readJobView(ports, id);
    return after && isDecided(after) ? endJob(ports, after, lease) : undefined;
  }
  return endJob(ports, view, lease);
}

async function endJob(ports: Ports, view: JobView, lease: Lease): Promise<void> {
  const { id } = view;
  const states = view.takes.map((take) => take.state);
  if (states.every(isFinal)) return states.includes('unknown') ? undefined : finishJob(ports, id, lease);
  if (!states.includes('failed')) return;
  for (const [index, state] of states.entries()) if (state === 'created') await stopTake(ports, view.shots[index].current.id);
}

/** Ends a job whose takes have all ended: joins the shots, catalogues the video, writes its manifest. Does nothing while another server is at it. */
async function finishJob(ports: Ports, id: string, lease: Lease): Promise<void> {
  const record = await ports.records.claim(JOB, { ...lease, id });
  if (!record) return;
  const held = holdLease(ports, JOB, id, lease);
  let { version } = record;
  let job = readJob(record);
  const save: SaveJob = async (changes) => {
    job = { ...job, ...changes };
    const open = job.ended === undefined;
    ({ version } = await ports.records.update({ kind: JOB, id, version, open, body: job as unknown as JsonValue }, { owner: lease.owner }));
  };
  try {
    const view = await readJobView(ports, id);
    const states = view?.takes.map((take) => take.state) ?? [];
    if (!view || !isDecided(view) || job.ended || Date.parse(job.finish?.tryAt ?? '') > Date.now() || !states.every(hasEnded)) return;
    const changes = await outcome(ports, view, states, save);
    if (changes.ended) await reconcile(ports, view);
    await save({ finish: undefined, ...changes });
  } catch (error) {
    // Another server has the job now.
    if (!(error instanceof AppError && error.code === 'CONFLICT' && held.lost.aborted)) throw error;
  } finally {
    await held.end();
  }
}

/** What became known of a paid job after its end: what it really cost, and clips that came late. */
async function settleLate(ports: Ports, view: JobView): Promise<void> {
  if (!view.job.budget) return;
  await reconcile(ports, view);
  if (view.state !== 'succeeded') await rememberShots(ports, view);
}

/** Writes changes into the job's record, under its lease. */
type SaveJob = (changes: Partial<Job>) => Promise<void>;

/** What becomes of a job whose takes have ended. */
async function outcome(ports: Ports, view: JobView, states: TakeState[], save: SaveJob): Promise<Partial<Job>> {
  const at = new Date().toISOString();
  const state = terminal(states);
  if (state) {
    const kept = await keepShots(ports, view);
    await rememberShots(ports, view);
    await uncite(ports, view.job.videoId, referenceIds(view.job.storyboard));
    return { ended: { state, at, message: endMessage(view.takes) }, kept };
  }
  try {
    const video = await assemble(ports, view, save);
    return { ended: { state: 'succeeded', at: new Date().toISOString() }, video, made: undefined };
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFLICT') throw error;
    console.error(`job ${view.id} could not be finished:`, error);
    return notFinished(view.job.finish?.tries ?? 0, error);
  }
}

/** Shows the shots that were finished, and perhaps paid for, among the outputs: no video is made of them. */
async function keepShots(ports: Ports, { shots }: JobView): Promise<NonNullable<Job['kept']>> {
  const kept: NonNullable<Job['kept']> = [];
  for (const { takes, current } of shots) {
    const { index, result, shot } = (bestTake(takes) ?? current).take;
    if (result) kept.push({ index, path: await ports.objects.publish(result.objectKey, `${cleanText(shot.prompt, 50)} (shot ${index + 1})`) });
  }
  return kept;
}

/** Another try later, or the end; the takes stay, so that the same request joins them without making them again. */
function notFinished(before: number, error: unknown): Partial<Job> {
  const tries = before + 1;
  const code = error instanceof AppError ? error.code : 'INTERNAL';
  const why = error instanceof AppError && code !== 'INTERNAL' ? error.message : 'See the server log.';
  if (!LASTING.has(code) && tries < MAX_TRIES) {
    return { finish: { tries, tryAt: new Date(Date.now() + FIRST_PAUSE_MS * 2 ** before).toISOString(), message: why } };
  }
  const message = `The shots are made, but the video could not be finished (tries: ${tries}). ${why} The same request tries again with these shots.`;
  return { ended: { state: 'failed', at: new Date().toISOString(), message } };
}

async function assemble(ports: Ports, view: JobView, save: SaveJob): Promise<FinishedVideo> {
  const { job } = view;
  const prompts = job.storyboard.shots.map((shot) => shot.prompt);
  const [prompt] = prompts;
  const title = cleanText(prompt, 2000).split(' ').slice(0, 8).join(' ').slice(0, 60);
  const made = job.made ?? (await makeFiles(ports, view, title));
  // Written first: another server that goes on from here shows the same files, not others that were made again beside them.
  if (!job.made) await save({ made });
  const { objectKey, sha256, byteLength, credentials, startsSeconds, sheetKey, posterKey, previewKey } = made;
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
    described: { caption: prompts.join(' / '), tags: ['generated', job.storyboard.provider], attributes: clipScores(view.takes) },
  });
  const generative = ports.videoGenerators.get(job.storyboard.provider)?.capabilities.generative ?? true;
  await writeManifest(ports, videoManifest(view, generative, { sha256, credentials, startsSeconds }));
  const path = await ports.objects.publish(objectKey, title);
  const sheetPath = await ports.objects.publish(sheetKey, `${title} (contact sheet)`);
  const posterPath = await ports.objects.publish(posterKey, `${title} (poster)`);
  const previewPath = await ports.objects.publish(previewKey, `${title} (preview)`);
  const { width, height, durationSeconds = 0, fps = 0 } = asset;
  const shape = { width, height, durationSeconds, fps };
  return { objectKey, sha256, path, ...shape, sheetKey, sheetPath, posterKey, posterPath, previewKey, previewPath, credentials };
}

async function makeFiles(ports: Ports, view: JobView, title: string): Promise<MadeFiles> {
  const video = await join(ports, view);
  const path = (await ports.objects.localPath(video.objectKey)) ?? '';
  const { durationSeconds } = await ports.media.probe(path);
  const sheet = await contactSheet(ports, { ...video, title }, path, durationSeconds);
  const { poster, preview } = await drawStills(ports, path, durationSeconds);
  const { key: posterKey } = await ports.objects.put(await signStill(ports, poster.bytes, { ...video, title }, 'poster'), poster.mediaType);
  const { key: previewKey } = await ports.objects.put(preview.bytes, preview.mediaType);
  return { ...video, sheetKey: sheet.key, posterKey, previewKey };
}

/** The joined and signed video; a single shot that cannot be signed is its take's object as it is. */
async function join(ports: Ports, view: JobView): Promise<Omit<MadeFiles, 'sheetKey' | 'posterKey' | 'previewKey'>> {
  const results = view.takes.map((take) => take.result).filter((result) => result !== undefined);
  const paths = await Promise.all(results.map(async ({ objectKey }) => (await ports.objects.localPath(objectKey)) ?? ''));
  const single = paths.length === 1;
  const joined = single ? paths[0] : await ports.objects.scratchPath('mp4');
  const { dissolveSeconds, shots } = view.job.storyboard;
  const { width, height, fps } = shots[0];
  const { startsSeconds } = single
    ? { startsSeconds: [0] }
    : await ports.media.join(paths, { path: joined, width, height, fps, ...(dissolveSeconds === undefined ? {} : { dissolveSeconds }) });
  const { path, credentials } = await signVideo(ports, view, joined, !single);
  if (path === paths[0]) {
    const { objectKey, sha256, byteLength } = results[0];
    return { objectKey, sha256, byteLength, credentials, startsSeconds };
  }
  const stored = await ports.objects.put({ path, move: true }, 'video/mp4');
  return { objectKey: stored.key, sha256: stored.sha256, byteLength: stored.byteLength, credentials, startsSeconds };
}

async function contactSheet(ports: Ports, video: Parameters<typeof signStill>[2], path: string, durationSeconds: number) {
  const times = Array.from({ length: SHEET.frames }, (_, index) => (durationSeconds * (index + 0.5)) / SHEET.frames);
  const frames = await ports.media.frames(path, times, { maxSide: SHEET.cellWidth });
  const cells = frames.map((image, index) => ({ image, label: `${times[index].toFixed(2)} s` }));
  const sheet = await ports.images.contactSheet(cells, SHEET);
  return ports.objects.put(await signStill(ports, sheet.bytes, video, 'contact sheet'), sheet.mediaType);
}
