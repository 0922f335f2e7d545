import { AppError } from '../../../errors.ts';
import { ChildHost } from './host.ts';

/**
 * Gives each call a child process of its own, at most `size` at a time, so a crash or a time limit is the doing of the file at hand
 * and killing it harms nobody else.
 */
export class ChildPool {
  readonly #entry: URL;
  readonly #name: string;
  readonly #size: number;
  readonly #hosts: ChildHost[] = [];
  readonly #free: ChildHost[] = [];
  readonly #waiting: ((host: ChildHost) => void)[] = [];

  constructor(entry: URL, options: { name: string; size: number }) {
    this.#entry = entry;
    this.#name = options.name;
    this.#size = options.size;
  }

  /** Waits for a child, uses it and gives it back. CANCELLED where `signal` aborts first. */
  async use<T>(signal: AbortSignal | undefined, work: (host: ChildHost) => Promise<T>): Promise<T> {
    const host = await this.#take(signal);
    try {
      return await work(host);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(host);
      else this.#free.push(host);
    }
  }

  close(): void {
    for (const host of this.#hosts) host.close();
  }

  #take(signal: AbortSignal | undefined): Promise<ChildHost> {
    if (signal?.aborted) return Promise.reject(cancelled());
    const free = this.#free.pop();
    if (free) return Promise.resolve(free);
    if (this.#hosts.length < this.#size) {
      const host = new ChildHost(this.#entry, { name: this.#name });
      this.#hosts.push(host);
      return Promise.resolve(host);
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(cancelled());
      };
      const turn = (host: ChildHost) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(host);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(turn);
    });
  }
}

function cancelled(): AppError {
  return new AppError('CANCELLED', 'The call was cancelled.');
}
