import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Concept, RawImage, Recogniser, Seen } from '../../src/ports.ts';
import { copy, flat, type Photograph, photograph, placed } from '../fixtures/photographs.ts';

/** Photographs and a noun for what is in them. */
const NOUNS: [Photograph, string][] = [
  ['march-pastoral', 'sheep'],
  ['french-alpine-landscape', 'mountain'],
  ['dust-bowl-home', 'barn'],
];

/** Flat colours that nobody would name otherwise. */
const PLAIN: [name: string, rgb: [number, number, number]][] = [
  ['red', [214, 22, 28]],
  ['orange', [250, 130, 15]],
  ['yellow', [252, 225, 30]],
  ['green', [30, 140, 45]],
  ['turquoise', [40, 195, 190]],
  ['blue', [25, 70, 205]],
  ['purple', [115, 35, 160]],
  ['pink', [250, 150, 190]],
  ['black', [8, 8, 8]],
  ['white', [252, 252, 252]],
  ['grey', [128, 128, 128]],
  ['brown', [100, 60, 25]],
];

const evidence = (seen: Seen, concept: Concept): number => {
  const probabilities = new Map(seen.classes);
  return concept.classes.reduce((sum, [index, weight]) => sum + weight * (probabilities.get(index) ?? 0), 0);
};

/** What every `Recogniser` does. */
export function recogniserContract(open: () => Promise<{ recogniser: Recogniser; close: () => void }>): void {
  describe('as a recogniser', () => {
    let recogniser: Recogniser;
    let close: () => void;
    let photographs: RawImage[];
    let seen: Seen[];

    beforeAll(async () => {
      ({ recogniser, close } = await open());
      photographs = await Promise.all(NOUNS.map(([name]) => photograph(name)));
      seen = await recogniser.recognise(photographs);
    });
    afterAll(() => close?.());

    it('lists classes and colours best first, within their limits', () => {
      for (const { classes, colours } of seen) {
        expect(classes.length).toBeGreaterThan(0);
        expect(classes.length).toBeLessThanOrEqual(64);
        expect(classes.every(([index, p]) => Number.isInteger(index) && p >= 0.001 && p <= 1)).toBe(true);
        expect(colours.every(([, share]) => share >= 0.01 && share <= 1)).toBe(true);
        for (const list of [classes.map(([, p]) => p), colours.map(([, share]) => share)]) {
          expect(list).toEqual([...list].sort((a, b) => b - a));
          expect(list.reduce((sum, value) => sum + value, 0)).toBeLessThanOrEqual(1.0001);
        }
      }
    });

    it('sees the same in the same pixels', async () => {
      const [again] = await recogniser.recognise([copy(photographs[1])]);
      expect(again.colours).toEqual(seen[1].colours);
      expect(again.classes[0][0]).toBe(seen[1].classes[0][0]);
      expect(again.classes[0][1]).toBeCloseTo(seen[1].classes[0][1], 4);
    });

    it.each(NOUNS)('sees in %s more of a %s than in the other photographs', async (name, noun) => {
      const { concepts } = await recogniser.understand(noun);
      const scores = seen.map((one) => evidence(one, concepts[0]));
      expect(scores.indexOf(Math.max(...scores))).toBe(NOUNS.findIndex(([one]) => one === name));
      expect(Math.max(...scores)).toBeGreaterThan(0.15);
    });

    it('names plain colours', async () => {
      const found = await recogniser.recognise(PLAIN.map(([, rgb]) => flat(64, 64, rgb)));
      expect(found.map(({ colours }) => colours.map(([name, share]) => [name, Math.round(share)]))).toEqual(PLAIN.map(([name]) => [[name, 1]]));
    });

    it('counts colours in the middle more than at the edge', async () => {
      const [{ colours }] = await recogniser.recognise([await placed(flat(50, 50, [214, 22, 28]), 100, 100, 25, 25)]);
      const shares = new Map(colours);
      expect(shares.get('red')).toBeGreaterThan(0.4);
      expect(shares.get('red')).toBeLessThan(0.75);
    });

    it('names black and white things in their own light and shadow', async () => {
      const found = await recogniser.recognise([flat(64, 64, [44, 44, 46]), flat(64, 64, [222, 222, 220])]);
      expect(found.map(({ colours }) => colours[0][0])).toEqual(['black', 'white']);
    });

    it("takes the subject's colours from the subject, and none where nothing stands out", async () => {
      const { width, height } = photographs[2];
      const onGreen = await placed(photographs[2], width * 2, height * 2, 0, height, '#1e8c2d');
      const [{ colours, subjectColours = [] }, plain] = await recogniser.recognise([onGreen, flat(250, 250, [90, 120, 160])]);
      const green = (list: [string, number][]) => new Map(list).get('green') ?? 0;
      expect(green(colours)).toBeGreaterThan(0.5);
      expect(green(subjectColours)).toBeLessThan(0.1);
      expect(subjectColours.reduce((sum, [, share]) => sum + share, 0)).toBeGreaterThan(0.9);
      expect(plain.subjectColours).toBeUndefined();
    });

    it('describes what was seen in words, best first and as many as asked for', async () => {
      const words = await recogniser.describe(seen[1], { limit: 2 });
      expect(words[0].word).toMatch(/mountain/i);
      expect(words.length).toBeLessThanOrEqual(2);
      expect(await recogniser.describe(seen[1], { minProbability: 0.99 })).toEqual([]);
      expect(await recogniser.describe({ classes: [], colours: [] })).toEqual([]);
    });

    it('finds where a thing is', async () => {
      const wide = await placed(photographs[2], photographs[2].width * 2, photographs[2].height, photographs[2].width, 0);
      const location = await recogniser.locate(wide, 'the barn');
      if (!location) throw new Error('barn is a known word');
      expect(location.peak).toBeGreaterThan(0.5);
      expect(location.box.x).toBeGreaterThan(0.45);
      expect(location.at.x).toBeGreaterThan(location.box.x);
      expect(location.at.x).toBeLessThan(location.box.x + location.box.width);
      expect(location.heat.data).toHaveLength(location.heat.width * location.heat.height);
      expect(Math.max(...location.heat.data)).toBe(location.peak);
      expect(Math.min(...location.heat.data)).toBeGreaterThanOrEqual(0);
    });

    it('finds no thing that is not there, and looks for no word that it does not know', async () => {
      expect((await recogniser.locate(photographs[1], 'sheep'))?.peak).toBeLessThan(0.5);
      expect(await recogniser.locate(photographs[1], 'sunset')).toBeUndefined();
      expect(await recogniser.locate(photographs[1], '')).toBeUndefined();
    });

    it('boxes what stands out, and nothing where nothing does', async () => {
      const subject = await placed(photographs[2], photographs[2].width * 2, photographs[2].height * 2, 0, photographs[2].height);
      const box = await recogniser.subject(subject);
      if (!box) throw new Error('the photograph on a white ground stands out');
      expect(box.x + box.width / 2).toBeLessThan(0.5);
      expect(box.y + box.height / 2).toBeGreaterThan(0.5);
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y + box.height).toBeLessThanOrEqual(1);
      expect(await recogniser.subject(flat(250, 250, [90, 120, 160]))).toBeUndefined();
    });

    it('compares pictures region by region', async () => {
      const [one, same, other] = await recogniser.regions([photographs[0], copy(photographs[0]), photographs[1]]);
      expect(one.data).toHaveLength(one.channels * one.width * one.height);
      expect(one.data).toEqual(same.data);
      expect(one.data).not.toEqual(other.data);
    });
  });

  describe('as a reader of queries', () => {
    let recogniser: Recogniser;
    let close: () => void;

    beforeAll(async () => {
      ({ recogniser, close } = await open());
    });
    afterAll(() => close?.());

    const read = async (query: string) => {
      const { concepts, colours, unknownWords } = await recogniser.understand(query);
      return { known: concepts.map(({ word }) => word), colours, unknownWords };
    };

    it('takes the longest known phrase first', async () => {
      expect(await read('acoustic guitar and fire engine')).toEqual({ known: ['acoustic guitar', 'fire engine'], colours: [], unknownWords: [] });
      expect((await read('guitar')).known).toEqual(['guitar']);
    });

    it('undoes plurals', async () => {
      const plurals = ['wolves', 'foxes', 'daisies', 'knives', 'buses', 'geese', 'volcanoes', 'steam locomotives'];
      const singular = ['wolf', 'fox', 'daisy', 'knife', 'bus', 'goose', 'volcano', 'steam locomotive'];
      expect((await Promise.all(plurals.map(read))).map(({ known }) => known[0])).toEqual(singular);
    });

    it('knows colours by their other names, and tells them from names of things', async () => {
      expect((await read('a gray wall, violet and teal')).colours).toEqual(['grey', 'purple', 'turquoise']);
      expect(await read('red wine')).toEqual({ known: ['red wine'], colours: [], unknownWords: [] });
    });

    it('says which words it does not know, and leaves out those that only carry grammar', async () => {
      expect(await read('the sunset over a volcano')).toEqual({ known: ['volcano'], colours: [], unknownWords: ['sunset'] });
      expect(await read('日没 and Wellenreiter 2026')).toEqual({ known: [], colours: [], unknownWords: ['日没', 'wellenreiter'] });
      expect(await read('')).toEqual({ known: [], colours: [], unknownWords: [] });
      expect(await read('constructor __proto__')).toMatchObject({ known: [] });
    });

    it('reads hyphenated words and possessives by their parts where it does not know the whole', async () => {
      expect(await read("the wolf's 2-seat T-shirts")).toEqual({ known: ['wolf', 'seat', 't-shirt'], colours: [], unknownWords: ['seat'] });
    });

    it('knows what a compound is by its last word', async () => {
      const [bowl, cup, bag] = await Promise.all(['bowl', 'cup', 'shoulder bag'].map(async (word) => (await recogniser.understand(word)).concepts[0]));
      expect(bowl.weight).toBeGreaterThanOrEqual(0.7);
      expect(cup.classes.length).toBeLessThan(5);
      expect(bag.classes.length).toBeLessThan(10);
      expect(bag.weight).toBeLessThan(0.7);
    });

    it('names a word that it knows only by its neighbours as not known', async () => {
      const { concepts, unknownWords } = await recogniser.understand('earring');
      expect(concepts[0].weight).toBeLessThan(0.7);
      expect(concepts[0].classes.length).toBeGreaterThan(0);
      expect(unknownWords).toEqual(['earring']);
    });

    it('gives each class of a word once, with a weight of at most that of the word', async () => {
      const { concepts } = await recogniser.understand('dog dress');
      for (const { classes, weight } of concepts) {
        expect(new Set(classes.map(([index]) => index)).size).toBe(classes.length);
        expect(Math.max(...classes.map(([, one]) => one))).toBe(weight);
      }
    });
  });
}
