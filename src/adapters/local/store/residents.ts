import { AppError } from '../../../errors.ts';
import type { Filter } from '../../../ports.ts';
import { type CollectionRow, collectionNamed } from './collection-rows.ts';
import type { Sql } from './database.ts';
import { byNewest, type Position, ResidentCollection } from './resident.ts';

/** The collections in memory. One that was removed and made again has another number, so its old copy is not used. */
export class Residents {
  readonly #loaded = new Map<string, { number: number; resident: ResidentCollection }>();

  /** Runs a search on a collection's copy; `undefined` for an unknown collection. */
  search<T>(sql: Sql, name: string, work: (resident: ResidentCollection, collection: CollectionRow) => T): T | undefined {
    const collection = collectionNamed(sql, name);
    if (!collection) {
      this.#loaded.delete(name);
      return undefined;
    }
    let entry = this.#loaded.get(name);
    if (entry?.number !== collection.id) entry = { number: collection.id, resident: new ResidentCollection(collection.id) };
    this.#loaded.set(name, entry);
    try {
      return work(entry.resident, collection);
    } catch (error) {
      // A copy that failed while it was brought up to date is never used again; a refused argument does it no harm.
      if (!(error instanceof AppError)) this.#loaded.delete(name);
      throw error;
    }
  }

  /** The newest assets of a collection, or of all, that the filter lets through. */
  newest(sql: Sql, name: string | undefined, filter: Filter, page: { limit: number; after: Position | undefined }): Position[] {
    const names =
      name === undefined
        ? sql('select name from collection')
            .all<{ name: string }>()
            .map((row) => row.name)
        : [name];
    return names
      .flatMap((one) => this.search(sql, one, (resident) => resident.newest(sql, filter, page)) ?? [])
      .sort(byNewest)
      .slice(0, page.limit);
  }
}
