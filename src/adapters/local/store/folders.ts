import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../errors.ts';
import { systemCode } from './object-files.ts';

/** What the system says where a folder cannot be, whatever is tried again. */
const HOPELESS = ['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EINVAL', 'ENAMETOOLONG'];

/**
 * Makes a folder of the data folder and those above it that are missing, one by one: `mkdir` with `recursive` never ends in Node 20 where the
 * parent exists and refuses with ENOENT (measured: 20.20, /proc/x). MISCONFIGURED where there is a file in its place or the system refuses.
 */
export async function makeFolder(folder: string): Promise<void> {
  const wanted = path.resolve(folder);
  try {
    const missing: string[] = [];
    for (let at = wanted; !(await isFolder(at)); at = path.dirname(at)) {
      missing.unshift(at);
      if (path.dirname(at) === at) break;
    }
    for (const each of missing) await makeOne(each);
  } catch (error) {
    if (error instanceof NotAFolder) throw unusable(wanted, `${error.file} is a file`, error);
    if (HOPELESS.includes(systemCode(error) ?? '')) throw unusable(wanted, `the system answers ${systemCode(error)}`, error);
    throw error;
  }
}

class NotAFolder extends Error {
  readonly file: string;

  constructor(file: string) {
    super('not a folder');
    this.file = file;
  }
}

/** False where there is nothing. Throws `NotAFolder` for a file. */
async function isFolder(file: string): Promise<boolean> {
  try {
    if ((await stat(file)).isDirectory()) return true;
  } catch (error) {
    // ENOTDIR: something above it is a file, which shows on the way up.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return false;
    throw error;
  }
  throw new NotAFolder(file);
}

/** Another process may make it at the same time. */
async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !(await isFolder(folder))) throw error;
  }
}

function unusable(folder: string, why: string, cause: unknown): AppError {
  return new AppError('MISCONFIGURED', `The data folder ${folder} cannot be made: ${why}.`, {
    hint: 'Set VRAG_HOME to a folder that exists and may be written, or to a new one inside such a folder.',
    cause,
  });
}
