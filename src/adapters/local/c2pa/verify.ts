import { createHash, type X509Certificate } from 'node:crypto';
import { AppError } from '../../../errors.ts';
import type { Verification } from '../../../ports.ts';
import { type Container, formatOf, readContainer } from './container.ts';
import { readStore } from './jumbf.ts';
import { libraryContext, loadC2pa } from './library.ts';
import { type ManifestStore, manifestChain } from './manifests.ts';

/** Label of our assertion with the hashes of boxes that the format's own hash leaves out. */
export const BOX_HASHES = 'vrag-mcp.box-hashes';

/** What the signer's certificate may lack while the file is still the one that was signed (C2PA specification 2.2, section 15.2.2). */
const SIGNER_ONLY = ['signingCredential.untrusted', 'signingCredential.expired', 'claimSignature.outsideValidity', 'signingCredential.ocsp.unknown'];

/** The same of an identity assertion (CAWG identity assertion 1.1), which says who else stands behind the file. */
const OTHER_SIGNER = /^cawg\.[\w.]+\.untrusted$/;

const ofSigner = (code: string): boolean => SIGNER_ONLY.includes(code) || OTHER_SIGNER.test(code);

export interface VerifyOptions {
  /** PEM of the authorities that are trusted. */
  trusted?: string;
  /** The certificate that this data folder signs with. */
  own?: X509Certificate | undefined;
}

/** Verifies the bytes of a file. UNSUPPORTED for a format that is not read here. */
export async function verifyBytes(bytes: Uint8Array, { trusted, own }: VerifyOptions): Promise<Verification> {
  const format = formatOf(bytes);
  if (!format)
    throw new AppError('UNSUPPORTED', 'The file is no MP4, PNG or JPEG, so its content credentials cannot be read.', {
      hint: 'Give an MP4, PNG or JPEG file.',
    });
  const container = readContainer(bytes, format);
  if (!container.store) return { state: 'none', problems: [], chain: [], uncovered: [] };
  const { problems, certificates, unprotected } = readStore(container.store);
  const wrong = [...container.problems, ...problems];
  const read = await readManifests(bytes, format, trusted);
  if (typeof read === 'string') return { state: 'tampered', problems: [...wrong, read], chain: [], uncovered: [] };
  const active = read.manifests[read.active_manifest ?? ''];
  const result = read.validation_results?.activeManifest;
  const failures = (result?.failure ?? []).map(({ code }) => code);
  const deltas = (read.validation_results?.ingredientDeltas ?? []).flatMap(({ validationDeltas }) => validationDeltas?.failure ?? []);
  // Whoever signed an ingredient need not be known here.
  wrong.push(...deltas.map(({ code }) => code).filter((code) => !ofSigner(code)));
  const boxes = checkBoxHashes(active, container, bytes);
  wrong.push(...boxes.problems);
  const whole = ['claimSignature.validated', /\.(?:dataHash|bmffHash|boxesHash)\.match$/].every((code) =>
    result?.success?.some((item) => (typeof code === 'string' ? item.code === code : code.test(item.code))),
  );
  if (!whole && failures.length === 0) wrong.push('claimSignature.missing');
  const intact = whole && wrong.length === 0 && failures.every(ofSigner);
  const uncovered = [...boxes.uncovered, ...uncoveredHeaders(container, unprotected)];
  const state = !intact ? 'tampered' : read.validation_state === 'Trusted' && failures.length === 0 ? 'trusted' : 'valid';
  return {
    state,
    problems: [...wrong, ...failures],
    chain: manifestChain(read, certificates, own, state === 'trusted'),
    uncovered,
  };
}

/** The library's report, or why it cannot read the manifests. */
async function readManifests(bytes: Uint8Array, format: string, trusted: string | undefined): Promise<ManifestStore | string> {
  const { WasmReader } = await loadC2pa();
  try {
    const reader = await WasmReader.fromBytes(format, bytes, libraryContext(trusted));
    try {
      return JSON.parse(reader.json()) as ManifestStore;
    } finally {
      reader.free();
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') throw error;
    if (/prerelease/i.test(String(error))) {
      throw new AppError('UNSUPPORTED', 'The content credentials are of a draft of C2PA, before version 1.', { hint: 'Ask for a file with current ones.' });
    }
    return 'claim.unreadable';
  }
}

type Manifest = ManifestStore['manifests'][string] | undefined;

const dataOf = (manifest: Manifest, label: string): Record<string, unknown> | undefined =>
  manifest?.assertions?.find((assertion) => assertion.label.startsWith(label))?.data as Record<string, unknown> | undefined;

/** Parts that the hash of the content leaves out, less the boxes that our own assertion names; in a file that has it there may be no others. */
function checkBoxHashes(manifest: Manifest, container: Container, bytes: Uint8Array): { problems: string[]; uncovered: Verification['uncovered'] } {
  const left = uncoveredParts(manifest, container);
  const hashes = dataOf(manifest, BOX_HASHES)?.boxes as { box: string; sha256: string }[] | undefined;
  if (!Array.isArray(hashes)) return { problems: [], uncovered: left };
  const problems = hashes.flatMap(({ box, sha256 }) => {
    const found = container.parts.filter(({ name }) => name === box);
    const same = found.length === 1 && digest(bytes.subarray(found[0].offset, found[0].offset + found[0].byteLength)) === sha256;
    return same ? [] : [`box ${JSON.stringify(box)} does not match its hash`];
  });
  const uncovered = left.filter(({ box }) => !hashes.some((hash) => hash.box === box));
  return { problems: [...problems, ...uncovered.map(({ box }) => `box ${JSON.stringify(box)} was added`)], uncovered };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Excluded boxes of an MP4, excluded ranges of a picture, and what holds the manifest store in a JPEG; the store itself is checked otherwise. */
function uncoveredParts(manifest: Manifest, { parts, storeParts }: Container): Verification['uncovered'] {
  const exclusions = [dataOf(manifest, 'c2pa.hash.bmff'), dataOf(manifest, 'c2pa.hash.data')].flatMap((data) =>
    Array.isArray(data?.exclusions) ? data.exclusions : [],
  ) as {
    xpath?: string;
    start?: number;
    length?: number;
  }[];
  const names = new Set(exclusions.map(({ xpath }) => xpath?.match(/^\/(\w{4})$/)?.[1]));
  const boxes = parts.filter((part) => names.has(part.name) && part.name !== 'uuid');
  const [first, last] = [storeParts[0], storeParts.at(-1)];
  const inStore = (start: number, length: number) => first && last && start >= first.offset && start + length <= last.offset + last.byteLength;
  const ranges = exclusions.filter(({ start, length }) => start !== undefined && length !== undefined && !inStore(start, length));
  const segments = storeParts.filter(({ name }) => name === 'APP11');
  return [
    ...boxes.map(({ name, offset, byteLength }) => ({ box: name, offset, byteLength, reason: 'left out of the BMFF hash' })),
    ...ranges.map(({ start = 0, length = 0 }) => ({ box: 'range', offset: start, byteLength: length, reason: 'left out of the data hash' })),
    ...segments.map(({ name, offset }) => ({ box: name, offset: offset + 6, byteLength: 2, reason: 'instance number of the C2PA segment: may be any number' })),
  ];
}

/** What other programs put beside their signatures, as it lies in the file. */
function uncoveredHeaders({ storeParts, storeSpans }: Container, headers: { offset: number; byteLength: number }[]): Verification['uncovered'] {
  const pieces = headers.flatMap(({ offset, byteLength }) => {
    let before = 0;
    return storeSpans.map((span) => {
      const [from, to] = [Math.max(offset - before, 0), Math.min(offset + byteLength - before, span.byteLength)];
      before += span.byteLength;
      return { offset: span.offset + from, byteLength: to - from };
    });
  });
  return pieces
    .filter(({ byteLength }) => byteLength > 0)
    .map((piece) => ({ box: storeParts[0].name, ...piece, reason: 'unprotected header of a signature (padding, time stamp)' }));
}
