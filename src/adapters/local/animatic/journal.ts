import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { TakeFailure } from '../../../ports/video.ts';
import { isDiskFull } from './failure.ts';

/** The state of one take as a small file beside its video, so that other processes can follow it. */
export type JournalEntry =
  | { state: 'running'; progress: number }
  | { state: 'succeeded'; notes: string[] }
  | { state: 'failed'; reason: TakeFailure; message: string };

/** A running take whose journal was not touched for this long has lost its process; the owner touches it each second. */
const STALE_MS = 5000;
/** Files of takes that nobody asked for any more are removed after a day. */
const KEEP_MS = 24 * 3600 * 1000;

const journalPath = (video: string) => `${video}.json`;

/** Reads a take's journal; `stale` where its process has stopped touching it. `undefined`: there is none. */
export async function readJournal(video: string): Promise<{ entry: JournalEntry; stale: boolean } | undefined> {
  try {
    const file = journalPath(video);
    const [text, info] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    return { entry: parse(text), stale: Date.now() - info.mtimeMs > STALE_MS };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A reader may come between two writes of the owner: then the take is simply running. */
function parse(text: string): JournalEntry {
  try {
    return JSON.parse(text) as JournalEntry;
  } catch {
    return { state: 'running', progress: 0 };
  }
}

/** Starts a journal; false where another process has one. `replace`: takes over one that is stale or over. UNAVAILABLE where the disk is full. */
export async function beginJournal(video: string, replace: boolean): Promise<boolean> {
  if (replace) await rm(journalPath(video), { force: true });
  try {
    await writeFile(journalPath(video), runningText(0), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    if (!isDiskFull(error)) throw error;
    await dropJournal(video);
    throw new AppError('UNAVAILABLE', 'The animatic cannot be started: the disk is full.', {
      hint: 'Free some space, then make the shot again.',
      cause: error,
    });
  }
}

/** Always the same length, so that it can be overwritten in place. */
function runningText(progress: number): string {
  return JSON.stringify({ state: 'running', progress: 0 }).replace(/0}$/, `${Math.min(progress, 1).toFixed(3)}}`);
}

/** The sign of life; false where the journal is gone: somebody cancelled the take. Never creates it again. */
export async function touchJournal(video: string, progress: number): Promise<boolean> {
  try {
    const file = await open(journalPath(video), 'r+');
    try {
      await file.write(runningText(progress), 0);
      await file.utimes(new Date(), new Date());
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Writes the end of a take in one step; on a full disk over the running entry, whose block is there already. */
export async function endJournal(video: string, entry: JournalEntry): Promise<void> {
  const file = journalPath(video);
  try {
    await writeFile(`${file}.new`, JSON.stringify(entry));
    await rename(`${file}.new`, file);
  } catch (error) {
    await rm(`${file}.new`, { force: true });
    if (!isDiskFull(error)) throw error;
    await writeFile(file, JSON.stringify(entry), { flag: 'r+' });
  }
}

/** Forgets a take; its owner, in whatever process, stops at its next sign of life. */
export async function dropJournal(video: string): Promise<void> {
  await rm(journalPath(video), { force: true });
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    (info) => info.isFile(),
    () => false,
  );
}

/** Partial files of a take whose process died. */
export async function removePartials(video: string): Promise<void> {
  const { dir, name } = path.parse(video);
  for (const entry of await readdir(dir)) if (entry.startsWith(`.${name}.`)) await rm(path.join(dir, entry), { force: true });
}

/** Removes what nobody fetched within a day. */
export async function sweep(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) && !name.startsWith(`.${prefix}`)) continue;
    const file = path.join(folder, name);
    const info = await stat(file).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > KEEP_MS) await rm(file, { force: true });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
