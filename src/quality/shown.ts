/** Rows of the sheet; of longer storyboards the worst shots are shown. */
export const MOST_ROWS = 12;

/** Numbers of the shots, counted from 1, runs shortened: `1-3, 7`; empty for checks of the whole clip. */
export function shotNumbers(checks: readonly { shot?: number }[]): string {
  const numbers = [...new Set(checks.flatMap((check) => (check.shot === undefined ? [] : [check.shot + 1])))].sort((a, b) => a - b);
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  const ends = numbers.filter((number) => !numbers.includes(number + 1));
  return starts.map((start, i) => (start === ends[i] ? `${start}` : `${start}-${ends[i]}`)).join(', ');
}
