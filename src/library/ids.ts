import { randomBytes } from 'node:crypto';

/** Crockford's base 32 in lower case: no i, l, o or u (https://www.crockford.com/base32.html, read 2026-11). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A random, unguessable id such as `img_7k2…`: 100 bits after the prefix. */
export function newId(prefix: 'img' | 'vid' | 'job' | 'take' | 'rep'): string {
  const bytes = randomBytes(20);
  return `${prefix}_${Array.from(bytes, (byte) => ALPHABET[byte & 31]).join('')}`;
}
