import type { Ranked } from '../../../ports.ts';
import type { Sql } from './database.ts';
import { ftsQuery, queryWords } from './search-text.ts';
import { typoVariants } from './typo-variants.ts';

/** The assets of a collection, by number, and which of them are asked for. */
export interface Members {
  collection: number;
  /** Number of assets. */
  count: number;
  has(number: number): boolean;
  isAllowed(number: number): boolean;
  /** Numbers of the assets that the filter lets through; `undefined` where it lets all through. */
  allowed: Iterable<number> | undefined;
  idsOf(numbers: readonly number[]): (number: number) => string;
}

/** Assets that BM25 looks at, which takes about 1 µs each; with a large k more. */
const CANDIDATES = 1000;
/** Rows read of one word to choose them from. */
const ROWS_OF_WORD = 10_000;
const FIRST_LOT = 500;
/** Strings that are looked up in the index to correct a query; a word of eight letters has 440 one typo away. */
const CORRECTION_LIMIT = 2500;
/** Strings looked up at once. */
const VARIANTS_AT_ONCE = 32;
/** What a match through a correction counts, beside one as it was typed. */
const CORRECTED_WEIGHT = 0.6;

/**
 * The k best assets by BM25, larger is better; [] where the text has no word. Exact where up to 1,000 assets have any of the words (or 4 k, if that is more),
 * or the filter lets no more through. Else those 1,000 are ranked exactly that have all the words, then those with the rarest, the newest first.
 */
export function matchText(sql: Sql, members: Members, text: string, k: number): Ranked[] {
  if (k < 1 || members.count === 0) return [];
  const reader = new RowReader(sql, members);
  const { typed, corrected } = wordsInCollection(reader, queryWords(text));
  if (typed.length + corrected.length === 0) return [];
  const limit = Math.max(CANDIDATES, 4 * k);
  const candidates = fewAllowed(members, limit) ?? candidatesOf(reader, [...typed, ...corrected], limit);
  const found = combined(scores(sql, typed, candidates, corrected.length > 0 ? limit : k), scores(sql, corrected, candidates, limit)).slice(0, k);
  const idOf = members.idsOf(found.map(({ number }) => number));
  return found.map(({ number, score }) => ({ id: idOf(number), score }));
}

/** All that the filter lets through, where that is not more than `limit`. */
function fewAllowed({ allowed }: Members, limit: number): number[] | undefined {
  if (!allowed) return undefined;
  const found: number[] = [];
  for (const number of allowed) if (found.push(number) > limit) return undefined;
  return found;
}

/** Reads which assets of the collection have words, newest first, without scores: about a tenth of the time of BM25. */
class RowReader {
  readonly #sql: Sql;
  readonly #members: Members;
  /** In a collection that holds most of the index it is faster to skip other rows than to intersect with its own. */
  readonly #scope: { collection?: number };

  constructor(sql: Sql, members: Members) {
    this.#sql = sql;
    this.#members = members;
    const rows = sql("select seq from sqlite_sequence where name = 'asset'").get<{ seq: number }>()?.seq ?? 0;
    this.#scope = members.count * 2 > rows ? {} : { collection: members.collection };
  }

  /** Numbers of assets that the filter lets through and that have any (or all) of the words, at most `limit` and a lot. */
  read(words: readonly string[], limit: number, options: { isAll?: boolean } = {}): number[] {
    return this.#rows(ftsQuery(words, { ...this.#scope, ...options }), limit, (number) => this.#members.isAllowed(number));
  }

  /** Whether any asset of the collection, allowed or not, has one of the words. */
  isThere(words: readonly string[]): boolean {
    return this.#rows(ftsQuery(words, this.#scope), 1, (number) => this.#members.has(number)).length > 0;
  }

  #rows(query: string, limit: number, isWanted: (number: number) => boolean): number[] {
    const found: number[] = [];
    let lot = limit === 1 ? 1 : FIRST_LOT;
    let before = Number.MAX_SAFE_INTEGER;
    while (found.length < limit) {
      // One value instead of many rows: reading a row from SQLite takes ten times as long.
      const rows = JSON.parse(
        this.#sql(
          'select json_group_array(rowid) as numbers from (select rowid from asset_text where asset_text match ? and rowid < ? order by rowid desc limit ?)',
        ).get<{ numbers: string }>(query, before, lot)?.numbers ?? '[]',
      ) as number[];
      for (const number of rows) if (isWanted(number)) found.push(number);
      if (rows.length < lot) break;
      before = rows[rows.length - 1];
      lot = Math.min(lot * 8, 50_000);
    }
    return found;
  }
}

/** The words that the collection has, and for those that it has not, what they may have been meant to be. */
function wordsInCollection(reader: RowReader, words: { word: string; canBeMistyped: boolean }[]): { typed: string[]; corrected: string[] } {
  const typed: string[] = [];
  const corrected = new Set<string>();
  let left = CORRECTION_LIMIT;
  for (const { word, canBeMistyped } of words) {
    if (reader.isThere([word])) typed.push(word);
    else if (canBeMistyped) {
      const variants = typoVariants(word);
      left -= variants.length;
      if (left >= 0) for (const variant of variantsThere(reader, variants)) corrected.add(variant);
    }
  }
  return { typed, corrected: [...corrected].filter((word) => !typed.includes(word)) };
}

/** Several at once in one query, one by one only where one of them is there. */
function variantsThere(reader: RowReader, variants: string[]): string[] {
  const found: string[] = [];
  for (let at = 0; at < variants.length; at += VARIANTS_AT_ONCE) {
    const some = variants.slice(at, at + VARIANTS_AT_ONCE);
    if (reader.isThere(some)) found.push(...some.filter((variant) => reader.isThere([variant])));
  }
  return found;
}

/** Numbers of the most promising assets: those that have all the words, then by the sum of the words' rarity, the newest first. */
function candidatesOf(reader: RowReader, words: string[], limit: number): number[] {
  if (words.length === 1) return reader.read(words, limit).slice(0, limit);
  const rarities = new Map<number, number>();
  const count = (numbers: number[], rarity: number) => {
    for (const number of numbers) rarities.set(number, (rarities.get(number) ?? 0) + rarity);
  };
  const lists = words.map((word) => reader.read([word], ROWS_OF_WORD));
  for (const numbers of lists) count(numbers, 1 / Math.log2(2 + numbers.length));
  if (rarities.size > limit) count(reader.read(words, limit, { isAll: true }), words.length);
  // Few different sums are shared by many assets, so the sums are sorted, not the assets.
  const byRarity = new Map<number, number[]>();
  for (const [number, rarity] of rarities) {
    const same = byRarity.get(rarity);
    if (same) same.push(number);
    else byRarity.set(rarity, [number]);
  }
  const found: number[] = [];
  for (const rarity of [...byRarity.keys()].sort((a, b) => b - a)) {
    if (found.length >= limit) break;
    const same = byRarity.get(rarity) ?? [];
    found.push(...same.sort((a, b) => b - a).slice(0, limit - found.length));
  }
  return found;
}

/** BM25 of those candidates that have any of the words, of the best `limit`. */
function scores(sql: Sql, words: string[], candidates: number[], limit: number): Map<number, number> {
  if (words.length === 0 || candidates.length === 0) return new Map();
  const least = candidates.reduce((a, b) => Math.min(a, b));
  // The weight of `scope` is 0: it is no text.
  const rows = sql(`
    select rowid as number, -bm25(asset_text, 0, 1, 1, 1, 1) as score from asset_text
    where asset_text match $query and rowid >= $least and +rowid in (select value from json_each($candidates))
    order by score desc, rowid limit $limit`);
  const found = rows.all<{ number: number; score: number }>({ query: ftsQuery(words), least, candidates: JSON.stringify(candidates), limit });
  return new Map(found.map(({ number, score }) => [number, score]));
}

/** Both together, best first. What only a correction found comes after all that has a word as it was typed. */
function combined(typed: Map<number, number>, corrected: Map<number, number>): { number: number; score: number }[] {
  const worst = [...typed.values()].reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = [...corrected.values()].reduce((a, b) => Math.max(a, b), 0);
  const factor = Math.min(1, worst / most) * CORRECTED_WEIGHT;
  const sums = Array.from(typed, ([number, score]) => ({ number, score: score + CORRECTED_WEIGHT * (corrected.get(number) ?? 0) }));
  for (const [number, score] of corrected) if (!typed.has(number)) sums.push({ number, score: score * factor });
  return sums.sort((a, b) => b.score - a.score || a.number - b.number);
}
