import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Files } from '../../src/ports.ts';

export interface FilesSetting {
  files: Files;
  /** Real path of an existing folder that may be read. */
  allowed: string;
  /** Real path of an existing folder that may not be read, nor any folder above it. */
  forbidden: string;
}

/** What every `Files` adapter does. */
export function filesContract(open: () => Promise<FilesSetting>): void {
  const given = async (name = 'picture one.jpg', content = 'some bytes') => {
    const setting = await open();
    const file = path.join(setting.allowed, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    return { ...setting, file };
  };

  describe('a file in an allowed folder', () => {
    it('resolves to its real path, name and size, and reads', async () => {
      const { files, file } = await given();
      const found = await files.resolve(file);
      expect(found).toEqual({ path: file, name: 'picture one.jpg', byteLength: 10 });
      expect(Buffer.from(await files.read(found)).toString()).toBe('some bytes');
      const { bytes, ...loaded } = await files.load(file);
      expect(Buffer.from(bytes).toString()).toBe('some bytes');
      expect(loaded).toEqual(found);
      await expect(files.load(file, { maxBytes: 9 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });

    it('is found by its file URL, in quotes, and through `..` that stays inside', async () => {
      const { files, file, allowed } = await given();
      for (const asked of [pathToFileURL(file).href, `"${file}"`, ` ${file}\n`, `${allowed}/nothing/../picture one.jpg`]) {
        expect((await files.resolve(asked)).path, asked).toBe(file);
      }
    });

    it('is found deeper down, and through a link that stays inside', async () => {
      const { files, file, allowed } = await given('a/b/c.png');
      await symlink(file, path.join(allowed, 'link.png'));
      expect(await files.resolve(path.join(allowed, 'link.png'))).toMatchObject({ path: file, name: 'c.png' });
    });

    it('is found where only spaces, composition or case of the name differ', async () => {
      const { files, file, allowed } = await given('Screenshot 10.20\u202fAM caf\u0065\u0301.PNG');
      expect((await files.resolve(path.join(allowed, 'Screenshot 10.20 AM caf\u00e9.png'))).path).toBe(file);
    });

    it('may not be empty, nor over the size limit', async () => {
      const { files, file } = await given();
      await expect(files.resolve(file, { maxBytes: 10 })).resolves.toMatchObject({ byteLength: 10 });
      await expect(files.resolve(file, { maxBytes: 9 })).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/limit/) });
      await writeFile(file, '');
      await expect(files.resolve(file)).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/empty/) });
    });

    it('is not read when it has changed since it was resolved', async () => {
      const { files, file } = await given();
      const found = await files.resolve(file);
      await writeFile(file, 'other bytes, more of them');
      await expect(files.read(found)).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('is not read when a link out has taken its place', async () => {
      const { files, file, forbidden } = await given();
      const secret = path.join(forbidden, 'secret');
      await writeFile(secret, 'a secret!!');
      const found = await files.resolve(file);
      await rm(file);
      await symlink(secret, file);
      await expect(files.read(found)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });
  });

  describe('a missing file', () => {
    it('names at most three similar ones of the same folder', async () => {
      const { files, allowed } = await given('red shoes 1.jpg');
      for (const name of ['red shoes 2.jpg', 'red shoes 3.jpg', 'red shoes 4.jpg', 'unrelated.jpg', '.red shoes.jpg'])
        await writeFile(path.join(allowed, name), 'x');
      const error = await files.resolve(path.join(allowed, 'red shoe.jpg')).catch((e) => e);
      expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('red shoe.jpg') });
      expect(error.hint.match(/'red shoes \d\.jpg'/g)).toHaveLength(3);
      expect(error.hint).not.toMatch(/unrelated|'\.red/);
    });

    it('is NOT_FOUND too where its folder is missing or is a file', async () => {
      const { files, allowed, file } = await given();
      await expect(files.resolve(path.join(allowed, 'no', 'such', 'folder.jpg'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(files.resolve(path.join(file, 'x.jpg'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  describe('outside the allowed folders', () => {
    it('says the same whether or not the file exists, and how to add a folder', async () => {
      const { files, forbidden, allowed } = await given();
      await writeFile(path.join(forbidden, 'here.jpg'), 'x');
      const [there, gone] = await Promise.all(['here.jpg', 'gone.jpg'].map((name) => files.resolve(path.join(forbidden, name)).catch((e) => e)));
      expect(there.code).toBe('FORBIDDEN');
      expect(there.hint).toContain(allowed);
      expect(there.hint).toContain('VRAG_ALLOWED_DIRS');
      expect(`${gone.code} ${gone.message} ${gone.hint}`).toBe(`${there.code} ${there.message.replace('here', 'gone')} ${there.hint}`);
    });

    it('refuses ways out by `..`, links to files and links to folders', async () => {
      const { files, forbidden, allowed } = await given();
      await writeFile(path.join(forbidden, 'here.jpg'), 'x');
      await symlink(path.join(forbidden, 'here.jpg'), path.join(allowed, 'file-link.jpg'));
      await symlink(path.join(forbidden, 'gone.jpg'), path.join(allowed, 'broken-link.jpg'));
      await symlink(forbidden, path.join(allowed, 'folder-link'));
      const ways = [
        path.join(allowed, 'file-link.jpg'),
        path.join(allowed, 'broken-link.jpg'),
        path.join(allowed, 'folder-link', 'here.jpg'),
        path.join(allowed, 'folder-link', 'gone.jpg'),
        `${allowed}/../${path.basename(forbidden)}/here.jpg`,
        `${pathToFileURL(allowed).href}/%2e%2e/${path.basename(forbidden)}/here.jpg`,
      ];
      for (const way of ways) await expect(files.resolve(way), way).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    it('does not take a folder whose name begins like an allowed one for it', async () => {
      const { files, allowed } = await given();
      await mkdir(`${allowed}-private`);
      await writeFile(`${allowed}-private/a.jpg`, 'x');
      await expect(files.resolve(`${allowed}-private/a.jpg`)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });
  });

  describe('what is no readable file', () => {
    it('refuses hidden files and files in hidden folders, there or not', async () => {
      const { files, file } = await given('.hidden/a.jpg');
      for (const name of [file, path.join(path.dirname(file), 'gone.jpg'), path.join(path.dirname(file), '..', '.profile')]) {
        await expect(files.resolve(name), name).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringMatching(/hidden/) });
      }
    });

    it('refuses a folder', async () => {
      const { files, allowed } = await given('a/b.jpg');
      for (const folder of [allowed, path.join(allowed, 'a')]) {
        await expect(files.resolve(folder)).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/is a folder; give one file/) });
      }
    });

    it.each([
      'picture.jpg',
      '/mnt/user-data/uploads/a.png',
      '/mnt/data/a.png',
      'sandbox:/mnt/data/a.png',
      'attachment:a',
      'blob:https://x/1',
      'data:image/png;base64,AA',
      'content://x/1',
    ])('asks to save %s to a file first', async (asked) => {
      const { files } = await open();
      await expect(files.resolve(asked)).rejects.toMatchObject({ code: 'NOT_FOUND', hint: expect.stringMatching(/only in the chat.*save it to a file first/) });
    });

    it.each(['pictures/a.jpg', './a.jpg', '../a.jpg', '', 'a/\0b.jpg', 'file://other.host/a.jpg', 'https://example.com/a.jpg'])(
      'refuses %j with a hint',
      async (asked) => {
        const { files } = await open();
        await expect(files.resolve(asked)).rejects.toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringMatching(/absolute path/) });
      },
    );
  });

  describe('a walk', () => {
    /** Files of a few bytes at these paths of the allowed folder. */
    const tree = async (...names: string[]) => {
      const setting = await open();
      for (const name of names) {
        await mkdir(path.dirname(path.join(setting.allowed, name)), { recursive: true });
        await writeFile(path.join(setting.allowed, name), name);
      }
      return setting;
    };
    const walked = async ({ files, allowed }: FilesSetting, asked = '') => {
      const found: string[] = [];
      for await (const file of files.walk(path.join(allowed, asked))) found.push(path.relative(allowed, file.path));
      return found;
    };

    it('gives every file below a folder in the order of their paths, with its name and size', async () => {
      const setting = await tree('b.jpg', 'a/z.png', 'a.jpg', 'a/b/c.txt', 'a/B.jpg', 'é x.gif');
      expect(await walked(setting)).toEqual(['a.jpg', 'a/B.jpg', 'a/b/c.txt', 'a/z.png', 'b.jpg', 'é x.gif']);
      expect(await walked(setting, 'a/')).toEqual(['a/B.jpg', 'a/b/c.txt', 'a/z.png']);
      for await (const file of setting.files.walk(path.join(setting.allowed, 'a/b')))
        expect(file).toEqual({ path: path.join(setting.allowed, 'a/b/c.txt'), name: 'c.txt', byteLength: 9 });
    });

    it('gives nothing for an empty folder', async () => {
      expect(await walked(await tree())).toEqual([]);
    });

    it.each([
      ['*.jpg', ['a.jpg', 'b.jpg']],
      ['**/*.jpg', ['a.jpg', 'b.jpg', 'one/c.jpg', 'one/two/d.jpg']],
      ['one/**', ['one/c.jpg', 'one/two/d.jpg', 'one/two/e.png']],
      ['*/*', ['one/c.jpg']],
      ['**/two/*', ['one/two/d.jpg', 'one/two/e.png']],
      ['**/**/**/e.*', ['one/two/e.png']],
      ['**/[d-e].{jpg,png}', ['one/two/d.jpg', 'one/two/e.png']],
      ['**/[!a-c].*', ['one/two/d.jpg', 'one/two/e.png']],
      ['?.jpg', ['a.jpg', 'b.jpg']],
      ['{b,one/{c,x}}.jpg', ['b.jpg', 'one/c.jpg']],
      ['one/../*.jpg', ['a.jpg', 'b.jpg']],
    ])('matches %s', async (pattern, expected) => {
      expect(await walked(await tree('a.jpg', 'b.jpg', 'one/c.jpg', 'one/two/d.jpg', 'one/two/e.png'), pattern)).toEqual(expected);
    });

    it('takes a name that is there as it is written for that name', async () => {
      const setting = await tree('[1] a/x.jpg', '[1] a/y.png', '1/z.jpg', 'what?.jpg');
      expect(await walked(setting, '[1] a')).toEqual(['[1] a/x.jpg', '[1] a/y.png']);
      expect(await walked(setting, '[1] a/*.jpg')).toEqual(['[1] a/x.jpg']);
      expect(await walked(setting, '[1]/*')).toEqual(['1/z.jpg']);
      const { files, allowed } = setting;
      expect(await files.classify(path.join(allowed, 'what?.jpg'))).toBe('file');
      expect(await files.classify(path.join(allowed, '[1] a'))).toBe('folder');
      expect(await files.classify(path.join(allowed, '[1]/*'))).toBe('pattern');
      expect(await files.classify(path.join(allowed, 'nowhere.jpg'))).toBe('file');
    });

    it('says so where a pattern matches nothing, and where the folder is missing or a file', async () => {
      const { files, allowed } = await tree('a.jpg');
      const error = (asked: string) =>
        files
          .walk(path.join(allowed, asked))
          [Symbol.asyncIterator]()
          .next()
          .catch((e) => e);
      expect(await error('*.png')).toMatchObject({ code: 'NOT_FOUND', message: expect.stringMatching(/No file matches.*\*\.png/) });
      expect(await error('gone')).toMatchObject({ code: 'NOT_FOUND' });
      expect(await error('gone/*.jpg')).toMatchObject({ code: 'NOT_FOUND' });
      expect(await error('a.jpg')).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/no folder/) });
      expect(await error('{a,b')).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/without its '}'/) });
      expect(await error('{a,b}{a,b}'.repeat(20))).toMatchObject({ code: 'INVALID_INPUT', message: expect.stringMatching(/too many/) });
    });

    it('leaves hidden files and folders out, also where a pattern names them by a wildcard', async () => {
      const setting = await tree('.hidden.jpg', '.git/x.jpg', 'a/.b/c.jpg', 'a/d.jpg');
      expect(await walked(setting)).toEqual(['a/d.jpg']);
      expect(await walked(setting, '**/*')).toEqual(['a/d.jpg']);
      await expect(walked(setting, '.git')).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(walked(setting, '.*')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('follows links that stay inside, each file once, and no link that leads out or in a circle', async () => {
      const setting = await tree('album/one.jpg', 'shared/two.jpg');
      const { allowed, forbidden } = setting;
      await mkdir(path.join(forbidden, 'deep'));
      await writeFile(path.join(forbidden, 'deep', 'secret.jpg'), 'x');
      const link = (target: string, name: string) => symlink(target, path.join(allowed, name));
      await link(path.join(allowed, 'shared'), 'album/shared');
      await link(allowed, 'album/up');
      await link(path.join(allowed, 'album/one.jpg'), 'album/same.jpg');
      await link(path.join(forbidden, 'deep'), 'album/out');
      await link(path.join(forbidden, 'deep', 'secret.jpg'), 'album/out.jpg');
      await link(path.join(allowed, 'gone'), 'album/broken.jpg');
      await link('loop.jpg', 'album/loop.jpg');
      expect((await walked(setting)).sort()).toEqual(['album/one.jpg', 'shared/two.jpg']);
      expect((await walked(setting, 'album')).sort()).toEqual(['album/one.jpg', 'shared/two.jpg']);
      // A folder that was passed by under another name is still found under this one.
      expect(await walked(setting, '{album/up/*,shared/*}')).toEqual(['shared/two.jpg']);
      for (const way of ['album/out', 'album/out/*', 'album/out/deep']) await expect(walked(setting, way), way).rejects.toMatchObject({ code: 'FORBIDDEN' });
    });

    it('refuses a folder outside in the same words whether or not it is there', async () => {
      const { files, forbidden, allowed } = await tree();
      await mkdir(path.join(forbidden, 'here'));
      const error = (asked: string) =>
        files
          .walk(asked)
          [Symbol.asyncIterator]()
          .next()
          .catch((e) => e);
      for (const rest of ['', '/*.jpg', '/[x]/**']) {
        const [there, gone] = await Promise.all(['here', 'gone'].map((name) => error(path.join(forbidden, name) + rest)));
        expect(there).toMatchObject({ code: 'FORBIDDEN', hint: expect.stringContaining(allowed) });
        expect(`${gone.code} ${gone.message}`).toBe(`${there.code} ${there.message.replaceAll('here', 'gone')}`);
      }
      expect(await error(`${allowed}/../*`)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await files.classify(path.join(forbidden, 'here'))).toBe(await files.classify(path.join(forbidden, 'gone')));
    });

    it('passes through thousands of files, and may be left half way', async () => {
      const names = Array.from({ length: 3000 }, (_, index) => `${index % 7}/${String(index).padStart(5, '0')}.jpg`);
      const setting = await tree(...names);
      expect(await walked(setting)).toEqual([...names].sort());
      expect(await walked(setting, '3/*9.jpg')).toEqual(names.filter((name) => /^3.*9\.jpg$/.test(name)));
      for await (const file of setting.files.walk(setting.allowed)) {
        expect(path.relative(setting.allowed, file.path)).toBe('0/00000.jpg');
        break;
      }
    });

    it('takes a pattern meant to keep it busy in its stride', async () => {
      const setting = await tree(`${'a'.repeat(200)}.jpg`, ...Array.from({ length: 30 }, (_, index) => `${'a/'.repeat(index)}b`));
      const started = performance.now();
      for (const pattern of [`${'*a'.repeat(90)}*b`, `${'**/'.repeat(100)}c`, `${'**/*a*/'.repeat(60)}c`, `${'[a-b]'.repeat(200)}c`])
        await expect(walked(setting, pattern), pattern).rejects.toMatchObject({ code: 'NOT_FOUND' });
      // Backtracking would take years; the bound is only there to tell.
      expect(performance.now() - started).toBeLessThan(20_000);
    });
  });
}
