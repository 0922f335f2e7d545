import { crc32 } from 'node:zlib';
import type { Claim } from '../../../ports.ts';
import { type Format, readContainer, XMP_BOX } from './container.ts';

export const VOCABULARY = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

/** Identifier of XMP in a JPEG segment and keyword in a PNG chunk (XMP specification part 3, 2020, sections 1.1.3 and 1.1.5). */
const JPEG_XMP = 'http://ns.adobe.com/xap/1.0/\0';
const PNG_XMP = 'XML:com.adobe.xmp';
/** Longest content of a JPEG segment. */
const MAX_SEGMENT = 65_533;

/** The claim as XMP: title, description, program, and the IPTC digital source type (IPTC Photo Metadata Standard 2024.1). */
function packet(claim: Claim, generator: string): Buffer {
  const text = (name: string, value: string) => `<${name}><rdf:Alt><rdf:li xml:lang="x-default">${escaped(value)}</rdf:li></rdf:Alt></${name}>`;
  return Buffer.from(
    `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
      `<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">` +
      `<xmp:CreatorTool>${escaped(generator)}</xmp:CreatorTool><Iptc4xmpExt:DigitalSourceType>${VOCABULARY}${claim.digitalSourceType}</Iptc4xmpExt:DigitalSourceType>` +
      `${text('dc:title', claim.title)}${text('dc:description', claim.description)}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>`,
  );
}

const escaped = (text: string): string => text.replace(/\p{Cc}/gu, ' ').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The file with the claim as XMP, its pictures and samples untouched; as it was where it has XMP already. */
export function withXmp(bytes: Uint8Array, format: Format, claim: Claim, generator: string): Uint8Array {
  const { parts } = readContainer(bytes, format);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = (offset: number, text: string, encoding: 'latin1' | 'hex' = 'latin1') =>
    file.subarray(offset, offset + Buffer.from(text, encoding).length).equals(Buffer.from(text, encoding));
  const xmp = packet(claim, generator);
  const there = parts.some(({ name, offset, headerLength }) => {
    if (name === 'uuid') return starts(offset + headerLength, XMP_BOX, 'hex');
    return (name === 'iTXt' && starts(offset + 8, PNG_XMP)) || (name === 'APP1' && starts(offset + 4, JPEG_XMP));
  });
  if (there) return bytes;
  if (format === 'video/mp4') return Buffer.concat([file, box(Buffer.concat([Buffer.from(XMP_BOX, 'hex'), xmp]))]);
  if (format === 'image/png') {
    const after = 8 + (parts[0]?.byteLength ?? 0);
    // Keyword, then no compression, no language and no translated keyword (PNG specification, third edition, section 11.3.3.4).
    return insert(file, after, chunk('iTXt', Buffer.concat([Buffer.from(`${PNG_XMP}\0\0\0\0\0`, 'latin1'), xmp])));
  }
  const content = Buffer.concat([Buffer.from(JPEG_XMP, 'latin1'), xmp]);
  if (content.length > MAX_SEGMENT) return bytes;
  const length = Buffer.alloc(4);
  length.writeUInt16BE(0xffe1, 0);
  length.writeUInt16BE(content.length + 2, 2);
  const jfif = parts[0]?.name === 'APP0' ? parts[0].byteLength : 0;
  return insert(file, 2 + jfif, Buffer.concat([length, content]));
}

const insert = (file: Buffer, at: number, piece: Buffer): Buffer => Buffer.concat([file.subarray(0, at), piece, file.subarray(at)]);

function box(content: Buffer): Buffer {
  const header = Buffer.from('\0\0\0\0uuid', 'latin1');
  header.writeUInt32BE(content.length + 8, 0);
  return Buffer.concat([header, content]);
}

function chunk(name: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(content.length + 12);
  bytes.writeUInt32BE(content.length, 0);
  bytes.write(name, 4, 'latin1');
  content.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, content.length + 8)), content.length + 8);
  return bytes;
}
