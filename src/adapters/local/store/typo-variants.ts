/** Letters that may be put into a word, by its script; for other scripts, those that the word has itself. */
const ALPHABETS: readonly (readonly [RegExp, string])[] = [
  [/\p{sc=Latin}/u, 'abcdefghijklmnopqrstuvwxyz'],
  [/\p{sc=Cyrillic}/u, 'абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў'],
  [/\p{sc=Greek}/u, 'αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ'],
  [/\p{sc=Hebrew}/u, 'אבגדהוזחטיךכלםמןנסעףפץצקרשת'],
  [/\p{sc=Arabic}/u, 'ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي'],
];
const LEAST_LETTERS = 4;
/** Longer ones are seldom words, and have very many variants. */
const MOST_LETTERS = 24;
const WORD = /^[\p{L}\p{M}]+$/u;

/** All strings one typo away from a word: one letter left out, added or changed, or two neighbours swapped (Damerau 1964); [] for what is no word of 4 to 24 letters. */
export function typoVariants(word: string): string[] {
  const letters = Array.from(word);
  if (letters.length < LEAST_LETTERS || letters.length > MOST_LETTERS || !WORD.test(word)) return [];
  const alphabet = new Set([...letters, ...ALPHABETS.filter(([script]) => script.test(word)).flatMap(([, all]) => Array.from(all))]);
  const found = new Set<string>();
  for (let at = 0; at <= letters.length; at++) {
    const before = letters.slice(0, at).join('');
    const after = letters.slice(at).join('');
    const [letter = '', next = ''] = letters.slice(at);
    const rest = letters.slice(at + 1).join('');
    for (const other of alphabet) {
      found.add(before + other + after);
      if (letter) found.add(before + other + rest);
    }
    if (letter) found.add(before + rest);
    if (next) found.add(before + next + letter + letters.slice(at + 2).join(''));
  }
  found.delete(word);
  return [...found];
}
