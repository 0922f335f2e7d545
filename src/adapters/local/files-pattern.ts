import { AppError } from '../../errors.ts';
import { shown } from './files-refusals.ts';

/** Longest pattern in characters, also with its `{a,b}` written out: what a person writes needs far less, and it bounds the time that a name takes. */
const MAX_LENGTH = 4000;

const MAGIC = /[*?[\]{}]/;

/** True where a name could be meant as a pattern. */
export function isMagic(name: string): boolean {
  return MAGIC.test(name);
}

/** One name of a path, `**` (any folders, also none) or what a name must look like: single characters, classes, and `*`. */
type Part = '**' | Piece[];
type Piece = '*' | ((character: string) => boolean);

/** A pattern over the names of a path below its folder. */
export interface PathPattern {
  /** Whether a file with these names (folders first) matches. */
  matches(names: string[]): boolean;
  /** What could match below a folder with these names, as a text that is the same for the same; `undefined` where nothing could. */
  below(names: string[]): string | undefined;
}

/**
 * Parses the names of a glob pattern: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}` (may be nested), and `**` as a whole name; wildcards never match a
 * leading dot, because hidden files are left out. Matching walks states and never backtracks, so it takes time in proportion to pattern
 * times name whatever either holds. INVALID_INPUT over the limits or with a brace that is not closed.
 */
export function parsePattern(names: string[], options: { ignoreCase: boolean }): PathPattern {
  const text = names.join('/');
  if (text.length > MAX_LENGTH) throw wrong(text, `has more than ${MAX_LENGTH} characters`);
  const fold = (name: string) => (options.ignoreCase ? name.toLowerCase() : name).normalize('NFC');
  const alternatives = expand(fold(text)).map((alternative) => alternative.split('/').filter(Boolean).map(parseName));
  return {
    matches(given) {
      const folded = given.map(fold);
      return alternatives.some((parts) => advance(parts, folded).has(parts.length));
    },
    below(given) {
      const folded = given.map(fold);
      const open = alternatives.map((parts) => [...advance(parts, folded)].filter((state) => state < parts.length).join(','));
      return open.some(Boolean) ? open.join(';') : undefined;
    },
  };
}

function wrong(pattern: string, what: string): AppError {
  return new AppError('INVALID_INPUT', `The pattern '${shown(pattern)}' ${what}.`, {
    hint: 'For instance ~/Pictures/**/*.{jpg,png}, or give the folder itself.',
  });
}

/** `{a,b}` written out, outermost first. */
function expand(pattern: string): string[] {
  const done: string[] = [];
  const todo = [pattern];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const braces = outermostBraces(next, pattern);
    if (!braces) done.push(next);
    else {
      const [head, tail] = [next.slice(0, braces.start), next.slice(braces.end + 1)];
      todo.push(...braces.choices.map((choice) => head + choice + tail).reverse());
    }
    if ([...done, ...todo].reduce((sum, { length }) => sum + length, 0) > MAX_LENGTH) throw wrong(pattern, 'stands for too many patterns');
  }
  return done;
}

function outermostBraces(text: string, pattern: string): { start: number; end: number; choices: string[] } | undefined {
  const start = text.indexOf('{');
  if (start < 0) return undefined;
  const choices: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}') depth--;
    if (depth > 0 && !(depth === 1 && text[at] === ',')) continue;
    choices.push(text.slice(from, at));
    from = at + 1;
    if (depth === 0) return { start, end: at, choices };
  }
  throw wrong(pattern, "has a '{' without its '}'");
}

function parseName(name: string): Part {
  if (name === '**') return '**';
  const pieces: Piece[] = [];
  const characters = Array.from(name);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    const end = character === '[' ? classEnd(characters, at) : -1;
    if (character === '*') {
      if (pieces.at(-1) !== '*') pieces.push('*');
    } else if (character === '?') pieces.push(() => true);
    else if (end > 0) {
      pieces.push(characterClass(characters.slice(at + 1, end)));
      at = end;
    } else pieces.push((other) => other === character);
  }
  return pieces;
}

/** Where `[...]` ends; a `]` right after the start (or after `!`) belongs to it; -1 where it is not closed and so is an ordinary character. */
function classEnd(characters: string[], start: number): number {
  const first = start + (/[!^]/.test(characters[start + 1] ?? '') ? 2 : 1);
  return characters.indexOf(']', first + 1);
}

function characterClass(content: string[]): (character: string) => boolean {
  const negated = content[0] === '!' || content[0] === '^';
  const members = negated ? content.slice(1) : content;
  const ranges: [string, string][] = [];
  for (let at = 0; at < members.length; at++) {
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    ranges.push([members[at], isRange ? members[at + 2] : members[at]]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([low, high]) => low <= character && character <= high) !== negated;
}

/** The positions in `parts` that may be reached after these names. */
function advance(parts: Part[], names: string[]): Set<number> {
  let states = skipAnyFolders(parts, new Set([0]));
  for (const name of names) {
    const next = new Set<number>();
    for (const state of states) {
      const part = parts[state];
      if (part === '**') next.add(state);
      else if (part && matchesName(part, name)) next.add(state + 1);
    }
    states = skipAnyFolders(parts, next);
  }
  return states;
}

/** `**` may stand for no folder at all; at the end of a pattern it stands for everything below. */
function skipAnyFolders(parts: Part[], states: Set<number>): Set<number> {
  for (const state of states) if (parts[state] === '**') states.add(state + 1);
  return states;
}

function matchesName(pieces: Piece[], name: string): boolean {
  const after = (states: Set<number>) => {
    for (const state of states) if (pieces[state] === '*') states.add(state + 1);
    return states;
  };
  let states = after(new Set([0]));
  for (const character of name) {
    const next = new Set<number>();
    for (const state of states) {
      const piece = pieces[state];
      if (piece === '*') next.add(state);
      else if (piece?.(character)) next.add(state + 1);
    }
    states = after(next);
  }
  return states.has(pieces.length);
}
