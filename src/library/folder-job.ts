import { errorData } from '../errors.ts';
import type { AllowedFile, Ports } from '../ports.ts';
import { refuseOtherCase } from './collections.ts';
import { checkDescription } from './description.ts';
import { embeddersOf } from './embedders.ts';
import type { FileOutcome } from './file-log.ts';
import { type Description, ingest } from './ingest.ts';
import { type JobRun, tryTwice } from './job-run.ts';
import { type JobEnd, openJob, type Work } from './jobs.ts';
import { mediaByName } from './media-names.ts';

/** So many files in a row that could not be stored mean a full disk or the like, not bad files. */
const GIVE_UP_AFTER = 10;

/**
 * Makes a job that adds all pictures and videos of folders, patterns or files to a collection, or finds the unfinished one that was asked for
 * with the same paths, collection and description (`existing`). Nothing is read yet but names. Errors as
 * `Files.walk` for the paths, and as `ingest` for collection and description.
 */
export async function ingestFolder(
  ports: Ports,
  request: { path: string | string[]; collection: string; description: Description },
): Promise<{ jobId: string; existing: boolean }> {
  const paths = [...new Set([request.path].flat().map((path) => path.trim().replace(/(?<=[^/\\:])[/\\]+$/, '')))];
  for (const path of paths) for await (const _ of filesOf(ports, path)) break;
  const { collection } = request;
  checkDescription(request.description);
  await refuseOtherCase(ports, collection);
  const given = Object.entries(request.description).filter(([, value]) => value !== undefined);
  const description = Object.fromEntries(given.sort(([a], [b]) => (a < b ? -1 : 1))) as Description;
  const work: Work = { type: 'ingest', paths, collection, description };
  const { jobId, existing } = await openJob(ports, work, JSON.stringify(work));
  return { jobId, existing };
}

/** The files that a path stands for; `named` where it is the very file that was asked for. */
async function* filesOf(ports: Ports, path: string): AsyncIterable<AllowedFile & { named: boolean }> {
  if ((await ports.files.classify(path)) === 'file') {
    yield { ...(await ports.files.resolve(path)), named: true };
    return;
  }
  for await (const file of ports.files.walk(path)) yield { ...file, named: false };
}

/** Carries an ingest job on: every file without an outcome in the log, several at a time. */
export async function runFolderIngest(ports: Ports, run: JobRun, work: Extract<Work, { type: 'ingest' }>): Promise<JobEnd> {
  const { log, halt } = run;
  if (halt.aborted) return { state: 'cancelled' };
  // A model that is not here is said of the job, which waits for it, and not of each file.
  await embeddersOf(ports, work.collection);
  const seen = new Set<string>();
  for await (const { file } of log.outcomes()) seen.add(file);
  const before = seen.size;
  const files: (AllowedFile & { named: boolean })[] = [];
  for (const path of work.paths) {
    for await (const file of filesOf(ports, path)) {
      if (halt.aborted) return { state: 'cancelled' };
      if (!seen.has(file.path)) files.push(file);
      seen.add(file.path);
    }
  }
  log.begin(before + files.length);
  let refused: FileOutcome[] = [];
  await run.each(files, async (file) => {
    if (refused.length >= GIVE_UP_AFTER) return;
    const outcome = await ingestOne(ports, run, work, file);
    if (!outcome) return;
    log.add(outcome);
    refused = outcome.code === 'UNAVAILABLE' ? [...refused, outcome] : [];
  });
  if (refused.length >= GIVE_UP_AFTER) return { state: 'failed', message: `Stopped after ${refused.length} files in a row. ${refused[0].reason}` };
  if (halt.aborted) return { state: 'cancelled' };
  return endOf(run);
}

function endOf({ log }: JobRun): JobEnd {
  const { total, failed, skipped, added, alreadyThere, nearDuplicates = 0 } = log.counts;
  if (total === skipped) return { state: 'succeeded', message: 'There are no pictures or videos.' };
  if (added + alreadyThere === 0) return { state: 'failed', message: 'No file could be added; the reason is with each.' };
  const notes = [
    ...(failed > 0 ? [`${failed} of ${total - skipped} files could not be added; the reason is with each.`] : []),
    ...(nearDuplicates > 0 ? [`${nearDuplicates} added look nearly the same as others of the collection.`] : []),
  ];
  return { state: 'succeeded', ...(notes.length > 0 ? { message: notes.join(' ') } : {}) };
}

/** `undefined`: the job was stopped before the file was done. */
async function ingestOne(
  ports: Ports,
  run: JobRun,
  { collection, description }: Extract<Work, { type: 'ingest' }>,
  { path, name, named }: AllowedFile & { named: boolean },
): Promise<FileOutcome | undefined> {
  const byName = named ? 'media' : mediaByName(name);
  if (byName === 'other') return { file: path, outcome: 'skipped' };
  try {
    const options = { maxBytes: run.maxBytes, signal: run.stop };
    const { asset, alreadyThere, nearDuplicates } = await tryTwice(run.halt, () => ingest(ports, { path }, collection, description, options));
    const outcome = alreadyThere ? 'alreadyThere' : 'added';
    return { file: path, outcome, assetId: asset.id, ...(nearDuplicates.length > 0 ? { hasNearDuplicates: true } : {}) };
  } catch (error) {
    if (run.stop.aborted) return undefined;
    const { code, message } = errorData(error);
    // A setting that is wrong is wrong for every file.
    if (code === 'MISCONFIGURED') throw error;
    if (code === 'INTERNAL') console.error(`${name} could not be added:`, error);
    const noMedia = code === 'INVALID_MEDIA' && byName === 'unknown';
    return noMedia ? { file: path, outcome: 'skipped' } : { file: path, outcome: 'failed', code, reason: message };
  }
}
