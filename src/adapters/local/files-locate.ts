import { lstat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import { contains, isHiddenBelow, type Machine } from './files-folders.ts';
import * as refuse from './files-refusals.ts';
import { similarNames, twinOf } from './files-similar.ts';

/** Folders in which chat clients show attachments to the model; they are not on this computer. Source: the paths that ChatGPT and Claude print. */
const CHAT_PATHS = /^(?:\/mnt\/(?:data|user-data)(?:\/|$)|(?:sandbox|attachment|blob|data|content|cid):)/i;

/** A path, `~` path or file URL as an absolute path, without touching the disk. */
export function toAbsolute(input: string, machine: Machine, config: Config): string {
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

/** What `locate` checks against. */
export interface Rules {
  folders: string[];
  machine: Machine;
}

/** The real path of an existing file, checked against the folders. Says nothing about files outside them. */
export async function locate(absolute: string, asked: string, rules: Rules): Promise<string> {
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

export function checkAllowed(location: string, asked: string, { folders, machine }: Rules): void {
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

/** True where the operating system refused. */
export function isPermission(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EPERM';
}
