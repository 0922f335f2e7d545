import path from 'node:path';
import { AppError } from '../../errors.ts';
import type { Machine } from './files-folders.ts';

/** A path as it may stand in a message: it comes from outside. */
export function shown(value: string): string {
  const clean = value.replace(/[\p{C}]+/gu, ' ').trim();
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}

const SAVE_FIRST =
  'A picture that exists only in the chat cannot be read from here: save it to a file first, for instance on the desktop, and give its absolute path; one of at most 2 MB can be given as base64.';

export function chatOnly(asked: string): AppError {
  return new AppError('NOT_FOUND', `There is no file '${shown(asked)}' on this computer.`, { hint: SAVE_FIRST });
}

export function notAbsolute(asked: string): AppError {
  return new AppError('INVALID_INPUT', `'${shown(asked)}' is not an absolute path.`, {
    hint: `Give the absolute path, such as ${path.resolve('/', 'folder', 'picture.jpg')} or ~/Pictures/picture.jpg.`,
  });
}

/** The same words whether or not there is such a file. */
export function outside(asked: string, folders: string[]): AppError {
  return new AppError('FORBIDDEN', `'${shown(asked)}' is outside the folders that may be read.`, {
    hint: `Readable folders: ${folders.join('; ')}. Copy the file into one of them, or ask the user to add its folder to VRAG_ALLOWED_DIRS (separated by '${path.delimiter}') or as a folder argument in the client's configuration of this server, and to restart it.`,
  });
}

export function hidden(asked: string): AppError {
  return new AppError('FORBIDDEN', `'${shown(asked)}' is hidden (a part of its path begins with a dot).`, {
    hint: 'Copy the file to a folder that is not hidden, or ask the user to add its own folder to VRAG_ALLOWED_DIRS.',
  });
}

export function notFound(asked: string, similar: string[]): AppError {
  const names = similar.map((name) => `'${shown(name)}'`).join(', ');
  return new AppError('NOT_FOUND', `There is no file '${shown(asked)}'.`, {
    hint: names ? `In the same folder: ${names}.` : `Check the path. ${SAVE_FIRST}`,
  });
}

/** What to change where the operating system refuses. Source: Apple, "Control access to files and folders on Mac"; Microsoft, "Allow an app to access controlled folders". */
const PERMISSION: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'On macOS: System Settings > Privacy & Security > Files and Folders, allow the folder for the client app that started this server, and restart it.',
  win32:
    'On Windows: Windows Security > Virus & threat protection > Ransomware protection > Controlled folder access, allow the client app (or Node.js); else check Properties > Security of the file.',
};

export function refusedBySystem(asked: string, machine: Machine, cause: unknown): AppError {
  return new AppError('FORBIDDEN', `The operating system does not let this server read '${shown(asked)}'.`, {
    hint:
      PERMISSION[machine.platform] ?? 'Check the permissions of the file and of its folders (`ls -l`): the user that runs this server must be able to read it.',
    cause,
  });
}

export function notAFile(asked: string, isFolder: boolean): AppError {
  return new AppError('INVALID_INPUT', isFolder ? `'${shown(asked)}' is a folder; give one file.` : `'${shown(asked)}' is no regular file.`, {
    hint: 'Give the absolute path of one picture or video file.',
  });
}

export function notAFolder(asked: string): AppError {
  return new AppError('INVALID_INPUT', `'${shown(asked)}' is no folder.`, { hint: 'Give a folder, or a pattern such as ~/Pictures/**/*.jpg.' });
}

export function noMatch(asked: string, ignoreCase: boolean): AppError {
  return new AppError('NOT_FOUND', `No file matches '${shown(asked)}'.`, {
    hint: `${ignoreCase ? '' : 'Upper and lower case count: *.{jpg,JPG}. '}Folders are entered by **, as in ~/Pictures/**/*.jpg; hidden files never match.`,
  });
}

export function wrongSize(asked: string, byteLength: number, maxBytes: number): AppError {
  if (byteLength === 0) {
    return new AppError('INVALID_INPUT', `The file '${shown(asked)}' is empty (0 bytes).`, {
      hint: 'Give a file with content; a download may still be under way.',
    });
  }
  return new AppError('INVALID_INPUT', `The file '${shown(asked)}' has ${megabytes(byteLength)} MB; the limit is ${megabytes(maxBytes)} MB.`, {
    hint: 'Give a smaller file, or ask the user to raise VRAG_MAX_FILE_MB.',
  });
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 100_000) / 10;
}
