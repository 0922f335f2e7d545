import { latin1 } from './sniff.ts';
import type { WrittenText } from './written.ts';

const MAX_RECORDS = 1000;

/** Photoshop's image resource that holds the IPTC data (Adobe Photoshop File Formats, image resource 0x0404). */
const RESOURCE = '8BIM\x04\x04';

/**
 * The texts of an IPTC-IIM block (IPTC-NAA Information Interchange Model 4.2, record 2: 120 caption, 80 by-line, 116 copyright notice),
 * bare or inside Photoshop's image resources. A malformed block gives what was read before the fault.
 */
export function iptcText(block: Uint8Array): WrittenText {
  const bytes = inResource(block);
  const texts = new Map<number, string[]>();
  let utf8 = false;
  for (let count = 0, at = 0; count < MAX_RECORDS && at + 5 <= bytes.length && bytes[at] === 0x1c; count++) {
    const [record, dataSet] = [bytes[at + 1], bytes[at + 2]];
    const length = bytes[at + 3] * 256 + bytes[at + 4];
    // Above 32767 the length has another form, for data sets that are no text.
    if (length > 0x7fff) break;
    const value = bytes.subarray(at + 5, at + 5 + length);
    // 1:90 names the character set; ESC % G is UTF-8 (ISO 2022).
    if (record === 1 && dataSet === 90) utf8 = latin1(value, 0, 3) === '\x1b%G';
    if (record === 2) texts.set(dataSet, [...(texts.get(dataSet) ?? []).slice(0, 4), utf8 ? new TextDecoder().decode(value) : latin1(value, 0, value.length)]);
    at += 5 + length;
  }
  return { description: texts.get(120)?.[0], creator: texts.get(80)?.join(', '), licence: texts.get(116)?.[0] };
}

/** Resource: mark, id, name (length byte and text, padded to even), 32-bit length, data. */
function inResource(block: Uint8Array): Uint8Array {
  const start = latin1(block, 0, block.length).indexOf(RESOURCE);
  if (start < 0) return block;
  const name = start + RESOURCE.length;
  const data = name + 2 * Math.ceil(((block[name] ?? 0) + 1) / 2) + 4;
  return block.subarray(data);
}
