import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadDriver } from '../../src/adapters/local/store/driver.ts';
import { stem } from '../../src/library/stem.ts';

const ENDINGS = [
  '',
  's',
  'es',
  'ed',
  'ing',
  'er',
  'ly',
  'ness',
  'ful',
  'ation',
  'ional',
  'ization',
  'y',
  'ies',
  'able',
  'ment',
  'ements',
  'ive',
  'eed',
  'ism',
  'ality',
];

/** Every word of the concept table with every ending, and what SQLite's stemmer makes of it. */
async function stemsOfSqlite(words: string[]): Promise<Map<string, string>> {
  const database = (await loadDriver())(':memory:');
  database.exec(`create virtual table t using fts5(w, tokenize="porter unicode61"); create virtual table v using fts5vocab(t, 'instance'); begin`);
  const insert = database.prepare('insert into t(rowid, w) values (?, ?)');
  words.forEach((word, index) => {
    insert.run(index + 1, word);
  });
  const stems = new Map<string, string>();
  for (const { doc, term } of database.prepare('select doc, term from v').all<{ doc: number; term: string }>()) stems.set(words[doc - 1], term);
  database.close();
  return stems;
}

it('stems English exactly as the full-text index does', async () => {
  const table = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../models/concepts.json'), 'utf8')) as { concepts: Record<string, unknown> };
  const nouns = [...new Set(Object.keys(table.concepts).flatMap((phrase) => phrase.toLowerCase().match(/[a-z]+/g) ?? []))].filter(
    (_, index) => index % 5 === 0,
  );
  const words = [...new Set(nouns.flatMap((noun) => ENDINGS.flatMap((ending) => [noun + ending, noun.replace(/[ey]$/, '') + ending])))];
  const expected = await stemsOfSqlite(words);
  expect(expected.size).toBe(words.length);
  expect(words.filter((word) => stem(word) !== expected.get(word)).map((word) => `${word}: ${stem(word)}, not ${expected.get(word)}`)).toEqual([]);
});
