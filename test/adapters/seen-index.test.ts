import { expect, test } from 'vitest';
import { seenColumns } from '../../src/adapters/local/store/asset-rows.ts';
import { SeenIndex } from '../../src/adapters/local/store/seen-index.ts';
import type { Concept, Seen } from '../../src/ports.ts';
import { sequence } from '../contracts/catalog.ts';

/** The port's definition, asset by asset, with probabilities as single-precision numbers. */
function scoreOf(seen: Seen, query: { concepts: Concept[]; colours: string[] }): number {
  const root = (values: [number, number][]) => Math.sqrt(values.reduce((sum, [value, weight]) => sum + weight * Math.fround(value), 0));
  const probabilities = new Map(seen.classes);
  const ofThings = query.concepts.map(({ classes }) => root(classes.map(([index, weight]) => [probabilities.get(index) ?? 0, weight])));
  const things = ofThings.reduce((sum, score) => sum + score, 0);
  if (query.colours.length === 0) return things;
  const isOfThing = query.concepts.length > 0;
  const shares = new Map(isOfThing ? (seen.subjectColours ?? seen.colours) : seen.colours);
  const ofColours = query.colours.map((name) => root([[isOfThing ? Math.min(1, (shares.get(name) ?? 0) / 0.4) : (shares.get(name) ?? 0), 1]]));
  const shade = ofColours.reduce((sum, score) => sum + score, 0) / query.colours.length;
  return query.concepts.length === 0 ? shade : things * (0.2 + 0.8 * shade) + 0.05 * shade;
}

const COLOURS = ['red', 'blue', 'grey', 'pink'];

function randomSeen(pick: (count: number) => number): Seen {
  const indices = new Set(Array.from({ length: pick(12) }, () => (pick(20) === 0 ? 999 : pick(60))));
  const colours = (): Seen['colours'] => Array.from(new Set(Array.from({ length: pick(3) }, () => COLOURS[pick(4)])), (name) => [name, (pick(100) + 1) / 100]);
  return {
    classes: Array.from(indices, (index) => [index, (pick(1000) + 1) / 1000]),
    colours: colours(),
    ...(pick(2) ? { subjectColours: colours() } : {}),
  };
}

test('scores are those of the definition, through thousands of replacements, removals and reused slots', () => {
  const next = sequence(17);
  const pick = (count: number) => Math.floor(((next() + 1) / 2) * count);
  const index = new SeenIndex();
  const slots = new Map<number, Seen>();
  const concepts: Concept[] = [
    { word: 'many', weight: 1, classes: Array.from({ length: 40 }, (_, i) => [i, i % 2 ? 1 : 0.7]) },
    { word: 'one', weight: 1, classes: [[999, 1]] },
    { word: 'absent', weight: 1, classes: [[5000, 1]] },
  ];
  const queries = [
    { concepts, colours: ['red', 'unheard of'] },
    { concepts: concepts.slice(1), colours: [] },
    { concepts: [], colours: COLOURS },
  ];
  for (let round = 0; round < 6; round++) {
    for (let step = 0; step < 1500; step++) {
      const slot = pick(4000);
      const seen = pick(4) ? randomSeen(pick) : undefined;
      index.put(slot, seen && seenColumns(seen));
      if (seen) slots.set(slot, seen);
      else slots.delete(slot);
    }
    for (const query of queries) {
      const found = new Map<number, number>();
      index.score(query, (slot, score) => {
        expect(found.has(slot)).toBe(false);
        found.set(slot, score);
        return 0;
      });
      const expected = [...slots].map(([slot, seen]) => [slot, scoreOf(seen, query)]).filter(([, score]) => score > 0);
      expect(found.size).toBe(expected.length);
      expect(expected.length).toBeGreaterThan(100);
      for (const [slot, score] of expected) expect(found.get(slot)).toBeCloseTo(score, 12);
    }
  }
});

test('only slots that reach what is asked for are given', () => {
  const index = new SeenIndex();
  const values = Array.from({ length: 3000 }, (_, i) => ((i * 7919) % 3000) / 3000 + 0.0001);
  values.forEach((value, slot) => {
    index.put(slot, seenColumns({ classes: [[1, value]], colours: [] }));
  });
  const given: number[] = [];
  index.score({ concepts: [{ word: 'one', weight: 1, classes: [[1, 1]] }], colours: [] }, (_slot, score) => {
    given.push(score);
    return 0.99;
  });
  const reaching = values.filter((value) => Math.sqrt(Math.fround(value)) >= 0.99).length;
  // The first is given before anything was said.
  expect(given.slice(1).every((score) => score >= 0.99)).toBe(true);
  expect(given.filter((score) => score >= 0.99)).toHaveLength(reaching);
});
