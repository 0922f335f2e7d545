import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createObjectStore } from '../../src/adapters/local/store/objects.ts';
import { openStore } from '../../src/adapters/local/store/open.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { objectStoreContract } from '../contracts/object-store.ts';

describe('folder object store', () => {
  objectStoreContract(async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'vrag-home-'));
    return {
      objects: createObjectStore(home),
      another: async () => createObjectStore(home),
      close: () => rm(home, { recursive: true }),
    };
  });
});

describe('on disk', () => {
  let home: string;
  let objects: ObjectStore;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'vrag-home-'));
    objects = createObjectStore(home);
  });
  afterEach(() => rm(home, { recursive: true }));

  const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

  test('objects lie in folders by their first two digits, read-only, and nothing is left in tmp', async () => {
    const { key } = await objects.put(bytesOf('x'), 'image/png');
    const file = path.join(home, 'objects', key.slice(0, 2), key);
    expect(await objects.localPath(key)).toBe(file);
    expect((await stat(file)).mode & 0o222).toBe(0);
    expect(await readdir(path.join(home, 'tmp'))).toEqual([]);
  });

  test('a moved file is gone from its old place, and a link is not moved but read', async () => {
    const [file, target, link] = ['file', 'target', 'link'].map((name) => path.join(home, name));
    await writeFile(file, 'moved');
    await writeFile(target, 'linked');
    await symlink(target, link);
    await objects.put({ path: file, move: true }, 'image/png');
    const { key } = await objects.put({ path: link, move: true }, 'image/png');
    await expect(stat(file)).rejects.toThrow();
    expect(await readFile(target, 'utf8')).toBe('linked');
    expect((await stat((await objects.localPath(key)) as string)).isFile()).toBe(true);
    await writeFile(target, 'changed');
    expect(await objects.get(key)).toEqual(bytesOf('linked'));
  });

  test('a file cut short is replaced by the next put of its content', async () => {
    const { key } = await objects.put(bytesOf('whole'), 'image/png');
    const file = (await objects.localPath(key)) as string;
    await rm(file);
    await writeFile(file, 'who');
    await objects.put(bytesOf('whole'), 'image/png');
    expect(await objects.get(key)).toEqual(bytesOf('whole'));
  });

  test('published files have clean names and the right extension', async () => {
    const { key } = await objects.put(bytesOf('film'), 'video/mp4');
    const expected: [string, string][] = [
      ['A red shoe, slowly turning', 'A red shoe, slowly turning.mp4'],
      ['film.MP4', 'film.mp4'],
      ['../../etc/passwd', 'etc passwd.mp4'],
      ['..\\..\\windows\\system32', 'windows system32.mp4'],
      ['C:\\x', 'C x.mp4'],
      ['.hidden', 'hidden.mp4'],
      ['-rf', 'rf.mp4'],
      ['a\u0000b\nc\u202Egnp.exe', 'a b c gnp.exe.mp4'],
      ['con', '_con.mp4'],
      ['LPT1.txt', '_LPT1.txt.mp4'],
      ['what? <b>"x"|*', 'what b x.mp4'],
      ['東京の夜', '東京の夜.mp4'],
      ['trailing. . .', 'trailing.mp4'],
      ['', 'untitled.mp4'],
      ['...', 'untitled (2).mp4'],
    ];
    for (const [name, file] of expected.slice(0, -1)) expect(await objects.publish(key, name), name).toBe(path.join(home, 'outputs', file));
    const other = await objects.put(bytesOf('another film'), 'video/mp4');
    const [name, file] = expected[expected.length - 1];
    expect(await objects.publish(other.key, name)).toBe(path.join(home, 'outputs', file));
    for (const long of ['x'.repeat(500), '猫'.repeat(500), '👩‍👩‍👧'.repeat(100)]) {
      const published = path.basename(await objects.publish(key, long), '.mp4');
      expect(Array.from(published).length).toBeLessThanOrEqual(80);
      expect(Buffer.byteLength(published)).toBeLessThanOrEqual(200);
    }
  });

  test('a taken name gets a number, the same film keeps its name, and its bytes are right', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((text) => objects.put(bytesOf(text), 'video/mp4')));
    const outputs = path.join(home, 'outputs');
    expect(await objects.publish(a.key, 'film')).toBe(path.join(outputs, 'film.mp4'));
    expect(await objects.publish(b.key, 'film')).toBe(path.join(outputs, 'film (2).mp4'));
    expect(await objects.publish(c.key, 'film')).toBe(path.join(outputs, 'film (3).mp4'));
    expect(await objects.publish(b.key, 'film')).toBe(path.join(outputs, 'film (2).mp4'));
    expect(await readFile(path.join(outputs, 'film (2).mp4'), 'utf8')).toBe('b');
    await rm(path.join(outputs, 'film.mp4'));
    await writeFile(path.join(outputs, 'film.mp4'), 'a');
    expect(await objects.publish(a.key, 'film'), 'a copy of the same bytes').toBe(path.join(outputs, 'film.mp4'));
  });

  test('a published file outlives the object', async () => {
    const { key } = await objects.put(bytesOf('film'), 'video/mp4');
    const published = await objects.publish(key, 'film');
    await objects.delete(key);
    expect(await readFile(published, 'utf8')).toBe('film');
  });

  test('files that a dead process left in tmp go after a day, others stay', async () => {
    await objects.scratchPath('mp4');
    const [old, young] = ['old', 'young'].map((name) => path.join(home, 'tmp', name));
    await writeFile(old, 'x');
    await writeFile(young, 'x');
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(old, twoDaysAgo, twoDaysAgo);
    await createObjectStore(home).put(bytesOf('x'), 'image/png');
    expect(await readdir(path.join(home, 'tmp'))).toEqual(['young']);
  });

  test('a process killed while it stores leaves only whole objects', async () => {
    const dist = pathToFileURL(path.resolve(import.meta.dirname, '../../dist/adapters/local/store/objects.js')).href;
    const script = `
      import { createObjectStore } from ${JSON.stringify(dist)};
      const objects = createObjectStore(${JSON.stringify(home)});
      for (let i = 0; ; i++) {
        const bytes = new Uint8Array(2_000_000).fill(i % 256);
        bytes[0] = i >> 8;
        await objects.put(bytes, 'video/mp4');
        process.stdout.write('.');
      }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stored = 0;
    child.stdout.on('data', (chunk) => {
      stored += chunk.length;
      if (stored >= 12) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const files = (await readdir(path.join(home, 'objects'), { recursive: true })).filter((name) => name.endsWith('.mp4'));
    expect(files.length).toBeGreaterThanOrEqual(stored);
    for (const file of files) expect((await stat(path.join(home, 'objects', file))).size).toBe(2_000_000);
  });

  test('a folder that cannot be made is an error for people', async () => {
    const file = path.join(home, 'file');
    await writeFile(file, '');
    const blocked = createObjectStore(path.join(file, 'home'));
    await expect(blocked.put(bytesOf('x'), 'image/png')).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringContaining('cannot be made') });
  });
});

describe('a data folder that cannot be made', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'vrag-home-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  const refused = { code: 'MISCONFIGURED', message: expect.stringMatching(/^The data folder .* cannot be made/), hint: expect.stringContaining('VRAG_HOME') };
  async function expectRefusal(folder: string, message: RegExp): Promise<void> {
    const { catalog, objects, close } = openStore(folder);
    const calls = [() => objects.put(new Uint8Array(3), 'image/png'), () => objects.scratchPath('mp4'), () => catalog.collections()];
    for (const call of calls) {
      const error = await call().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject(refused);
      expect(error).toMatchObject({ message: expect.stringMatching(message) });
    }
    await close();
  }

  test('is refused at once where the system allows no folder', { skip: process.platform !== 'linux', timeout: 5000 }, () =>
    expectRefusal('/proc/x/y', /ENOENT/),
  );

  test('is refused where there is a file in its place, or above it', async () => {
    const file = path.join(home, 'file');
    await writeFile(file, '');
    await expectRefusal(file, /file is a file/);
    await expectRefusal(path.join(file, 'below', 'it'), /file is a file/);
  });

  test('is made where several folders are missing, also by two servers at once', async () => {
    const folder = path.join(home, 'a', 'b', 'c');
    await Promise.all([1, 2].map((value) => createObjectStore(folder).put(new Uint8Array([value]), 'image/png')));
    expect((await readdir(folder)).sort()).toEqual(['objects', 'tmp']);
  });
});
