import { readFile } from 'node:fs/promises';
import { AppError } from '../../../errors.ts';
import type { Concept } from '../../../ports.ts';

/** concepts.json as it is in the package. */
interface ConceptFile {
  /** Names of the ImageNet-1k classes in the model's order. */
  classes: string[];
  /** Sets of class indices. */
  sets: number[][];
  /** For an English noun or phrase: [set, weight]; 1 = is a kind of, less = a neighbour. */
  concepts: Record<string, [set: number, weight: number][]>;
}

/** Weight from which a noun counts as known: below it the classes only stand near it in WordNet. */
export const KNOWN_WEIGHT = 0.7;

/** The nouns that the model's classes stand for. */
export interface ConceptTable {
  classNames: readonly string[];
  /** The noun or phrase as written in the table; `undefined` where it is not there. */
  find(word: string): Concept | undefined;
  /** Class sets that have an everyday name ("dog": 118 breeds), smallest first. */
  namedSets(): readonly NamedSet[];
}

export interface NamedSet {
  word: string;
  classes: readonly number[];
}

/** Reads and parses the table at the first call (0.4 MB), once. MISCONFIGURED where it is not there. */
export function createConcepts(path: string): () => Promise<ConceptTable> {
  let loading: Promise<ConceptTable> | undefined;
  return () => {
    loading ??= load(path).catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

async function load(path: string): Promise<ConceptTable> {
  let file: ConceptFile;
  try {
    file = JSON.parse(await readFile(path, 'utf8')) as ConceptFile;
  } catch (cause) {
    throw new AppError('MISCONFIGURED', 'The table of nouns (models/concepts.json) cannot be read.', {
      hint: 'Install the package again; models/ belongs to it.',
      cause,
    });
  }
  const own = new Map(file.classes.map((name, index) => [name.toLowerCase(), index]));
  let named: NamedSet[] | undefined;
  return {
    classNames: file.classes,
    find(word) {
      if (Object.hasOwn(file.concepts, word)) return expand(word, file.concepts[word], file.sets);
      const index = own.get(word);
      return index === undefined ? undefined : { word, weight: 1, classes: [[index, 1]] };
    },
    namedSets() {
      named ??= nameSets(file);
      return named;
    },
  };
}

/** Each class with the largest weight of the sets that hold it. */
function expand(word: string, sets: [set: number, weight: number][], members: number[][]): Concept {
  const weights = new Map<number, number>();
  for (const [set, weight] of sets) {
    for (const index of members[set]) weights.set(index, Math.max(weights.get(index) ?? 0, weight));
  }
  return { word, weight: Math.max(...sets.map(([, weight]) => weight)), classes: [...weights] };
}

/** Sets wider than this ("artifact", "device", "animal") say too little; "dog" has 118 classes. */
const WIDEST_SET = 120;

/** A word that so many phrases of the table end in ("guide dog", "toy dog") is an everyday one; "canis familiaris" is not. */
const COMMON = 3;

/** Names for sets whose everyday word is known: of the words whose first sense is the set, the one that most phrases end in. */
function nameSets(file: ConceptFile): NamedSet[] {
  const phrases = phrasesEndingIn(Object.keys(file.concepts));
  const best = new Map<number, string>();
  for (const [word, [[set, weight]]] of Object.entries(file.concepts)) {
    const uses = phrases.get(word) ?? 0;
    const size = file.sets[set].length;
    if (weight < 1 || uses < COMMON || size < 2 || size > WIDEST_SET) continue;
    const known = best.get(set);
    if (known === undefined || uses > (phrases.get(known) ?? 0)) best.set(set, word);
  }
  return [...best].map(([set, word]) => ({ word, classes: file.sets[set] })).sort((a, b) => a.classes.length - b.classes.length);
}

function phrasesEndingIn(words: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const phrase of words.filter((word) => word.includes(' '))) {
    const last = phrase.slice(phrase.lastIndexOf(' ') + 1);
    counts.set(last, (counts.get(last) ?? 0) + 1);
  }
  return counts;
}
