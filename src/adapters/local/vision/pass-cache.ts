import { AppError } from '../../../errors.ts';
import type { CallOptions, RawImage } from '../../../ports.ts';

/** Pictures per message to the child: bounds what waits in the pipe, and other callers get in between. */
const PICTURES_PER_CALL = 4;

/** Results per picture object, made once and kept for as long as that object lives; failed ones are made again. */
export class PassCache<T> {
  readonly #make: (images: RawImage[], options: CallOptions) => Promise<T[]>;
  readonly #made = new WeakMap<RawImage, Promise<T>>();

  constructor(make: (images: RawImage[], options: CallOptions) => Promise<T[]>) {
    this.#make = make;
  }

  /** In the order of `images`; a few at a time. */
  async get(images: RawImage[], options: CallOptions): Promise<T[]> {
    const results: T[] = [];
    for (let start = 0; start < images.length; start += PICTURES_PER_CALL) {
      const some = images.slice(start, start + PICTURES_PER_CALL);
      this.#begin([...new Set(some.filter((image) => !this.#made.has(image)))], options);
      for (const image of some) results.push(await this.#wait(image, options));
    }
    return results;
  }

  #begin(images: RawImage[], options: CallOptions): void {
    if (images.length === 0) return;
    const making = this.#make(images, options);
    images.forEach((image, index) => {
      const one = making.then((all) => all[index]);
      this.#made.set(image, one);
      one.catch(() => this.#made.get(image) === one && this.#made.delete(image));
    });
  }

  /** Where another caller began it and gave up, it begins again. */
  async #wait(image: RawImage, options: CallOptions): Promise<T> {
    for (;;) {
      if (!this.#made.has(image)) this.#begin([image], options);
      try {
        return (await this.#made.get(image)) as T;
      } catch (error) {
        const givenUpElsewhere = error instanceof AppError && error.code === 'CANCELLED' && !options.signal?.aborted;
        if (!givenUpElsewhere) throw error;
      }
    }
  }
}
