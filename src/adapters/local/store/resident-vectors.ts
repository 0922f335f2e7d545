import type { Sql } from './database.ts';
import { Matrix } from './matrix.ts';
import { codeOf } from './quantise.ts';

/** Rows are read in lots: one at a time takes twice as long. */
const LOT = 1000;

interface VectorRow {
  id: number;
  asset: number;
  at_seconds: number | null;
  scale: number;
  code: Uint8Array;
}

/** The vectors of one generation in memory. Vectors are never changed, only replaced by newer ones, with higher ids. */
export class ResidentVectors {
  readonly matrix: Matrix;
  readonly #generation: number;
  #lastVector = 0;
  /** Id of the first row by slot; `undefined` where it has none. */
  readonly #firstIds: (number | undefined)[] = [];
  /** Slots with rows that changed hands or whose asset was written, and the number of the asset there now. */
  readonly #touched = new Map<number, number | undefined>();

  constructor(generation: number, dimensions: number) {
    this.#generation = generation;
    this.matrix = new Matrix(dimensions);
  }

  /** Must be told of every slot that was given to another asset, freed (`undefined`), or whose asset was written. */
  touch(slot: number, asset: number | undefined): void {
    if (this.#firstIds[slot] !== undefined) this.#touched.set(slot, asset);
  }

  refresh(sql: Sql, slotOf: (asset: number) => number | undefined): void {
    this.#dropStale(sql);
    const vectors = sql(`select id, asset, at_seconds, scale, code from vector where generation = ? and id > ? order by id limit ${LOT}`);
    for (;;) {
      const rows = vectors.all<VectorRow>(this.#generation, this.#lastVector);
      for (const row of rows) this.#append(row, slotOf(row.asset));
      if (rows.length < LOT) return;
    }
  }

  #append(row: VectorRow, slot: number | undefined): void {
    if (slot === undefined) throw new Error(`vector ${row.id} has no asset`);
    this.matrix.append(row.id, slot, row.at_seconds, codeOf(row.code), row.scale);
    this.#firstIds[slot] ??= row.id;
    this.#lastVector = row.id;
  }

  #dropStale(sql: Sql): void {
    const validFrom = new Map<number, number>();
    for (const [slot, asset] of this.#touched) {
      const oldest = asset === undefined ? undefined : sql('select min(id) as id from vector where asset = ? and generation = ?');
      const id = oldest?.get<{ id: number | null }>(asset ?? 0, this.#generation)?.id ?? Number.POSITIVE_INFINITY;
      if (id === this.#firstIds[slot]) continue;
      validFrom.set(slot, id);
      this.#firstIds[slot] = undefined;
    }
    this.#touched.clear();
    if (validFrom.size > 0) this.matrix.compact((slot, id) => id < (validFrom.get(slot) ?? 0));
  }
}

/** Exact cosines of a unit query with stored vectors, in one statement, since each call of the driver has a cost of its own. */
export function exactScores(sql: Sql, vectorIds: readonly number[], query: Float64Array): (vectorId: number) => number {
  const rows = sql('select id, scale, code from vector where id in (select value from json_each(?))');
  const scores = new Map<number, number>();
  for (const { id, scale, code } of rows.all<Pick<VectorRow, 'id' | 'scale' | 'code'>>(JSON.stringify(vectorIds))) {
    const values = codeOf(code);
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i] * query[i];
    scores.set(id, sum * scale);
  }
  return (vectorId) => {
    const score = scores.get(vectorId);
    if (score === undefined) throw new Error(`vector ${vectorId} is gone`);
    return score;
  };
}
