import type { S3Bucket } from './bucket.ts';
import type { RecordChain, State } from './record-chain.ts';
import { ALL, entriesOf, entryKey, OPEN, readEntry } from './record-keys.ts';

/** Records read at the same time. */
const AT_ONCE = 16;
/** An entry is written before its record, so a young one may only look wrong. */
const YOUNG_MS = 30 * 60_000;
const NOTHING = new Uint8Array();

/**
 * The order of records, as empty objects whose keys say everything: `index/` for all, `open/` for open ones. An entry is written before what it names and
 * removed after it, so none is ever missing; one too many, left by an interruption, is passed over and later removed.
 */
export class RecordIndex {
  readonly #bucket: S3Bucket;
  readonly #chain: RecordChain;

  constructor(bucket: S3Bucket, chain: RecordChain) {
    this.#bucket = bucket;
    this.#chain = chain;
  }

  /** Entries of a state that is about to be written. */
  async add(name: string, state: State, options: { isNew: boolean }): Promise<void> {
    await Promise.all(keysOf(name, state, options).map((key) => this.#bucket.put(key, NOTHING, { mediaType: 'application/octet-stream' })));
  }

  /** Entries of a state that was not written, or is over. */
  async remove(name: string, state: State, options: { isNew: boolean }): Promise<void> {
    const keys = keysOf(name, state, options);
    if (keys.length > 0) await this.#bucket.delete(...keys);
  }

  /** Records in the order of the index, newest first, those after `after`, with their places. */
  async *records(kind: string, options: { open: boolean; after?: string; want: number }): AsyncGenerator<{ state: State; place: string }> {
    const start = entriesOf(options.open ? OPEN : ALL, kind);
    // `~` stands behind every character of an id in keys.
    let after = options.after === undefined ? undefined : `${start}${options.after}~`;
    for (;;) {
      const limit = Math.min(1000, Math.max(AT_ONCE, options.want));
      const atOnce = Math.min(AT_ONCE, options.want);
      const { listed, more } = await this.#bucket.list(start, { limit, ...(after === undefined ? {} : { after }) });
      for (let at = 0; at < listed.length; at += atOnce) {
        const entries = listed.slice(at, at + atOnce);
        for (const found of await Promise.all(entries.map((entry) => this.#named(entry)))) if (found) yield found;
      }
      if (!more || listed.length === 0) return;
      after = listed[listed.length - 1].key;
    }
  }

  /** The record of an entry, where the entry is right. */
  async #named({ key, storedMs }: { key: string; storedMs: number }): Promise<{ state: State; place: string } | undefined> {
    const { name, order, opening } = readEntry(key);
    const state = await this.#chain.load(name);
    const right = state && !state.deleted && state.order === order && (opening === undefined || (state.open && state.opening === opening));
    if (right) return { state, place: order };
    if (this.#bucket.clock.now() - storedMs > YOUNG_MS) await this.#bucket.delete(key);
    return undefined;
  }
}

function keysOf(name: string, state: State, { isNew }: { isNew: boolean }): string[] {
  const keys = isNew ? [entryKey(ALL, name, state.order)] : [];
  return state.opening === undefined ? keys : [...keys, entryKey(OPEN, name, state.order, state.opening)];
}
