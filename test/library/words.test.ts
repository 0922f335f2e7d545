import { describe, expect, it } from 'vitest';
import { contentWords, isOneTypo, lexicon, oneTypoAway } from '../../src/library/words.ts';

describe('one typo', () => {
  it.each([
    ['sneakers', 'sneekers'],
    ['boat', 'bat'],
    ['boat', 'boats'],
    ['boat', 'aboat'],
    ['boat', 'baot'],
    ['boat', 'boar'],
  ])('is between %s and %s', (a, b) => {
    expect(isOneTypo(a, b)).toBe(true);
    expect(isOneTypo(b, a)).toBe(true);
  });

  it.each([
    ['boat', 'boat'],
    ['boat', 'btao'],
    ['boat', 'coal'],
    ['boat', 'boating'],
    ['', 'ab'],
  ])('is not between %s and %s', (a, b) => expect(isOneTypo(a, b)).toBe(false));

  it('is looked for in words of four letters or more, also between their stems', () => {
    const words = lexicon(['cat and running shoes']);
    expect(oneTypoAway(words, 'car')).toBeUndefined();
    expect(oneTypoAway(words, 'shoos')).toBe('shoes');
    expect(oneTypoAway(words, 'runnig')).toBe('running');
  });
});

it('content words are those that are not only grammar, or all where there is nothing else', () => {
  expect(contentWords('the dog on a beach')).toEqual(['dog', 'beach']);
  expect(contentWords('The Who')).toEqual(['the', 'who']);
});
