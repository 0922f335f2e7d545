import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/ports.ts';

/** A fresh, empty object store; `another` opens it as a second server would. */
export interface ObjectStoreFixture {
  objects: ObjectStore;
  another(): Promise<ObjectStore>;
  close(): Promise<void>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Behaviour every object store shares. */
export function objectStoreContract(open: () => Promise<ObjectStoreFixture>): void {
  let fixture: ObjectStoreFixture;
  let objects: ObjectStore;
  let folder: string;
  beforeEach(async () => {
    fixture = await open();
    objects = fixture.objects;
    folder = await mkdtemp(path.join(tmpdir(), 'vrag-objects-'));
  });
  afterEach(async () => {
    await fixture.close();
    await rm(folder, { recursive: true });
  });

  test('bytes come back under the key of their content, in any server', async () => {
    const bytes = bytesOf('a picture');
    const stored = await objects.put(bytes, 'image/jpeg');
    expect(stored).toEqual({ key: `${sha256(bytes)}.jpg`, sha256: sha256(bytes), byteLength: 9, isNew: true });
    expect(await objects.get(stored.key)).toEqual(bytes);
    expect(await (await fixture.another()).get(stored.key)).toEqual(bytes);
    expect(await objects.put(bytes, 'image/jpeg')).toEqual({ ...stored, isNew: false });
  });

  test('the key ends as the media type says', async () => {
    const expected: Record<string, string> = {
      'image/png': 'png',
      'image/webp': 'webp',
      'image/avif': 'avif',
      'image/tiff': 'tiff',
      'image/gif': 'gif',
      'image/svg+xml': 'svg',
      'video/mp4': 'mp4',
      'video/webm': 'webm',
      'video/quicktime': 'mov',
      'application/json; charset=utf-8': 'json',
      'application/../../x': 'bin',
      constructor: 'bin',
    };
    for (const [mediaType, extension] of Object.entries(expected)) {
      const { key } = await objects.put(bytesOf(mediaType), mediaType);
      expect(key.slice(65), mediaType).toBe(extension);
      expect(await objects.get(key)).toEqual(bytesOf(mediaType));
    }
  });

  test('a local file is copied, and a moved one is stored as well', async () => {
    const [kept, moved] = [path.join(folder, 'kept.png'), path.join(folder, 'moved.png')];
    await writeFile(kept, 'kept');
    await writeFile(moved, 'moved');
    const [first, second] = [await objects.put({ path: kept }, 'image/png'), await objects.put({ path: moved, move: true }, 'image/png')];
    expect(first.sha256).toBe(sha256(bytesOf('kept')));
    expect(await objects.get(second.key)).toEqual(bytesOf('moved'));
    expect(second.byteLength).toBe(5);
    expect(await readFile(kept, 'utf8')).toBe('kept');
    await writeFile(kept, 'changed');
    expect(await objects.get(first.key)).toEqual(bytesOf('kept'));
    await expect(objects.put({ path: path.join(folder, 'none') }, 'image/png')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a file made at a scratch path can be moved in', async () => {
    const scratch = await objects.scratchPath('mp4');
    expect(path.isAbsolute(scratch)).toBe(true);
    expect(scratch).toMatch(/\.mp4$/);
    expect(await objects.scratchPath('mp4')).not.toBe(scratch);
    await expect(stat(scratch)).rejects.toThrow();
    await writeFile(scratch, 'clip');
    const { key } = await objects.put({ path: scratch, move: true }, 'video/mp4');
    expect(await objects.get(key)).toEqual(bytesOf('clip'));
    await expect(objects.scratchPath('../x')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('ranges are clipped to the object', async () => {
    const { key } = await objects.put(bytesOf('0123456789'), 'video/mp4');
    const range = async (start: number, end: number) => new TextDecoder().decode(await objects.getRange(key, start, end));
    expect(await range(2, 5)).toBe('234');
    expect(await range(8, 99)).toBe('89');
    expect(await range(0, 10)).toBe('0123456789');
    expect(await range(10, 20)).toBe('');
    expect(await range(5, 5)).toBe('');
  });

  test('an unknown key is not there, and deleting it is no error', async () => {
    const key = `${'0'.repeat(64)}.jpg`;
    expect(await objects.get(key)).toBeUndefined();
    expect(await objects.getRange(key, 0, 5)).toBeUndefined();
    expect(await objects.localPath(key)).toBeUndefined();
    expect(await objects.has(key)).toBe(false);
    await objects.delete(key);
    const stored = await objects.put(bytesOf('x'), 'image/jpeg');
    expect(await objects.has(stored.key)).toBe(true);
    await objects.delete(stored.key);
    expect(await objects.has(stored.key)).toBe(false);
    expect(await objects.get(stored.key)).toBeUndefined();
  });

  test('a malformed key is refused everywhere', async () => {
    const zeros = '0'.repeat(64);
    for (const key of ['', '../../etc/passwd', `${zeros}.exe`, `${zeros}.jpg/../x`, `../${zeros}.jpg`, `${zeros}.jpg\n`, zeros, `${'A'.repeat(64)}.jpg`]) {
      for (const call of [
        () => objects.get(key),
        () => objects.getRange(key, 0, 1),
        () => objects.has(key),
        () => objects.localPath(key),
        () => objects.publish(key, 'x'),
        () => objects.delete(key),
      ]) {
        await expect(call(), key).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      }
    }
  });

  test('the local path is a file with the bytes', async () => {
    const { key } = await objects.put(bytesOf('local'), 'image/png');
    const file = await objects.localPath(key);
    expect(file && path.isAbsolute(file)).toBe(true);
    expect(await readFile(file as string, 'utf8')).toBe('local');
  });

  test('many servers storing the same bytes at once get one object', async () => {
    const another = await fixture.another();
    const bytes = new Uint8Array(3_000_000).fill(7);
    const stored = await Promise.all([objects, another, objects, another].map((store) => store.put(bytes, 'video/mp4')));
    expect(new Set(stored.map(({ key }) => key)).size).toBe(1);
    expect((await objects.get(stored[0].key))?.length).toBe(bytes.length);
  });

  test('publishing what is not there says so', async () => {
    await expect(objects.publish(`${'0'.repeat(64)}.mp4`, 'film')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
}
