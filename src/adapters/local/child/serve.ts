import { AppError, errorData } from '../../../errors.ts';
import type { ChildReply, ChildRequest } from './protocol.ts';

export interface CallContext {
  /** Aborts when the parent gave the call up. */
  signal: AbortSignal;
  /** Sends one event of this call to the parent's `onEvent`; wait for it to keep memory bounded. */
  emit(event: unknown): Promise<void>;
}

/** The methods of a child process by name; parameters and results are structured-cloneable. */
export type ChildMethods = Record<string, (params: never, context: CallContext) => Promise<unknown>>;

function send(reply: ChildReply): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    process.send(reply, () => resolve());
  });
}

/**
 * Runs the child's side: answers calls until the parent's pipe closes, then exits at once, so no work outlives a killed server.
 * Long methods must give way to the event loop now and then, or the end of the parent goes unnoticed.
 */
export function serve(methods: ChildMethods): void {
  const running = new Map<number, AbortController>();
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    const request = message as ChildRequest;
    if ('cancel' in request) running.get(request.id)?.abort();
    else void answer(request.id, request.method, request.params);
  });

  async function answer(id: number, name: string, params: unknown): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const method = methods[name];
      if (!method) throw new Error(`child has no method ${name}`);
      const context: CallContext = { signal: controller.signal, emit: (event) => send({ id, event }) };
      const result = await method(params as never, context);
      await send({ id, result });
    } catch (error) {
      const reported = controller.signal.aborted ? new AppError('CANCELLED', 'The call was cancelled.') : error;
      await send({ id, error: errorData(reported), ...(error instanceof Error && error.stack ? { stack: error.stack } : {}) });
    } finally {
      running.delete(id);
    }
  }
}
