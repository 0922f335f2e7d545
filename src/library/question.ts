import type { Concept, SeenQuery } from '../ports.ts';
import { stem } from './stem.ts';
import { contentWords, isFunctionWord, negations, wordsOf } from './words.ts';

/** Weight from which a concept stands for the word itself; under it, only for something close. */
export const KNOWN_WEIGHT = 0.7;

/** One word or phrase that a query asks for. */
export interface Term {
  /** As in the model's table where it knows the word, else as asked. */
  word: string;
  /** How it may be written; each counts. */
  forms: string[];
  /** What it looks like, where the model has a notion of it. */
  concept?: Concept;
  colour?: string;
}

/** A query taken apart. */
export interface Question {
  terms: Term[];
  /** Those of the terms that a hit must have to be what was asked for: in "red shoes on a beach", the shoes. */
  decisive: Term[];
  /** Its words that the full-text search looks for. */
  words: string[];
  /** Words such as "without" that search does not understand. */
  negations: string[];
}

type Item = { term: Term } | { functionWord: string };

/** Verbs that a request to search begins with ("find me a dog"): they are not looked for in front of a function word. */
const REQUESTS = new Set('find show search look looking want need get give display'.split(' '));

/** Takes a query apart, with what the model understood of it. */
export function readQuestion(query: string, understood: SeenQuery): Question {
  const clauses = query.split(/[,;:!?()"]+|\.(?=\s|$)/).map((clause) => wordsOf(clause).map(({ text }) => text));
  const read = reader(clauses.flat(), understood);
  const items = clauses.map((words) => read(words));
  const terms = items.flat().flatMap((item) => ('term' in item ? [item.term] : []));
  // A colour that no word of the query was recognised as ("navy and beige") is looked for all the same.
  const unread = understood.colours
    .filter((colour) => !terms.some((term) => term.colour === colour))
    .map((colour) => ({ word: colour, forms: [colour], colour }));
  const all = distinct([...terms, ...unread]);
  const asksForNothing = !wordsOf(query).some(({ text }) => !isFunctionWord(text));
  return { terms: all, decisive: asksForNothing ? [] : decisiveOf(items, all), words: searchedWords(query, all), negations: negations(query) };
}

export const isKnown = ({ concept }: Term): boolean => concept !== undefined && concept.weight >= KNOWN_WEIGHT;

/** A word that the model knows, or a colour: no misspelling of another word. */
export const isVocabulary = (term: Term): boolean => isKnown(term) || term.colour !== undefined;

/** Reads clauses: phrases that the model knows first, then colours, grammar, and other words. */
function reader(allWords: string[], { concepts, colours, unknownWords }: SeenQuery): (words: string[]) => Item[] {
  const known = concepts.map((concept) => ({ concept, stems: wordsOf(concept.word).map(({ text }) => stem(text)) }));
  const matchAt = (words: string[], at: number) =>
    known
      .filter(({ stems }) => stems.every((stemmed, offset) => stemmed === stem(words[at + offset] ?? '')))
      .sort((a, b) => b.stems.length - a.stems.length)[0];
  // What no word spells: irregular plurals ("mice": mouse), which keep their first letter, and other names of a colour ("navy").
  const unspelt = known.filter((entry) => !allWords.some((_, at) => matchAt(allWords, at) === entry));
  const unspeltColours = colours.filter((colour) => !allWords.includes(colour));
  const unknown = new Set(unknownWords.flatMap(wordsOf).map(({ text }) => text));
  const isUnread = (word: string) => !unknown.has(word) && !isFunctionWord(word) && !colours.includes(word);
  const leftOver = allWords.filter((word, at) => isUnread(word) && !matchAt(allWords, at) && !unspelt.some(({ concept }) => concept.word[0] === word[0]));

  return (words) => {
    const items: Item[] = [];
    for (let at = 0; at < words.length; at++) {
      const word = words[at];
      const match = matchAt(words, at) ?? (isUnread(word) ? unspelt.find(({ concept }) => concept.word[0] === word[0]) : undefined);
      const synonym = leftOver.length === unspeltColours.length ? unspeltColours[leftOver.indexOf(word)] : undefined;
      const colour = colours.includes(word) ? word : synonym;
      if (match) {
        const spelt = words.slice(at, at + match.stems.length).join(' ');
        items.push({ term: { word: match.concept.word, forms: [match.concept.word, spelt], concept: match.concept } });
        at += match.stems.length - 1;
      } else if (colour) items.push({ term: { word: colour, forms: [colour, word], colour } });
      else if (isFunctionWord(word) || (at === 0 && REQUESTS.has(word) && isFunctionWord(words[1] ?? ''))) items.push({ functionWord: word });
      else items.push({ term: { word, forms: [word] } });
    }
    return items;
  };
}

/**
 * The nouns that the query is about: the last noun of each clause's first phrase and of those joined to it by "and" or "or". Where the model
 * knows none of them, any other noun that it knows counts too: it cannot tell whether "a landscape" is there, but the sheep in it.
 */
function decisiveOf(clauses: Item[][], terms: Term[]): Term[] {
  const heads = clauses.flatMap(headsOf);
  const things = heads.filter((term) => term.colour === undefined);
  if (things.some(isKnown)) return things;
  const others = distinct([...things, ...terms.filter(isKnown)]);
  return others.length > 0 ? others : terms;
}

function headsOf(items: Item[]): Term[] {
  const heads: Term[] = [];
  let phrase: Term[] = [];
  let joined = true;
  const close = (next: string | undefined) => {
    if (phrase.length === 0) return;
    const noun = phrase.findLast(isKnown) ?? phrase.findLast((term) => !term.colour) ?? phrase[phrase.length - 1];
    // "A view of the sea": the view only frames it.
    const frames = next === 'of' && !isKnown(noun);
    if (joined && !frames) heads.push(noun);
    joined &&= frames || next === 'and' || next === 'or';
    phrase = [];
  };
  for (const item of items) {
    if ('term' in item) phrase.push(item.term);
    else close(item.functionWord);
  }
  close(undefined);
  return heads;
}

/** The content words, and the singular that the model's table has for an irregular plural. */
function searchedWords(query: string, terms: Term[]): string[] {
  const words = contentWords(query);
  const stems = new Set(words.map(stem));
  const singulars = terms.filter(({ concept }) => concept).flatMap(({ word }) => wordsOf(word).map(({ text }) => text));
  return [...new Set([...words, ...singulars.filter((word) => !stems.has(stem(word)))])];
}

function distinct(terms: Term[]): Term[] {
  return [...new Map(terms.map((term) => [term.word, term])).values()];
}
