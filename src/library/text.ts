// Control characters, ANSI escapes, zero-width and bidirectional marks: what could hide text from a reader or steer a terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu;

/** Untrusted text as one clean, capped line: hidden characters removed, white space collapsed, at most `maxLength` characters. */
export function cleanText(value: string, maxLength: number): string {
  const clean = value.replace(ESCAPES, '').replace(HIDDEN, ' ').replace(/\s+/g, ' ').trim();
  const characters = Array.from(clean);
  return characters.length <= maxLength ? clean : `${characters.slice(0, maxLength - 1).join('')}…`;
}

/** `cleanText` for optional values; empty becomes `undefined`. */
export function cleanOptional(value: string | undefined, maxLength: number): string | undefined {
  return value === undefined ? undefined : cleanText(value, maxLength) || undefined;
}

/** Tags: cleaned, lower case, without duplicates, at most 32 of 40 characters. */
export function cleanTags(tags: string[]): string[] {
  return [...new Set(tags.map((tag) => cleanText(tag, 40).toLowerCase()).filter(Boolean))].slice(0, 32);
}
