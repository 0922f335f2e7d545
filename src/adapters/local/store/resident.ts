import type { AssetKind, AssetStatus, Concept, Filter, Ranked } from '../../../ports.ts';
import type { SeenColumns } from './asset-rows.ts';
import { Best } from './best.ts';
import type { Sql } from './database.ts';
import { type Filterable, filterPredicate } from './filter.ts';
import { Matrix } from './matrix.ts';
import { nearestSlots } from './nearest.ts';
import { codeOf, unitLength } from './quantise.ts';
import { SeenIndex } from './seen-index.ts';

interface ResidentAsset extends Filterable {
  id: string;
  number: number;
  vectorsFrom: number;
}

interface ChangeRow extends SeenColumns {
  seq: number;
  asset: number;
  /** Null where the asset was removed. */
  id: string | null;
  kind: AssetKind;
  status: AssetStatus;
  tags: string;
  vectors_from: number;
}

interface VectorRow {
  id: number;
  asset: number;
  at_seconds: number | null;
  scale: number;
  code: Uint8Array;
}

/**
 * One collection in memory: what filters and `seen` look at, and (from the first `nearest` on) the vectors. It is a cache of the file, brought up
 * to date at each call by two indexed look-ups; after an error in between it must be thrown away. Assets keep their slot while they live.
 */
export class ResidentCollection {
  readonly #collection: number;
  readonly #slots: (ResidentAsset | undefined)[] = [];
  readonly #slotOfNumber = new Map<number, number>();
  readonly #seen = new SeenIndex();
  #freeSlots: number[] = [];
  #lastChange = 0;
  #lastVector = 0;
  #matrix: Matrix | undefined;

  constructor(collection: number) {
    this.#collection = collection;
  }

  seen(sql: Sql, query: { concepts: Concept[]; colours: string[] }, filter: Filter, k: number): Ranked[] {
    this.#refresh(sql);
    const best = new Best(k, (slot) => this.#asset(slot).number);
    const allows = filterPredicate(filter);
    const isAllowed = (slot: number) => {
      const asset = this.#slots[slot];
      return asset !== undefined && (!allows || allows(asset));
    };
    this.#seen.score(query, isAllowed, (slot, score) => best.offer(slot, score));
    return best.entries.map(({ key, score }) => ({ id: this.#asset(key).id, score }));
  }

  nearest(sql: Sql, vector: Float32Array, filter: Filter, k: number): Ranked[] {
    this.#matrix ??= new Matrix(vector.length);
    this.#refresh(sql);
    const query = unitLength(vector);
    const found = nearestSlots(this.#matrix, query, {
      allowed: this.#allowedSlots(filter),
      k,
      orderOf: (slot) => this.#asset(slot).number,
      exactScore: (vectorId) => exactScore(sql, vectorId, query),
    });
    return found.map(({ slot, score, atSeconds }) => ({
      id: this.#asset(slot).id,
      score: Math.max(-1, Math.min(1, score)),
      ...(Number.isNaN(atSeconds) ? {} : { atSeconds }),
    }));
  }

  #asset(slot: number): ResidentAsset {
    const asset = this.#slots[slot];
    if (!asset) throw new Error(`slot ${slot} is empty`);
    return asset;
  }

  #allowedSlots(filter: Filter): Uint8Array | undefined {
    const allows = filterPredicate(filter);
    if (!allows) return undefined;
    const allowed = new Uint8Array(this.#slots.length);
    for (let slot = 0; slot < allowed.length; slot++) {
      const asset = this.#slots[slot];
      if (asset && allows(asset)) allowed[slot] = 1;
    }
    return allowed;
  }

  #refresh(sql: Sql): void {
    if (this.#applyChanges(sql)) {
      this.#matrix?.compact((slot, id) => {
        const asset = this.#slots[slot];
        return !asset || id < asset.vectorsFrom;
      });
    }
    if (this.#matrix) this.#loadVectors(sql, this.#matrix);
  }

  /** True where rows of the matrix may have become stale. */
  #applyChanges(sql: Sql): boolean {
    const changes = sql(`
      select c.seq, c.asset, a.id, a.kind, a.status, a.tags, a.vectors_from, a.colours, a.classes
      from change c left join asset a on a.number = c.asset where c.collection = ? and c.seq > ? order by c.seq`);
    // Freed slots are given out again only when their rows have left the matrix.
    const freed: number[] = [];
    let stale = false;
    for (const row of changes.iterate<ChangeRow>(this.#collection, this.#lastChange)) {
      this.#lastChange = row.seq;
      const slot = this.#slotOfNumber.get(row.asset);
      if (slot !== undefined) stale ||= this.#slots[slot]?.vectorsFrom !== row.vectors_from;
      if (row.id !== null) this.#put(slot ?? this.#freeSlots.pop() ?? this.#slots.length, row, row.id);
      else if (slot !== undefined) {
        this.#slots[slot] = undefined;
        this.#slotOfNumber.delete(row.asset);
        this.#seen.put(slot, undefined);
        freed.push(slot);
      }
    }
    this.#freeSlots = this.#freeSlots.concat(freed);
    return stale;
  }

  #put(slot: number, row: ChangeRow, id: string): void {
    const tags = row.tags === '[]' ? [] : (JSON.parse(row.tags) as string[]);
    this.#slots[slot] = { id, number: row.asset, kind: row.kind, status: row.status, tags, vectorsFrom: row.vectors_from };
    this.#slotOfNumber.set(row.asset, slot);
    this.#seen.put(slot, row);
  }

  #loadVectors(sql: Sql, matrix: Matrix): void {
    const vectors = sql('select id, asset, at_seconds, scale, code from vector where collection = ? and id > ? order by id');
    for (const row of vectors.iterate<VectorRow>(this.#collection, this.#lastVector)) {
      const slot = this.#slotOfNumber.get(row.asset);
      if (slot === undefined) throw new Error(`vector ${row.id} has no asset`);
      matrix.append(row.id, slot, row.at_seconds, codeOf(row.code), row.scale);
      this.#lastVector = row.id;
    }
  }
}

function exactScore(sql: Sql, vectorId: number, query: Float64Array): number {
  const row = sql('select scale, code from vector where id = ?').get<{ scale: number; code: Uint8Array }>(vectorId);
  if (!row) throw new Error(`vector ${vectorId} is gone`);
  const code = codeOf(row.code);
  let sum = 0;
  for (let i = 0; i < code.length; i++) sum += code[i] * query[i];
  return sum * row.scale;
}
