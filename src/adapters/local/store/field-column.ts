import { type Property, propertyOf } from './asset-fields.ts';
import { type Field, type FieldValue, fieldValue, propertiesOf, type Test } from './filter.ts';

/** More values than slots by this factor means that most are no longer in use. */
const WORN_FACTOR = 2;
const WORN_AT_LEAST = 1000;

/** One field of the assets of a collection by slot, every distinct value once, so that a condition is tested once per value. */
export class FieldColumn {
  /** The columns that it is made from. */
  readonly properties: readonly Property[];
  readonly #field: Field;
  /** By code; 0 stands for an asset without the field. */
  readonly #values: (FieldValue | undefined)[] = [undefined];
  readonly #codeOfKey = new Map<unknown, number>();
  readonly #codes: number[] = [];

  constructor(field: Field) {
    this.#field = field;
    this.properties = propertiesOf(field);
  }

  /** True where edits have left mostly values that no asset has any more: make a new one. */
  get isWorn(): boolean {
    return this.#values.length > WORN_AT_LEAST + WORN_FACTOR * this.#codes.length;
  }

  /** `values`: what is stored in the columns. */
  put(slot: number, values: readonly (string | number | null)[]): void {
    // A gap would turn the array into a slow one.
    while (this.#codes.length < slot) this.#codes.push(0);
    this.#codes[slot] = this.#codeOf(values);
  }

  /** Clears the flags of the slots that fail. */
  restrict(flags: Uint8Array, passes: Test['passes']): void {
    const passing = new Uint8Array(this.#values.length);
    for (let code = 0; code < passing.length; code++) passing[code] = passes(this.#values[code]) ? 1 : 0;
    for (let slot = 0; slot < flags.length; slot++) flags[slot] &= passing[this.#codes[slot]];
  }

  #codeOf(values: readonly (string | number | null)[]): number {
    const [first] = values;
    if (first === null) return 0;
    let key: unknown = values.length === 1 ? first : values.join(' ');
    let attributes: Record<string, unknown> | undefined;
    if (typeof this.#field === 'object') {
      attributes = JSON.parse(String(first)) as Record<string, unknown>;
      key = Object.hasOwn(attributes, this.#field.attribute) ? attributes[this.#field.attribute] : undefined;
      if (key === undefined) return 0;
    }
    const known = this.#codeOfKey.get(key);
    if (known !== undefined) return known;
    const properties = attributes ? { attributes } : Object.fromEntries(this.properties.map((name, i) => [name, propertyOf(name, values[i])]));
    const value = fieldValue(properties, this.#field);
    const code = value ? this.#values.push(value) - 1 : 0;
    this.#codeOfKey.set(key, code);
    return code;
  }
}
