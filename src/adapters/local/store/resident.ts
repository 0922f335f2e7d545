import type { Concept, Filter, Ranked } from '../../../ports.ts';
import type { SeenColumns } from './asset-rows.ts';
import { Best } from './best.ts';
import { type Change, eachChange } from './change-log.ts';
import type { Sql } from './database.ts';
import { FieldColumn } from './field-column.ts';
import { type Field, filterTests } from './filter.ts';
import { HashColumn } from './hash-column.ts';
import { nearestSlots } from './nearest.ts';
import { codeOf, unitLength } from './quantise.ts';
import { ResidentVectors } from './resident-vectors.ts';
import { SeenIndex } from './seen-index.ts';
import type { Members } from './text-match.ts';

/** A part of the copy that is made at first use; `upTo` is the change that it knows last. */
interface Part<T> {
  upTo: number;
  data: T;
}

/** Which assets a filter lets through, by slot, as of a change. */
interface Allowed {
  upTo: number;
  flags: Uint8Array;
}

/** Filters whose slots are remembered: the searches of one call share theirs. */
const FILTERS_KEPT = 4;

/**
 * One collection in memory, a cache of the file: which assets it has, and, each from the first call on that needs it, the fields that filters ask for,
 * what was seen, the perceptual hashes and the vectors of each generation. All follow the change log, brought up to date at each call by an indexed
 * look-up; after an error in between the copy must be thrown away. Assets keep their slot while they live.
 */
export class ResidentCollection {
  readonly #collection: number;
  /** By slot; `undefined` where it is free. */
  readonly #ids: (string | undefined)[] = [];
  readonly #numbers: number[] = [];
  /** Older vectors of the asset are stale (schema.ts). */
  readonly #vectorsFrom: number[] = [];
  readonly #slotOfNumber = new Map<number, number>();
  readonly #freeSlots: number[] = [];
  #upTo = 0;
  /** Rises when vectors may have become stale. */
  #staleness = 0;
  readonly #columns = new Map<string, Part<FieldColumn>>();
  readonly #allowed = new Map<string, Allowed>();
  readonly #vectors = new Map<number, ResidentVectors>();
  #seen: Part<SeenIndex> | undefined;
  #hashes: Part<HashColumn> | undefined;
  #createdAt: Part<string[]> | undefined;

  constructor(collection: number) {
    this.#collection = collection;
  }

  /** Forgets the vectors of generations that are gone. */
  keepGenerations(ids: readonly number[]): void {
    for (const id of this.#vectors.keys()) if (!ids.includes(id)) this.#vectors.delete(id);
  }

  nearest(sql: Sql, generation: number, vector: Float32Array, filter: Filter, k: number): Ranked[] {
    this.#refresh(sql);
    let vectors = this.#vectors.get(generation);
    if (!vectors) {
      vectors = new ResidentVectors(generation, vector.length);
      this.#vectors.set(generation, vectors);
    }
    vectors.refresh(sql, { staleness: this.#staleness, slotOf: (number) => this.#slotOfNumber.get(number), isStale: (slot, id) => this.#isStale(slot, id) });
    const query = unitLength(vector);
    const found = nearestSlots(vectors.matrix, query, {
      allowed: this.#allowedSlots(sql, filter),
      k,
      orderOf: (slot) => this.#numbers[slot],
      exactScore: (vectorId) => exactScore(sql, vectorId, query),
    });
    return found.map(({ slot, score, atSeconds }) => ({
      id: this.#id(slot),
      score: Math.max(-1, Math.min(1, score)),
      ...(Number.isNaN(atSeconds) ? {} : { atSeconds }),
    }));
  }

  seen(sql: Sql, query: { concepts: Concept[]; colours: string[] }, filter: Filter, k: number): Ranked[] {
    this.#refresh(sql);
    this.#seen ??= { upTo: 0, data: new SeenIndex() };
    const { data } = this.#seen;
    this.#follow<Change & SeenColumns>(sql, this.#seen, 'a.colours, a.classes', (slot, row) => data.put(slot, row));
    const allowed = this.#allowedSlots(sql, filter);
    const best = new Best(k, (slot) => this.#numbers[slot]);
    data.score(query, (slot, score) => {
      if (allowed ? allowed[slot] === 1 : this.#ids[slot] !== undefined) best.offer(slot, score);
      return best.floor;
    });
    return best.entries.map(({ key, score }) => ({ id: this.#id(key), score }));
  }

  nearDuplicates(sql: Sql, hash: string, maxDistance: number, k: number): { id: string; distance: number }[] {
    this.#refresh(sql);
    this.#hashes ??= { upTo: 0, data: new HashColumn() };
    const { data } = this.#hashes;
    this.#follow<Change & { hash: string | null }>(sql, this.#hashes, "json_extract(a.body, '$.perceptualHash') as hash", (slot, row) =>
      data.put(slot, row.hash),
    );
    const best = new Best(k, (slot) => this.#numbers[slot]);
    data.within(hash, maxDistance, (slot, distance) => {
      if (this.#ids[slot] !== undefined) best.offer(slot, -distance);
    });
    return best.entries.map(({ key, score }) => ({ id: this.#id(key), distance: -score }));
  }

  /** The collection's assets by number, and which of them the filter lets through. */
  members(sql: Sql, filter: Filter): Members {
    this.#refresh(sql);
    const flags = this.#allowedSlots(sql, filter);
    return {
      collection: this.#collection,
      count: this.#slotOfNumber.size,
      has: (number) => this.#slotOfNumber.has(number),
      isAllowed: flags ? (number) => flags[this.#slotOfNumber.get(number) ?? -1] === 1 : (number) => this.#slotOfNumber.has(number),
      allowed: flags && this.#allowedNumbers(flags),
      idOf: (number) => this.#id(this.#slotOfNumber.get(number) ?? -1),
    };
  }

  /** The newest assets that the filter lets through, at most `limit`, after the position. */
  newest(sql: Sql, filter: Filter, { limit, after }: { limit: number; after: Position | undefined }): Position[] {
    this.#refresh(sql);
    this.#createdAt ??= { upTo: 0, data: [] };
    const { data } = this.#createdAt;
    this.#follow<Change & { created_at: string }>(sql, this.#createdAt, 'a.created_at', (slot, row) => {
      data[slot] = row.created_at;
    });
    const allowed = this.#allowedSlots(sql, filter);
    let found: Position[] = [];
    let last: Position | undefined;
    for (let slot = 0; slot < this.#ids.length; slot++) {
      if (allowed ? allowed[slot] === 0 : this.#ids[slot] === undefined) continue;
      const position = { createdAt: data[slot], number: this.#numbers[slot] };
      if (after && !isOlder(position, after)) continue;
      if (last && isOlder(position, last)) continue;
      found.push(position);
      if (found.length < limit * 2) continue;
      found = found.sort(byNewest).slice(0, limit);
      last = found.at(-1);
    }
    return found.sort(byNewest).slice(0, limit);
  }

  #id(slot: number): string {
    const id = this.#ids[slot];
    if (id === undefined) throw new Error(`slot ${slot} is empty`);
    return id;
  }

  /** A freed slot's next asset has only newer vectors, so its own limit tells the old ones too. */
  #isStale(slot: number, vectorId: number): boolean {
    return this.#ids[slot] === undefined || vectorId < this.#vectorsFrom[slot];
  }

  #allowedSlots(sql: Sql, filter: Filter): Uint8Array | undefined {
    const tests = filterTests(filter);
    if (tests.length === 0) return undefined;
    const key = JSON.stringify(filter);
    const known = this.#allowed.get(key);
    if (known?.upTo === this.#upTo) return known.flags;
    const flags = Uint8Array.from(this.#ids, (id) => (id === undefined ? 0 : 1));
    for (const { field, passes } of tests) this.#column(sql, field).restrict(flags, passes);
    this.#allowed.delete(key);
    this.#allowed.set(key, { upTo: this.#upTo, flags });
    for (const oldest of this.#allowed.keys()) if (this.#allowed.size > FILTERS_KEPT) this.#allowed.delete(oldest);
    return flags;
  }

  *#allowedNumbers(flags: Uint8Array): Iterable<number> {
    for (let slot = 0; slot < flags.length; slot++) if (flags[slot] === 1) yield this.#numbers[slot];
  }

  #column(sql: Sql, field: Field): FieldColumn {
    const key = JSON.stringify(field);
    let part = this.#columns.get(key);
    if (!part || part.data.isWorn) part = { upTo: 0, data: new FieldColumn(field) };
    this.#columns.set(key, part);
    const { data } = part;
    const [first, second] = data.paths;
    const columns = 'json_extract(a.body, $first, $second) as properties';
    this.#follow<Change & { properties: string }>(sql, part, columns, (slot, row) => data.put(slot, row.properties), { first, second });
    return data;
  }

  #refresh(sql: Sql): void {
    const before = this.#upTo;
    this.#upTo = eachChange<Change & { id: string | null; vectors_from: number }>(
      sql,
      { collection: this.#collection, since: before, columns: 'a.id, a.vectors_from' },
      ({ asset, id, vectors_from: vectorsFrom }) => {
        const known = this.#slotOfNumber.get(asset);
        if (known !== undefined && (id === null || this.#vectorsFrom[known] !== vectorsFrom)) this.#staleness++;
        if (id !== null) this.#put(known ?? this.#freeSlots.pop() ?? this.#ids.length, { asset, id, vectorsFrom });
        else if (known !== undefined) this.#free(known, asset);
      },
    );
  }

  #put(slot: number, { asset, id, vectorsFrom }: { asset: number; id: string; vectorsFrom: number }): void {
    this.#ids[slot] = id;
    this.#numbers[slot] = asset;
    this.#vectorsFrom[slot] = vectorsFrom;
    this.#slotOfNumber.set(asset, slot);
  }

  #free(slot: number, asset: number): void {
    this.#ids[slot] = undefined;
    this.#slotOfNumber.delete(asset);
    this.#freeSlots.push(slot);
  }

  /** Hands a part the changes that it does not know yet, of assets that are there; free slots keep what they held, and are never asked for it. */
  #follow<Row extends Change>(
    sql: Sql,
    part: Part<unknown>,
    columns: string,
    apply: (slot: number, row: Row) => void,
    parameters?: Record<string, string>,
  ): void {
    part.upTo = eachChange<Row>(sql, { collection: this.#collection, since: part.upTo, columns, parameters }, (row) => {
      const slot = this.#slotOfNumber.get(row.asset);
      if (slot !== undefined) apply(slot, row);
    });
  }
}

/** Where an asset stands in a list. */
export interface Position {
  createdAt: string;
  number: number;
}

function isOlder(a: Position, b: Position): boolean {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.number < b.number);
}

export function byNewest(a: Position, b: Position): number {
  return isOlder(a, b) ? 1 : -1;
}

function exactScore(sql: Sql, vectorId: number, query: Float64Array): number {
  const row = sql('select scale, code from vector where id = ?').get<{ scale: number; code: Uint8Array }>(vectorId);
  if (!row) throw new Error(`vector ${vectorId} is gone`);
  const code = codeOf(row.code);
  let sum = 0;
  for (let i = 0; i < code.length; i++) sum += code[i] * query[i];
  return sum * row.scale;
}
