import type { Asset, Concept } from '../ports.ts';
import { isKnown, isVocabulary, type Question, type Term } from './question.ts';
import { isIn, lexicon, oneTypoAway } from './words.ts';

/**
 * Below this probability what the pixels say is shown as weak and grounds no video. Measured on 108 pictures under neutral names: no noun of
 * what is in none of them scored above; of 46 queries with right pictures a floor of .25 refuses no wrong first hit that .15 lets through.
 */
const SEEN_FROM = 0.15;

/** Least centre-weighted share of a colour that counts as seen: a tenth of the short side squared, a small but visible patch. */
const COLOUR_SHARE = 0.01;

/** The words of an asset by who wrote them: term as in `lexicon`. */
export interface AssetTexts {
  /** Caption (given or embedded in the file), tags and text attributes. */
  person: ReadonlyMap<string, string>;
  /** A caption that a model wrote. */
  model: ReadonlyMap<string, string>;
  name: ReadonlyMap<string, string>;
}

/** Where the words of a query were found. A corrected word is shown as `asked~written`. */
export interface Matched {
  /** Written by a person: caption, tags, text attributes. */
  written: string[];
  /** Only in a caption that a model wrote. */
  modelCaption: string[];
  /** Only in the file name. */
  fileName: string[];
  /** Seen by the vision model: probability of a thing, share of a colour. */
  seen: Record<string, number>;
}

/** What of a query an asset answers. */
export interface Coverage {
  matched: Matched;
  /** Words and phrases that are neither written nor seen. */
  missing: string[];
  /** True where no thing that was asked for is found (a matching colour alone does not make a submarine). */
  weak: boolean;
  /** True where what was asked for is clear enough to make a video from the asset unasked. */
  grounds: boolean;
}

/** The words of an asset. */
export function textsOf(asset: Asset): AssetTexts {
  const byModel = asset.captionOrigin === 'model';
  const attributes = Object.values(asset.attributes ?? {}).filter((value) => typeof value === 'string');
  const caption = asset.caption ?? '';
  return {
    person: lexicon([byModel ? '' : caption, ...asset.tags, ...attributes]),
    model: lexicon([byModel ? caption : '']),
    name: lexicon([asset.name]),
  };
}

const SOURCES = { written: 'person', modelCaption: 'model', fileName: 'name' } as const;
type Source = keyof typeof SOURCES;

/** Where a word stands, and as what; `typo` where only a word that is one letter off does. */
interface Written {
  source: Source;
  as: string;
  typo: boolean;
}

/** `absent`: words that no text of the collection has, so that they may be mistyped. */
function findWritten(texts: AssetTexts, forms: string[], absent: ReadonlySet<string>): Written | undefined {
  const sources = Object.keys(SOURCES) as Source[];
  for (const source of sources) if (forms.some((form) => isIn(texts[SOURCES[source]], form))) return { source, as: forms[0], typo: false };
  for (const source of sources) {
    for (const form of forms.filter((word) => absent.has(word))) {
      const written = oneTypoAway(texts[SOURCES[source]], form);
      if (written !== undefined) return { source, as: `${form}~${written}`, typo: true };
    }
  }
  return undefined;
}

/** Holds a query against an asset's texts and against what was seen in it. */
export function coverage(asset: Asset, question: Question, texts = textsOf(asset), absent: ReadonlySet<string> = new Set()): Coverage {
  const found = question.terms.map((term) => {
    const written = findWritten(texts, term.forms, absent);
    const seen = seenShare(asset, term, question);
    // A word that the model knows is no misspelling of another one: such a hit is shown, but proves nothing.
    const isWritten = written !== undefined && !(written.typo && isVocabulary(term));
    return { term, written, seen, isWritten, isSeen: seen !== undefined };
  });
  const isFound = (entry: (typeof found)[number]) => entry.isWritten || entry.isSeen;
  const decisive = found.filter(({ term }) => question.decisive.includes(term));
  const colours = found.filter(({ term }) => term.colour !== undefined);
  const bySource = (source: Source) => found.flatMap(({ written }) => (written?.source === source ? [written.as] : []));
  const byPerson = decisive.some(({ written, isWritten }) => isWritten && written?.source !== 'modelCaption');
  const clearlySeen = decisive.some(({ isSeen }) => isSeen) && colours.every(isFound);
  return {
    matched: {
      ...{ written: bySource('written'), modelCaption: bySource('modelCaption'), fileName: bySource('fileName') },
      seen: Object.fromEntries(found.flatMap(({ term, seen }) => (seen === undefined ? [] : [[term.word, seen]]))),
    },
    missing: found.filter((entry) => !isFound(entry)).map(({ term }) => term.word),
    weak: !decisive.some(isFound),
    grounds: byPerson || clearlySeen,
  };
}

/** Probability of a known thing from `SEEN_FROM`, share of a colour from `COLOUR_SHARE`; a neighbour of the word is never a sight of it. */
function seenShare(asset: Asset, term: Term, question: Question): number | undefined {
  if (term.concept) {
    const probability = isKnown(term) ? conceptProbability(asset, term.concept) : 0;
    return probability >= SEEN_FROM ? probability : undefined;
  }
  if (term.colour === undefined) return undefined;
  const share = colourShare(asset, term.colour, question);
  return share >= COLOUR_SHARE ? share : undefined;
}

/** Where a thing was asked for, its colour is that of what stands out ("red shoes": red where the shoes are). */
function colourShare(asset: Asset, colour: string, { terms }: Question): number {
  const ofThing = terms.some((term) => term.concept) ? asset.seen?.subjectColours : undefined;
  return new Map(ofThing ?? asset.seen?.colours).get(colour) ?? 0;
}

/** Probability 0..1 that the concept is in the picture, from the stored classes. */
export function conceptProbability(asset: Asset, concept: Concept): number {
  const probabilities = new Map(asset.seen?.classes ?? []);
  return Math.min(
    1,
    concept.classes.reduce((sum, [index, weight]) => sum + weight * (probabilities.get(index) ?? 0), 0),
  );
}

/** What a word in the file name counts beside one that was written about the picture: names are often accidents. */
const NAME_SHARE = 0.5;

/** Share 0..1 of the query's words that stand in the asset's texts, a mistyped one as what it was meant to be. */
export function writtenShare(texts: AssetTexts, question: Question, absent: ReadonlySet<string> = new Set()): number {
  const vocabulary = new Set(question.terms.filter(isVocabulary).flatMap(({ forms }) => forms));
  const shares = question.words.map((word) => {
    const written = findWritten(texts, [word], absent);
    return written === undefined || (written.typo && vocabulary.has(word)) ? 0 : written.source === 'fileName' ? NAME_SHARE : 1;
  });
  return shares.reduce((sum: number, share) => sum + share, 0) / Math.max(1, shares.length);
}

/** True where a text of the asset has the word. */
export function hasWord(texts: AssetTexts, word: string): boolean {
  return Object.values(SOURCES).some((source) => isIn(texts[source], word));
}

/** Words that none of the assets has, while one has a word that differs by a letter: they may be mistyped. */
export function suspects(assets: AssetTexts[], words: string[]): string[] {
  const isClose = (texts: AssetTexts, word: string) => Object.values(SOURCES).some((source) => oneTypoAway(texts[source], word) !== undefined);
  return words.filter((word) => !assets.some((texts) => hasWord(texts, word)) && assets.some((texts) => isClose(texts, word)));
}
