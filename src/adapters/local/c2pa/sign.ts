import { createHash } from 'node:crypto';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { WasmBuilder } from '@contentauth/c2pa-wasm';
import { AppError } from '../../../errors.ts';
import type { Claim, ClaimedIngredient, Signer } from '../../../ports.ts';
import { type Format, formatOf, readContainer } from './container.ts';
import { coseSigner } from './cose.ts';
import { type IdentitySettings, loadIdentity } from './identity.ts';
import { libraryContext, loadC2pa, SyncBlob } from './library.ts';
import { BOX_HASHES, verifyBytes } from './verify.ts';
import { VOCABULARY, withXmp } from './xmp.ts';

export interface SignParams {
  claim: Claim;
  identity: IdentitySettings;
  /** Name and version of this program. */
  generator: { name: string; version: string };
  /** Ingredients over this size are named, but not read. */
  maxBytes: number;
}

/** Writes the signed copy under another name and renames it, so that `output` is whole or as it was. Errors as `signBytes`. */
export async function signFile(path: string, output: string, params: SignParams): Promise<Signer> {
  const { bytes, signer } = await signBytes(new Uint8Array(await readFile(path)), params);
  const temporary = `${output}.signed`;
  try {
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, output);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
  return signer;
}

/** The signed bytes, once they have been verified. Throws AppErrors whose message is the reason why there are none. */
export async function signBytes(
  bytes: Uint8Array,
  { claim, identity: settings, generator, maxBytes }: SignParams,
): Promise<{ bytes: Uint8Array; signer: Signer }> {
  const format = formatOf(bytes);
  if (!format) throw new AppError('UNSUPPORTED', 'the file is no MP4, PNG or JPEG');
  const identity = await loadIdentity(settings);
  const prepared = prepare(withXmp(bytes, format, claim, `${generator.name} ${generator.version}`), format);
  const signer = coseSigner(identity);
  let reason = '';
  // An ingredient whose own credentials are incomplete would spoil ours: the second time they stay out, and it is only named.
  for (const mostBytes of [maxBytes, 0]) {
    const signed = await embed(prepared, format, { definition: definition(claim, generator, prepared, format), claim, signer, mostBytes });
    const { state, problems, chain } = await verifyBytes(signed, { own: identity.chain[0] });
    const outdated = problems.some((problem) => /expired|outsideValidity/.test(problem));
    if ((state === 'valid' || state === 'trusted') && !outdated && chain[0]?.signer) return { bytes: signed, signer: chain[0].signer };
    reason = problems.join(', ') || state;
    if (ingredientsOf(claim).length === 0) break;
  }
  throw new AppError('MISCONFIGURED', `the signature was not accepted: ${reason}`);
}

interface Embedding {
  definition: ReturnType<typeof definition>;
  claim: Claim;
  signer: ReturnType<typeof coseSigner>;
  /** Ingredients over this size are named, but not read. */
  mostBytes: number;
}

async function embed(file: Uint8Array, format: Format, { definition: manifest, claim, signer, mostBytes }: Embedding): Promise<Uint8Array> {
  const c2pa = await loadC2pa();
  const builder = c2pa.WasmBuilder.fromJson(JSON.stringify(manifest), libraryContext(undefined));
  try {
    for (const [index, ingredient] of ingredientsOf(claim).entries()) await addIngredient(builder, ingredient, index, mostBytes);
    return await builder.sign(signer, [], format, new SyncBlob(file, format));
  } finally {
    builder.free();
  }
}

/**
 * The hash of an MP4 leaves top-level `free` and `skip` boxes out. They are renamed in place to `wide`, the QuickTime name for reserved space (QuickTime
 * File Format, "wide atom"), which players skip as well and the hash covers.
 */
function prepare(bytes: Uint8Array, format: Format): Uint8Array {
  if (format !== 'video/mp4') return bytes;
  const file = Buffer.from(bytes);
  const { parts, problems } = readContainer(file, format);
  if (problems.length > 0) throw new AppError('INVALID_MEDIA', 'the boxes of the MP4 file are damaged');
  for (const { name, offset } of parts) if (name === 'free' || name === 'skip') file.write('wide', offset + 4, 'latin1');
  return file;
}

type Relationship = 'parentOf' | 'componentOf' | 'inputTo';

function ingredientsOf({ parent, components, inputs = [] }: Claim): (ClaimedIngredient & { relationship: Relationship })[] {
  const as = (relationship: Relationship) => (ingredient: ClaimedIngredient) => ({ ...ingredient, relationship });
  return [...(parent ? [parent] : []).map(as('parentOf')), ...components.map(as('componentOf')), ...inputs.map(as('inputTo'))];
}

const labelOf = (index: number): string => `ingredient-${index}`;

/**
 * `c2pa.created` or `c2pa.opened` comes first, a parent is opened and a component placed (C2PA specification 2.2, section 18.15.4). The hash of `ftyp`,
 * which the BMFF hash must leave out (section 18.6.2), is an assertion of its own.
 */
function definition(claim: Claim, generator: SignParams['generator'], file: Uint8Array, format: Format) {
  const labels = (wanted: Relationship) => ingredientsOf(claim).flatMap(({ relationship }, index) => (relationship === wanted ? [labelOf(index)] : []));
  const inputs = labels('inputTo');
  const made = {
    digitalSourceType: VOCABULARY + claim.digitalSourceType,
    softwareAgent: claim.agent,
    description: claim.description,
    ...(inputs.length > 0 ? { parameters: { ingredientIds: inputs } } : {}),
  };
  const actions = [
    ...(claim.parent
      ? [
          { action: 'c2pa.opened', parameters: { ingredientIds: labels('parentOf') } },
          { action: 'c2pa.edited', ...made },
        ]
      : [{ action: 'c2pa.created', ...made }]),
    ...labels('componentOf').map((label) => ({ action: 'c2pa.placed', parameters: { ingredientIds: [label] } })),
  ];
  const ftyp = format === 'video/mp4' ? readContainer(file, format).parts[0] : undefined;
  return {
    claim_generator_info: [generator],
    title: claim.title,
    format,
    assertions: [
      { label: 'c2pa.actions.v2', data: { actions } },
      ...(ftyp ? [{ label: BOX_HASHES, data: { boxes: [{ box: 'ftyp', sha256: sha256(file.subarray(ftyp.offset, ftyp.offset + ftyp.byteLength)) }] } }] : []),
    ],
  };
}

/** An ingredient that is too large to be read, or of a format that the library does not know, is named with its hash all the same. */
async function addIngredient(builder: WasmBuilder, ingredient: ReturnType<typeof ingredientsOf>[number], index: number, maxBytes: number): Promise<void> {
  const { path, mediaType, title, relationship } = ingredient;
  const json = {
    title,
    format: mediaType,
    relationship,
    label: labelOf(index),
    // RFC 6920, section 3: a name that is the hash.
    instance_id: `ni:///sha-256;${Buffer.from(ingredient.sha256, 'hex').toString('base64url')}`,
  };
  const { size } = await stat(path);
  if (size <= maxBytes) {
    const bytes = new Uint8Array(await readFile(path));
    const added = await builder.addIngredientFromBlob(JSON.stringify(json), mediaType, new SyncBlob(bytes, mediaType)).then(
      () => true,
      () => false,
    );
    if (added) return;
  }
  builder.addIngredient(JSON.stringify(json));
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
