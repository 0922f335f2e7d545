import { readSignature, type StoredSignature } from './cose.ts';

/**
 * The structure of a C2PA manifest store. No hash covers the labels and lengths of its outer boxes, which the C2PA library does not check either,
 * so they are held against the specification here.
 */
export interface Store {
  problems: string[];
  /** Signer certificates of each manifest, by its label. */
  certificates: Map<string, StoredSignature['certificates']>;
  /** Unprotected headers of signatures: where in the store they begin, and their length. */
  unprotected: { offset: number; byteLength: number }[];
}

interface Box {
  type: string;
  /** Content type (the first four characters of its UUID) and label of a superbox. */
  kind: string;
  label: string;
  content: Buffer;
}

/** Labels of the boxes by content type (C2PA specification 2.2, section 11.1.4; 1.x labels are still valid). */
const LABELS: Record<string, readonly string[]> = {
  c2pa: ['c2pa'],
  c2as: ['c2pa.assertions'],
  c2cl: ['c2pa.claim', 'c2pa.claim.v2'],
  c2cs: ['c2pa.signature'],
  c2vc: ['c2pa.credentials'],
  c2db: ['c2pa.databoxes'],
};

/** The part of a content type's UUID that all of them share (ISO/IEC 19566-5, section A.3). */
const UUID_TAIL = '00110010800000aa00389b71';

const MAX_DEPTH = 8;

export function readStore(store: Uint8Array): Store {
  const found: Store = { problems: [], certificates: new Map(), unprotected: [] };
  const walk = (bytes: Buffer, depth: number, manifest: string): void => {
    if (depth > MAX_DEPTH) return void found.problems.push('manifest store is nested too deeply');
    for (const box of boxes(bytes, found.problems)) {
      if (box.type !== 'jumb') continue;
      const allowed = LABELS[box.kind];
      if (allowed && !allowed.includes(box.label)) found.problems.push('a box of the manifest store has a wrong label');
      if (box.kind === 'c2cs') addSignature(found, store, manifest, box.content);
      else if (['c2pa', 'c2ma', 'c2um', 'c2as'].includes(box.kind)) walk(box.content, depth + 1, ['c2ma', 'c2um'].includes(box.kind) ? box.label : manifest);
      else boxes(box.content, found.problems);
    }
  };
  const bytes = Buffer.from(store.buffer, store.byteOffset, store.byteLength);
  walk(bytes, 0, '');
  if (boxes(bytes, []).some(({ kind }) => kind !== 'c2pa')) found.problems.push('manifest store is no C2PA store');
  return found;
}

/** Boxes that fill the bytes exactly; of a superbox its description is read and `content` is what follows. */
function boxes(bytes: Buffer, problems: string[]): Box[] {
  const found: Box[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const left = bytes.length - offset;
    const byteLength = left < 8 ? 0 : bytes.readUInt32BE(offset);
    if (byteLength < 8 || byteLength > left) {
      problems.push('a box of the manifest store has a wrong length');
      break;
    }
    const type = bytes.toString('latin1', offset + 4, offset + 8);
    const content = bytes.subarray(offset + 8, offset + byteLength);
    found.push(type === 'jumb' ? superbox(content, problems) : { type, kind: '', label: '', content });
    offset += byteLength;
  }
  return found;
}

/** Toggles of a description with a label: bit 2 for an id of 4 bytes, 3 for a hash of 32, 4 for a box (ISO/IEC 19566-5:2023, section A.3); `rest` follows the label. */
function togglesFit(toggles: number, rest: number): boolean {
  const fixed = (toggles & 4 ? 4 : 0) + (toggles & 8 ? 32 : 0);
  return (toggles & 0xe3) === 3 && (toggles & 16 ? rest >= fixed + 8 : rest === fixed);
}

function superbox(content: Buffer, problems: string[]): Box {
  const length = content.length < 25 ? 0 : content.readUInt32BE(0);
  if (length < 25 || length > content.length || content.toString('latin1', 4, 8) !== 'jumd') {
    problems.push('a box of the manifest store has no description');
    return { type: 'jumb', kind: '', label: '', content: Buffer.alloc(0) };
  }
  const description = content.subarray(8, length);
  const kind = description.toString('hex', 4, 16) === UUID_TAIL ? description.toString('latin1', 0, 4) : '';
  const end = description.indexOf(0, 17);
  if (!togglesFit(description[16], description.length - end - 1)) problems.push('a box of the manifest store has a malformed description');
  return { type: 'jumb', kind, label: end < 0 ? '' : description.toString('utf8', 17, end), content: content.subarray(length) };
}

function addSignature(found: Store, store: Uint8Array, manifest: string, content: Buffer): void {
  const cose = boxes(content, found.problems).find(({ type }) => type === 'cbor')?.content ?? Buffer.alloc(0);
  const { certificates, unprotected, wellFormed } = readSignature(cose);
  if (!wellFormed) found.problems.push('a signature of the manifest store is malformed');
  found.certificates.set(manifest, certificates);
  if (unprotected) found.unprotected.push({ offset: unprotected.byteOffset - store.byteOffset, byteLength: unprotected.byteLength });
}
