import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createFiles } from '../../src/adapters/local/files.ts';
import { loadConfig } from '../../src/config.ts';
import { filesContract } from '../contracts/files.ts';

const made: string[] = [];
afterAll(async () => {
  for (const folder of made) await rm(folder, { recursive: true, force: true });
});

async function temporary(): Promise<string> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'vrag-files-')));
  made.push(folder);
  return folder;
}

/** A home folder with the given folders in it, and the files adapter of a person who lives there. */
async function person(folders: string[], environment: NodeJS.ProcessEnv = {}, platform: NodeJS.Platform = 'linux') {
  const base = await temporary();
  const home = path.join(base, 'home');
  for (const folder of ['.', ...folders]) await mkdir(path.join(home, folder), { recursive: true });
  const config = loadConfig({ VRAG_HOME: path.join(home, 'vrag'), ...environment });
  return { base, home, files: createFiles(config, { platform, home }) };
}

filesContract(async () => {
  const base = await temporary();
  for (const folder of ['allowed', 'forbidden']) await mkdir(path.join(base, folder));
  const allowed = path.join(base, 'allowed');
  const config = loadConfig({ VRAG_HOME: path.join(base, 'data'), VRAG_ALLOWED_DIRS: allowed, VRAG_DEFAULT_DIRS: 'off' });
  return { files: createFiles(config), allowed, forbidden: path.join(base, 'forbidden') };
});

describe('the allowed folders', () => {
  it('are the data folder and those of pictures, videos, downloads and desktop that exist', async () => {
    const { home, files } = await person(['Pictures', 'Downloads', 'Desktop', 'Documents', '.ssh']);
    expect(await files.allowedFolders()).toEqual(['vrag', 'Pictures', 'Downloads', 'Desktop'].map((name) => path.join(home, name)));
    await writeFile(path.join(home, 'Pictures', 'a.jpg'), 'x');
    expect(await files.resolve('~/Pictures/a.jpg')).toMatchObject({ name: 'a.jpg' });
    await writeFile(path.join(home, 'Documents', 'a.jpg'), 'x');
    for (const asked of ['~/Documents/a.jpg', '~/.ssh/id', '~/a.jpg', '~']) await expect(files.resolve(asked)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('follow the names that a desktop in another language uses', async () => {
    const { home, files } = await person(['Bilder', 'Arbeitsfläche', '.config']);
    await writeFile(path.join(home, '.config', 'user-dirs.dirs'), '# comment\nXDG_DESKTOP_DIR="$HOME/Arbeitsfläche"\nXDG_PICTURES_DIR="$HOME/Bilder"\n');
    expect(await files.allowedFolders()).toEqual(['vrag', 'Arbeitsfläche', 'Bilder'].map((name) => path.join(home, name)));
  });

  it('never become the home folder or one above it, which is how a desktop says that it has none', async () => {
    const { home, files } = await person(['.config']);
    await writeFile(path.join(home, '.config', 'user-dirs.dirs'), 'XDG_DESKTOP_DIR="$HOME/"\nXDG_PICTURES_DIR="/"\nXDG_VIDEOS_DIR="Videos"\n');
    await symlink(home, path.join(home, 'Downloads'));
    expect(await files.allowedFolders()).toEqual([path.join(home, 'vrag')]);
  });

  it('have other names on macOS and Windows', async () => {
    const names = ['Pictures', 'Movies', 'Videos', 'OneDrive/Pictures', 'OneDrive/Desktop'];
    const mac = await person(names, {}, 'darwin');
    expect(await mac.files.allowedFolders()).toEqual(['vrag', 'Pictures', 'Movies'].map((name) => path.join(mac.home, name)));
    const windows = await person(names, {}, 'win32');
    expect(await windows.files.allowedFolders()).toEqual(
      ['vrag', 'Pictures', 'Videos', 'OneDrive/Pictures', 'OneDrive/Desktop'].map((name) => path.join(windows.home, name)),
    );
  });

  it('are only the configured ones when the default ones are off', async () => {
    const { home, files } = await person(['Pictures'], { VRAG_DEFAULT_DIRS: 'off' });
    expect(await files.allowedFolders()).toEqual([path.join(home, 'vrag')]);
    await expect(files.resolve(path.join(home, 'Pictures', 'a.jpg'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('may be links, and a hidden folder that the configuration names may be read', async () => {
    const base = await temporary();
    await mkdir(path.join(base, '.stock', 'set'), { recursive: true });
    await writeFile(path.join(base, '.stock', 'set', 'a.jpg'), 'x');
    await writeFile(path.join(base, '.stock', '.b.jpg'), 'x');
    await symlink(path.join(base, '.stock'), path.join(base, 'link'));
    const { files } = await person([], { VRAG_ALLOWED_DIRS: path.join(base, 'link') });
    expect(await files.allowedFolders()).toContain(path.join(base, '.stock'));
    for (const folder of ['link', '.stock']) expect(await files.resolve(path.join(base, folder, 'set', 'a.jpg'))).toMatchObject({ name: 'a.jpg' });
    await expect(files.resolve(path.join(base, 'link', '.b.jpg'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('do not open hidden folders even where the whole home folder is allowed', async () => {
    const base = await temporary();
    await mkdir(path.join(base, '.ssh'));
    await writeFile(path.join(base, '.ssh', 'id'), 'x');
    const { files } = await person([], { VRAG_ALLOWED_DIRS: base });
    await expect(files.resolve(path.join(base, '.ssh', 'id'))).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/hidden/) });
  });
});

describe.skipIf(process.platform === 'win32')('special files', () => {
  it('refuses a FIFO without waiting for its other end, and a device', async () => {
    const { home, files } = await person(['Pictures'], { VRAG_ALLOWED_DIRS: '/dev' });
    const fifo = path.join(home, 'Pictures', 'a.jpg');
    execFileSync('mkfifo', [fifo]);
    for (const special of [fifo, '/dev/null', '/dev/zero']) {
      await expect(files.resolve(special)).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/no regular file/) });
    }
  });

  it.each([
    ['linux', /permissions/],
    ['darwin', /Privacy & Security > Files and Folders/],
    ['win32', /Controlled folder access/],
  ] as const)('names the setting to change where the system refuses (%s)', async (platform, setting) => {
    const { base, home, files } = await person(['Pictures/closed'], {}, platform);
    const file = path.join(home, 'Pictures', 'a.jpg');
    const closed = path.join(home, 'Pictures', 'closed');
    await writeFile(file, 'x');
    await chmod(base, 0o755);
    await chmod(file, 0o000);
    await chmod(closed, 0o000);
    await asOrdinaryUser(async () => {
      for (const asked of [file, path.join(closed, 'b.jpg')]) {
        await expect(files.resolve(asked)).rejects.toMatchObject({
          code: 'FORBIDDEN',
          message: expect.stringMatching(/operating system/),
          hint: expect.stringMatching(setting),
        });
      }
    });
  });
});

/** The superuser may read everything, so as one we become somebody else for a moment. */
async function asOrdinaryUser(task: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    await task();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

it('holds the size limit of the configuration', async () => {
  const { home, files } = await person(['Pictures'], { VRAG_MAX_FILE_MB: '1' });
  await writeFile(path.join(home, 'Pictures', 'a.jpg'), Buffer.alloc(1_000_001));
  await expect(files.resolve('~/Pictures/a.jpg')).rejects.toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringMatching(/VRAG_MAX_FILE_MB/) });
  await expect(files.resolve('~/Pictures/a.jpg', { maxBytes: 2_000_000 })).resolves.toMatchObject({ byteLength: 1_000_001 });
});

it('cleans names in messages', async () => {
  const { home, files } = await person(['Pictures']);
  await writeFile(path.join(home, 'Pictures', 'sunset\n\u001b[31mbeach.jpg'), 'x');
  const error = await files.resolve(`~/Pictures/sunset${'\u202e'}-beach.jpg`).catch((e) => e);
  expect(error.hint).toContain('sunset');
  expect(`${error.message}${error.hint}`).not.toMatch(/\p{C}/u);
});
