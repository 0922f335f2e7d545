import type { Concept } from '../../../ports.ts';
import { CLASS_BYTES, coloursOf, eachClass, type SeenRow } from './asset-rows.ts';
import { BLOCK_SIZE, BlockMemory, SeenBlock, type Term } from './seen-block.ts';

/** How concepts and colours go together (ports/catalog.ts): share that counts as all of a colour, what a thing counts in no asked colour, what a colour alone counts. */
const FULL_SHARE = 0.4;
const WITHOUT_COLOUR = 0.2;
const COLOUR_ALONE = 0.05;

/**
 * The first keys are names of colours (the packaged model has twelve), first in the whole picture, then in the subject; the classes follow in their own
 * order: the kinds of a noun are neighbours there.
 */
const COLOUR_NAMES = 128;
const COLOUR_KEYS = 2 * COLOUR_NAMES;

const keyOfClass = (index: number): number => COLOUR_KEYS + index;

const termOf = (factor: number, weightOf: [key: number, weight: number][]): Term => ({
  factor,
  keys: Uint32Array.from(weightOf, ([key]) => key),
  weights: Float64Array.from(weightOf, ([, weight]) => weight),
});

function termOfConcept({ classes }: Concept): Term {
  const weightOf = new Map<number, number>();
  for (const [index, weight] of classes) weightOf.set(index, (weightOf.get(index) ?? 0) + weight);
  return termOf(
    1,
    Array.from(weightOf, ([index, weight]) => [keyOfClass(index), weight]),
  );
}

/** How much of its colour a thing has, 0..1; the root counts. */
const fullness = (share: number): number => Math.min(1, share / FULL_SHARE);

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
  put(slot: number, seen: SeenRow | undefined): void {
    this.#leave(slot);
    const whole = seen?.colours ? coloursOf(seen.colours) : [];
    const subject = seen?.subject_colours ? coloursOf(seen.subject_colours) : whole;
    const classes = seen?.classes ?? new Uint8Array(0);
    const entries = whole.length + subject.length + classes.length / CLASS_BYTES;
    if (entries === 0) return;
    const block = this.#blockWithRoom(1, entries);
    const member = this.#enter(block, slot);
    eachClass(classes, (index, probability) => block.add(member, keyOfClass(index), probability));
    for (const [name, share] of whole) block.add(member, this.#addColour(name), share);
    for (const [name, share] of subject) block.add(member, COLOUR_NAMES + this.#addColour(name), fullness(share));
  }

  /** Calls `found` with slots whose score is above 0; it returns the least score that is of interest from then on. */
  score(query: { concepts: Concept[]; colours: string[] }, found: (slot: number, score: number) => number): void {
    const scoresOf = this.#scorer(query);
    let floor = 0;
    for (const block of [...this.#closed, this.#open]) {
      const scores = scoresOf(block);
      for (let member = 0; member < block.count; member++) {
        const score = scores[member];
        if (score > 0 && score >= floor && block.slotOf[member] >= 0) floor = found(block.slotOf[member], score);
      }
    }
  }

  /** Scores by member, which hold until the next block is scored. */
  #scorer({ concepts, colours }: { concepts: Concept[]; colours: string[] }): (block: SeenBlock) => Float64Array {
    const [things, shades] = [new Float64Array(BLOCK_SIZE), new Float64Array(BLOCK_SIZE)];
    const ofThings = concepts.map(termOfConcept);
    const ofColours = this.#colourTerms(colours, concepts.length > 0 ? COLOUR_NAMES : 0);
    return (block) => {
      if (concepts.length > 0) block.score(ofThings, things);
      if (concepts.length > 0 && colours.length === 0) return things;
      block.score(ofColours, shades);
      if (concepts.length === 0) return shades;
      for (let member = 0; member < block.count; member++) {
        const shade = shades[member];
        things[member] = things[member] * (WITHOUT_COLOUR + (1 - WITHOUT_COLOUR) * shade) + COLOUR_ALONE * shade;
      }
      return things;
    };
  }

  /** The mean over the colours; one that no asset has counts as 0. */
  #colourTerms(colours: string[], from: number): Term[] {
    const names = new Set(colours);
    const keys = [...names].flatMap((name) => this.#keyOfColour.get(name) ?? []);
    return keys.map((key) => termOf(1 / names.size, [[from + key, 1]]));
  }

  #addColour(name: string): number {
    const known = this.#keyOfColour.get(name);
    if (known !== undefined) return known;
    const key = this.#keyOfColour.size;
    if (key >= COLOUR_NAMES) throw new Error(`more than ${COLOUR_NAMES} names of colours`);
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
