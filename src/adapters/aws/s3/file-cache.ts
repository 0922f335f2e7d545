import { createHash } from 'node:crypto';
import { chmod, type FileHandle, lstat, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import { makeFolder } from '../../local/store/folders.ts';
import { sizeOf, systemCode } from '../../local/store/object-files.ts';

/** What the folder may hold; the least recently used files go first. */
const MAX_BYTES = 4e9;
/** A path that was handed out this recently may still be read. */
const IN_USE_MS = 60 * 60_000;

/**
 * Objects as local files, `<folder>/<key>`, each downloaded once and checked by its sha256; shared by all servers of this machine. Files are whole
 * or not there, and read-only.
 */
export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #temporary: () => Promise<string>;
  readonly #loading = new Map<string, Promise<string | undefined>>();

  /** `temporary` gives names of new files on the same disk. */
  constructor(folder: string, options: { temporary: () => Promise<string>; maxBytes?: number }) {
    this.#folder = folder;
    this.#temporary = options.temporary;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** The file of an object; `download` is asked where it is not here yet, and may answer that there is no such object. */
  async file(key: string, download: () => Promise<AsyncIterable<Uint8Array> | undefined>): Promise<string | undefined> {
    const file = path.join(this.#folder, key);
    if (await touched(file)) return file;
    const loading = this.#loading.get(key) ?? this.#load(key, download).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** Takes over a file with the object's bytes; one on another disk, and a link, are only removed. */
  async adopt(key: string, file: string): Promise<void> {
    if (!(await lstat(file)).isFile()) return rm(file);
    await makeFolder(this.#folder);
    await chmod(file, 0o444);
    await rename(file, path.join(this.#folder, key)).catch((error) => {
      if (systemCode(error) !== 'EXDEV') throw error;
      return rm(file);
    });
    await this.#shrink();
  }

  async delete(key: string): Promise<void> {
    await rm(path.join(this.#folder, key), { force: true });
  }

  async #load(key: string, download: () => Promise<AsyncIterable<Uint8Array> | undefined>): Promise<string | undefined> {
    const content = await download();
    if (!content) return undefined;
    await makeFolder(this.#folder);
    const temporary = await this.#temporary();
    try {
      const sha256 = await writeAll(temporary, content);
      if (sha256 !== key.slice(0, 64)) {
        throw new AppError('INVALID_MEDIA', `The stored object ${key} is damaged: its bytes have another sha256.`, {
          hint: 'Ingest the file again; vrag-mcp verify lists damaged objects.',
        });
      }
      await chmod(temporary, 0o444);
      const file = path.join(this.#folder, key);
      await rename(temporary, file);
      await this.#shrink();
      return file;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #shrink(): Promise<void> {
    const names = await readdir(this.#folder);
    const files = await Promise.all(
      names.map((name) =>
        stat(path.join(this.#folder, name)).then(
          ({ size, mtimeMs }) => ({ name, size, mtimeMs }),
          () => undefined,
        ),
      ),
    );
    const found = files.filter((file) => file !== undefined).sort((a, b) => a.mtimeMs - b.mtimeMs);
    let bytes = found.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size, mtimeMs } of found) {
      if (bytes <= this.#maxBytes || Date.now() - mtimeMs < IN_USE_MS) return;
      await rm(path.join(this.#folder, name), { force: true });
      bytes -= size;
    }
  }
}

/** Whether the file is there; its time then says that it is used. */
async function touched(file: string): Promise<boolean> {
  if ((await sizeOf(file)) === undefined) return false;
  const now = new Date();
  // Another server may have removed it since.
  return utimes(file, now, now).then(
    () => true,
    () => false,
  );
}

/** Sha256 of what was written and is on the disk now. */
async function writeAll(file: string, content: AsyncIterable<Uint8Array>): Promise<string> {
  const handle: FileHandle = await open(file, 'wx');
  try {
    const hash = createHash('sha256');
    for await (const chunk of content) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}
