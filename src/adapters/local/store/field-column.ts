import type { Asset } from '../../../ports.ts';
import { type Field, type FieldValue, fieldValue, propertiesOf, type Test } from './filter.ts';

/** More values than slots by this factor means that most are no longer in use. */
const WORN_FACTOR = 2;
const WORN_AT_LEAST = 1000;

/** One field of the assets of a collection by slot, every distinct value once, so that a condition is tested once per value. */
export class FieldColumn {
  readonly #field: Field;
  readonly #names: (keyof Asset)[];
  readonly #values: (FieldValue | undefined)[] = [undefined];
  readonly #codeOfItems = new Map<string, number>();
  readonly #codes: number[] = [];

  constructor(field: Field) {
    this.#field = field;
    this.#names = propertiesOf(field);
  }

  /** JSON paths of the properties, always two. */
  get paths(): [string, string] {
    const [first, second = first] = this.#names;
    return [`$.${first}`, `$.${second}`];
  }

  /** True where edits have left mostly values that no asset has any more: make a new one. */
  get isWorn(): boolean {
    return this.#values.length > WORN_AT_LEAST + WORN_FACTOR * this.#codes.length;
  }

  /** `properties`: the JSON array of what is at the paths. */
  put(slot: number, properties: string): void {
    // A gap would turn the array into a slow one.
    while (this.#codes.length < slot) this.#codes.push(0);
    const parsed = JSON.parse(properties) as unknown[];
    const value = fieldValue(Object.fromEntries(this.#names.map((name, i) => [name, parsed[i] ?? undefined])), this.#field);
    this.#codes[slot] = value ? this.#codeOf(value) : 0;
  }

  /** Clears the flags of the slots that fail. */
  restrict(flags: Uint8Array, passes: Test['passes']): void {
    const passing = Uint8Array.from(this.#values, (value) => (passes(value) ? 1 : 0));
    for (let slot = 0; slot < flags.length; slot++) flags[slot] &= passing[this.#codes[slot]];
  }

  #codeOf(value: FieldValue): number {
    const key = JSON.stringify(value.items);
    const known = this.#codeOfItems.get(key);
    if (known !== undefined) return known;
    const code = this.#values.push(value) - 1;
    this.#codeOfItems.set(key, code);
    return code;
  }
}
