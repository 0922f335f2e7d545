/** Spaces of all kinds, composed characters and case made equal: macOS writes U+202F into the names of screenshots, and decomposed accents into all names. */
function fold(name: string): string {
  return name.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase();
}

/** The only name that is written the same apart from spaces, composition and case. */
export function twinOf(name: string, names: string[]): string | undefined {
  const twins = names.filter((other) => fold(other) === fold(name));
  return twins.length === 1 ? twins[0] : undefined;
}

/** Compared in full; more files are not worth the time. */
const MAX_NAMES = 5000;
/** Chosen by trying: `cat` and `cat2` have .67, `beach` and `sunset beach` .53, `shoes` and `red shoes 4` .44, `cat` and `dog` 0. */
const MIN_LIKENESS = 0.35;

/** At most three names that look like the given one, best first: Dice's coefficient over letter pairs (Dice 1945), endings left out. */
export function similarNames(name: string, names: string[]): string[] {
  const wanted = pairs(name);
  return names
    .slice(0, MAX_NAMES)
    .map((other) => ({ other, likeness: dice(wanted, pairs(other)) }))
    .filter(({ likeness }) => likeness >= MIN_LIKENESS)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, 3)
    .map(({ other }) => other);
}

function pairs(name: string): Set<string> {
  const stem = `^${fold(name).replace(/\.[^.]*$/, '')}$`.slice(0, 120);
  return new Set(Array.from({ length: stem.length - 1 }, (_, i) => stem.slice(i, i + 2)));
}

function dice(a: Set<string>, b: Set<string>): number {
  const shared = [...a].filter((pair) => b.has(pair)).length;
  return (2 * shared) / (a.size + b.size);
}
