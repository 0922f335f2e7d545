import { AppError } from '../../../errors.ts';
import { latin1 } from './sniff.ts';

const HINT = 'Open the drawing in a drawing program, embed or remove what it refers to, export it as PNG and use that.';

/** Drawings are text; one larger than this is no drawing but embedded data (libxml2 caps a text node at 10 MB as well: XML_MAX_TEXT_LENGTH). */
const MAX_BYTES = 10_000_000;

/** What a drawing must not contain, and what to call it. Every pattern takes linear time. The drawing is read as latin-1: all the words looked for are ASCII. */
const FORBIDDEN: [pattern: RegExp, what: string][] = [
  [/<!ENTITY/i, 'entity declarations'],
  [/<!DOCTYPE[^<>]*\[/i, 'a DOCTYPE with declarations'],
  [/<\?xml-stylesheet/i, 'a style sheet from elsewhere'],
  [/@import/i, 'a style sheet from elsewhere'],
  [/<(?:[\w-]+:)?(?:image|feImage|foreignObject|include)\b/i, 'embedded or linked pictures or documents'],
];

/** Links (`<a href>`) are never followed, so they may point anywhere. */
const LINKS = /<a\s[^<>]*>/g;
/** The first character of what an `href` attribute (with any prefix) or a `url()` refers to: `#` is inside the drawing. */
const REFERENCES = /\bhref\s*=\s*["']\s*(.?)|url\(\s*(?:["']|&quot;|&apos;|&#3[49];)?\s*(.?)/gis;
/** The renderer reads UTF-8; an exotic encoding could hide the words that are looked for. */
const ENCODING = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']/i;

/**
 * Refuses a drawing that refers to anything outside itself (files, web addresses, entities), with INVALID_MEDIA.
 * A second line of defence: the renderer gets no base address, and so loads nothing (librsvg, Rsvg.Handle "security" notes).
 * A plain DOCTYPE is fine: many drawing programs write one and it is never fetched.
 */
export function checkSvg(bytes: Uint8Array): void {
  if (bytes.length > MAX_BYTES) {
    throw new AppError('INVALID_MEDIA', `The SVG drawing has ${bytes.length} bytes; the limit is ${MAX_BYTES}.`, { hint: 'Export it as PNG and use that.' });
  }
  const source = latin1(bytes, 0, bytes.length);
  const encoding = ENCODING.exec(source)?.[1] ?? 'utf-8';
  if (!/^(?:utf-?8|us-ascii|iso-8859-1|windows-1252)$/i.test(encoding)) {
    throw new AppError('INVALID_MEDIA', 'The SVG drawing uses a text encoding other than UTF-8.', { hint: 'Save it as UTF-8, or export it as PNG.' });
  }
  const found = FORBIDDEN.find(([pattern]) => pattern.test(source));
  if (found) throw new AppError('INVALID_MEDIA', `The SVG drawing contains ${found[1]}, which is not allowed.`, { hint: HINT });
  for (const [, attribute, style] of source.replace(LINKS, '').matchAll(REFERENCES)) {
    if ((attribute ?? style) !== '#') {
      throw new AppError('INVALID_MEDIA', 'The SVG drawing refers to something outside itself, which is not allowed.', { hint: HINT });
    }
  }
}
