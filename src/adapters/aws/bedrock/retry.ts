import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../errors.ts';

/**
 * When a call is sent again. `unlessRefused`: also after failures in which it may have been carried out (embeddings, captions: cheap, and the same
 * answer). `afterRefusal`: only where it was refused before it was accepted (HTTP 429). `never`: the caller repeats it.
 */
export type Repeat = 'unlessRefused' | 'afterRefusal' | 'never';

const MAX_ATTEMPTS = 6;
/** Pauses are random between nothing and 0.5, 1, 2 ... 20 s ("full jitter", AWS Architecture Blog, 2015), so that servers do not come back together. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 20_000;

/** Carries out a call as often as its kind allows. */
export async function repeated<T>(repeat: Repeat, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= MAX_ATTEMPTS || !mayRepeat(repeat, error)) throw error;
      await sleep(Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** tries, MAX_PAUSE_MS), undefined, { signal }).catch(() => {
        throw new AppError('CANCELLED', 'The call was cancelled.');
      });
    }
  }
}

function mayRepeat(repeat: Repeat, error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return (error.code === 'RATE_LIMITED' && repeat !== 'never') || (error.code === 'UNAVAILABLE' && repeat === 'unlessRefused');
}
