import { createHash, randomUUID } from 'node:crypto';
import { renameSync, statSync } from 'node:fs';
import { chmod, type FileHandle, lstat, open, readFile, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import type { ObjectStore, StoredObject } from '../../../ports.ts';
import { checkObjectKey, cleanFileName, objectKey } from './file-names.ts';
import { makeFolder } from './folders.ts';
import { fileError, hashFile, linkOrCopy, removeStale, sameBytes, sizeOf, syncFolder, systemCode, writeHashed, writeNew } from './object-files.ts';

/** Published names with a number; more of the same name is a defect. */
const MAX_NUMBER = 9999;

/** `name (2).ext` and so on, after the plain name. */
function* numberedNames(name: string, extension: string): Generator<string> {
  yield `${name}.${extension}`;
  for (let number = 2; number <= MAX_NUMBER; number++) yield `${name} (${number}).${extension}`;
}

/**
 * Objects as files, `<homeDir>/objects/ab/<sha256>.<extension>`, written to `<homeDir>/tmp`, synced and renamed, so an object is whole or not there.
 * Object files are read-only: the readable names under `<homeDir>/outputs` are hard links to them, and an edit in place would change the object.
 * A malformed key is INVALID_INPUT everywhere; MISCONFIGURED where the data folder cannot be made, FORBIDDEN and UNAVAILABLE
 * where the file system refuses or fails later. Touches nothing before the first call.
 */
export function createObjectStore(homeDir: string): ObjectStore {
  const temporaryFolder = path.join(homeDir, 'tmp');
  const outputs = path.join(homeDir, 'outputs');
  let cleaned: Promise<void> | undefined;

  const fileOf = (key: string): string => path.join(homeDir, 'objects', checkObjectKey(key).folder, key);
  const existing = async (key: string): Promise<string | undefined> => {
    const file = fileOf(key);
    return statSync(file, { throwIfNoEntry: false }) && file;
  };
  const guarded = async <T>(action: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw fileError(error, action);
    }
  };

  const temporaryName = (extension = 'part'): string => path.join(temporaryFolder, `${randomUUID()}.${extension}`);

  async function temporaryFile(extension = 'part'): Promise<string> {
    await makeFolder(temporaryFolder);
    // Old leftovers that cannot be removed are harmless; they must not stop a write.
    cleaned ??= removeStale(temporaryFolder).catch((error) => console.error('tmp folder not cleaned:', error));
    await cleaned;
    return temporaryName(extension);
  }

  /** A read-only file takes the place of the object's; the same content may be there already. */
  async function install(written: string, sha256: string, byteLength: number, mediaType: string): Promise<StoredObject> {
    const key = objectKey(sha256, mediaType);
    const file = fileOf(key);
    const isNew = statSync(file, { throwIfNoEntry: false })?.size !== byteLength;
    if (!isNew) {
      await unlink(written);
    } else {
      await moveTo(file, written).catch(async (error) => {
        // Windows does not replace a file that another process reads; the same content put there meanwhile is as good.
        if ((await sizeOf(file)) !== byteLength) throw error;
        await unlink(written);
      });
      await syncFolder(path.dirname(file));
    }
    return { key, sha256, byteLength, isNew };
  }

  /** Nearly always its folder is there. */
  async function moveTo(file: string, written: string): Promise<void> {
    try {
      renameSync(written, file);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      await makeFolder(path.dirname(file));
      renameSync(written, file);
    }
  }

  /** Where the file cannot be moved (another disk, no permission), the caller copies it. */
  async function moveFile(source: string, mediaType: string): Promise<StoredObject | undefined> {
    if (!(await lstat(source)).isFile()) return undefined;
    try {
      const { sha256, byteLength } = await hashFile(source, { sync: true });
      await chmod(source, 0o444);
      return await install(source, sha256, byteLength, mediaType);
    } catch (error) {
      if (['EXDEV', 'EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
  }

  async function putFile(source: { path: string; move?: boolean }, mediaType: string): Promise<StoredObject> {
    if ((await sizeOf(source.path)) === undefined) {
      throw new AppError('NOT_FOUND', 'The file to store is not there (any more).', { hint: 'Check its path.' });
    }
    const moved = source.move ? await moveFile(source.path, mediaType) : undefined;
    if (moved) return moved;
    const handle = await open(source.path, 'r');
    try {
      return await putCopy(handle, mediaType);
    } finally {
      await handle.close();
    }
  }

  async function putCopy(source: Uint8Array | FileHandle, mediaType: string, known?: string): Promise<StoredObject> {
    const temporary = cleaned ? temporaryName() : await temporaryFile();
    const write = async () => {
      if (!(source instanceof Uint8Array)) return writeHashed(temporary, source);
      await writeNew(temporary, source);
      return { sha256: known ?? createHash('sha256').update(source).digest('hex'), byteLength: source.length };
    };
    try {
      const { sha256, byteLength } = await write().catch(async (error) => {
        // Nearly always the folder is there: it was at the first call.
        if (systemCode(error) !== 'ENOENT') throw error;
        await makeFolder(temporaryFolder);
        return write();
      });
      return await install(temporary, sha256, byteLength, mediaType);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async function publish(key: string, name: string): Promise<string> {
    const file = await existing(key);
    if (!file) throw new AppError('NOT_FOUND', `There is no object ${key}.`, { hint: 'Store it again before publishing it.' });
    const { extension } = checkObjectKey(key);
    await makeFolder(outputs);
    for (const candidate of numberedNames(cleanFileName(name, extension), extension)) {
      const target = path.join(outputs, candidate);
      try {
        await linkOrCopy(file, target, await temporaryFile());
        return target;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
      if (await sameBytes(target, file)) return target;
    }
    throw new AppError('CONFLICT', 'Too many outputs have this name.', { hint: 'Give another name, or clear the outputs folder.' });
  }

  async function unpublish(key: string, published: string): Promise<void> {
    const { extension } = checkObjectKey(key);
    const inside = path.dirname(path.resolve(published)) === path.resolve(outputs) && published.endsWith(`.${extension}`);
    const object = await existing(key);
    if (inside && object !== undefined && (await sizeOf(published)) !== undefined && (await sameBytes(published, object))) await rm(published, { force: true });
  }

  async function scratchPath(extension: string): Promise<string> {
    if (/^[a-z0-9]{1,8}$/.test(extension)) return temporaryFile(extension);
    throw new AppError('INVALID_INPUT', 'A scratch file needs a plain extension.', { hint: 'One to eight lower-case letters or digits, e.g. `mp4`.' });
  }

  async function getRange(key: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const handle = await open(fileOf(key), 'r').catch((error) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (!handle) return undefined;
    try {
      const { size } = await handle.stat();
      const from = Math.min(Math.max(0, Math.trunc(start)), size);
      const bytes = new Uint8Array(Math.max(0, Math.min(Math.trunc(end), size) - from));
      let read = 0;
      while (read < bytes.length) {
        const { bytesRead } = await handle.read(bytes, read, bytes.length - read, from + read);
        if (bytesRead === 0) break;
        read += bytesRead;
      }
      return bytes.subarray(0, read);
    } finally {
      await handle.close();
    }
  }

  return {
    put: (source, mediaType, { sha256 } = {}) =>
      guarded('store an object', () => (source instanceof Uint8Array ? putCopy(source, mediaType, sha256) : putFile(source, mediaType))),
    get: (key) =>
      guarded('read an object', async () => {
        const file = await existing(key);
        return file === undefined ? undefined : new Uint8Array(await readFile(file));
      }),
    has: (key) => guarded('read an object', async () => (await existing(key)) !== undefined),
    getRange: (key, start, end) => guarded('read an object', () => getRange(key, start, end)),
    localPath: (key) => guarded('read an object', () => existing(key)),
    place: (key) => guarded('read an object', () => existing(key)),
    link: async () => undefined,
    publish: (key, name) => guarded('write to the outputs folder', () => publish(key, name)),
    unpublish: (key, published) => guarded('remove from the outputs folder', () => unpublish(key, published)),
    scratchPath: (extension) => guarded('write to the tmp folder', () => scratchPath(extension)),
    delete: (key) => guarded('delete an object', () => rm(fileOf(key), { force: true })),
  };
}
