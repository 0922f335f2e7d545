import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { AppError } from '../../../errors.ts';
import type { ObjectStore, StoredObject } from '../../../ports.ts';
import { checkObjectKey, cleanFileName, objectKey } from '../../local/store/file-names.ts';
import { makeFolder } from '../../local/store/folders.ts';
import { fileError, hashFile, removeStale, sizeOf } from '../../local/store/object-files.ts';
import { PART_BYTES, type S3Bucket } from './bucket.ts';
import { FileCache } from './file-cache.ts';

export const OBJECTS = 'objects/';
const OUTPUTS = 'outputs/';
/** Digits of the sha256 in a published name: two films of one name stay apart without asking first. */
const NAME_DIGITS = 12;
/** Where downloaded objects and half-made files lie in the data folder of this machine. */
const CACHE_FOLDER = 'cache';

/**
 * Objects in a bucket, `objects/<sha256>.<extension>`, written with `If-None-Match: *` and the sha256 as checksum, large files in parts: whole or
 * not there. Published copies are `outputs/<name> <12 digits of the sha256>.<extension>`. Requests: put 1 (files over 16 MB: HEAD, then parts + 2),
 * get, range, has and delete 1, local path 1 once per machine, publish 1, links none. A malformed key is INVALID_INPUT everywhere; failures of S3
 * as in `s3Error`, of the local disk as in the folder store.
 */
export function createS3Objects(bucket: S3Bucket, homeDir: string): ObjectStore {
  const temporaryFolder = path.join(homeDir, 'tmp');
  let cleaned: Promise<void> | undefined;
  const temporary = async (extension = 'part'): Promise<string> => {
    await makeFolder(temporaryFolder);
    cleaned ??= removeStale(temporaryFolder).catch((error) => console.error('tmp folder not cleaned:', error));
    await cleaned;
    return path.join(temporaryFolder, `${randomUUID()}.${extension}`);
  };
  const cache = new FileCache(path.join(homeDir, CACHE_FOLDER), { temporary });

  async function putBytes(bytes: Uint8Array, mediaType: string, known?: string): Promise<StoredObject> {
    const sha256 = known ?? createHash('sha256').update(bytes).digest('hex');
    const key = objectKey(sha256, mediaType);
    const isNew = await bucket.put(OBJECTS + key, bytes, { mediaType, onlyNew: true, sha256 });
    return { key, sha256, byteLength: bytes.length, isNew };
  }

  async function putFile(source: { path: string; move?: boolean }, mediaType: string): Promise<StoredObject> {
    const size = await sizeOf(source.path);
    if (size === undefined) throw new AppError('NOT_FOUND', 'The file to store is not there (any more).', { hint: 'Check its path.' });
    const stored = size <= PART_BYTES ? await putBytes(await readFile(source.path), mediaType) : await putLarge(source.path, mediaType);
    if (source.move) await cache.adopt(stored.key, source.path);
    return stored;
  }

  async function putLarge(file: string, mediaType: string): Promise<StoredObject> {
    const { sha256, byteLength } = await hashFile(file);
    const key = objectKey(sha256, mediaType);
    // Asked first: a large file that is there already is not sent again.
    const there = (await bucket.head(OBJECTS + key)) !== undefined;
    const isNew = !there && (await bucket.upload(OBJECTS + key, () => Readable.from(unchanged(file, sha256)), { mediaType, onlyNew: true, sha256 }));
    return { key, sha256, byteLength, isNew };
  }

  async function publish(key: string, name: string): Promise<string> {
    const { extension } = checkObjectKey(key);
    const target = `${OUTPUTS}${cleanFileName(name, extension)} ${key.slice(0, NAME_DIGITS)}.${extension}`;
    if (await bucket.copy(OBJECTS + key, target)) return bucket.address(target);
    throw new AppError('NOT_FOUND', `There is no object ${key}.`, { hint: 'Store it again before publishing it.' });
  }

  async function unpublish(key: string, published: string): Promise<void> {
    const { extension } = checkObjectKey(key);
    const target = bucket.keyOf(published);
    if (!target?.startsWith(OUTPUTS) || !target.endsWith(`.${extension}`)) return;
    if ((await bucket.head(target))?.sha256 === key.slice(0, 64)) await bucket.delete(target);
  }

  async function getRange(key: string, start: number, end: number): Promise<Uint8Array | undefined> {
    const [from, to] = [Math.max(0, Math.trunc(start)), Math.trunc(end)];
    if (to > from) return bucket.get(OBJECTS + key, { start: from, end: to });
    return (await bucket.head(OBJECTS + key)) && new Uint8Array();
  }

  async function scratchPath(extension: string): Promise<string> {
    if (/^[a-z0-9]{1,8}$/.test(extension)) return temporary(extension);
    throw new AppError('INVALID_INPUT', 'A scratch file needs a plain extension.', { hint: 'One to eight lower-case letters or digits, e.g. `mp4`.' });
  }

  const checked = async <T>(key: string, action: string, work: (stored: string) => Promise<T>): Promise<T> => {
    checkObjectKey(key);
    return guarded(action, () => work(OBJECTS + key));
  };
  return {
    put: (source, mediaType, { sha256 } = {}) =>
      guarded('store an object', () => (source instanceof Uint8Array ? putBytes(source, mediaType, sha256) : putFile(source, mediaType))),
    get: (key) => checked(key, 'read an object', (stored) => bucket.get(stored)),
    has: (key) => checked(key, 'read an object', async (stored) => (await bucket.head(stored)) !== undefined),
    getRange: (key, start, end) => checked(key, 'read an object', () => getRange(key, start, end)),
    localPath: (key) => checked(key, 'keep a copy of an object', (stored) => cache.file(key, () => bucket.stream(stored))),
    async place(key) {
      checkObjectKey(key);
      return bucket.address(OBJECTS + key);
    },
    async link(place) {
      const key = bucket.keyOf(place);
      return key?.startsWith(OBJECTS) || key?.startsWith(OUTPUTS) ? bucket.link(key) : undefined;
    },
    publish: (key, name) => checked(key, 'publish an object', () => publish(key, name)),
    unpublish: (key, published) => checked(key, 'remove an output', () => unpublish(key, published)),
    scratchPath: (extension) => guarded('write to the tmp folder', () => scratchPath(extension)),
    delete: (key) =>
      checked(key, 'delete an object', async (stored) => {
        await bucket.delete(stored);
        await cache.delete(key);
      }),
  };
}

async function guarded<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, action);
  }
}

/** A file's bytes; fails at the end where they have another sha256, so that the upload is given up and nothing is stored. */
async function* unchanged(file: string, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === sha256) return;
  throw new AppError('CONFLICT', 'The file was changed while it was stored.', { hint: 'Call again when it is finished.' });
}
