import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { cleanText } from './text.ts';

/** Hits that one search can be paged through: what is further down is better found by other words or a filter. */
export const DEEPEST = 1000;

/** Bytes that stand for a hit in a cursor: two of 1,200 candidates share them once in a million searches. */
const MARK_BYTES = 5;

/**
 * A cursor is `<digest of the search>.<rest>`. That of a ranked search carries a mark of each hit that was shown: BM25 of every asset moves
 * when one is added, so a position in the order would repeat or skip hits; what was shown is simply left out, whatever changed in between.
 */
export function cursorAfter(search: unknown, shown: string[]): string {
  return join(search, Buffer.concat(shown.map((mark) => Buffer.from(mark, 'hex'))).toString('base64url'));
}

/** The mark by which a cursor knows a hit. */
export function markOf(id: string): string {
  return createHash('sha256')
    .update(id)
    .digest('hex')
    .slice(0, MARK_BYTES * 2);
}

/** Marks of the hits shown so far, in order; INVALID_INPUT for a cursor of another search. */
export function shownBefore(search: unknown, cursor: string | undefined): string[] {
  if (cursor === undefined) return [];
  const bytes = Buffer.from(restOf(search, cursor), 'base64url');
  if (bytes.length === 0 || bytes.length % MARK_BYTES !== 0) throw foreign(cursor);
  return Array.from({ length: bytes.length / MARK_BYTES }, (_, at) => bytes.subarray(at * MARK_BYTES, (at + 1) * MARK_BYTES).toString('hex'));
}

/** Ties a cursor of the catalog's own list to the listing that it continues. */
export function join(search: unknown, rest: string): string {
  return `${digestOf(search)}.${rest}`;
}

/** What `join` was given; INVALID_INPUT for a cursor of another search. */
export function restOf(search: unknown, cursor: string): string {
  const [digest, rest] = cursor.split('.', 2);
  if (!/^[\w-]{8}$/.test(digest) || !rest || !/^[\w-]+$/.test(rest)) throw foreign(cursor);
  if (digest !== digestOf(search)) {
    throw new AppError('INVALID_INPUT', 'The cursor belongs to another search.', {
      hint: 'Repeat the search that it came from with all its arguments (only limit and includeImages may change), or leave cursor out.',
    });
  }
  return rest;
}

function foreign(cursor: string): AppError {
  return new AppError('INVALID_INPUT', `cursor "${cleanText(cursor, 40)}" is none of this search.`, {
    hint: 'Pass nextCursor of the page before as it is, with the same arguments, or leave cursor out.',
  });
}

function digestOf(search: unknown): string {
  return createHash('sha256').update(JSON.stringify(search)).digest('base64url').slice(0, 8);
}
