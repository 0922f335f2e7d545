import { describe, expect, it } from 'vitest';
import { fuse } from '../../src/library/fusion.ts';
import type { Ranked } from '../../src/ports.ts';

const list = (scores: Record<string, number>): Ranked[] => Object.entries(scores).map(([id, score]) => ({ id, score }));
const query = { concepts: [{ word: 'boat', weight: 1, classes: [] }], colours: [], unknownWords: [] };
const none = async () => new Map<string, number>();
const all = (share: number) => async (ids: string[]) => new Map(ids.map((id) => [id, share]));
const ids = (ranked: { id: string }[]) => ranked.map(({ id }) => id);

describe('fusion', () => {
  it('adds strengths, so one clear sight beats two weak signs', async () => {
    const lists = { words: list({ b: 1 }), seen: list({ a: 0.95, b: 0.3 }) };
    expect(ids(await fuse(lists, query, 10, all(0.25)))).toEqual(['a', 'b']);
  });

  it("puts a picture whose words a person wrote before one that only shows the thing, whatever its caption's length", async () => {
    const lists = { words: list({ short: 3, long: 1 }), seen: list({ sight: 0.99 }) };
    expect(ids(await fuse(lists, query, 10, all(1)))).toEqual(['short', 'long', 'sight']);
  });

  it('breaks ties by id, so pages stay stable', async () => {
    expect(ids(await fuse({ image: list({ z: 1, m: 1 }) }, undefined, 10, none))).toEqual(['m', 'z']);
  });

  it('leaves out what is gone', async () => {
    const lists = { words: list({ a: 2, gone: 1 }) };
    expect(ids(await fuse(lists, query, 10, async () => new Map([['a', 1]])))).toEqual(['a']);
  });

  it('reads only what can still come among the first, and finds the same ones', async () => {
    const words = Array.from({ length: 500 }, (_, i) => ({ id: `i${String(i).padStart(3, '0')}`, score: 500 - i }));
    const shareOf = (id: string) => (Number(id.slice(1)) % 7 === 0 ? 1 : 0.4);
    let read = 0;
    const shares = async (asked: string[]) => {
      read += asked.length;
      return new Map(asked.map((id) => [id, shareOf(id)]));
    };
    const few = await fuse({ words }, query, 5, shares);
    expect(read).toBeLessThan(200);
    const every = await fuse({ words }, query, 500, shares);
    expect(few).toEqual(every.slice(0, 5));
  });
});
