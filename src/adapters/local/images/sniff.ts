/** A kind of file told by its content: `mediaType` is set where the kind can be decoded here. */
export interface Kind {
  /** As a person would call it, e.g. `a JPEG picture`, `a PDF document`. */
  name: string;
  mediaType?: string;
}

const JPEG: Kind = { name: 'a JPEG picture', mediaType: 'image/jpeg' };
const PNG: Kind = { name: 'a PNG picture', mediaType: 'image/png' };
const GIF: Kind = { name: 'a GIF picture', mediaType: 'image/gif' };
const WEBP: Kind = { name: 'a WebP picture', mediaType: 'image/webp' };
const AVIF: Kind = { name: 'an AVIF picture', mediaType: 'image/avif' };
export const TIFF: Kind = { name: 'a TIFF picture', mediaType: 'image/tiff' };
export const SVG: Kind = { name: 'an SVG drawing', mediaType: 'image/svg+xml' };
const VIDEO: Kind = { name: 'a video' };
const RAW: Kind = { name: 'a camera raw picture' };
const HEIC: Kind = { name: 'a HEIC picture' };
const TEXT: Kind = { name: 'a text file' };
const UNKNOWN: Kind = { name: 'no known kind of picture' };

/** Leading bytes as latin-1 text. Source: the formats' own specifications, and the magic file of `file` 5.45. */
const SIGNATURES: [prefix: string, kind: Kind][] = [
  ['\xff\xd8\xff', JPEG],
  ['\x89PNG\r\n\x1a\n', PNG],
  ['GIF87a', GIF],
  ['GIF89a', GIF],
  ['8BPS', { name: 'a Photoshop document' }],
  ['%PDF', { name: 'a PDF document' }],
  ['%!PS', { name: 'a PostScript document' }],
  ['\xff\x0a', { name: 'a JPEG XL picture' }],
  ['\0\0\0\x0cJXL ', { name: 'a JPEG XL picture' }],
  ['\0\0\0\x0cjP  ', { name: 'a JPEG 2000 picture' }],
  ['\xff\x4f\xff\x51', { name: 'a JPEG 2000 picture' }],
  ['BM', { name: 'a Windows bitmap' }],
  ['\0\0\x01\0', { name: 'a Windows icon' }],
  ['v/1\x01', { name: 'an OpenEXR picture' }],
  ['#?RADIANCE', { name: 'a Radiance HDR picture' }],
  ['FUJIFILMCCD-RAW', RAW],
  ['IIRO', RAW],
  ['IIRS', RAW],
  ['IIU\0', RAW],
  ['FOVb', RAW],
  ['\x1a\x45\xdf\xa3', VIDEO],
  ['\0\0\x01\xba', VIDEO],
  ['\0\0\x01\xb3', VIDEO],
  ['FLV\x01', VIDEO],
  ['\x30\x26\xb2\x75', VIDEO],
  ['ID3', { name: 'a sound file' }],
  ['OggS', { name: 'a sound or video file' }],
  ['fLaC', { name: 'a sound file' }],
  ['PK\x03\x04', { name: 'a ZIP archive or an office document' }],
  ['\x1f\x8b', { name: 'a gzip archive' }],
  ['7z\xbc\xaf', { name: 'an archive' }],
  ['Rar!', { name: 'an archive' }],
  ['\x7fELF', { name: 'a program' }],
  ['MZ', { name: 'a program' }],
];

/** Says what a file is by its first bytes, never by its name. Never throws. */
export function sniff(bytes: Uint8Array): Kind {
  const head = latin1(bytes, 0, 64);
  if (head.startsWith('RIFF')) return riff(head);
  if (head.slice(4, 8) === 'ftyp') return isoMedia(bytes);
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return tiff(bytes);
  const known = SIGNATURES.find(([prefix]) => head.startsWith(prefix));
  return known ? known[1] : text(bytes);
}

export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end);
}

function riff(head: string): Kind {
  const form = head.slice(8, 12);
  if (form === 'WEBP') return WEBP;
  return form === 'AVI ' ? VIDEO : { name: 'a sound file' };
}

/** ISO base media files by their brands (ISO/IEC 14496-12 section 4.3): the major one, then the compatible ones. */
function isoMedia(bytes: Uint8Array): Kind {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const brands: string[] = latin1(bytes, 8, Math.min(size, 256)).match(/.{4}/gs) ?? [];
  if (brands.includes('avif') || brands.includes('avis')) return AVIF;
  if (brands[0] === 'crx ') return RAW;
  return brands.some((brand) => /^(?:he[ivs][cmsx]|mif1|msf1)$/.test(brand)) ? HEIC : VIDEO;
}

/**
 * Camera raw files (DNG, NEF, ARW, CR2, PEF) are TIFF files whose first directory is only a thumbnail. They are told by
 * DNGVersion (tag 50706), or by a first directory marked as reduced (NewSubfileType 254) that has sub-directories (330).
 * Source: TIFF 6.0, TIFF/EP (ISO 12234-2), DNG 1.7.
 */
function tiff(bytes: Uint8Array): Kind {
  if (latin1(bytes, 8, 10) === 'CR') return RAW;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const start = bytes.length >= 8 ? view.getUint32(4, little) : bytes.length;
  if (start + 2 > bytes.length) return TIFF;
  const tags = new Map<number, number>();
  for (let i = 0, at = start + 2; i < view.getUint16(start, little) && at + 12 <= bytes.length; i++, at += 12) {
    tags.set(view.getUint16(at, little), view.getUint32(at + 8, little));
  }
  const reduced = ((tags.get(254) ?? 0) & 1) === 1 && tags.has(330);
  return tags.has(50706) || reduced ? RAW : TIFF;
}

function text(bytes: Uint8Array): Kind {
  const head = latin1(bytes, 0, 4096);
  if (/^(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE\s+svg|svg|[\w-]+:svg)/i.test(head) && /<(?:[\w-]+:)?svg[\s>]/.test(head)) return SVG;
  if (/^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)/i.test(head)) return { name: 'a web page' };
  if (head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff')) return TEXT;
  if (/[^\t\n\f\r\x20-\x7e\x80-\xff]/.test(head)) return bytes[0] === 0x47 && bytes[188] === 0x47 ? VIDEO : UNKNOWN;
  return TEXT;
}

/** True where the file's own structure says that its end is missing. */
export function isCutOff(bytes: Uint8Array, kind: Kind): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind) {
    case JPEG:
      return !latin1(bytes, 2, bytes.length).includes('\xff\xd9');
    case PNG:
      return !latin1(bytes, Math.max(0, bytes.length - 65536), bytes.length).includes('IEND');
    case GIF:
      return bytes[bytes.length - 1] !== 0x3b;
    case WEBP:
      return bytes.length < 12 || view.getUint32(4, true) + 8 > bytes.length;
    case AVIF:
      return boxesEnd(view) > bytes.length;
    case TIFF:
      return bytes.length < 8 || view.getUint32(4, bytes[0] === 0x49) + 2 > bytes.length;
    default:
      return false;
  }
}

/** Where the last top-level box of an ISO media file says that it ends, in bytes. */
function boxesEnd(view: DataView): number {
  let at = 0;
  while (at + 8 <= view.byteLength) {
    const size = view.getUint32(at);
    if (size < 8) return size === 0 ? view.byteLength : at;
    at += size;
  }
  return at;
}
