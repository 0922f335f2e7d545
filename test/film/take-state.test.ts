import { describe, expect, it } from 'vitest';
import { hasEnded, isFinal, moved, type TakeState, TRANSITIONS } from '../../src/film/take-state.ts';

const STATES = Object.keys(TRANSITIONS) as TakeState[];
const pairs = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));

/** Written out once more, so that a slip in the table is seen: every pair that is not here is refused. */
const ALLOWED = new Set([
  'created > submitting',
  'created > failed',
  'created > cancelled',
  'submitting > running',
  'submitting > created',
  'submitting > failed',
  'submitting > unknown',
  'submitting > cancelled',
  'running > fetching',
  'running > created',
  'running > failed',
  'running > unknown',
  'running > cancelled',
  'fetching > evaluating',
  'fetching > succeeded',
  'fetching > created',
  'fetching > failed',
  'fetching > unknown',
  'fetching > cancelled',
  'evaluating > succeeded',
  'evaluating > failed',
  'evaluating > cancelled',
  'unknown > running',
  'unknown > failed',
]);

describe('the states of a take', () => {
  it.each(pairs)('from %s to %s', (from, to) => {
    const take = { state: from, progress: 0.5 };
    if (ALLOWED.has(`${from} > ${to}`)) expect(moved(take, to, { progress: 1 })).toEqual({ state: to, progress: 1 });
    else expect(() => moved(take, to)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    expect(take).toEqual({ state: from, progress: 0.5 });
  });

  it('are all reached from created, and from each of them there is a way to an end', () => {
    const reach = (from: TakeState, seen = new Set<TakeState>([from])): Set<TakeState> => {
      for (const next of TRANSITIONS[from]) if (!seen.has(next)) reach(next, seen.add(next));
      return seen;
    };
    expect([...reach('created')].sort()).toEqual([...STATES].sort());
    for (const state of STATES) expect([...reach(state)].some(hasEnded), state).toBe(true);
  });

  it('end three ways, and unknown is no end', () => {
    expect(STATES.filter(hasEnded).sort()).toEqual(['cancelled', 'failed', 'succeeded']);
    expect(STATES.filter(isFinal).sort()).toEqual(['cancelled', 'failed', 'succeeded', 'unknown']);
  });
});
