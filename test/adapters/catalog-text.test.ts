import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCatalog } from '../../src/adapters/local/store/catalog.ts';
import { openDatabase } from '../../src/adapters/local/store/database.ts';
import { typoVariants } from '../../src/adapters/local/store/typo-variants.ts';
import type { Catalog } from '../../src/ports.ts';
import { exampleAsset } from '../contracts/catalog.ts';

describe('words that stand in more assets than are ranked', () => {
  let home: string;
  let catalog: Catalog;
  let close: () => Promise<void>;
  const both = exampleAsset({ caption: 'a crane in the harbour', tags: ['old'] });
  const oldest = Array.from({ length: 4 }, () => exampleAsset({ caption: 'the harbour at dawn, far away and long ago', tags: ['old'] }));
  const alone = exampleAsset({ collection: 'team', caption: 'the harbour' });

  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'vrag-text-'));
    const database = openDatabase(home);
    close = () => database.close();
    catalog = createCatalog(database);
    const many = Array.from({ length: 3600 }, (_, i) => exampleAsset({ caption: `${['harbour', 'crane', 'bridge'][i % 3]} ${i}` }));
    await catalog.upsert(
      [both, ...oldest, alone, ...many].map((asset) => ({ asset })),
      'test@1',
    );
  });
  afterAll(async () => {
    await close();
    await rm(home, { recursive: true });
  });

  test('an old asset with all of them is still first', async () => {
    expect((await catalog.match('shop', 'harbour crane', {}, 3))[0].id).toBe(both.id);
    expect((await catalog.match('shop', 'harbour crane 17', {}, 3)).map(({ id }) => id)).toContain(both.id);
  });

  test('a filter is applied before they are chosen', async () => {
    const found = await catalog.match('shop', 'harbour', { tagsAll: ['old'] }, 10);
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set([both, ...oldest].map(({ id }) => id)));
  });

  test('as many as asked for are given, each once, and a rare word beside them counts', async () => {
    const found = await catalog.match('shop', 'harbour', {}, 1100);
    expect(new Set(found.map(({ id }) => id)).size).toBe(1100);
    expect((await catalog.match('shop', 'harbour dawn', {}, 4)).map(({ id }) => id).sort()).toEqual(oldest.map(({ id }) => id).sort());
  });

  test('a small collection beside a large one has its own answers', async () => {
    expect((await catalog.match('team', 'harbour', {}, 10)).map(({ id }) => id)).toEqual([alone.id]);
    expect((await catalog.match('team', 'harbor', {}, 10)).map(({ id }) => id)).toEqual([alone.id]);
    expect(await catalog.match('team', 'crane', {}, 10)).toEqual([]);
  });
});

test('the variants of a word are all that are one typo away, and nothing else', () => {
  const distance = (a: string, b: string): number => {
    const at = (i: number, j: number): number => {
      if (i === 0 || j === 0) return i + j;
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const plain = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      return isSwap ? Math.min(plain, at(i - 2, j - 2) + 1) : plain;
    };
    return at(a.length, b.length);
  };
  const variants = typoVariants('abca');
  for (const variant of variants) expect(distance('abca', variant), variant).toBe(1);
  // 4 left out, 4 x 25 changed, 3 swapped, 5 x 26 added less the 4 places where doubling a letter before or after it is the same.
  expect(variants).toHaveLength(4 + 100 + 3 + 130 - 4);
  expect(new Set(variants).size).toBe(variants.length);
  expect(typoVariants('abc')).toEqual([]);
  expect(typoVariants('abc1')).toEqual([]);
  expect(typoVariants('a'.repeat(25))).toEqual([]);
  expect(typoVariants('ქართული')).toContain('ქართლუი');
});
