import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError, errorFromData } from '../../../errors.ts';
import type { ChildReply, ChildRequest } from './protocol.ts';

export interface ChildCallOptions {
  signal?: AbortSignal | undefined;
  /** After this many seconds the child is killed and the call fails with code UNAVAILABLE. */
  timeoutSeconds: number;
  onEvent?: (event: never) => void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onEvent: ((event: never) => void) | undefined;
  clear(): void;
}

/** How long a cancelled call may take to end by itself before its child is killed. */
const CANCEL_GRACE_MS = 1500;

/**
 * A warm child process for native or heavy code: started at the first call, ended after `idleSeconds` without one.
 * A crash, hang or kill fails the calls under way with `ChildStopped` and the next call starts a new child.
 * The child's stdout goes to our stderr, because stdout carries the protocol.
 */
export class ChildHost {
  readonly #entry: string;
  readonly #name: string;
  readonly #idleSeconds: number;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #nextId = 1;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(entry: URL, options: { name: string; idleSeconds?: number }) {
    this.#entry = fileURLToPath(entry);
    this.#name = options.name;
    this.#idleSeconds = options.idleSeconds ?? 60;
  }

  call<T>(method: string, params: unknown, options: ChildCallOptions): Promise<T> {
    if (options.signal?.aborted) return Promise.reject(new AppError('CANCELLED', 'The call was cancelled.'));
    const child = this.#start();
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.#kill(child, `took longer than ${options.timeoutSeconds} s`), options.timeoutSeconds * 1000);
      const onAbort = () => {
        this.#post(child, { id, cancel: true });
        setTimeout(() => this.#pending.has(id) && this.#kill(child, 'was cancelled', 'CANCELLED'), CANCEL_GRACE_MS).unref();
      };
      options.signal?.addEventListener('abort', onAbort, { once: true });
      const clear = () => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
      };
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, onEvent: options.onEvent, clear });
      this.#post(child, { id, method, params });
    });
  }

  /** Ends the child; calls under way fail. */
  close(): void {
    clearTimeout(this.#idleTimer);
    if (this.#child) this.#kill(this.#child, 'was closed');
  }

  #start(): ChildProcess {
    clearTimeout(this.#idleTimer);
    if (this.#child?.connected) {
      this.#child.ref();
      this.#child.channel?.ref();
      return this.#child;
    }
    const child = fork(this.#entry, { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'], execArgv: [] });
    child.on('message', (message) => this.#receive(child, message as ChildReply));
    child.on('error', () => this.#lost(child, 'could not be started'));
    child.on('exit', (code, signal) => this.#lost(child, `stopped (${signal ?? `exit code ${code}`})`));
    this.#child = child;
    return child;
  }

  #post(child: ChildProcess, request: ChildRequest): void {
    if (child.connected) child.send(request, (error) => error && this.#lost(child, 'does not answer'));
  }

  #receive(child: ChildProcess, reply: ChildReply): void {
    const pending = this.#pending.get(reply.id);
    if (!pending) return;
    if ('event' in reply) {
      pending.onEvent?.(reply.event as never);
      return;
    }
    this.#settle(reply.id);
    if ('result' in reply) pending.resolve(reply.result);
    else {
      if (reply.error.code === 'INTERNAL') console.error(`[${this.#name}] ${reply.stack}`);
      pending.reject(errorFromData(reply.error));
    }
    if (this.#pending.size === 0) this.#rest(child);
  }

  #settle(id: number): void {
    this.#pending.get(id)?.clear();
    this.#pending.delete(id);
  }

  /** An idle child must not keep our own process alive. */
  #rest(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    this.#idleTimer = setTimeout(() => child.disconnect(), this.#idleSeconds * 1000).unref();
  }

  #kill(child: ChildProcess, why: string, code: 'UNAVAILABLE' | 'CANCELLED' = 'UNAVAILABLE'): void {
    child.kill('SIGKILL');
    this.#lost(child, why, code);
  }

  #lost(child: ChildProcess, why: string, code: 'UNAVAILABLE' | 'CANCELLED' = 'UNAVAILABLE'): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearTimeout(this.#idleTimer);
    for (const [id, pending] of [...this.#pending]) {
      this.#settle(id);
      pending.reject(new ChildStopped(code, `The ${this.#name} process ${why}.`));
    }
  }
}

/** The child process ended before it answered: after a crash on hostile input, or a time limit. */
export class ChildStopped extends AppError {}
