import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError, errorFromData } from '../../../errors.ts';
import type { ChildReply, ChildRequest } from './protocol.ts';

export interface ChildCallOptions {
  signal?: AbortSignal | undefined;
  /** After this many seconds the child is killed and the call fails with code UNAVAILABLE. */
  timeoutSeconds: number;
  /** Killed as well after so many seconds without an event: for calls that may take long but say often that they go on. */
  quietSeconds?: number | undefined;
  onEvent?: (event: never) => void;
}

interface Call {
  request: { id: number; method: string; params: unknown };
  options: ChildCallOptions;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  onAbort(): void;
  timer?: NodeJS.Timeout;
  quietTimer?: NodeJS.Timeout | undefined;
  /** Its first child was killed because of another call. */
  moved: boolean;
}

/** How long a cancelled call may take to end by itself before its child is killed. */
const CANCEL_GRACE_MS = 1500;

/** Why a child is no more; only `exited` (a crash, or somebody else's kill) and `unstartable` were not our doing. */
export type StopReason = 'exited' | 'unstartable' | 'timeout' | 'cancelled' | 'closed' | 'neighbour';

/**
 * A warm child process for native or heavy code: started at the first call, ended after `idleSeconds` without one.
 * A crash fails the calls under way with `ChildStopped`; the next call starts a new child. A call that is cancelled or takes too long fails
 * alone: where its child must be killed for it, the others begin again on a new one, each once, so methods must be functions of their
 * parameters (or their caller must have one call at a time). The child's stdout goes to our stderr, because stdout carries the protocol.
 */
export class ChildHost {
  readonly #entry: string;
  readonly #name: string;
  readonly #idleSeconds: number;
  readonly #calls = new Map<number, Call>();
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
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const onAbort = () => this.#cancel(id);
      const call: Call = { request: { id, method, params }, options, resolve: resolve as (value: unknown) => void, reject, onAbort, moved: false };
      options.signal?.addEventListener('abort', onAbort, { once: true });
      this.#calls.set(id, call);
      this.#begin(call);
    });
  }

  /** Ends the child; calls under way fail. */
  close(): void {
    clearTimeout(this.#idleTimer);
    const child = this.#child;
    if (!child) return;
    child.kill('SIGKILL');
    this.#lost(child, 'closed', 'was closed');
  }

  /** On the present child, or a new one; the time limit starts (again). */
  #begin(call: Call): void {
    const child = this.#start();
    const { timeoutSeconds, quietSeconds } = call.options;
    const killAfter = (seconds: number, what: string) =>
      setTimeout(() => this.#killFor(call, new ChildStopped('timeout', `The ${this.#name} process ${what} ${seconds} s.`)), seconds * 1000);
    this.#stopTimers(call);
    call.timer = killAfter(timeoutSeconds, 'took longer than');
    call.quietTimer = quietSeconds === undefined ? undefined : killAfter(quietSeconds, 'gave no sign of life for');
    this.#post(child, call.request);
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
    child.on('error', () =>
      child.pid === undefined ? this.#lost(child, 'unstartable', 'could not be started') : this.#lost(child, 'exited', 'does not answer'),
    );
    child.on('exit', (code, signal) => this.#lost(child, 'exited', `stopped (${signal ?? `exit code ${code}`})`));
    this.#child = child;
    return child;
  }

  #post(child: ChildProcess, request: ChildRequest): void {
    if (child.connected) child.send(request, (error) => error && this.#lost(child, 'exited', 'does not answer'));
  }

  #receive(child: ChildProcess, reply: ChildReply): void {
    const call = child === this.#child ? this.#calls.get(reply.id) : undefined;
    if (!call) return;
    if ('event' in reply) {
      call.quietTimer?.refresh();
      call.options.onEvent?.(reply.event as never);
      return;
    }
    this.#settle(call);
    if ('result' in reply) call.resolve(reply.result);
    else {
      if (reply.error.code === 'INTERNAL') console.error(`[${this.#name}] ${reply.stack}`);
      call.reject(errorFromData(reply.error));
    }
    if (this.#calls.size === 0) this.#rest(child);
  }

  #stopTimers(call: Call): void {
    clearTimeout(call.timer);
    clearTimeout(call.quietTimer);
  }

  #settle(call: Call): void {
    this.#stopTimers(call);
    call.options.signal?.removeEventListener('abort', call.onAbort);
    this.#calls.delete(call.request.id);
  }

  /** An idle child must not keep our own process alive. */
  #rest(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    this.#idleTimer = setTimeout(() => child.disconnect(), this.#idleSeconds * 1000).unref();
  }

  #cancel(id: number): void {
    if (this.#child) this.#post(this.#child, { id, cancel: true });
    const overdue = () => {
      const call = this.#calls.get(id);
      if (call) this.#killFor(call, cancelled(this.#name));
    };
    setTimeout(overdue, CANCEL_GRACE_MS).unref();
  }

  /** Kills the child because of one call; what else ran on it begins again, unless that happened to it before. */
  #killFor(culprit: Call, error: ChildStopped): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    this.#settle(culprit);
    culprit.reject(error);
    for (const call of [...this.#calls.values()]) {
      if (!call.moved && !call.options.signal?.aborted) {
        call.moved = true;
        this.#begin(call);
        continue;
      }
      this.#settle(call);
      const twice = new ChildStopped('neighbour', `The ${this.#name} process was ended twice because of other calls. Call again.`);
      call.reject(call.options.signal?.aborted ? cancelled(this.#name) : twice);
    }
  }

  #lost(child: ChildProcess, reason: StopReason, why: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearTimeout(this.#idleTimer);
    for (const call of [...this.#calls.values()]) {
      this.#settle(call);
      call.reject(new ChildStopped(reason, `The ${this.#name} process ${why}.`));
    }
  }
}

/** The child process ended before it answered: after a crash on hostile input, a time limit or a cancel. Code CANCELLED for the latter, else UNAVAILABLE. */
export class ChildStopped extends AppError {
  readonly reason: StopReason;

  constructor(reason: StopReason, message: string) {
    super(reason === 'cancelled' ? 'CANCELLED' : 'UNAVAILABLE', message);
    this.reason = reason;
  }
}

function cancelled(name: string): ChildStopped {
  return new ChildStopped('cancelled', `The ${name} process was cancelled.`);
}
