import type { Concept } from '../../../ports.ts';
import { CLASS_BYTES, coloursOf, eachClass, type SeenColumns } from './asset-rows.ts';
import { BLOCK_SIZE, BlockMemory, SeenBlock, type Term } from './seen-block.ts';

/** A colour's part of the score beside a concept's (ports/catalog.ts). */
const COLOUR_WEIGHT = 0.35;
/** The first keys are names of colours (the packaged model has twelve), the classes follow in their own order: the kinds of a noun are neighbours there. */
const COLOUR_KEYS = 256;

const keyOfClass = (index: number): number => COLOUR_KEYS + index;

const termOf = (factor: number, weightOf: [key: number, weight: number][]): Term => ({
  factor,
  keys: Uint32Array.from(weightOf, ([key]) => key),
  weights: Float64Array.from(weightOf, ([, weight]) => weight),
});

/**
 * What was seen in each asset slot, as postings by class and by colour, so that a query reads only what it asks for. Assets are appended to blocks of
 * 1024; an asset that is replaced leaves its old place, and a block that is half empty is moved to the end.
 */
export class SeenIndex {
  readonly #keyOfColour = new Map<string, number>();
  readonly #blockOf: (SeenBlock | undefined)[] = [];
  readonly #memberOf: number[] = [];
  readonly #memory = new BlockMemory();
  readonly #closed = new Set<SeenBlock>();
  #open = new SeenBlock(this.#memory);

  /** Takes the place of what the slot held; `undefined` empties it. */
  put(slot: number, seen: SeenColumns | undefined): void {
    this.#leave(slot);
    const colours = seen?.colours ? coloursOf(seen.colours) : [];
    const classes = seen?.classes ?? new Uint8Array(0);
    const entries = colours.length + classes.length / CLASS_BYTES;
    if (entries === 0) return;
    const block = this.#blockWithRoom(1, entries);
    const member = this.#enter(block, slot);
    eachClass(classes, (index, probability) => block.add(member, keyOfClass(index), probability));
    for (const [name, share] of colours) block.add(member, this.#addColour(name), share);
  }

  /** Calls `found` with slots whose score is above 0; it returns the least score that is of interest from then on. */
  score(query: { concepts: Concept[]; colours: string[] }, found: (slot: number, score: number) => number): void {
    const terms = this.#terms(query);
    const scores = new Float64Array(BLOCK_SIZE);
    let floor = 0;
    for (const block of [...this.#closed, this.#open]) {
      block.score(terms, scores);
      for (let member = 0; member < block.count; member++) {
        const score = scores[member];
        if (score > 0 && score >= floor && block.slotOf[member] >= 0) floor = found(block.slotOf[member], score);
      }
    }
  }

  #terms({ concepts, colours }: { concepts: Concept[]; colours: string[] }): Term[] {
    const terms: Term[] = concepts.map(({ classes }) => {
      const weightOf = new Map<number, number>();
      for (const [index, weight] of classes) weightOf.set(index, (weightOf.get(index) ?? 0) + weight);
      return termOf(
        1,
        Array.from(weightOf, ([index, weight]) => [keyOfClass(index), weight]),
      );
    });
    for (const name of new Set(colours)) {
      const key = this.#keyOfColour.get(name);
      if (key !== undefined) terms.push(termOf(COLOUR_WEIGHT, [[key, 1]]));
    }
    return terms;
  }

  #addColour(name: string): number {
    const known = this.#keyOfColour.get(name);
    if (known !== undefined) return known;
    const key = this.#keyOfColour.size;
    if (key >= COLOUR_KEYS) throw new Error(`more than ${COLOUR_KEYS} names of colours`);
    this.#keyOfColour.set(name, key);
    return key;
  }

  #enter(block: SeenBlock, slot: number): number {
    const member = block.enter(slot);
    this.#blockOf[slot] = block;
    this.#memberOf[slot] = member;
    return member;
  }

  #blockWithRoom(members: number, entries: number): SeenBlock {
    if (!this.#open.hasRoom(members, entries)) {
      this.#open.close();
      this.#closed.add(this.#open);
      this.#open = new SeenBlock(this.#memory);
    }
    return this.#open;
  }

  #leave(slot: number): void {
    const block = this.#blockOf[slot];
    if (!block) return;
    block.leave(this.#memberOf[slot]);
    this.#blockOf[slot] = undefined;
    if (block !== this.#open && block.live * 2 <= block.count) this.#moveToEnd(block);
  }

  #moveToEnd(block: SeenBlock): void {
    this.#closed.delete(block);
    const target = this.#blockWithRoom(block.live, block.used);
    const memberOf = Array.from(block.slotOf.subarray(0, block.count), (slot) => (slot < 0 ? -1 : this.#enter(target, slot)));
    block.dissolve((member, key, value) => target.add(memberOf[member], key, value));
  }
}
