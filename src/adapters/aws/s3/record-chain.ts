import { randomUUID } from 'node:crypto';
import { AppError } from '../../../errors.ts';
import type { JsonValue } from '../../../ports.ts';
import { type Listed, MAX_DELETE, type S3Bucket } from './bucket.ts';
import { nameOfVersion, RECORDS, seqOf, versionKey, versionsOf } from './record-keys.ts';

/** What one version says about a record. */
export interface State {
  /** Place in the index of all records; a record that was deleted and made again has another. */
  order: string;
  kind: string;
  id: string;
  /** Writes of content, from 1; leases do not count. */
  version: number;
  createdAt: string;
  updatedAt: string;
  open: boolean;
  body: JsonValue;
  /** Name of its entry among the open ones. */
  opening?: string;
  /** `untilMs`: by the server's clock. `holder`: the process that wrote it. */
  lease?: { owner: string; untilMs: number; holder: string };
  deleted?: true;
}

interface Version extends State {
  seq: number;
  /** Who wrote it: tells a lost race from an answer that was lost. */
  write: string;
}

/** A newest version seen this recently may be written upon without asking again. */
const FRESH_MS = 5 * 60_000;
/**
 * Superseded versions stay this long, because S3 takes a signed request for up to 15 minutes (docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 * and RequestTimeTooSkewed, read 2026-11): a late write must find the key taken. FRESH_MS, all attempts of a write (7 minutes) and those 15 are less.
 */
const KEPT_MS = 30 * 60_000;
/** Old versions are cleared away at every such write of a record. */
const CLEAR_EVERY = 32;
/** Records that this process may still have to clear, and newest versions it remembers. */
const REMEMBERED = 1000;
/** Versions that are looked for one by one after a remembered one before the list is asked. */
const STEPS = 4;
/** Lost races in a row; more of them is a defect. */
const MAX_TRIES = 50;

const ERASED = new TextEncoder().encode('{"erased":true}');

/**
 * Records as chains of create-only objects. A change reads the newest version n and writes n+1 with `If-None-Match: *`: of many writers one wins, the
 * others get a 412 and decide again upon what won. Version 1 stays for ever (erased once the record is deleted), so that creating needs no look.
 */
export class RecordChain {
  readonly #bucket: S3Bucket;
  /** Newest versions of open records, by name. */
  readonly #seen = new Map<string, { newest: Version; atMs: number }>();
  /** Records that were written here, with the time of the last write: what a finished one leaves is cleared later. */
  readonly #uncleared = new Map<string, number>();
  readonly #clearing = new Set<Promise<void>>();

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
  }

  /** The newest version; `undefined` where there never was one. A deleted record has one that says so. */
  async load(name: string): Promise<State | undefined> {
    return this.#load(name);
  }

  /** As `change`, for a record that is most likely not there yet: without a look before. */
  async create(name: string, state: State): Promise<State> {
    const first = await this.#append(name, 0, state);
    if (first) return first;
    const made = await this.change(name, (there) => {
      if (there && !there.deleted)
        throw new AppError('CONFLICT', `The ${state.kind} record ${state.id} exists already.`, { hint: 'Read it, or use another id.' });
      return state;
    });
    return made as State;
  }

  /**
   * Replaces the newest version by what `decide` makes of it, or leaves it where that is `undefined`. `decide` may be asked several times; what it throws
   * and what it leaves counts only upon the truly newest version.
   */
  async change(name: string, decide: (newest: State | undefined) => State | undefined): Promise<State | undefined> {
    let newest = this.#remembered(name);
    let certain = newest === undefined;
    if (certain) newest = await this.#load(name);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const next = await this.#decided(name, newest, certain, decide);
      if (next.again) {
        newest = next.newest;
        certain = true;
        continue;
      }
      if (next.state === undefined) return undefined;
      const written = await this.#append(name, newest?.seq ?? 0, next.state);
      if (written) return written;
      newest = await this.#load(name);
      certain = true;
    }
    throw new AppError('UNAVAILABLE', 'Too many servers change the same record.', { hint: 'Call again in a moment.' });
  }

  /** Overwrites what the versions of a deleted record said. Their keys stay taken. */
  async erase(name: string): Promise<void> {
    const newest = await this.#load(name);
    if (!newest?.deleted) return;
    const old: string[] = [];
    for await (const { key, byteLength } of this.#bucket.all(versionsOf(name))) {
      if (seqOf(key) < newest.seq && byteLength !== ERASED.length) old.push(key);
    }
    await Promise.all(old.map((key) => this.#bucket.put(key, ERASED, { mediaType: 'application/json' })));
  }

  /** Waits for what runs in the background. */
  async settle(): Promise<void> {
    await Promise.all(this.#clearing);
  }

  /** A decision upon a remembered version to leave it, or an error, is made again upon the stored one. */
  async #decided(name: string, newest: Version | undefined, certain: boolean, decide: (newest: State | undefined) => State | undefined) {
    let state: State | undefined;
    try {
      state = decide(newest);
    } catch (error) {
      if (certain) throw error;
      return { again: true, newest: await this.#load(name) } as const;
    }
    if (state === undefined && !certain) return { again: true, newest: await this.#load(name) } as const;
    return { again: false, state } as const;
  }

  /** Writes version `seq + 1`; `undefined` where somebody else did. */
  async #append(name: string, seq: number, state: State): Promise<Version | undefined> {
    const version: Version = { ...state, seq: seq + 1, write: randomUUID() };
    const key = versionKey(name, version.seq);
    const atMs = Date.now();
    this.#seen.delete(name);
    const bytes = new TextEncoder().encode(JSON.stringify(version));
    const won = await this.#bucket.put(key, bytes, { mediaType: 'application/json', onlyNew: true });
    // A repeated request finds the key taken by itself where only the answer to the first one was lost.
    if (!won && (await this.#read(key))?.write !== version.write) return undefined;
    this.#remember(name, version, atMs);
    this.#clearLater(name, version.seq);
    return version;
  }

  async #load(name: string): Promise<Version | undefined> {
    const atMs = Date.now();
    let newest = this.#remembered(name);
    for (let step = 0; newest && step < STEPS; step++) {
      const next = await this.#read(versionKey(name, newest.seq + 1));
      if (!next) return this.#remember(name, newest, atMs);
      newest = next;
    }
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { listed } = await this.#bucket.list(versionsOf(name), { limit: 1 });
      if (listed.length === 0) return undefined;
      const found = await this.#read(listed[0].key);
      if (found) return this.#remember(name, found, atMs);
    }
    throw new AppError('UNAVAILABLE', 'A record changes faster than it can be read.', { hint: 'Call again in a moment.' });
  }

  /** `undefined` where it is not there, or erased. */
  async #read(key: string): Promise<Version | undefined> {
    const bytes = await this.#bucket.get(key);
    if (!bytes) return undefined;
    const version = JSON.parse(new TextDecoder().decode(bytes)) as Version | { erased: true };
    return 'erased' in version ? undefined : version;
  }

  #remembered(name: string): Version | undefined {
    const seen = this.#seen.get(name);
    return seen && Date.now() - seen.atMs < FRESH_MS ? seen.newest : undefined;
  }

  #remember(name: string, newest: Version, atMs: number): Version {
    this.#seen.delete(name);
    // Closed ones hardly change any more.
    if (newest.open) this.#seen.set(name, { newest, atMs });
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.keys().next().value as string);
    return newest;
  }

  #clearLater(name: string, seq: number): void {
    this.#uncleared.delete(name);
    if (seq > 2) this.#uncleared.set(name, Date.now());
    const [oldest] = this.#uncleared;
    const due = oldest && (Date.now() - oldest[1] > KEPT_MS || this.#uncleared.size > REMEMBERED) ? oldest[0] : seq % CLEAR_EVERY === 0 ? name : undefined;
    if (due === undefined) return;
    if (due !== name) this.#uncleared.delete(due);
    const clearing = this.clear(due)
      .catch((error) => console.error('old versions of a record not cleared:', error))
      .finally(() => this.#clearing.delete(clearing));
    this.#clearing.add(clearing);
  }

  /** Removes versions that were superseded long ago, all but the first. */
  async clear(name: string, keptMs = KEPT_MS): Promise<void> {
    const old: string[] = [];
    for await (const key of superseded(this.#bucket, this.#bucket.all(versionsOf(name)), keptMs)) old.push(key);
    if (old.length > 0) await this.#bucket.delete(...old);
  }
}

/** Keys of versions that were superseded more than `keptMs` ago, all but the first of each record; `versions` are in the order of their keys. */
async function* superseded({ clock }: S3Bucket, versions: AsyncIterable<Listed>, keptMs: number): AsyncGenerator<string> {
  let [record, supersededMs] = ['', Number.POSITIVE_INFINITY];
  for await (const { key, storedMs } of versions) {
    const name = nameOfVersion(key);
    if (name !== record) [record, supersededMs] = [name, Number.POSITIVE_INFINITY];
    if (clock.now() - supersededMs > keptMs && seqOf(key) > 1) yield key;
    supersededMs = storedMs;
  }
}

/**
 * `clear` for all records at once, whoever wrote them: a list for every 1,000 versions and a request for every 1,000 that go. What it held of
 * servers that were killed before they cleared up after themselves is gone then. Returns how many went.
 */
export async function compactRecords(bucket: S3Bucket, keptMs = KEPT_MS): Promise<number> {
  let removed = 0;
  let old: string[] = [];
  const flush = async () => {
    if (old.length > 0) await bucket.delete(...old);
    removed += old.length;
    old = [];
  };
  for await (const key of superseded(bucket, bucket.all(RECORDS), keptMs)) {
    old.push(key);
    if (old.length >= MAX_DELETE) await flush();
  }
  await flush();
  return removed;
}
