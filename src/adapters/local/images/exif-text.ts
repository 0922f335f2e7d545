import { latin1 } from './sniff.ts';
import type { WrittenText } from './written.ts';

/** More entries than a camera's first directory ever has, and the longest text that is read. */
const MAX_ENTRIES = 256;
const MAX_TEXT = 8192;

/** Tags of the first directory (Exif 2.32 = TIFF 6.0): ImageDescription, Artist, Copyright. */
const DESCRIPTION = 0x010e;
const ARTIST = 0x013b;
const COPYRIGHT = 0x8298;

/** ASCII, and UTF-8 of Exif 3.0. */
const TEXT_TYPES = [2, 129];

/**
 * The texts of an EXIF block, with or without its `Exif\0\0` mark, or of a TIFF file, which begins alike. Only the first directory is read, and
 * every offset is checked; a malformed block gives what was read before the fault.
 */
export function exifText(block: Uint8Array): WrittenText {
  const tiff = latin1(block, 0, 6) === 'Exif\0\0' ? block.subarray(6) : block;
  const mark = latin1(tiff, 0, 2);
  if (tiff.length < 8 || (mark !== 'II' && mark !== 'MM')) return {};
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = mark === 'II';
  const start = view.getUint32(4, little);
  if (start + 2 > tiff.length) return {};
  const texts = new Map<number, string>();
  const entries = Math.min(view.getUint16(start, little), MAX_ENTRIES);
  for (let i = 0, at = start + 2; i < entries && at + 12 <= tiff.length; i++, at += 12) {
    const tag = view.getUint16(at, little);
    const length = view.getUint32(at + 4, little);
    if (!TEXT_TYPES.includes(view.getUint16(at + 2, little)) || ![DESCRIPTION, ARTIST, COPYRIGHT].includes(tag)) continue;
    const from = length <= 4 ? at + 8 : view.getUint32(at + 8, little);
    texts.set(tag, decode(tiff.subarray(from, from + Math.min(length, MAX_TEXT))));
  }
  return { description: texts.get(DESCRIPTION), creator: texts.get(ARTIST), licence: texts.get(COPYRIGHT) };
}

/** Meant to be ASCII, but cameras and programs write UTF-8 and Latin-1 too; a copyright holds the photographer's, NUL, the editor's. */
function decode(bytes: Uint8Array): string {
  const clean = (text: string) => text.split('\0').filter(Boolean).join(', ');
  try {
    return clean(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return clean(latin1(bytes, 0, bytes.length));
  }
}
