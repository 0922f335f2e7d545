/** Number of set bits of a 32-bit number (Warren, Hacker's Delight, 2nd ed. 2012, figure 5-2). */
function bitCount(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A hash of 16 hex digits as two 32-bit halves; `undefined` for anything else. */
function halves(hash: unknown): [number, number] | undefined {
  return typeof hash === 'string' && /^[0-9a-f]{16}$/i.test(hash)
    ? [Number.parseInt(hash.slice(0, 8), 16) | 0, Number.parseInt(hash.slice(8), 16) | 0]
    : undefined;
}

/** 64-bit perceptual hashes by slot. */
export class HashColumn {
  #high = new Int32Array(256);
  #low = new Int32Array(256);
  #isThere = new Uint8Array(256);

  put(slot: number, hash: unknown): void {
    if (slot >= this.#high.length) this.#grow(slot);
    const parts = halves(hash);
    this.#isThere[slot] = parts ? 1 : 0;
    if (parts) [this.#high[slot], this.#low[slot]] = parts;
  }

  /** Calls `found` with each slot whose hash differs in at most `maxDistance` bits; nothing where `hash` is not 16 hex digits. */
  within(hash: string, maxDistance: number, found: (slot: number, distance: number) => void): void {
    const parts = halves(hash);
    if (!parts) return;
    const [high, low] = parts;
    for (let slot = 0; slot < this.#high.length; slot++) {
      if (this.#isThere[slot] === 0) continue;
      const distance = bitCount(this.#high[slot] ^ high) + bitCount(this.#low[slot] ^ low);
      if (distance <= maxDistance) found(slot, distance);
    }
  }

  #grow(slot: number): void {
    const size = Math.ceil((slot + 1) * 1.5);
    const [high, low, isThere] = [new Int32Array(size), new Int32Array(size), new Uint8Array(size)];
    high.set(this.#high);
    low.set(this.#low);
    isThere.set(this.#isThere);
    [this.#high, this.#low, this.#isThere] = [high, low, isThere];
  }
}
