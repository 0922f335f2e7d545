import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';

/** How long synchronous work may keep the event loop waiting: the end of the parent and a cancelled call are noticed in between. */
const BREATH_MS = 20;

/** A function to call often in a loop of synchronous work: gives way to the event loop now and then, and throws CANCELLED after an abort. */
export function breather(signal: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last > BREATH_MS) {
      await setImmediate();
      last = performance.now();
    }
    if (signal.aborted) throw new AppError('CANCELLED', 'The call was cancelled.');
  };
}
