import { describe, expect, it } from 'vitest';
import { etaSeconds } from '../../src/film/eta.ts';
import type { TakeState } from '../../src/film/take-state.ts';
import type { Take } from '../../src/film/takes.ts';
import { storyboard } from '../fixtures/film.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

const take = (state: TakeState, progress = 0, elapsedSeconds?: number, durationSeconds = 4): Take => ({
  jobId: 'job',
  index: 0,
  provider: 'paid',
  shot: { ...storyboard(['x']).shots[0], durationSeconds },
  state,
  attempts: 1,
  progress,
  ...(elapsedSeconds === undefined ? {} : { startedAt: new Date(NOW - elapsedSeconds * 1000).toISOString() }),
});
const made = (seconds: number): Take => ({
  ...take('succeeded', 1, seconds),
  result: { objectKey: '', sha256: '', byteLength: 1, mediaType: 'video/mp4', durationSeconds: 4, costUsd: 0, notes: [], seconds },
});
const eta = (...takes: Take[]) => etaSeconds(takes, NOW);

describe('the time that is left', () => {
  it('is not said where nothing tells of a pace, or nothing is left', () => {
    expect(eta(take('created'), take('created'))).toBeUndefined();
    expect(eta(take('running', 0.01, 3))).toBeUndefined();
    expect(eta(made(10), made(20))).toBeUndefined();
    expect(eta(take('unknown', 0, 10), made(10))).toBeUndefined();
    expect(eta()).toBeUndefined();
  });

  it('follows the progress of the take under way', () => {
    expect(eta(take('running', 0.25, 10))).toBe(30);
  });

  it('follows the pace of the takes that are finished, for those that wait and for a start without progress', () => {
    expect(eta(made(10), take('created'), take('created'))).toBe(20);
    expect(eta(made(10), take('running', 0, 4))).toBe(6);
    expect(eta(made(10), take('running', 0, 100))).toBe(0);
  });

  it('is shared by the takes under way, and is not less than the longest of them needs', () => {
    expect(eta(made(10), take('running', 0.5, 5), take('running', 0.5, 5), take('created'), take('created'))).toBe(15);
    expect(eta(take('running', 0.5, 60), take('running', 0.9, 9))).toBe(60);
  });

  it('counts a long shot for more than a short one', () => {
    expect(eta(made(10), take('created', 0, undefined, 40))).toBe(100);
  });
});
