/** The best-scored keys seen so far, each once with its highest score; equal scores in the order of `orderOf`. */
export class Best {
  readonly #limit: number;
  readonly #orderOf: (key: number) => number;
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
    const known = entries.findIndex((entry) => entry.key === key);
    if (known >= 0) {
      if (score <= entries[known].score) return;
      entries.splice(known, 1);
    }
    let at = entries.length;
    while (at > 0 && this.#comesBefore(key, score, entries[at - 1])) at--;
    if (at >= this.#limit) return;
    entries.splice(at, 0, { key, score });
    if (entries.length > this.#limit) entries.pop();
  }

  #comesBefore(key: number, score: number, other: { key: number; score: number }): boolean {
    return score > other.score || (score === other.score && this.#orderOf(key) < this.#orderOf(other.key));
  }
}
