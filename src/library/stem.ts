const isVowelAt = (word: string, at: number): boolean => {
  const letter = word[at];
  return 'aeiou'.includes(letter) || (letter === 'y' && at > 0 && !isVowelAt(word, at - 1));
};

/** Number of vowel-consonant sequences, Porter's m. */
function measure(word: string): number {
  let sequences = 0;
  for (let at = 1; at < word.length; at++) if (!isVowelAt(word, at) && isVowelAt(word, at - 1)) sequences++;
  return sequences;
}

/** A y counts but at the start. */
const hasVowel = (word: string): boolean => /[aeiou]|(?<=[^aeiou])y/.test(word);

/** Ends consonant, vowel, consonant, the last not w, x or y: Porter's *o. */
function endsShort(word: string): boolean {
  const last = word.length - 1;
  return last > 1 && !isVowelAt(word, last) && isVowelAt(word, last - 1) && !isVowelAt(word, last - 2) && !'wxy'.includes(word[last]);
}

type Rule = [ending: string, replacement: string];

/** The first ending that the word has decides, whether or not its stem is long enough. */
function replaceEnding(word: string, rules: readonly Rule[], isLongEnough: (stem: string) => boolean): string {
  for (const [ending, replacement] of rules) {
    if (word.length <= ending.length || !word.endsWith(ending)) continue;
    const rest = word.slice(0, -ending.length);
    // Only step 4 takes off "-ion", and there after s or t alone.
    if (ending === 'ion' && !/[st]$/.test(rest)) return word;
    return isLongEnough(rest) ? rest + replacement : word;
  }
  return word;
}

const rules = (list: string): Rule[] => list.split(' ').map((pair) => pair.split('>') as Rule);

const STEP_2 = rules(
  'ational>ate tional>tion enci>ence anci>ance izer>ize logi>log bli>ble alli>al entli>ent eli>e ousli>ous ization>ize ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble',
);
const STEP_3 = rules('ical>ic ness> icate>ic iciti>ic ful> ative> alize>al');
const STEP_4 = rules('al> ance> ence> er> ic> able> ible> ant> ement> ment> ent> ion> ou> ism> ate> iti> ous> ive> ize>');

function withoutPlural(word: string): string {
  if (/(?:ss|i)es$/.test(word) && word.length > 3) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

function withoutPast(word: string): string {
  if (word.endsWith('eed') && word.length > 3) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const rest = word.replace(/(?:ed|ing)$/, '');
  if (rest === word || !hasVowel(rest)) return word;
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (/([^aeioulsz])\1$/.test(rest)) return rest.slice(0, -1);
  return measure(rest) === 1 && endsShort(rest) ? `${rest}e` : rest;
}

function withoutFinalE(word: string): string {
  if (!word.endsWith('e')) return word;
  const rest = word.slice(0, -1);
  return measure(rest) > 1 || (measure(rest) === 1 && !endsShort(rest)) ? rest : word;
}

/**
 * The stem of an English word in lower case, so that "boxes" and "box" compare as equal. M. F. Porter, "An algorithm for suffix stripping",
 * Program 14(3), 1980, as SQLite's FTS5 has it (sqlite.org/fts5.html#porter_tokenizer, read 2026-11): words shorter than 3 characters stay.
 */
export function stem(word: string): string {
  if (word.length < 3) return word;
  const known = stems.get(word);
  if (known !== undefined) return known;
  if (stems.size >= MOST_STEMS) stems.clear();
  const found = stemOf(word);
  stems.set(word, found);
  return found;
}

/** Words of captions come again and again, and a search reads dozens of captions. */
const stems = new Map<string, string>();
const MOST_STEMS = 20_000;

function stemOf(word: string): string {
  let stemmed = withoutPast(withoutPlural(word));
  if (stemmed.endsWith('y') && hasVowel(stemmed.slice(0, -1))) stemmed = `${stemmed.slice(0, -1)}i`;
  stemmed = replaceEnding(stemmed, STEP_2, (rest) => measure(rest) > 0);
  stemmed = replaceEnding(stemmed, STEP_3, (rest) => measure(rest) > 0);
  stemmed = replaceEnding(stemmed, STEP_4, (rest) => measure(rest) > 1);
  stemmed = withoutFinalE(stemmed);
  return stemmed.endsWith('ll') && measure(stemmed.slice(0, -1)) > 1 ? stemmed.slice(0, -1) : stemmed;
}
