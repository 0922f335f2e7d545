import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config.ts';

/** What the rules depend on, so that tests can pretend to be elsewhere. */
export interface Machine {
  platform: NodeJS.Platform;
  home: string;
}

/** Standard names in the home folder. OneDrive moves pictures and desktop on many Windows machines (Microsoft: "Back up your folders with OneDrive"). */
const STANDARD: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ['Pictures', 'Movies', 'Downloads', 'Desktop'],
  win32: ['Pictures', 'Videos', 'Downloads', 'Desktop', 'OneDrive/Pictures', 'OneDrive/Desktop'],
};
const STANDARD_ELSEWHERE = ['Pictures', 'Videos', 'Downloads', 'Desktop'];

/** The folders that may be read, as real paths without doubles: those that exist, and the data folder, which is made on first use. */
export async function readableFolders(config: Config, machine: Machine): Promise<string[]> {
  const user = config.defaultDirs ? await userFolders(machine) : [];
  const home = await real(machine.home);
  const asked = await Promise.all([...config.allowedDirs, ...user].map(real));
  const offered = asked.slice(config.allowedDirs.length).filter((folder) => folder && !(home && contains(folder, home, machine)));
  const data = (await real(config.homeDir)) ?? config.homeDir;
  const folders = [data, ...asked.slice(0, config.allowedDirs.length), ...offered].filter((folder) => folder !== undefined);
  return [...new Set(folders)];
}

/** Names the user's own folders. One that is the home folder itself is switched off (xdg-user-dirs manual), and is dropped by the caller. */
async function userFolders(machine: Machine): Promise<string[]> {
  const standard = (STANDARD[machine.platform] ?? STANDARD_ELSEWHERE).map((name) => path.join(machine.home, name));
  return machine.platform === 'linux' ? [...standard, ...(await localisedFolders(machine.home))] : standard;
}

/** Translated folder names from `~/.config/user-dirs.dirs` (user-dirs.dirs(5): values are `$HOME/...` or absolute). */
async function localisedFolders(home: string): Promise<string[]> {
  const text = await readFile(path.join(home, '.config', 'user-dirs.dirs'), 'utf8').catch(() => '');
  const lines = text.matchAll(/^\s*XDG_(?:PICTURES|VIDEOS|DOWNLOAD|DESKTOP)_DIR\s*=\s*"([^"\n]*)"/gm);
  const folders = [...lines].map(([, value]) => value.replace(/\\(.)/g, '$1').replace(/^\$HOME(?=\/|$)/, () => home));
  return folders.filter((folder) => path.isAbsolute(folder));
}

async function real(folder: string): Promise<string | undefined> {
  return realpath(folder).catch(() => undefined);
}

/** True where `file` is `folder` or lies below it; both are real paths. Windows compares without case. */
export function contains(folder: string, file: string, machine: Machine): boolean {
  const fold = (value: string) => (machine.platform === 'win32' ? value.toLowerCase() : value);
  const root = folder.endsWith(path.sep) ? folder : folder + path.sep;
  return fold(file) === fold(folder) || fold(file).startsWith(fold(root));
}

/** True where a part of the path below the folder begins with a dot. */
export function isHiddenBelow(folder: string, file: string): boolean {
  return path
    .relative(folder, file)
    .split(path.sep)
    .some((part) => part.startsWith('.'));
}
