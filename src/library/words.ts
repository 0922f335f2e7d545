import { stem } from './stem.ts';

/** Scripts written without spaces between words, or with endings glued on: compared by pairs of characters, as the full-text index does. */
const CONTINUOUS = ['Hani', 'Hira', 'Kana', 'Bopo', 'Hang', 'Thai', 'Laoo', 'Khmr', 'Mymr'].map((script) => `\\p{scx=${script}}`).join('');
const CHARACTER = '[\\p{L}\\p{N}\\p{M}]';
const WORD = new RegExp(`(?<run>(?:(?=${CHARACTER})[${CONTINUOUS}])+)|(?:(?![${CONTINUOUS}])${CHARACTER})+`, 'gu');
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const PLAIN = /^[\x00-\x7f]*$/;

/**
 * English words that only carry grammar: they stand in every caption and say nothing of the picture. Numerals are not among them ("two
 * boats"), nor words that also name things ("can", "light").
 */
const FUNCTION_WORDS = new Set(
  `a an the this that these those some any each every all both no not none never such same other another much many more most i me my you
  your he him his she her it its we us our they them their who whom whose which what where when why how and or but nor so if then than as
  because while although though of in on at by for from to with without into onto over under above below between behind beside near next
  against along across around through during before after about inside outside within toward towards up down off out is are was were be been
  being am do does did has have had having will would shall should could may might must there here very too also just only again please except
  excluding s t`.split(/\s+/),
);

/** What takes something away: search looks for what is there, so these are not understood. */
const NEGATIONS = new Set(['not', 'without', 'except', 'excluding', 'never', 'no', 'nor', 'none', "don't", "doesn't", "isn't", "aren't", "hasn't"]);

/** A word of a text in lower case without accents; a run is a stretch of a script that has no spaces. */
export interface Word {
  text: string;
  isRun: boolean;
}

/** The words of a text. */
export function wordsOf(text: string): Word[] {
  // Most texts are plain English, and dozens of them are read in a search.
  if (PLAIN.test(text)) return (withoutPossessives(text.toLowerCase()).match(/[a-z0-9]+/g) ?? []).map((word) => ({ text: word, isRun: false }));
  return [...fold(text).matchAll(WORD)].map((match) => ({ text: match[0], isRun: match.groups?.run !== undefined }));
}

const withoutPossessives = (text: string): string => (text.includes("'s") ? text.replace(/(?<=[a-z])'s(?![a-z])/g, '') : text);

/** Lower case, one form of each character, accents off where an alphabet has them as marks, no possessive endings. */
function fold(text: string): string {
  const marked = text.normalize('NFKD').replace(/(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{M}+/gu, '');
  return marked
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(?<=\p{L})['’]s(?!\p{L})/gu, '');
}

export const isFunctionWord = (word: string): boolean => FUNCTION_WORDS.has(word);

/** The words of a query that carry meaning; all of its words where only function words were given. */
export function contentWords(text: string): string[] {
  const words = wordsOf(text).map((word) => word.text);
  const content = words.filter((word) => !FUNCTION_WORDS.has(word));
  return content.length > 0 ? content : words;
}

/** Words of a query that take something away ("without"), as written, each once; "no" only before a word ("no 5" is a name). */
export function negations(query: string): string[] {
  const words =
    query
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{N}']+/gu) ?? [];
  const found = words.filter((word, at) => NEGATIONS.has(word) && (word !== 'no' || /^\p{L}/u.test(words[at + 1] ?? '')));
  return [...new Set(found)];
}

/** The words of a text for looking them up: stems with the word they come from, and single characters and pairs of runs. */
export function lexicon(texts: string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { text, isRun } of texts.flatMap(wordsOf)) {
    for (const term of isRun ? [...text, ...pairs(text)] : [stem(text)]) if (!found.has(term)) found.set(term, text);
  }
  return found;
}

/** True where every word of the phrase is in the lexicon; false for a phrase without a word. */
export function isIn(lexicon: ReadonlyMap<string, string>, phrase: string): boolean {
  const terms = wordsOf(phrase).flatMap(({ text, isRun }) => (!isRun ? [stem(text)] : Array.from(text).length > 1 ? pairs(text) : [text]));
  return terms.length > 0 && terms.every((term) => lexicon.has(term));
}

function pairs(run: string): string[] {
  const characters = Array.from(run);
  return characters.slice(1).map((character, at) => characters[at] + character);
}

/** Fewest letters of a word that may be mistyped (ports/catalog.ts, `match`). */
const SHORTEST_MISTYPED = 4;

/** The word of the lexicon that this one is one typo away from, itself or by its stem; `undefined` where there is none. */
export function oneTypoAway(lexicon: ReadonlyMap<string, string>, word: string): string | undefined {
  if (word.length < SHORTEST_MISTYPED) return undefined;
  const stemmed = stem(word);
  for (const [term, written] of lexicon) if (isOneTypo(word, written) || isOneTypo(stemmed, term)) return written;
  return undefined;
}

/** One letter added, left out or changed, or two neighbours swapped (Damerau 1964). */
export function isOneTypo(a: string, b: string): boolean {
  if (a.length > b.length) return isOneTypo(b, a);
  if (b.length - a.length > 1 || a === b) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  if (a.length < b.length) return a.slice(same) === b.slice(same + 1);
  if (a.slice(same + 1) === b.slice(same + 1)) return true;
  return a[same] === b[same + 1] && a[same + 1] === b[same] && a.slice(same + 2) === b.slice(same + 2);
}
