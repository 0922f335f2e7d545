/**
 * One request for all who ask for the same while another is under way. It begins after each of them asked, so it tells or does what a request of their
 * own would; at most one is under way and one waits for each key.
 */
export class Joined<T> {
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, Promise<T>>();

  ask(key: string, request: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(key);
    if (waiting) return waiting;
    const next = this.#after(key, request);
    this.#waiting.set(key, next);
    return next;
  }

  async #after(key: string, request: () => Promise<T>): Promise<T> {
    // Also where nothing runs: whoever asks in the same moment joins.
    await this.#running.get(key);
    this.#waiting.delete(key);
    const answer = request();
    const settled = answer.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(key, settled);
    try {
      return await answer;
    } finally {
      if (this.#running.get(key) === settled) this.#running.delete(key);
    }
  }
}
