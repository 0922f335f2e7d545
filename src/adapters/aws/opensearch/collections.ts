import { randomBytes } from 'node:crypto';
import { AppError } from '../../../errors.ts';
import type { CollectionSettings, Generation, JsonValue, Records, StoredRecord } from '../../../ports.ts';
import { pause } from './backoff.ts';
import type { Engine } from './engine.ts';
import { Joined } from './joined.ts';

/** Kind of the records that say which index, and which fields of it, a collection is stored and searched in. They stay open: S3 reads an open one in one request. */
const KIND = 'catalog';
const PAGE = 1000;
/** Somebody else changed the record each time. */
const TRIES = 10;

/** A generation and the field of the index that holds its vectors. No two generations of an index share a field, ever. */
export interface StoredGeneration extends Generation {
  field: string;
}

/** What is stored about a collection. */
export interface CollectionState extends CollectionSettings {
  /** With a random part, so that a collection that is made again never meets what a former one left. */
  index: string;
  /** In no order. */
  generations: StoredGeneration[];
  /** Number of the next generation's field. */
  nextField: number;
  /** Its index is being deleted; the collection is not there any more. */
  isBeingRemoved?: boolean;
}

const ORDER: Record<Generation['state'], number> = { active: 0, building: 1, retired: 2 };

/** The active generation first, then the one being built. */
export function generationsOf({ generations }: CollectionState): StoredGeneration[] {
  return [...generations].sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.since.localeCompare(a.since));
}

export function settingsOf({ name, embedderId, dimensions, requireApproval, createdAt }: CollectionState): CollectionSettings {
  return { name, embedderId, dimensions, requireApproval, createdAt };
}

/** The pattern that all indices of collections match. */
export const allIndices = (prefix: string): string => `${prefix}-c-*`;

function indexName(prefix: string, collection: string): string {
  const readable = collection
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return `${prefix}-c-${readable}-${randomBytes(6).toString('hex')}`;
}

/** Collection records: changed by compare-and-swap, so that of several servers one binds a collection or switches its generation. */
export class Collections {
  readonly #records: Records;
  readonly #engine: Engine;
  readonly #reads = new Joined<StoredRecord | undefined>();

  constructor(records: Records, engine: Engine) {
    this.#records = records;
    this.#engine = engine;
  }

  async find(name: string): Promise<CollectionState | undefined> {
    return (await this.#read(name))?.state;
  }

  async all(): Promise<CollectionState[]> {
    const found: CollectionState[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.#records.list(KIND, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      found.push(...page.records.map(({ body }) => body as unknown as CollectionState).filter(({ isBeingRemoved }) => !isBeingRemoved));
      cursor = page.cursor;
      if (cursor === undefined) return found;
    }
  }

  /** The collection, made where it is not there. */
  async findOrMake(name: string, embedderId: string): Promise<CollectionState> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const known = await this.find(name);
      if (known) return known;
      await this.#finishRemoval(name);
      const index = indexName(this.#engine.options.prefix, name);
      const createdAt = new Date().toISOString();
      const state: CollectionState = { name, embedderId, dimensions: 0, requireApproval: false, createdAt, index, generations: [], nextField: 1 };
      await this.#engine.createIndex(index, { collection: name });
      try {
        await this.#records.create({ kind: KIND, id: name, open: true, body: state as unknown as JsonValue });
        return state;
      } catch (error) {
        // Another server made it at the same time.
        await this.#engine.deleteIndex(index);
        if (!isConflict(error)) throw error;
      }
    }
    throw busy(name);
  }

  /** Changes the record; `change` is called again where another server was faster. `undefined`: leave it. Returns what is stored then. */
  async change(name: string, change: (state: CollectionState) => CollectionState | undefined): Promise<CollectionState | undefined> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const found = await this.#read(name);
      if (!found) return undefined;
      const changed = change(found.state);
      if (!changed) return found.state;
      if (await this.replace(changed, found.version)) return changed;
      await pause(attempt);
    }
    throw busy(name);
  }

  /** Writes the record where it still has this version; false where not. */
  async replace(state: CollectionState, version: number): Promise<boolean> {
    try {
      await this.#records.update({ kind: KIND, id: state.name, version, open: true, body: state as unknown as JsonValue });
      return true;
    } catch (error) {
      if (isConflict(error) || (error instanceof AppError && error.code === 'NOT_FOUND')) return false;
      throw error;
    }
  }

  /** The record with its version. */
  async versioned(name: string): Promise<{ state: CollectionState; version: number } | undefined> {
    return this.#read(name);
  }

  /** Forgets a collection and deletes its index. A call that was interrupted can be made again. */
  async remove(name: string): Promise<void> {
    await this.change(name, (state) => ({ ...state, isBeingRemoved: true }));
    await this.#finishRemoval(name);
  }

  async #finishRemoval(name: string): Promise<void> {
    const left = await this.#records.get(KIND, name);
    const state = left?.body as unknown as CollectionState | undefined;
    if (!state?.isBeingRemoved) return;
    await this.#engine.deleteIndex(state.index);
    await this.#records.delete(KIND, name);
  }

  /** Nearly every call of the catalog begins with this, so calls at the same time share it. */
  async #read(name: string): Promise<{ state: CollectionState; version: number } | undefined> {
    const record = await this.#reads.ask(name, () => this.#records.get(KIND, name));
    const state = record?.body as unknown as CollectionState | undefined;
    return record && state && !state.isBeingRemoved ? { state, version: record.version } : undefined;
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof AppError && error.code === 'CONFLICT';
}

function busy(name: string): AppError {
  return new AppError('UNAVAILABLE', `Other servers keep changing the collection ${name}.`, { hint: 'Call again in a minute.' });
}
