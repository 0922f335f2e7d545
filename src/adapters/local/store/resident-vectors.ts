import type { Sql } from './database.ts';
import { Matrix } from './matrix.ts';
import { codeOf } from './quantise.ts';

/** Rows are read in lots (change-log.ts); a row is as long as its vector. */
const LOT = 1000;

interface VectorRow {
  id: number;
  asset: number;
  at_seconds: number | null;
  scale: number;
  code: Uint8Array;
}

/** What the collection knows of its assets. */
export interface Slots {
  /** Another value than at the last call where rows may have become stale. */
  staleness: number;
  slotOf(asset: number): number | undefined;
  isStale(slot: number, vectorId: number): boolean;
}

/** The vectors of one generation in memory. New ones have higher ids; replaced and removed ones are told by their assets. */
export class ResidentVectors {
  readonly matrix: Matrix;
  readonly #generation: number;
  #lastVector = 0;
  #staleness = 0;

  constructor(generation: number, dimensions: number) {
    this.#generation = generation;
    this.matrix = new Matrix(dimensions);
  }

  refresh(sql: Sql, slots: Slots): void {
    if (slots.staleness !== this.#staleness) this.matrix.compact((slot, id) => slots.isStale(slot, id));
    this.#staleness = slots.staleness;
    const vectors = sql(`select id, asset, at_seconds, scale, code from vector where generation = ? and id > ? order by id limit ${LOT}`);
    for (;;) {
      const rows = vectors.all<VectorRow>(this.#generation, this.#lastVector);
      for (const row of rows) {
        const slot = slots.slotOf(row.asset);
        if (slot === undefined) throw new Error(`vector ${row.id} has no asset`);
        this.matrix.append(row.id, slot, row.at_seconds, codeOf(row.code), row.scale);
      }
      this.#lastVector = rows.at(-1)?.id ?? this.#lastVector;
      if (rows.length < LOT) return;
    }
  }
}
