import type { Concept } from '../../../ports.ts';
import { CLASS_BYTES, coloursOf, eachClass, type SeenColumns } from './asset-rows.ts';

/** Colour names share the classes' number space from here; ImageNet-1k classes end at 999. */
const FIRST_COLOUR = 0x8000;
/** A colour's part of the score beside a concept's (ports/catalog.ts). */
const COLOUR_WEIGHT = 0.35;
const KEYS = 0x1_0000;

/** What was seen in each asset slot, packed: one pool of (class or colour, probability or share), a slice per slot. */
export class SeenIndex {
  readonly #colours = new Map<string, number>();
  #keys = new Uint16Array(1024);
  #values = new Float32Array(1024);
  #used = 0;
  #garbage = 0;
  readonly #start: number[] = [];
  readonly #length: number[] = [];

  /** Takes the place of what the slot held; `undefined` empties it. */
  put(slot: number, seen: SeenColumns | undefined): void {
    this.#garbage += this.#length[slot] ?? 0;
    this.#length[slot] = 0;
    const colours = seen?.colours ? coloursOf(seen.colours) : [];
    const classes = seen?.classes ?? new Uint8Array(0);
    const entries = colours.length + classes.length / CLASS_BYTES;
    this.#reserve(entries);
    this.#start[slot] = this.#used;
    this.#length[slot] = entries;
    eachClass(classes, (index, probability) => this.#push(index, probability));
    for (const [name, share] of colours) this.#push(this.#colourKey(name), share);
  }

  /** Calls `found` with each allowed slot whose score is above 0. */
  score(query: { concepts: Concept[]; colours: string[] }, isAllowed: (slot: number) => boolean, found: (slot: number, score: number) => void): void {
    const isAsked = new Uint8Array(KEYS);
    const weights = query.concepts.map(({ classes }) => {
      const ofClass = new Map<number, number>();
      for (const [index, weight] of classes) {
        ofClass.set(index, (ofClass.get(index) ?? 0) + weight);
        isAsked[index] = 1;
      }
      return ofClass;
    });
    const colours = new Set(query.colours.map((name) => this.#colours.get(name)));
    for (const key of colours) if (key !== undefined) isAsked[key] = 1;
    const sums = new Float64Array(weights.length);
    for (let slot = 0; slot < this.#start.length; slot++) {
      if (!isAllowed(slot)) continue;
      const score = this.#scoreOf(slot, isAsked, weights, sums);
      if (score > 0) found(slot, score);
    }
  }

  #scoreOf(slot: number, isAsked: Uint8Array, weights: Map<number, number>[], sums: Float64Array): number {
    const end = this.#start[slot] + this.#length[slot];
    let score = 0;
    let any = false;
    for (let at = this.#start[slot]; at < end; at++) {
      const key = this.#keys[at];
      if (isAsked[key] === 0) continue;
      const value = this.#values[at];
      if (key >= FIRST_COLOUR) {
        score += COLOUR_WEIGHT * Math.sqrt(value);
        continue;
      }
      if (!any) sums.fill(0);
      any = true;
      for (let i = 0; i < weights.length; i++) sums[i] += (weights[i].get(key) ?? 0) * value;
    }
    if (any) for (const sum of sums) score += Math.sqrt(Math.max(0, sum));
    return score;
  }

  #colourKey(name: string): number {
    const known = this.#colours.get(name);
    if (known !== undefined) return known;
    const key = FIRST_COLOUR + this.#colours.size;
    this.#colours.set(name, key);
    return key;
  }

  #push(key: number, value: number): void {
    this.#keys[this.#used] = key;
    this.#values[this.#used] = value;
    this.#used++;
  }

  /** Makes room for more entries, first by closing gaps where they are half of the pool. */
  #reserve(entries: number): void {
    if (this.#used + entries <= this.#keys.length) return;
    const size = this.#garbage * 2 > this.#used ? this.#keys.length : Math.ceil((this.#used + entries) * 1.5);
    const keys = new Uint16Array(Math.max(size, this.#used - this.#garbage + entries));
    const values = new Float32Array(keys.length);
    let used = 0;
    for (let slot = 0; slot < this.#start.length; slot++) {
      const start = this.#start[slot];
      const end = start + this.#length[slot];
      keys.set(this.#keys.subarray(start, end), used);
      values.set(this.#values.subarray(start, end), used);
      this.#start[slot] = used;
      used += this.#length[slot];
    }
    this.#keys = keys;
    this.#values = values;
    this.#used = used;
    this.#garbage = 0;
  }
}
