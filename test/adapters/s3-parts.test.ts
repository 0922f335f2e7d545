import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FileCache } from '../../src/adapters/aws/s3/file-cache.ts';
import { entryKey, nameOf, OrderSource, readEntry, seqOf, versionKey } from '../../src/adapters/aws/s3/record-keys.ts';
import { ServerClock } from '../../src/adapters/aws/s3/server-clock.ts';

const DAY_SECONDS = 86_400;

describe('local copies of remote objects', () => {
  test('are bounded: those used longest ago go, those used within the hour stay', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vrag-cache-'));
    let made = 0;
    const cache = new FileCache(path.join(folder, 'cache'), { temporary: async () => path.join(folder, `tmp${made++}`), maxBytes: 2500 });
    const object = (name: string) => {
      const bytes = Buffer.alloc(1000, name);
      const key = `${createHash('sha256').update(bytes).digest('hex')}.png`;
      let downloads = 0;
      const get = () => {
        const content = async function* () {
          downloads++;
          yield bytes;
        };
        return cache.file(key, async () => content());
      };
      return { key, get, downloads: () => downloads };
    };
    const [a, b, c] = ['a', 'b', 'c'].map(object);
    const ago = (days: number) => Date.now() / 1000 - days * DAY_SECONDS;
    await Promise.all([a.get(), a.get()]);
    expect(a.downloads()).toBe(1);
    await utimes((await a.get()) as string, ago(2), ago(2));
    await utimes((await b.get()) as string, ago(3), ago(3));
    await a.get();
    await c.get();
    expect((await readdir(path.join(folder, 'cache'))).sort()).toEqual([a.key, c.key].sort());
    await b.get();
    expect(await readdir(path.join(folder, 'cache'))).toHaveLength(3);
    await rm(folder, { recursive: true });
  });
});

describe('keys of records', () => {
  test('stand newest first, and places are never made twice, also where the clock goes back', () => {
    const source = new OrderSource();
    const now = Date.UTC(2026, 10, 21);
    const orders = [now, now, now + 1, now - 5000, now + 2].map((ms) => source.next(ms).order);
    expect([...orders].sort().reverse()).toEqual(orders);
    const many = Array.from({ length: 30_000 }, () => source.next(now).order);
    expect([...many].sort().reverse()).toEqual(many);
    const name = nameOf('cites/img', '../ü~.json');
    expect(name.split('/')).toHaveLength(2);
    expect(versionKey(name, 2) < versionKey(name, 1)).toBe(true);
    expect(seqOf(versionKey(name, 12345))).toBe(12345);
    expect(readEntry(entryKey('open/', name, orders[0], 'o'))).toEqual({ name, order: orders[0], opening: 'o' });
  });
});

describe("the server's clock", () => {
  const header = (ms: number) => new Date(ms).toUTCString();

  test('is our own where it is right within a second, and corrected where it is not', () => {
    const clock = new ServerClock();
    const now = Date.now();
    clock.observe(header(now), now - 20, now);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(5);
    clock.observe(header(now + 60_000), now - 20, now);
    expect(clock.now() - Date.now()).toBeGreaterThan(58_900);
    expect(clock.now() - Date.now()).toBeLessThan(60_100);
    clock.observe('nonsense', now, now);
    clock.observe(undefined, now, now);
    expect(clock.now() - Date.now()).toBeGreaterThan(58_900);
    clock.observe(header(now), now - 20, now);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1100);
  });
});
