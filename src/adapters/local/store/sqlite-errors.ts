import { AppError } from '../../../errors.ts';

/** Primary result codes, https://sqlite.org/rescode.html. */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

const UNAVAILABLE: Readonly<Record<number, [problem: string, hint: string]>> = {
  3: ['may not be opened', 'Check the permissions of the data folder (VRAG_HOME).'],
  [BUSY]: ['is locked by another process', 'Try again in a moment; end other servers on this data folder if it stays so.'],
  [LOCKED]: ['is locked', 'Try again in a moment.'],
  8: ['is read-only', 'Check the permissions of the data folder (VRAG_HOME).'],
  10: ['could not be read or written (input/output error)', 'Check the disk that holds the data folder (VRAG_HOME).'],
  13: ['could not be written: the disk is full', 'Free some space, then call again.'],
  14: ['could not be opened', 'Check that the data folder (VRAG_HOME) exists and may be written.'],
};

function resultCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** True where another connection holds the lock: the same call may succeed a moment later. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** SQLite's and the file system's failures as `AppError`s that name the file: UNAVAILABLE, or MISCONFIGURED for a broken file. Anything else is returned as it is. */
export function storageError(error: unknown, file: string): unknown {
  if (error instanceof Error && 'syscall' in error) {
    return new AppError('UNAVAILABLE', `The folder of the database ${file} cannot be made or read.`, {
      hint: 'Check the path and permissions of the data folder (VRAG_HOME).',
      cause: error,
    });
  }
  const code = resultCode(error);
  if (code === undefined) return error;
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new AppError('MISCONFIGURED', `The database ${file} is damaged or is no SQLite file. Nothing was changed.`, {
      hint: 'Move it away, or put a copy from the `backups` folder beside it in its place; or set VRAG_HOME to another folder.',
      cause: error,
    });
  }
  const known = UNAVAILABLE[code];
  return known ? new AppError('UNAVAILABLE', `The database ${file} ${known[0]}.`, { hint: known[1], cause: error }) : error;
}
