import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { AllowedFile, Files } from '../../ports.ts';
import { contains, isHiddenBelow, type Machine, readableFolders } from './files-folders.ts';
import * as refuse from './files-refusals.ts';
import { similarNames, twinOf } from './files-similar.ts';

/** Folders in which chat clients show attachments to the model; they are not on this computer. Source: the paths that ChatGPT and Claude print. */
const CHAT_PATHS = /^(?:\/mnt\/(?:data|user-data)(?:\/|$)|(?:sandbox|attachment|blob|data|content|cid):)/i;
/** Never through a link that replaced the checked file, and never waiting for the other end of a FIFO; Windows has neither. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * The user's files in the allowed folders: the data folder, `config.allowedDirs`, and with `config.defaultDirs` the user's pictures,
 * videos, downloads and desktop. Nothing is touched before the first call. `machine` is for tests.
 */
export function createFiles(config: Config, machine: Machine = { platform: process.platform, home: homedir() }): Files {
  const allowedFolders = () => readableFolders(config, machine);

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
    classify: () => Promise.resolve('file'),
    walk: () => {
      throw new AppError('INTERNAL', 'Folders are not walked yet.');
    },
    async resolve(asked, options = {}) {
      const { handle, file } = await check(toAbsolute(asked, machine, config), asked, options.maxBytes ?? config.maxFileBytes);
      await handle.close();
      return file;
    },
    async read(file) {
      const { handle, file: now } = await check(file.path, file.path, Number.MAX_SAFE_INTEGER);
      try {
        const bytes = new Uint8Array(file.byteLength);
        const length = now.byteLength === file.byteLength ? await fill(handle, bytes) : -1;
        if (length === file.byteLength) return bytes;
        throw new AppError('CONFLICT', `The file '${refuse.shown(file.path)}' changed while it was read.`, {
          hint: 'Wait until it is complete and call again.',
        });
      } finally {
        await handle.close();
      }
    },
  };
}

async function fill(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  let at = 0;
  while (at < bytes.length) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at;
}

/** A path, `~` path or file URL as an absolute path, without touching the disk. */
function toAbsolute(input: string, machine: Machine, config: Config): string {
  const asked = input.trim().replace(/^(["'])(.*)\1$/s, '$2');
  if (asked === '' || asked.includes('\0')) throw refuse.notAbsolute(asked);
  let local = asked;
  if (/^file:/i.test(asked)) {
    try {
      local = fileURLToPath(asked);
    } catch (cause) {
      throw new AppError('INVALID_INPUT', `'${refuse.shown(asked)}' is no file URL of this computer.`, { hint: 'Give an absolute path instead.', cause });
    }
  } else if (/^~(?=$|[/\\])/.test(asked)) local = path.join(machine.home, asked.slice(1));
  if (CHAT_PATHS.test(local) && !config.allowedDirs.some((folder) => contains(folder, local, machine))) throw refuse.chatOnly(asked);
  if (/^https?:/i.test(local))
    throw new AppError('INVALID_INPUT', 'This is a web address, not a file path.', { hint: 'Give it as a URL, or give an absolute path.' });
  if (!path.isAbsolute(local)) throw /[/\\]/.test(local) ? refuse.notAbsolute(asked) : refuse.chatOnly(asked);
  return path.resolve(local);
}

interface Rules {
  folders: string[];
  machine: Machine;
}

/** The real path of an existing file, checked against the folders. Says nothing about files outside them. */
async function locate(absolute: string, asked: string, rules: Rules): Promise<string> {
  // A Windows network path would send the user's credentials to its host on the first touch.
  if (absolute.startsWith('\\\\') && !rules.folders.some((folder) => contains(folder, absolute, rules.machine))) throw refuse.outside(asked, rules.folders);
  try {
    const location = await realpath(absolute);
    checkAllowed(location, asked, rules);
    return location;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { location, isLink } = await wouldBe(absolute);
    checkAllowed(location, asked, rules);
    if (isLink) throw refuse.outside(asked, rules.folders);
    if (isPermission(error)) throw refuse.refusedBySystem(asked, rules.machine, error);
    return missing(location, asked, rules);
  }
}

/** Where a path without a file would be: the real path of its nearest folder, and the rest. */
async function wouldBe(absolute: string): Promise<{ location: string; isLink: boolean }> {
  const isLink = await lstat(absolute).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
  for (let folder = path.dirname(absolute); ; folder = path.dirname(folder)) {
    const found = await realpath(folder).catch(() => undefined);
    if (found) return { location: path.join(found, path.relative(folder, absolute)), isLink };
    if (folder === path.dirname(folder)) return { location: absolute, isLink };
  }
}

function checkAllowed(location: string, asked: string, { folders, machine }: Rules): void {
  const around = folders.filter((folder) => contains(folder, location, machine));
  if (around.length === 0) throw refuse.outside(asked, folders);
  if (around.every((folder) => isHiddenBelow(folder, location))) throw refuse.hidden(asked);
}

/** The one file whose name differs only in how its characters are written; else NOT_FOUND with similar names. */
async function missing(location: string, asked: string, rules: Rules): Promise<string> {
  const folder = path.dirname(location);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name);
  const twin = twinOf(path.basename(location), names);
  if (twin === undefined) throw refuse.notFound(asked, similarNames(path.basename(location), names));
  const found = await realpath(path.join(folder, twin));
  checkAllowed(found, asked, rules);
  return found;
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

function isPermission(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EPERM';
}
