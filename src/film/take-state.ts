import { AppError } from '../errors.ts';

/**
 * Where a take stands.
 * - `created`: nothing was sent. `submitting`: the start is being sent, or was when its server stopped. `running`: the provider accepted it.
 * - `fetching`: its clip is being stored. `evaluating`: its clip is stored and being measured.
 * - `unknown`: the answer to the start, or the operation, was lost, and it may have been billed.
 */
export type TakeState = 'created' | 'submitting' | 'running' | 'fetching' | 'evaluating' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/**
 * All ways from one state to another; what is not here cannot happen.
 * Back to `created` go only a start that the provider refused before it accepted it, and a lost take that is free: neither can be paid twice.
 * `unknown` is left only by an operation that turned up (`running`) or by the user's word (`failed`).
 */
export const TRANSITIONS: Readonly<Record<TakeState, readonly TakeState[]>> = {
  created: ['submitting', 'failed', 'cancelled'],
  submitting: ['running', 'created', 'failed', 'unknown', 'cancelled'],
  running: ['fetching', 'created', 'failed', 'unknown', 'cancelled'],
  fetching: ['evaluating', 'succeeded', 'created', 'failed', 'unknown', 'cancelled'],
  evaluating: ['succeeded', 'failed', 'cancelled'],
  unknown: ['running', 'failed'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** States that no take leaves any more. */
const ENDS: ReadonlySet<TakeState> = new Set(['succeeded', 'failed', 'cancelled']);

/** True where a take's state changes no more; output that comes late is kept beside it. */
export const hasEnded = (state: TakeState): boolean => ENDS.has(state);

/** States in which nothing more happens to the take by our doing: its end, or `unknown`. */
export const isFinal = (state: TakeState): boolean => ENDS.has(state) || state === 'unknown';

/** The take in another state. CONFLICT where the transition does not exist: somebody else took the take elsewhere meanwhile. */
export function moved<T extends { state: TakeState }>(take: T, state: TakeState, changes: Partial<T> = {}): T {
  if (!TRANSITIONS[take.state].includes(state)) throw new AppError('CONFLICT', `A take that is ${take.state} does not become ${state}.`);
  return { ...take, ...changes, state };
}
