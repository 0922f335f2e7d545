/**
 * Scripts written without spaces between words, or with endings glued on: their runs are indexed as single characters and overlapping pairs, as Lucene's
 * CJKBigramFilter does (lucene.apache.org, analysis-common, class CJKBigramFilter), so that words of one and two characters are found too.
 */
const CONTINUOUS = ['Hani', 'Hira', 'Kana', 'Bopo', 'Hang', 'Thai', 'Laoo', 'Khmr', 'Mymr'].map((script) => `\\p{scx=${script}}`).join('');
const WORD_CHARACTER = '[\\p{L}\\p{N}\\p{M}]';
const TOKEN = new RegExp(`(?<run>(?:(?=${WORD_CHARACTER})[${CONTINUOUS}])+)|(?:(?![${CONTINUOUS}])${WORD_CHARACTER})+`, 'gu');
/** More words than a caption has; the rest of a query is left out. */
const MAX_QUERY_TERMS = 64;

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const PLAIN = /^[\x00-\x7f]*$/;

function* tokens(text: string): Generator<{ text: string; isRun: boolean }> {
  // Most texts are plain English; the expression with all scripts takes a hundred times as long.
  if (PLAIN.test(text)) {
    for (const word of text.match(/[A-Za-z0-9]+/g) ?? []) yield { text: word, isRun: false };
    return;
  }
  for (const match of text.normalize('NFKC').matchAll(TOKEN)) yield { text: match[0], isRun: match.groups?.run !== undefined };
}

function pairs(run: string): string[] {
  const characters = Array.from(run);
  return characters.slice(1).map((character, i) => characters[i] + character);
}

/** The text as words for the full-text index. */
export function indexedText(text: string): string {
  const words: string[] = [];
  for (const token of tokens(text)) {
    if (token.isRun) words.push(...Array.from(token.text), ...pairs(token.text));
    else words.push(token.text);
  }
  return words.join(' ');
}

/** The token that marks rows of a collection. */
export function scopeToken(collection: number): string {
  return `c${collection}`;
}

/** The words that a text asks for, each once, as the index has them (parts of runs as overlapping pairs); `canBeMistyped` where it stands between spaces. */
export function queryWords(text: string): { word: string; canBeMistyped: boolean }[] {
  const words = new Map<string, boolean>();
  for (const token of tokens(text)) {
    const found = token.isRun && Array.from(token.text).length > 1 ? pairs(token.text) : [token.text.toLowerCase()];
    for (const word of found) if (words.size < MAX_QUERY_TERMS) words.set(word, !token.isRun);
  }
  return Array.from(words, ([word, canBeMistyped]) => ({ word, canBeMistyped }));
}

/** An FTS5 query for rows with any (or all) of the words, each quoted so that nothing in it is syntax; with a collection, of that only. */
export function ftsQuery(words: readonly string[], { collection, isAll = false }: { collection?: number; isAll?: boolean } = {}): string {
  const any = `{name caption tags attributes} : (${words.map((word) => `"${word}"`).join(isAll ? ' AND ' : ' OR ')})`;
  return collection === undefined ? any : `scope : "${scopeToken(collection)}" AND ${any}`;
}
