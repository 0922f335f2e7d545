/** The best-scored keys seen so far, each once with its highest score; equal scores in the order of `orderOf`. */
export class Best {
  readonly #limit: number;
  readonly #orderOf: (key: number) => number;
  readonly #keys = new Set<number>();
  readonly #entries: { key: number; score: number }[] = [];

  constructor(limit: number, orderOf: (key: number) => number) {
    this.#limit = limit;
    this.#orderOf = orderOf;
  }

  /** The score below which nothing can enter; -Infinity while there is room. */
  get floor(): number {
    const last = this.#entries[this.#limit - 1];
    return last ? last.score : Number.NEGATIVE_INFINITY;
  }

  /** Best first. */
  get entries(): readonly { key: number; score: number }[] {
    return this.#entries;
  }

  offer(key: number, score: number): void {
    if (score < this.floor) return;
    const entries = this.#entries;
    if (this.#keys.has(key)) {
      const known = entries.findIndex((entry) => entry.key === key);
      if (score <= entries[known].score) return;
      entries.splice(known, 1);
    }
    const at = this.#placeOf(key, score);
    if (at >= this.#limit) return;
    entries.splice(at, 0, { key, score });
    this.#keys.add(key);
    if (entries.length > this.#limit) this.#keys.delete(entries.pop()?.key ?? key);
  }

  #placeOf(key: number, score: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#comesBefore(key, score, this.#entries[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #comesBefore(key: number, score: number, other: { key: number; score: number }): boolean {
    return score > other.score || (score === other.score && this.#orderOf(key) < this.#orderOf(other.key));
  }
}
