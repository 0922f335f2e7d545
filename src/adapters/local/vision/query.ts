import type { Concept, SeenQuery } from '../../../ports.ts';
import { COLOUR_NAMES } from './colour-names.ts';
import { type ConceptTable, KNOWN_WEIGHT } from './concepts.ts';

/** Longest phrase looked for, in words. */
const LONGEST_PHRASE = 3;

/**
 * Words that only carry grammar: articles, prepositions, pronouns, conjunctions, auxiliaries, determiners, numerals.
 * Words that also name things ("can", "camera", "light") are not among them.
 */
const FUNCTION_WORDS = new Set(
  `a an the this that these those some any each every all both no not none such same other another many much more most few several
  one two three four five six seven eight nine ten first second third i me my you your he him his she her it its we us our they them their
  who whom whose which what where when why how and or but nor so yet if then than as because while although though
  of in on at by for from to with without into onto over under above below between behind beside near next against along across around
  through during before after about inside outside within toward towards up down off out is are was were be been being am do does did
  has have had having will would shall should could may might must there here very too also just only again please s`.split(/\s+/),
);

/** Other names of the twelve colours (WordNet 3.0 lists them as kinds or spellings of these). */
const COLOUR_SYNONYMS: Readonly<Record<string, string>> = {
  gray: 'grey',
  silver: 'grey',
  violet: 'purple',
  magenta: 'pink',
  cyan: 'turquoise',
  teal: 'turquoise',
  aqua: 'turquoise',
  scarlet: 'red',
  crimson: 'red',
  navy: 'blue',
  gold: 'yellow',
  golden: 'yellow',
  beige: 'brown',
  tan: 'brown',
};

const COLOURS = new Map<string, string>([...COLOUR_NAMES.map((name): [string, string] => [name, name]), ...Object.entries(COLOUR_SYNONYMS)]);

/** English plurals that no ending tells. */
const IRREGULAR: Readonly<Record<string, string>> = {
  men: 'man',
  women: 'woman',
  children: 'child',
  people: 'person',
  feet: 'foot',
  teeth: 'tooth',
  geese: 'goose',
  mice: 'mouse',
  lice: 'louse',
  oxen: 'ox',
  dice: 'die',
};

/** "A photo of a dog" asks for a dog: such a noun only frames what follows "of". */
const FRAMES = new Set(['photo', 'photos', 'photograph', 'photographs', 'picture', 'pictures', 'image', 'images', 'shot', 'shots']);

/** Takes a query apart: colours, known nouns (longest phrases first, plurals undone) and what is not known. */
export function understandQuery(query: string, table: ConceptTable): SeenQuery {
  const words = tokens(query);
  const concepts = new Map<string, Concept>();
  const colours = new Set<string>();
  const unknownWords = new Set<string>();
  for (let at = 0; at < words.length; ) {
    const phrase = longestPhrase(words, at, table);
    if (phrase) {
      concepts.set(phrase.concept.word, phrase.concept);
      if (phrase.concept.weight < KNOWN_WEIGHT) unknownWords.add(words.slice(at, at + phrase.length).join(' '));
      at += phrase.length;
      continue;
    }
    const colour = COLOURS.get(words[at]);
    if (colour) colours.add(colour);
    else if (!isFrame(words, at)) addParts(words[at], table, concepts, unknownWords);
    at++;
  }
  return { concepts: [...concepts.values()], colours: [...colours], unknownWords: [...unknownWords] };
}

/** Lower-case words without accents; hyphens and apostrophes inside a word stay, numbers alone say nothing. */
function tokens(query: string): string[] {
  const plain = query
    .normalize('NFKD')
    .replace(/(?<=\p{Script=Latin})\p{M}+/gu, '')
    .replace(/[‘’]/g, "'")
    .toLowerCase();
  return (plain.match(/[\p{L}\p{N}\p{M}]+(?:['-][\p{L}\p{N}\p{M}]+)*/gu) ?? []).filter((word) => /\p{L}/u.test(word));
}

function longestPhrase(words: string[], at: number, table: ConceptTable): { concept: Concept; length: number } | undefined {
  for (let length = Math.min(LONGEST_PHRASE, words.length - at); length > 1; length--) {
    const phrase = words.slice(at, at + length);
    if (FUNCTION_WORDS.has(phrase[0]) || FUNCTION_WORDS.has(phrase[length - 1])) continue;
    const concept = findNoun(phrase.join(' '), table) ?? findNoun(phrase.join('-'), table);
    if (concept) return { concept, length };
  }
  const word = words[at];
  if (FUNCTION_WORDS.has(word) || COLOURS.has(word) || isFrame(words, at)) return undefined;
  const concept = findNoun(word, table);
  return concept && { concept, length: 1 };
}

const isFrame = (words: string[], at: number): boolean => FUNCTION_WORDS.has(words[at]) || (FRAMES.has(words[at]) && words[at + 1] === 'of');

/** A word that is not in the table as written: its parts, where it has some, else unknown. */
function addParts(word: string, table: ConceptTable, concepts: Map<string, Concept>, unknownWords: Set<string>): void {
  const possessive = word.replace(/'s?$/, '');
  const parts = word.includes('-') ? word.split('-') : [possessive];
  for (const part of parts) {
    if (FUNCTION_WORDS.has(part) || !/\p{L}/u.test(part)) continue;
    const concept = part === word ? undefined : findNoun(part, table);
    if (concept) concepts.set(concept.word, concept);
    if (!concept || concept.weight < KNOWN_WEIGHT) unknownWords.add(part);
  }
}

/** The noun as written, else in the singular. */
function findNoun(phrase: string, table: ConceptTable): Concept | undefined {
  for (const form of singulars(phrase)) {
    const concept = table.find(form);
    if (concept) return concept;
  }
  return undefined;
}

/** The phrase itself, then what it may be the plural of; the last word of a phrase carries the ending. */
function singulars(phrase: string): string[] {
  const start = phrase.lastIndexOf(' ') + 1;
  const before = phrase.slice(0, start);
  const word = phrase.slice(start);
  const forms = [word];
  if (Object.hasOwn(IRREGULAR, word)) forms.push(IRREGULAR[word]);
  if (/men$/.test(word)) forms.push(word.replace(/men$/, 'man'));
  if (/ies$/.test(word)) forms.push(word.replace(/ies$/, 'y'));
  if (/ves$/.test(word)) forms.push(word.replace(/ves$/, 'f'), word.replace(/ves$/, 'fe'));
  if (/(?:s|x|z|ch|sh|o)es$/.test(word)) forms.push(word.slice(0, -2));
  if (/[^s]s$/.test(word)) forms.push(word.slice(0, -1));
  return forms.map((form) => before + form);
}
