import { idsOf } from './asset-rows.ts';
import type { Sql } from './database.ts';

/** About 5 MB; the best of one search are mostly among the best of the next. */
const MOST = 50_000;

/** Ids of a collection's assets by number, as far as they were asked for. */
export class KnownIds {
  readonly #ids = new Map<number, string>();

  /** Reads those that are not known, in one statement. Throws a plain Error for an asset that is gone. */
  of(sql: Sql, numbers: readonly number[]): (number: number) => string {
    const unknown = numbers.filter((number) => !this.#ids.has(number));
    if (unknown.length > 0) {
      if (this.#ids.size > MOST) this.#ids.clear();
      const missing = numbers.filter((number) => !this.#ids.has(number));
      const read = idsOf(sql, missing);
      for (const number of missing) this.#ids.set(number, read(number));
    }
    return (number) => {
      const id = this.#ids.get(number);
      if (id === undefined) throw new Error(`asset ${number} is gone`);
      return id;
    };
  }

  /** The number may be another asset's from now on. */
  forget(number: number): void {
    this.#ids.delete(number);
  }
}
