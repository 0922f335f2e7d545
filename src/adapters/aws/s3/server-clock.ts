/**
 * The time of the server that answers, from the `Date` headers of its answers: servers whose own clocks differ agree on when a lease ends.
 * The header has whole seconds (RFC 9110, 6.6.1), so a clock that is right within a second is left as it is.
 */
export class ServerClock {
  #offsetMs = 0;

  /** Takes in the header of an answer to a request that was sent at `sentMs` and answered at `answeredMs` (`Date.now()`). */
  observe(header: string | undefined, sentMs: number, answeredMs: number): void {
    const serverMs = header === undefined ? Number.NaN : Date.parse(header);
    if (Number.isNaN(serverMs)) return;
    const [least, most] = [serverMs - answeredMs, serverMs + 999 - sentMs];
    this.#offsetMs = Math.min(Math.max(this.#offsetMs, least), most);
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + Math.round(this.#offsetMs);
  }
}
