import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { AllowedFile, Files } from '../../ports.ts';
import { type Machine, readableFolders } from './files-folders.ts';
import { isPermission, locate, toAbsolute } from './files-locate.ts';
import * as refuse from './files-refusals.ts';
import { classifyPath, walkFiles } from './files-walk.ts';

/** Never through a link that replaced the checked file, and never waiting for the other end of a FIFO; Windows has neither. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Looking the folders up takes as long as the rest of opening a file, which bulk ingest does dozens of times a second. */
const FOLDERS_MS = 100;

/**
 * The user's files in the allowed folders: the data folder, `config.allowedDirs`, and with `config.defaultDirs` the user's pictures,
 * videos, downloads and desktop. Nothing is touched before the first call. `machine` is for tests.
 */
export function createFiles(config: Config, machine: Machine = { platform: process.platform, home: homedir() }): Files {
  let last: { until: number; folders: Promise<string[]> } | undefined;
  const allowedFolders = (): Promise<string[]> => {
    if (last === undefined || last.until < Date.now()) last = { until: Date.now() + FOLDERS_MS, folders: readableFolders(config, machine) };
    return last.folders;
  };

  async function check(absolute: string, asked: string, maxBytes: number): Promise<{ handle: FileHandle; file: AllowedFile }> {
    const folders = await allowedFolders();
    const location = await locate(absolute, asked, { folders, machine });
    const handle = await openRegular(location, asked, machine);
    try {
      const { size } = await handle.stat();
      if (size === 0 || size > maxBytes) throw refuse.wrongSize(asked, size, maxBytes);
      return { handle, file: { path: location, name: path.basename(location), byteLength: size } };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  return {
    allowedFolders,
    classify: async (asked) => classifyPath(toAbsolute(asked, machine, config), { folders: await allowedFolders(), machine }),
    async *walk(asked) {
      yield* walkFiles(toAbsolute(asked, machine, config), { folders: await allowedFolders(), machine });
    },
    async resolve(asked, options = {}) {
      const { handle, file } = await check(toAbsolute(asked, machine, config), asked, options.maxBytes ?? config.maxFileBytes);
      await handle.close();
      return file;
    },
    async load(asked, options = {}) {
      const { handle, file } = await check(toAbsolute(asked, machine, config), asked, options.maxBytes ?? config.maxFileBytes);
      return { ...file, bytes: await readAll(handle, file) };
    },
    async read(file) {
      const { handle, file: now } = await check(file.path, file.path, Number.MAX_SAFE_INTEGER);
      if (now.byteLength === file.byteLength) return readAll(handle, file);
      await handle.close();
      throw changed(file);
    },
  };
}

async function readAll(handle: FileHandle, file: AllowedFile): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(file.byteLength);
    if ((await fill(handle, bytes)) === file.byteLength) return bytes;
    throw changed(file);
  } finally {
    await handle.close();
  }
}

const changed = (file: AllowedFile): AppError =>
  new AppError('CONFLICT', `The file '${refuse.shown(file.path)}' changed while it was read.`, { hint: 'Wait until it is complete and call again.' });

async function fill(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at;
}

/** Opens a real path and makes sure that it is still that regular file. */
async function openRegular(location: string, asked: string, machine: Machine): Promise<FileHandle> {
  const before = await lstat(location).catch((cause) => {
    throw isPermission(cause) ? refuse.refusedBySystem(asked, machine, cause) : refuse.notFound(asked, []);
  });
  if (!before.isFile()) throw refuse.notAFile(asked, before.isDirectory());
  const handle = await open(location, OPEN_FLAGS).catch((cause) => {
    throw isPermission(cause) ? refuse.refusedBySystem(asked, machine, cause) : refuse.notFound(asked, []);
  });
  const opened = await handle.stat();
  const same = opened.isFile() && opened.ino === before.ino && opened.dev === before.dev && (await realpath(location).catch(() => '')) === location;
  if (same) return handle;
  await handle.close();
  throw refuse.notAFile(asked, false);
}
