import { createHash } from 'node:crypto';
import { closeSync, constants, fsync, openSync, write } from 'node:fs';
import { copyFile, type FileHandle, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../../errors.ts';

/** Half-written files older than this belong to no living process. */
const STALE_MS = 24 * 3600 * 1000;
const CHUNK_BYTES = 1 << 20;

/** The system's code of a failure, e.g. ENOENT. */
export const systemCode = (error: unknown): string | undefined => (error instanceof Error && 'code' in error ? String(error.code) : undefined);

/** Failures of the file system as `AppError`s. */
export function fileError(error: unknown, action: string): unknown {
  const code = systemCode(error);
  if (error instanceof AppError || code === undefined) return error;
  if (code === 'EACCES' || code === 'EPERM') {
    return new AppError('FORBIDDEN', `The operating system does not allow to ${action}.`, {
      hint: 'Check the permissions of the data folder (VRAG_HOME).',
      cause: error,
    });
  }
  const hint =
    code === 'ENOSPC' || code === 'EDQUOT' ? 'The disk is full: free some space, then call again.' : 'Check the disk that holds the data folder (VRAG_HOME).';
  return new AppError('UNAVAILABLE', `Could not ${action}.`, { hint, cause: error });
}

/** Bytes of a file, `undefined` where there is none. */
export async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Sha256 in hexadecimal digits and length of a file; `sync` waits until its content is on the disk. */
export async function hashFile(file: string, { sync = false } = {}): Promise<{ sha256: string; byteLength: number }> {
  const handle = await open(file, 'r');
  try {
    const hash = createHash('sha256');
    let byteLength = 0;
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
      hash.update(chunk);
      byteLength += chunk.length;
    }
    if (sync) await handle.sync();
    return { sha256: hash.digest('hex'), byteLength };
  } finally {
    await handle.close();
  }
}

const synced = promisify(fsync);
const written = promisify(write);

/**
 * Writes bytes to a new read-only file and waits until they are on the disk. What is short is synchronous here and in `syncFolder`, as SQLite in the same
 * folder is: microseconds each, where a round through the thread pool takes a tenth of a millisecond.
 */
export async function writeNew(target: string, bytes: Uint8Array): Promise<void> {
  const file = openSync(target, 'wx', 0o444);
  try {
    for (let at = 0; at < bytes.length; ) at += (await written(file, bytes, at, bytes.length - at, at)).bytesWritten;
    await synced(file);
  } finally {
    closeSync(file);
  }
}

/** Copies a file to a new one, hashing on the way, and waits until it is on the disk. */
export async function writeHashed(target: string, source: FileHandle): Promise<{ sha256: string; byteLength: number }> {
  const handle = await open(target, 'wx', 0o444);
  try {
    const copied = await copyHashed(handle, source);
    await handle.sync();
    return copied;
  } finally {
    await handle.close();
  }
}

async function copyHashed(handle: FileHandle, source: FileHandle) {
  const hash = createHash('sha256');
  let byteLength = 0;
  for await (const chunk of source.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
    hash.update(chunk);
    await handle.writeFile(chunk);
    byteLength += chunk.length;
  }
  return { sha256: hash.digest('hex'), byteLength };
}

/** Makes a new name survive a power loss. Windows cannot open folders and needs no such step. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const file = openSync(folder, 'r');
  try {
    await synced(file);
  } finally {
    closeSync(file);
  }
}

/** Removes files (not folders) that nobody has written to for a day. */
export async function removeStale(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(folder, entry.name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0, // Gone already: its writer has finished.
    );
    if (age > STALE_MS) await rm(file, { force: true });
  }
}

/** Puts a file under a name that must not exist yet: EEXIST. A hard link where the file system has them, else a copy that is whole from the start. */
export async function linkOrCopy(file: string, target: string, temporary: string): Promise<void> {
  try {
    await link(file, target);
    return;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOENT') throw error;
  }
  if ((await sizeOf(target)) !== undefined) throw Object.assign(new Error('exists'), { code: 'EEXIST' });
  try {
    await copyFile(file, temporary, constants.COPYFILE_EXCL);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Whether the file has the bytes of the object's file (named by their sha256). */
export async function sameBytes(file: string, objectFile: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(file), stat(objectFile)]);
  if (!a.isFile() || a.size !== b.size) return false;
  if (a.ino !== 0 && a.ino === b.ino && a.dev === b.dev) return true;
  return (await hashFile(file)).sha256 === path.basename(objectFile).slice(0, 64);
}
