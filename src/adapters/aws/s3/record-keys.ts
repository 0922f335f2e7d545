import { createHash, randomBytes } from 'node:crypto';

/** Keys sort upwards; counted down from these, the newest stands first. */
const MAX_SEQ = 9_999_999_999;
const MAX_MS = 9_999_999_999_999;
const MAX_COUNT = 9999;
/** S3 keys have at most 1,024 bytes. A longer part stands there as its sha256. */
const MAX_PART_BYTES = 300;

/** Every version of every record. */
export const RECORDS = 'records/';
/** One empty object for each record, newest first by creation. */
export const ALL = 'index/';
/** One empty object for each time that a record was opened; a superset of the open records. */
export const OPEN = 'open/';

/** Text as one part of a key: no slash, no part `.` or `..`, nothing that a proxy would rewrite. */
function part(text: string): string {
  const encoded = encodeURIComponent(Buffer.from(text).toString()).replace(/[.~!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return encoded.length <= MAX_PART_BYTES ? encoded : `~${createHash('sha256').update(text).digest('hex')}`;
}

/** `kind/id`, encoded: what a record is called in keys. */
export const nameOf = (kind: string, id: string): string => `${part(kind)}/${part(id)}`;

/** The versions of one record, the newest first. */
export const versionsOf = (name: string): string => `${RECORDS}${name}/`;

export const versionKey = (name: string, seq: number): string => `${versionsOf(name)}${String(MAX_SEQ - seq).padStart(10, '0')}.json`;

export const seqOf = (key: string): number => MAX_SEQ - Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10);

/** `records/kind/id/1234.json` to `kind/id`. */
export const nameOfVersion = (key: string): string => key.slice(RECORDS.length, key.lastIndexOf('/'));

/** Where entries of a kind begin. */
export const entriesOf = (index: typeof ALL | typeof OPEN, kind: string): string => `${index}${part(kind)}/`;

/** `index/kind/order/id`, and for open ones `open/kind/order/id/opening`. */
export function entryKey(index: typeof ALL | typeof OPEN, name: string, order: string, opening?: string): string {
  const [kind, id] = name.split('/');
  return `${index}${kind}/${order}/${id}${opening === undefined ? '' : `/${opening}`}`;
}

/** What an entry's key says. */
export function readEntry(key: string): { name: string; order: string; opening: string | undefined } {
  const [, kind, order, id, opening] = key.split('/');
  return { name: `${kind}/${id}`, order, opening };
}

/** Makes places in the order of creation: one process never makes the same or an earlier one again, two processes never the same. */
export class OrderSource {
  #ms = 0;
  #count = 0;

  next(nowMs: number): { order: string; createdAt: string } {
    const ms = Math.max(nowMs, this.#ms);
    this.#count = ms === this.#ms ? this.#count + 1 : 0;
    this.#ms = this.#count > MAX_COUNT ? ms + 1 : ms;
    if (this.#count > MAX_COUNT) this.#count = 0;
    const digits = (value: number, length: number) => String(value).padStart(length, '0');
    const order = `${digits(MAX_MS - this.#ms, 13)}${digits(MAX_COUNT - this.#count, 4)}${randomBytes(4).toString('hex')}`;
    return { order, createdAt: new Date(this.#ms).toISOString() };
  }
}
