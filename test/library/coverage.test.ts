import { describe, expect, it } from 'vitest';
import { coverage, textsOf, writtenShare } from '../../src/library/coverage.ts';
import { readQuestion } from '../../src/library/question.ts';
import { cleanTags, cleanText } from '../../src/library/text.ts';
import type { Asset, Concept, SeenQuery } from '../../src/ports.ts';

const asset = (fields: Partial<Asset>): Asset => ({
  ...{ id: 'img_a', collection: 'c', kind: 'image', status: 'approved', objectKey: 'k', sha256: 's', mediaType: 'image/png', byteLength: 1 },
  ...{ width: 1, height: 1, name: 'x.png', tags: [], source: 's', createdAt: '', updatedAt: '' },
  ...fields,
});
const concept = (word: string, classIndex: number, weight = 1): Concept => ({ word, weight, classes: [[classIndex, 1]] });
const boat = concept('boat', 7);
const understood = (fields: Partial<SeenQuery> = {}): SeenQuery => ({ concepts: [], colours: [], unknownWords: [], ...fields });
const covers = (hit: Asset, text: string, query: Partial<SeenQuery> = {}, absent: string[] = []) =>
  coverage(hit, readQuestion(text, understood(query)), textsOf(hit), new Set(absent));
const seen = (classes: [number, number][], colours: [string, number][] = [], subjectColours?: [string, number][]) => ({
  seen: { classes, colours, ...(subjectColours ? { subjectColours } : {}) },
});

describe('what of a query an asset answers', () => {
  it('says which words a person wrote and which stand only in the file name, whatever their ending', () => {
    const hit = asset({ caption: 'Two boats sailing', tags: ['summer'], attributes: { place: 'Dover Castle', floor: 3 }, name: 'harbour.jpg' });
    expect(covers(hit, 'sails, harbours summer winter castles')).toEqual({
      matched: { written: ['sails', 'summer', 'castles'], modelCaption: [], fileName: ['harbours'], seen: {} },
      missing: ['winter'],
      weak: false,
      grounds: true,
    });
  });

  it("keeps a model's caption apart, and never takes it for a person's word", () => {
    const hit = asset({ caption: 'A boat', captionOrigin: 'model' });
    expect(covers(hit, 'boat')).toMatchObject({ matched: { written: [], modelCaption: ['boat'] }, missing: [], weak: false, grounds: false });
  });

  it('finds what the model sees from a probability of .15', () => {
    expect(covers(asset(seen([[7, 0.2]])), 'boat', { concepts: [boat] })).toMatchObject({ matched: { seen: { boat: 0.2 } }, weak: false, grounds: true });
    expect(covers(asset(seen([[7, 0.1]])), 'boat', { concepts: [boat] })).toMatchObject({ missing: ['boat'], weak: true, grounds: false });
  });

  it('never takes a mere neighbour of the word for a sight of it', () => {
    const hit = covers(asset(seen([[7, 0.9]])), 'boat', { concepts: [concept('boat', 7, 0.5)], unknownWords: ['boat'] });
    expect(hit).toMatchObject({ matched: { seen: {} }, missing: ['boat'], weak: true });
  });

  it('a matching colour alone does not make the thing, and another colour does not ground a video of it', () => {
    const query = { concepts: [boat], colours: ['yellow'] };
    expect(covers(asset(seen([], [['yellow', 0.8]])), 'yellow boat', query)).toMatchObject({ missing: ['boat'], weak: true });
    expect(covers(asset(seen([[7, 0.9]], [['red', 0.8]])), 'yellow boat', query)).toMatchObject({ missing: ['yellow'], weak: false, grounds: false });
    expect(covers(asset(seen([[7, 0.9]], [['yellow', 0.2]])), 'yellow boat', query)).toMatchObject({ missing: [], grounds: true });
  });

  it('looks for the colour of a thing where the thing is', () => {
    const hit = asset(seen([[7, 0.9]], [['yellow', 0.5]], [['red', 0.9]]));
    expect(covers(hit, 'yellow boat', { concepts: [boat], colours: ['yellow'] }).missing).toEqual(['yellow']);
    expect(covers(hit, 'yellow', { colours: ['yellow'] }).missing).toEqual([]);
  });

  it('shows a corrected word, but only where the collection has the word as asked nowhere', () => {
    const hit = asset({ caption: 'Red sneakers' });
    expect(covers(hit, 'sneekers', {}, ['sneekers'])).toMatchObject({ matched: { written: ['sneekers~sneakers'] }, missing: [], weak: false, grounds: true });
    expect(covers(hit, 'sneekers')).toMatchObject({ matched: { written: [] }, missing: ['sneekers'], weak: true });
  });

  it('a word that the model knows is no misspelling of another one', () => {
    const hit = covers(asset({ caption: 'A boot' }), 'boat', { concepts: [boat] }, ['boat']);
    expect(hit).toMatchObject({ matched: { written: ['boat~boot'] }, missing: ['boat'], weak: true, grounds: false });
  });

  it('finds words of scripts without spaces inside a longer run', () => {
    expect(covers(asset({ caption: '夜の東京タワーと川' }), '東京タワー')).toMatchObject({ missing: [], weak: false });
    expect(covers(asset({ caption: '夜の京都' }), '東京')).toMatchObject({ missing: ['東京'], weak: true });
  });

  it('finds words without regard to accents, case and possessive endings', () => {
    expect(covers(asset({ caption: "The café's CREPES" }), 'cafe crêpe').missing).toEqual([]);
  });
});

describe('the noun that decides', () => {
  const dog = concept('dog', 1);
  const beach = concept('beach', 2);
  it.each([
    ['the last noun of the first phrase', 'a brown dog on a beach', [[2, 0.9]], true],
    ['not what is said about it', 'a brown dog on a beach', [[1, 0.9]], false],
    ['each of those joined by "and"', 'dog and beach', [[2, 0.9]], false],
    ['not what frames it', 'a close view of a dog', [[1, 0.9]], false],
    ['not a request', 'find me a dog', [[1, 0.9]], false],
    ['another known noun where the model knows none of the first', 'a landscape with a dog', [[1, 0.9]], false],
  ] as [string, string, [number, number][], boolean][])('%s: %s', (_, text, classes, weak) => {
    const concepts = [dog, beach].filter(({ word }) => text.includes(word));
    expect(covers(asset(seen(classes)), text, { concepts }).weak).toBe(weak);
  });

  it('an irregular plural is the noun that the model read it as', () => {
    const wolf = concept('wolf', 3);
    expect(covers(asset(seen([[3, 0.9]])), 'three wolves', { concepts: [wolf], unknownWords: [] }).missing).toEqual(['three']);
    expect(covers(asset({ caption: 'A wolf' }), 'wolves', { concepts: [wolf] })).toMatchObject({ missing: [], grounds: true });
    expect(readQuestion('wolves', understood({ concepts: [wolf] })).words).toEqual(['wolves', 'wolf']);
  });

  it("another name of a colour is that colour, or the word in a person's text", () => {
    const query = { colours: ['blue'] };
    expect(covers(asset(seen([], [['blue', 0.4]])), 'navy', query)).toMatchObject({ matched: { seen: { blue: 0.4 } }, missing: [], weak: false });
    expect(covers(asset({ caption: 'A navy coat' }), 'navy', query)).toMatchObject({ matched: { written: ['blue'] }, missing: [] });
  });

  it('function words alone ask for nothing', () => {
    expect(covers(asset({ caption: 'One of a kind' }), 'of a')).toMatchObject({ weak: true, grounds: false });
  });

  it('words that take away are named, whatever their spelling, but "no" before a number', () => {
    expect(readQuestion("shoes without laces, not red, isn't new", understood()).negations).toEqual(['without', 'not', "isn't"]);
    expect(readQuestion('perfume no 5', understood()).negations).toEqual([]);
    expect(readQuestion('sky with no clouds', understood()).negations).toEqual(['no']);
  });
});

describe('the share of the words that is written', () => {
  const share = (fields: Partial<Asset>, text: string) => writtenShare(textsOf(asset(fields)), readQuestion(text, understood()));

  it('counts a word in the file name half, and function words not at all', () => {
    expect(share({ name: 'dog.jpg' }, 'the dog on a beach')).toBe(0.25);
    expect(share({ caption: 'Dogs at the beach' }, 'the dog on a beach')).toBe(1);
  });
});

describe('untrusted text', () => {
  it('loses escapes, control, zero-width and bidirectional characters and is capped', () => {
    expect(cleanText('\u001b[31mred\u001b[0m\u202e gnp.exe\u200b\n\tline', 100)).toBe('red gnp.exe line');
    expect(cleanText('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
  });

  it('tags are lower case and unique', () => expect(cleanTags(['Red', 'red ', '\u0000', 'BLUE'])).toEqual(['red', 'blue']));
});
