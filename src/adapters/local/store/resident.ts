import type { Concept, Filter, Ranked } from '../../../ports.ts';
import type { SeenRow } from './asset-rows.ts';
import { Best } from './best.ts';
import { eachChange } from './change-log.ts';
import type { Sql } from './database.ts';
import { FieldColumn } from './field-column.ts';
import { type Field, filterTests } from './filter.ts';
import { HashColumn } from './hash-column.ts';
import { KnownIds } from './known-ids.ts';
import { nearestSlots } from './nearest.ts';
import { unitLength } from './quantise.ts';
import { exactScores, ResidentVectors } from './resident-vectors.ts';
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
  /** Number of the asset by slot; 0 where it is free. */
  readonly #numbers: number[] = [];
  readonly #slotOfNumber = new Map<number, number>();
  readonly #freeSlots: number[] = [];
  readonly #ids = new KnownIds();
  #upTo = 0;
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
    const query = unitLength(vector);
    const vectors = this.#vectors.get(generation) ?? new ResidentVectors(generation, vector.length);
    this.#vectors.set(generation, vectors);
    vectors.refresh(sql, (number) => this.#slotOfNumber.get(number));
    const found = nearestSlots(vectors.matrix, query, {
      allowed: this.#allowedSlots(sql, filter),
      k,
      orderOf: (slot) => this.#numbers[slot],
      exactScores: (vectorIds) => exactScores(sql, vectorIds, query),
    });
    const idOf = this.#ids.of(
      sql,
      found.map(({ slot }) => this.#numbers[slot]),
    );
    return found.map(({ slot, score, atSeconds }) => ({
      id: idOf(this.#numbers[slot]),
      score: Math.max(-1, Math.min(1, score)),
      ...(Number.isNaN(atSeconds) ? {} : { atSeconds }),
    }));
  }

  seen(sql: Sql, query: { concepts: Concept[]; colours: string[] }, filter: Filter, k: number): Ranked[] {
    this.#refresh(sql);
    const index = this.#seenIndex(sql);
    const allowed = this.#allowedSlots(sql, filter);
    const best = new Best(k, (slot) => this.#numbers[slot]);
    index.score(query, (slot, score) => {
      if (allowed ? allowed[slot] === 1 : this.#numbers[slot] !== 0) best.offer(slot, score);
      return best.floor;
    });
    const idOf = this.#ids.of(
      sql,
      best.entries.map(({ key }) => this.#numbers[key]),
    );
    return best.entries.map(({ key, score }) => ({ id: idOf(this.#numbers[key]), score }));
  }

  nearDuplicates(sql: Sql, hash: string, maxDistance: number, k: number): { id: string; distance: number }[] {
    this.#refresh(sql);
    const part = this.#hashes ?? { upTo: 0, data: new HashColumn() };
    this.#hashes = part;
    this.#follow(sql, part, ['f.perceptualHash'], (slot, [stored]) => part.data.put(slot, stored));
    const best = new Best(k, (slot) => this.#numbers[slot]);
    part.data.within(hash, maxDistance, (slot, distance) => {
      if (this.#numbers[slot] !== 0) best.offer(slot, -distance);
    });
    const idOf = this.#ids.of(
      sql,
      best.entries.map(({ key }) => this.#numbers[key]),
    );
    return best.entries.map(({ key, score }) => ({ id: idOf(this.#numbers[key]), distance: Math.abs(score) }));
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
      idsOf: (numbers) => this.#ids.of(sql, numbers),
    };
  }

  /** The newest assets that the filter lets through, at most `limit`, after the position. */
  newest(sql: Sql, filter: Filter, { limit, after }: { limit: number; after: Position | undefined }): Position[] {
    this.#refresh(sql);
    const part = this.#createdAt ?? { upTo: 0, data: [] };
    this.#createdAt = part;
    this.#follow(sql, part, ['f.createdAt'], (slot, [createdAt]) => {
      part.data[slot] = String(createdAt);
    });
    const allowed = this.#allowedSlots(sql, filter);
    let found: Position[] = [];
    let last: Position | undefined;
    for (let slot = 0; slot < this.#numbers.length; slot++) {
      if (allowed ? allowed[slot] === 0 : this.#numbers[slot] === 0) continue;
      const position = { createdAt: part.data[slot], number: this.#numbers[slot] };
      if ((after && !isOlder(position, after)) || (last && isOlder(position, last))) continue;
      found.push(position);
      if (found.length < limit * 2) continue;
      found = found.sort(byNewest).slice(0, limit);
      last = found.at(-1);
    }
    return found.sort(byNewest).slice(0, limit);
  }

  #allowedSlots(sql: Sql, filter: Filter): Uint8Array | undefined {
    const tests = filterTests(filter);
    if (tests.length === 0) return undefined;
    const key = JSON.stringify(filter);
    const known = this.#allowed.get(key);
    if (known?.upTo === this.#upTo) return known.flags;
    const flags = new Uint8Array(this.#numbers.length);
    for (let slot = 0; slot < flags.length; slot++) flags[slot] = this.#numbers[slot] === 0 ? 0 : 1;
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
    const columns = data.properties.map((property) => `f.${property}`);
    this.#follow(sql, part, columns, (slot, values) => data.put(slot, values));
    return data;
  }

  #seenIndex(sql: Sql): SeenIndex {
    const part = this.#seen ?? { upTo: 0, data: new SeenIndex() };
    this.#seen = part;
    const stored = sql('select colours, classes, subject_colours from asset where number = ?');
    this.#follow(sql, part, ['f.asset'], (slot, [number]) => part.data.put(slot, stored.get<SeenRow>(number)));
    return part.data;
  }

  #refresh(sql: Sql): void {
    const change = { collection: this.#collection, since: this.#upTo, columns: ['f.asset is not null'] };
    this.#upTo = eachChange(sql, change, (asset, [isThere]) => {
      const known = this.#slotOfNumber.get(asset);
      if (isThere) this.#put(known ?? this.#freeSlots.pop() ?? this.#numbers.length, asset);
      else if (known !== undefined) this.#free(known, asset);
    });
  }

  #put(slot: number, asset: number): void {
    this.#numbers[slot] = asset;
    this.#slotOfNumber.set(asset, slot);
    for (const vectors of this.#vectors.values()) vectors.touch(slot, asset);
  }

  #free(slot: number, asset: number): void {
    this.#numbers[slot] = 0;
    this.#slotOfNumber.delete(asset);
    this.#ids.forget(asset);
    this.#freeSlots.push(slot);
    for (const vectors of this.#vectors.values()) vectors.touch(slot, undefined);
  }

  /** Hands a part the changes that it does not know yet, of assets that are there; free slots keep what they held, and are never asked for it. */
  #follow(sql: Sql, part: Part<unknown>, columns: readonly string[], apply: (slot: number, values: (string | number | null)[]) => void): void {
    part.upTo = eachChange(sql, { collection: this.#collection, since: part.upTo, columns }, (asset, values) => {
      const slot = this.#slotOfNumber.get(asset);
      if (slot !== undefined) apply(slot, values);
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
