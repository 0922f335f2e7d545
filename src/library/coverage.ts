import type { Asset, SeenQuery } from '../ports.ts';

/** Below this probability what the pixels say is shown as weak (measured on 108 pictures: no absent noun scored above .15). */
const WEAK_BELOW = 0.15;

/** Weight from which a concept stands for the word itself; under it, only for something close. */
export const KNOWN_WEIGHT = 0.7;

/** Least centre-weighted share of a colour that counts as seen: a tenth of the short side squared, a small but visible patch. */
const COLOUR_SHARE = 0.01;

/** English function words: they match every caption and say nothing. */
const FUNCTION_WORDS = new Set(
  'a an and are as at be by for from has have in into is it its of on or that the their them then there these this those to was were where which while with without'.split(
    ' ',
  ),
);

/** What of a query an asset answers. */
export interface Coverage {
  /** Words and phrases that stand in its text or are seen in it. */
  found: string[];
  /** Words and phrases that do neither. */
  missing: string[];
  /** True where no thing that was asked for is found (a matching colour alone does not make a submarine). */
  weak: boolean;
}

/** The words of a query that carry meaning, in lower case; all words where only function words were given. */
export function contentWords(text: string): string[] {
  const words = tokens(text);
  const content = words.filter((word) => !FUNCTION_WORDS.has(word));
  return content.length > 0 ? content : words;
}

/** Holds a query against an asset's name, caption and tags and against what was seen in it. */
export function coverage(asset: Asset, query: SeenQuery, text: string): Coverage {
  const written = new Set([asset.name, asset.caption ?? '', ...asset.tags].flatMap(tokens).map(stem));
  const isWritten = (phrase: string) => tokens(phrase).every((word) => written.has(stem(word)));
  const shares = new Map(asset.seen?.colours ?? []);
  const colours = query.colours.map((colour) => ({ word: colour, found: isWritten(colour) || (shares.get(colour) ?? 0) >= COLOUR_SHARE }));
  const known = query.concepts.map((concept) => ({ word: concept.word, found: isWritten(concept.word) || isSeen(asset, concept) }));
  const unknown = query.unknownWords.map((word) => ({ word, found: isWritten(word) }));
  const named = new Set([...query.colours, ...query.concepts.map((concept) => concept.word), ...query.unknownWords].flatMap(tokens).map(stem));
  const others = contentWords(text)
    .filter((word) => !named.has(stem(word)))
    .map((word) => ({ word, found: isWritten(word) }));
  const things = [...known, ...unknown];
  const all = [...things, ...colours, ...others];
  const deciding = things.length > 0 ? things : all;
  return {
    found: distinct(all.filter((word) => word.found)),
    missing: distinct(all.filter((word) => !word.found)),
    weak: !hasContent(text) || !deciding.some((word) => word.found),
  };
}

/** Function words alone ask for nothing. */
const hasContent = (text: string): boolean => tokens(text).some((word) => !FUNCTION_WORDS.has(word));

/** Share 0..1 of the query's content words that stand in the asset's texts; a word only in the file name counts half, since names are often accidents. */
export function writtenShare(asset: Asset, text: string): number {
  const words = contentWords(text).map(stem);
  const described = new Set([asset.caption ?? '', ...asset.tags].flatMap(tokens).map(stem));
  const named = new Set(tokens(asset.name).map(stem));
  return words.reduce((sum, word) => sum + (described.has(word) ? 1 : named.has(word) ? 0.5 : 0), 0) / Math.max(1, words.length);
}

/** A neighbour (weight under `KNOWN_WEIGHT`) is never a confident hit, however probable. */
function isSeen(asset: Asset, concept: SeenQuery['concepts'][number]): boolean {
  return concept.weight >= KNOWN_WEIGHT && conceptProbability(asset, concept) >= WEAK_BELOW;
}

/** Probability 0..1 that the concept is in the picture, from the stored classes. */
export function conceptProbability(asset: Asset, concept: SeenQuery['concepts'][number]): number {
  const probabilities = new Map(asset.seen?.classes ?? []);
  return Math.min(
    1,
    concept.classes.reduce((sum, [index, weight]) => sum + weight * (probabilities.get(index) ?? 0), 0),
  );
}

const distinct = (words: { word: string }[]): string[] => [...new Set(words.map(({ word }) => word))];

const tokens = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** English plural and -ing/-ed endings off, enough for comparing two words. */
function stem(word: string): string {
  if (word.length < 4) return word;
  return word
    .replace(/(?:ies|y)$/, 'i')
    .replace(/(?:sses|ss)$/, 'ss')
    .replace(/(?<=x|ch|sh)es$/, '')
    .replace(/(?<!s)s$/, '')
    .replace(/(?:ing|ed|e)$/, '');
}
