import { AppError } from '../../../errors.ts';

/** File extensions by media type (IANA registrations; quicktime is `mov`); anything else is `bin`. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/avif': 'avif',
  'image/tiff': 'tiff',
  'image/gif': 'gif',
  'image/svg+xml': 'svg',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'video/quicktime': 'mov',
  'application/json': 'json',
};
const OBJECT_KEY = /^[0-9a-f]{64}\.(?:jpg|png|webp|avif|tiff|gif|svg|mp4|webm|mov|json|bin)$/;

const MAX_CHARACTERS = 80;
/** File names are limited to 255 bytes on the common file systems; this leaves room for a number and the extension. */
const MAX_BYTES = 200;
/** learn.microsoft.com/windows/win32/fileio/naming-a-file: reserved with any extension. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** `<sha256>.<extension>`. */
export function objectKey(sha256: string, mediaType: string): string {
  const bare = mediaType.split(';', 1)[0].trim().toLowerCase();
  return `${sha256}.${Object.hasOwn(EXTENSIONS, bare) ? EXTENSIONS[bare] : 'bin'}`;
}

/** A key is the only text from outside that becomes a path here. INVALID_INPUT where it has not the exact form. */
export function checkObjectKey(key: string): { folder: string; extension: string } {
  if (!OBJECT_KEY.test(key)) {
    throw new AppError('INVALID_INPUT', 'An object key is not a sha256 in hexadecimal digits with a known extension.', {
      hint: 'Use the key that storing the object returned.',
    });
  }
  return { folder: key.slice(0, 2), extension: key.slice(65) };
}

/**
 * An untrusted name as a file name without extension for every common system: no separators, characters reserved on Windows, control or
 * invisible characters (Unicode class C), leading dots or dashes, trailing dots; at most 80 characters and 200 bytes; `untitled` where nothing is left.
 */
export function cleanFileName(name: string, extension: string): string {
  let text = name
    .normalize('NFC')
    .replace(/\p{C}+/gu, ' ')
    .replace(/[<>:"/\\|?*]/g, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
  if (text.toLowerCase().endsWith(`.${extension}`)) text = text.slice(0, -extension.length - 1);
  text = trimEnds(cut(trimEnds(text)));
  if (text === '') return 'untitled';
  return RESERVED.test(text) ? `_${text}` : text;
}

function trimEnds(text: string): string {
  return text.replace(/^[.\-\s]+/u, '').replace(/[.\s]+$/u, '');
}

function cut(text: string): string {
  const characters = Array.from(text).slice(0, MAX_CHARACTERS);
  while (Buffer.byteLength(characters.join('')) > MAX_BYTES) characters.pop();
  return characters.join('');
}
