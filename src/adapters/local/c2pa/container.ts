import { crc32 } from 'node:zlib';

/** Formats whose containers are read here. */
export type Format = 'video/mp4' | 'image/png' | 'image/jpeg';

/** A top-level box, chunk or segment. */
export interface Part {
  name: string;
  offset: number;
  byteLength: number;
  /** Bytes before its content. */
  headerLength: number;
}

export interface Container {
  parts: Part[];
  /** What is wrong with it; [] where every byte belongs to a part and every checksum is right. */
  problems: string[];
  /** The C2PA manifest store (JUMBF), and the parts that hold it. */
  store?: Uint8Array;
  storeParts: Part[];
  /** Where the bytes of the store lie in the file, in order. */
  storeSpans: { offset: number; byteLength: number }[];
}

/** User type of the C2PA box and of XMP (C2PA specification 2.2, section A.4; XMP specification part 3, 2020, section 1.2.7). */
const C2PA_BOX = 'd8fec3d61b0e483c92975828877ec481';
export const XMP_BOX = 'be7acfcb97a942e89c71999491e3afac';

/** PNG specification, third edition, section 5.2. */
const PNG_SIGNATURE = '89504e470d0a1a0a';
/** Bytes of an APP11 segment before the JUMBF data: length, `JP`, instance and sequence number (ISO/IEC 19566-5, annex D). */
const APP11_HEADER = 12;

/** The format by its first bytes, or `undefined` for any other. */
export function formatOf(bytes: Uint8Array): Format | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(12, bytes.length));
  if (head.toString('latin1', 4, 8) === 'ftyp') return 'video/mp4';
  if (head.toString('hex', 0, 8) === PNG_SIGNATURE) return 'image/png';
  return head.toString('hex', 0, 3) === 'ffd8ff' ? 'image/jpeg' : undefined;
}

export function readContainer(bytes: Uint8Array, format: Format): Container {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === 'video/mp4') return readBoxes(file);
  return format === 'image/png' ? readChunks(file) : readSegments(file);
}

/** Top-level boxes (ISO/IEC 14496-12, section 4.2). */
function readBoxes(file: Buffer): Container {
  const found: Container = { parts: [], problems: [], storeParts: [], storeSpans: [] };
  for (let offset = 0; offset < file.length; ) {
    const left = file.length - offset;
    const short = left < 8 ? 0 : file.readUInt32BE(offset);
    const long = short === 1 && left >= 16;
    const byteLength = long ? Number(file.readBigUInt64BE(offset + 8)) : short === 0 && left >= 8 ? left : short;
    const headerLength = long ? 16 : 8;
    if (byteLength < headerLength || byteLength > left) {
      found.problems.push(`box at byte ${offset} has a wrong length`);
      break;
    }
    const part = { name: file.toString('latin1', offset + 4, offset + 8), offset, byteLength, headerLength };
    found.parts.push(part);
    if (isC2paBox(file, offset)) addBox(found, file, part);
    offset += byteLength;
  }
  return found;
}

function isC2paBox(file: Buffer, offset: number): boolean {
  if (!(offset >= 0) || offset + 24 > file.length) return false;
  const header = file.readUInt32BE(offset) === 1 ? 16 : 8;
  return file.toString('latin1', offset + 4, offset + 8) === 'uuid' && file.toString('hex', offset + header, offset + header + 16) === C2PA_BOX;
}

/** The C2PA box: user type, version and flags, purpose, offset of a Merkle box, then the store (C2PA specification 2.2, section A.4.1). */
function addBox(found: Container, file: Buffer, part: Part): void {
  const box = file.subarray(part.offset + part.headerLength + 16, part.offset + part.byteLength);
  const end = box.indexOf(0, 4);
  const purpose = box.toString('latin1', 4, Math.max(4, end));
  if (purpose === 'merkle') return;
  if (box.readUInt32BE(0) !== 0) found.problems.push('C2PA box has an unknown version or flags');
  // `original` and `update` are the two halves of a file whose manifest was amended later.
  if (!['manifest', 'original', 'update'].includes(purpose)) found.problems.push('C2PA box has an unknown purpose');
  const merkle = box.length >= end + 9 ? Number(box.readBigUInt64BE(end + 1)) : -1;
  if (merkle !== 0 && !isC2paBox(file, merkle)) found.problems.push('C2PA box points to no Merkle box');
  if (found.store) found.problems.push('more than one C2PA box');
  found.storeParts.push(part);
  found.store ??= box.subarray(end + 9);
  const start = part.offset + part.headerLength + 16 + end + 9;
  found.storeSpans.push({ offset: start, byteLength: part.offset + part.byteLength - start });
}

/** PNG chunks with their checksums. */
function readChunks(file: Buffer): Container {
  const found: Container = { parts: [], problems: [], storeParts: [], storeSpans: [] };
  for (let offset = 8; offset < file.length; ) {
    const length = file.length - offset < 12 ? Number.POSITIVE_INFINITY : file.readUInt32BE(offset);
    if (offset + 12 + length > file.length) {
      found.problems.push(`chunk at byte ${offset} has a wrong length`);
      break;
    }
    const part = { name: file.toString('latin1', offset + 4, offset + 8), offset, byteLength: length + 12, headerLength: 8 };
    if (crc32(file.subarray(offset + 4, offset + 8 + length)) !== file.readUInt32BE(offset + 8 + length)) {
      found.problems.push(`chunk ${JSON.stringify(part.name)} has a wrong checksum`);
    }
    found.parts.push(part);
    if (part.name === 'caBX') {
      if (found.store) found.problems.push('more than one C2PA chunk');
      found.storeParts.push(part);
      found.store ??= file.subarray(offset + 8, offset + 8 + length);
      found.storeSpans.push({ offset: offset + 8, byteLength: length });
    }
    offset += part.byteLength;
  }
  return found;
}

/** JPEG segments up to the first scan; what follows is one part (ITU-T T.81, annex B). */
function readSegments(file: Buffer): Container {
  const found: Container = { parts: [], problems: [], storeParts: [], storeSpans: [] };
  const pieces: Buffer[] = [];
  let offset = 2;
  while (offset + 4 <= file.length && file[offset] === 0xff && file[offset + 1] !== 0xda) {
    const byteLength = 2 + file.readUInt16BE(offset + 2);
    const part = { name: `APP${file[offset + 1] - 0xe0}`, offset, byteLength, headerLength: 4 };
    if (part.byteLength < 4 || offset + byteLength > file.length) {
      found.problems.push(`segment at byte ${offset} has a wrong length`);
      break;
    }
    if (file[offset + 1] < 0xe0 || file[offset + 1] > 0xef) part.name = `marker ${file.toString('hex', offset, offset + 2)}`;
    found.parts.push(part);
    if (part.name === 'APP11' && file.toString('latin1', offset + 4, offset + 6) === 'JP')
      addSegment(found, pieces, file.subarray(offset, offset + byteLength), part);
    offset += byteLength;
  }
  found.parts.push({ name: 'scan', offset, byteLength: file.length - offset, headerLength: 0 });
  if (pieces.length > 0) found.store = Buffer.concat(pieces);
  return found;
}

/** A store larger than a segment is split; every further piece repeats the header of the first box (ISO/IEC 19566-5, annex D). */
function addSegment(found: Container, pieces: Buffer[], segment: Buffer, part: Part): void {
  const first = found.storeParts[0] === undefined;
  const isStore = first && segment.toString('latin1', APP11_HEADER + 4, APP11_HEADER + 8) === 'jumb' && segment.includes('c2pa', APP11_HEADER + 16, 'latin1');
  if (first && !isStore) return;
  if (segment.readUInt32BE(8) !== pieces.length + 1) found.problems.push('C2PA segments are out of order');
  if (segment.readUInt16BE(6) === 0) found.problems.push('C2PA segment has no instance number');
  if (!first && segment.compare(pieces[0], 0, 8, APP11_HEADER, APP11_HEADER + 8) !== 0) found.problems.push('C2PA segments do not belong together');
  const header = APP11_HEADER + (first ? 0 : 8);
  pieces.push(segment.subarray(header));
  found.storeSpans.push({ offset: part.offset + header, byteLength: part.byteLength - header });
  found.storeParts.push(part);
}
