import { createHash } from 'node:crypto';
import type { Upkeep } from '../../../ports.ts';
import { checkObjectKey } from '../../local/store/file-names.ts';
import type { S3Bucket } from './bucket.ts';
import { OBJECTS } from './objects.ts';
import { compactRecords, type State } from './record-chain.ts';
import { ALL, entryKey, nameOfVersion, OPEN, RECORDS } from './record-keys.ts';

/** An object key anywhere in a record's or asset's text. */
const KEYS = /\b[0-9a-f]{64}\.[a-z0-9]{2,4}\b/g;

/**
 * Checks of what a bucket holds. `assetTexts` gives what the catalog says about each asset. `damage` and `namedObjects` read the newest version of
 * every record: a get each, and a list for every 1,000 versions.
 */
export function createS3Upkeep(bucket: S3Bucket, assetTexts: () => AsyncIterable<string>): Upkeep {
  /** The newest version of every record, as text. */
  async function* newest(): AsyncGenerator<{ name: string; text: string }> {
    let last = '';
    for await (const { key } of bucket.all(RECORDS)) {
      const name = nameOfVersion(key);
      if (name === last) continue;
      last = name;
      const bytes = await bucket.get(key);
      if (bytes) yield { name, text: new TextDecoder().decode(bytes) };
    }
  }

  async function keysBelow(start: string): Promise<Set<string>> {
    const keys = new Set<string>();
    for await (const { key } of bucket.all(start)) keys.add(key);
    return keys;
  }

  return {
    async damage() {
      const problems: string[] = [];
      // Records first: what is made meanwhile has its entries before it is there.
      const states: { name: string; state: State | undefined }[] = [];
      for await (const { name, text } of newest()) states.push({ name, state: parsed(text) });
      const [all, open] = await Promise.all([keysBelow(ALL), keysBelow(OPEN)]);
      for (const { name, state } of states) {
        if (!state) problems.push(`record ${name}: its newest version cannot be read`);
        else if (!state.deleted && !all.has(entryKey(ALL, name, state.order))) problems.push(`record ${name}: it is not in the index`);
        else if (state.open && !open.has(entryKey(OPEN, name, state.order, state.opening))) problems.push(`record ${name}: it is open, but not in the index`);
      }
      return problems;
    },
    async *objects() {
      for await (const { key, byteLength, storedMs } of bucket.all(OBJECTS)) {
        yield { key: key.slice(OBJECTS.length), byteLength, storedAt: new Date(storedMs).toISOString() };
      }
    },
    async checkObject(key) {
      checkObjectKey(key);
      const content = await bucket.stream(OBJECTS + key);
      if (!content) return 'missing';
      const hash = createHash('sha256');
      for await (const chunk of content) hash.update(chunk);
      return hash.digest('hex') === key.slice(0, 64) ? 'whole' : 'damaged';
    },
    async namedObjects() {
      const named = new Set<string>();
      const take = (text: string) => {
        for (const [key] of text.matchAll(KEYS)) named.add(key);
      };
      for await (const { text } of newest()) take(text);
      for await (const text of assetTexts()) take(text);
      return named;
    },
    compact: () => compactRecords(bucket),
  };
}

function parsed(text: string): State | undefined {
  try {
    return JSON.parse(text) as State;
  } catch {
    return undefined;
  }
}
