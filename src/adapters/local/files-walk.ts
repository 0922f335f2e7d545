import type { Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import type { AllowedFile } from '../../ports.ts';
import { contains } from './files-folders.ts';
import { checkAllowed, isPermission, locate, type Rules } from './files-locate.ts';
import { isMagic, type PathPattern, parsePattern } from './files-pattern.ts';
import * as refuse from './files-refusals.ts';

/** See `Files.classify`. What lies outside the allowed folders is told by its spelling alone. */
export async function classifyPath(absolute: string, rules: Rules): Promise<'file' | 'folder' | 'pattern'> {
  const { pattern } = await splitPattern(absolute, rules);
  if (pattern.length > 0) return 'pattern';
  const location = await locate(absolute, absolute, rules).catch(() => undefined);
  return location !== undefined && (await isFolder(location)) ? 'folder' : 'file';
}

/** See `Files.walk`; NOT_FOUND where a pattern matches nothing. Folders below that the operating system refuses are left out, and named on stderr. */
export async function* walkFiles(absolute: string, rules: Rules): AsyncGenerator<AllowedFile> {
  const { folder, pattern } = await splitPattern(absolute, rules);
  const location = await locate(folder, folder, rules);
  if (!(await isFolder(location))) throw refuse.notAFolder(folder);
  await readdir(location).catch((cause) => {
    throw isPermission(cause) ? refuse.refusedBySystem(folder, rules.machine, cause) : refuse.notFound(folder, []);
  });
  const ignoreCase = rules.machine.platform === 'win32' || rules.machine.platform === 'darwin';
  const walk = { rules, pattern: parsePattern(pattern.length > 0 ? pattern : ['**'], { ignoreCase }), seen: new Set<string>() };
  let found = 0;
  for await (const file of below(location, [], walk)) {
    found++;
    yield file;
  }
  if (found === 0 && pattern.length > 0) throw refuse.noMatch(absolute, ignoreCase);
}

/**
 * The folder that a pattern begins in, and the names that are patterns. A name with glob characters that is there as it is written is
 * taken for that, so a folder called `[2021] holiday` needs no escape.
 */
async function splitPattern(absolute: string, rules: Rules): Promise<{ folder: string; pattern: string[] }> {
  const { root } = path.parse(absolute);
  const names = absolute.slice(root.length).split(path.sep).filter(Boolean);
  // A Windows network path must not be touched before it is known to be allowed.
  const touch = !absolute.startsWith('\\\\') || rules.folders.some((folder) => contains(folder, absolute, rules.machine));
  for (const [index, name] of names.entries()) {
    if (!isMagic(name)) continue;
    const literal = path.join(root, ...names.slice(0, index + 1));
    const isThere = touch && (await lstat(literal).catch(() => undefined)) !== undefined;
    if (!isThere) return { folder: path.join(root, ...names.slice(0, index)), pattern: names.slice(index) };
  }
  return { folder: absolute, pattern: [] };
}

async function isFolder(location: string): Promise<boolean> {
  return stat(location).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

interface Walk {
  rules: Rules;
  pattern: PathPattern;
  /** Real paths of the files that came, and of the folders that were entered for the same part of the pattern. */
  seen: Set<string>;
}

/** The files below a real folder, in the order of their paths. */
async function* below(folder: string, names: string[], walk: Walk): AsyncGenerator<AllowedFile> {
  const open = walk.pattern.below(names);
  if (open === undefined || !first(walk, `${folder}\0${open}`)) return;
  for (const { name, location, isDirectory } of await entriesOf(folder, walk.rules)) {
    const here = [...names, name];
    if (isDirectory) yield* below(location, here, walk);
    else if (walk.pattern.matches(here) && first(walk, location)) {
      const size = await lstat(location).then(
        (found) => (found.isFile() ? found.size : undefined),
        () => undefined,
      );
      if (size !== undefined) yield { path: location, name: path.basename(location), byteLength: size };
    }
  }
}

function first({ seen }: Walk, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

interface Entry {
  name: string;
  /** Real path. */
  location: string;
  isDirectory: boolean;
}

/** What a folder holds that may be read, in the order of the paths: a folder's name counts with its separator. */
async function entriesOf(folder: string, rules: Rules): Promise<Entry[]> {
  const listed = await readdir(folder, { withFileTypes: true }).catch((error) => {
    console.error(`folder not read: ${refuse.shown(folder)}: ${(error as NodeJS.ErrnoException).code}`);
    return [];
  });
  const shown = listed.filter((entry) => !entry.name.startsWith('.'));
  const entries: Entry[] = [];
  for (const entry of shown) {
    const found = await entryOf(folder, entry, rules);
    if (found) entries.push(found);
  }
  const key = (entry: Entry) => (entry.isDirectory ? entry.name + path.sep : entry.name);
  return entries.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

async function entryOf(folder: string, entry: Dirent, rules: Rules): Promise<Entry | undefined> {
  const location = path.join(folder, entry.name);
  if (!entry.isSymbolicLink()) return entry.isDirectory() || entry.isFile() ? { name: entry.name, location, isDirectory: entry.isDirectory() } : undefined;
  try {
    const target = await realpath(location);
    checkAllowed(target, location, rules);
    const found = await stat(target);
    return found.isDirectory() || found.isFile() ? { name: entry.name, location: target, isDirectory: found.isDirectory() } : undefined;
  } catch (error) {
    // A link that leads out, or nowhere, is left out like a file that is not there.
    if (error instanceof AppError || (error as NodeJS.ErrnoException).code) return undefined;
    throw error;
  }
}
