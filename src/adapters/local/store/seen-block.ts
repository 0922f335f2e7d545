import { SEEN_KERNEL_BASE64 } from './seen-kernel.ts';
import { growTo, type KernelMemory, kernelMaker } from './wasm.ts';

/** Assets of a block: its sums (8 kB) stay in the first-level cache, and a number within it fits 16 bits. */
export const BLOCK_SIZE = 1024;
/** Entries that a block has room for: 96 an asset (64 classes and two lists of at most twelve colours). */
const BLOCK_ENTRIES = BLOCK_SIZE * 96;
/** Keys are below: classes are stored as 16-bit numbers. */
const KEY_LIMIT = 65_536 + 1024;

/** Layout of the memory: keys and weights of a term | sums | blocks, each: postings' starts | members | values. */
const WEIGHTS_AT = KEY_LIMIT * 4;
const SUMS_AT = WEIGHTS_AT + KEY_LIMIT * 8;
const BLOCKS_AT = SUMS_AT + BLOCK_SIZE * 8;
const MEMBERS_IN_BLOCK = (KEY_LIMIT + 1) * 4 + 4;
const VALUES_IN_BLOCK = MEMBERS_IN_BLOCK + BLOCK_ENTRIES * 2;
const BLOCK_BYTES = VALUES_IN_BLOCK + BLOCK_ENTRIES * 4;

interface Kernel extends KernelMemory {
  add(keys: number, weights: number, n: number, starts: number, keyCount: number, members: number, values: number, sums: number): void;
}

const makeKernel = kernelMaker<Kernel>(SEEN_KERNEL_BASE64);

/** What a query adds up: factor x sqrt(sum of weight x value) over the keys. */
export interface Term {
  factor: number;
  /** Each once, at most `KEY_LIMIT`. */
  keys: Uint32Array;
  weights: Float64Array;
}

/** The blocks' shared memory, of which one at a time is open. Only the part of a block that is used takes real memory; the places of dropped blocks are used again. */
export class BlockMemory {
  readonly #kernel = makeKernel();
  readonly #free: number[] = [];
  #blocks = 0;
  /** Entries of the one open block as they were added. */
  readonly added = { keys: new Uint32Array(BLOCK_ENTRIES), members: new Uint16Array(BLOCK_ENTRIES), values: new Float32Array(BLOCK_ENTRIES) };

  take(): number {
    const place = this.#free.pop();
    if (place !== undefined) return place;
    const made = BLOCKS_AT + this.#blocks++ * BLOCK_BYTES;
    // Growing costs time however little it is, and room that is not used costs nothing.
    if (made + BLOCK_BYTES > this.#kernel.memory.buffer.byteLength) growTo(this.#kernel.memory, Math.min((made + BLOCK_BYTES) * 1.5, 2 ** 32));
    return made;
  }

  giveBack(place: number): void {
    this.#free.push(place);
  }

  /** Postings in a place: those of key k from `starts[k]` to `starts[k + 1]`. The views hold until the next `take`. */
  views(place: number): { starts: Uint32Array; members: Uint16Array; values: Float32Array } {
    const { buffer } = this.#kernel.memory;
    return {
      starts: new Uint32Array(buffer, place, KEY_LIMIT + 1),
      members: new Uint16Array(buffer, place + MEMBERS_IN_BLOCK, BLOCK_ENTRIES),
      values: new Float32Array(buffer, place + VALUES_IN_BLOCK, BLOCK_ENTRIES),
    };
  }

  /** Sums by member, all 0 between two terms. */
  get sums(): Float64Array {
    return new Float64Array(this.#kernel.memory.buffer, SUMS_AT, BLOCK_SIZE);
  }

  /** Adds the postings of a term's keys to the sums. */
  addUp(place: number, { keys, weights }: Term, keyCount: number): void {
    const { buffer } = this.#kernel.memory;
    new Uint32Array(buffer, 0, keys.length).set(keys);
    new Float64Array(buffer, WEIGHTS_AT, weights.length).set(weights);
    this.#kernel.add(0, WEIGHTS_AT, keys.length, place, keyCount, place + MEMBERS_IN_BLOCK, place + VALUES_IN_BLOCK, SUMS_AT);
  }
}

/**
 * Up to `BLOCK_SIZE` assets as postings: for each key the assets that have it, with the value. Entries are added in any order and sorted by key
 * before they are read; an asset's sum is added up in the order of the query's keys, so it does not depend on how the block came about.
 */
export class SeenBlock {
  /** Slot of each asset in the block; -1 where it has left. */
  readonly slotOf = new Int32Array(BLOCK_SIZE);
  count = 0;
  live = 0;
  readonly #memory: BlockMemory;
  readonly #place: number;
  #used = 0;
  #keyCount = 0;
  #isSorted = true;
  #isClosed = false;

  constructor(memory: BlockMemory) {
    this.#memory = memory;
    this.#place = memory.take();
  }

  hasRoom(members: number, entries: number): boolean {
    return this.count + members <= BLOCK_SIZE && this.#used + entries <= BLOCK_ENTRIES;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes an asset in; its number in the block. */
  enter(slot: number): number {
    this.slotOf[this.count] = slot;
    this.live++;
    return this.count++;
  }

  leave(member: number): void {
    this.slotOf[member] = -1;
    this.live--;
  }

  add(member: number, key: number, value: number): void {
    if (this.#isClosed || this.#used === BLOCK_ENTRIES || key >= KEY_LIMIT) throw new Error(`no room for entry ${this.#used} of key ${key}`);
    const { keys, members, values } = this.#memory.added;
    keys[this.#used] = key;
    members[this.#used] = member;
    values[this.#used] = value;
    this.#used++;
    this.#isSorted = false;
  }

  /** Nothing is added any more, and another block may be opened. */
  close(): void {
    this.#sort();
    this.#isClosed = true;
  }

  /** Calls `entry` with all that the block holds of the assets that are still there, and gives its place up. */
  dissolve(entry: (member: number, key: number, value: number) => void): void {
    this.#sort();
    const { starts, members, values } = this.#memory.views(this.#place);
    for (let key = 0; key < this.#keyCount; key++) {
      for (let at = starts[key]; at < starts[key + 1]; at++) {
        if (this.slotOf[members[at]] >= 0) entry(members[at], key, values[at]);
      }
    }
    this.#memory.giveBack(this.#place);
  }

  /** Writes each asset's score. */
  score(terms: readonly Term[], scores: Float64Array): void {
    this.#sort();
    const { sums } = this.#memory;
    scores.fill(0, 0, this.count);
    for (const term of terms) {
      this.#memory.addUp(this.#place, term, this.#keyCount);
      for (let member = 0; member < this.count; member++) scores[member] += term.factor * Math.sqrt(sums[member]);
      sums.fill(0, 0, this.count);
    }
  }

  /** Counting sort by key. */
  #sort(): void {
    if (this.#isSorted) return;
    const { keys, members, values } = this.#memory.added;
    const used = this.#used;
    const sorted = this.#memory.views(this.#place);
    let largest = 0;
    for (let at = 0; at < used; at++) if (keys[at] > largest) largest = keys[at];
    const next = new Uint32Array(largest + 2);
    for (let at = 0; at < used; at++) next[keys[at] + 1]++;
    for (let key = 0; key <= largest; key++) next[key + 1] += next[key];
    sorted.starts.set(next);
    for (let at = 0; at < used; at++) {
      const to = next[keys[at]]++;
      sorted.members[to] = members[at];
      sorted.values[to] = values[at];
    }
    this.#keyCount = largest + 1;
    this.#isSorted = true;
  }
}
