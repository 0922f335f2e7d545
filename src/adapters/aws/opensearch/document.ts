import { randomBytes } from 'node:crypto';
import { AppError } from '../../../errors.ts';
import type { Asset, AssetVector, Seen } from '../../../ports.ts';
import { indexedText } from '../../local/store/search-text.ts';
import { conditionTerms } from './terms.ts';

/** Share of the subject that counts as all of a colour (ports/catalog.ts, `seen`). */
export const FULL_SHARE = 0.4;
/** Digits of a perceptual hash; two hashes with d different bits have at least 16 - d digits in common. */
export const HASH_DIGITS = 16;

interface StoredVector {
  vector: number[];
  at?: number;
}

/** An asset as it is stored (mapping.ts). Fields of generations (`g1`, `g2`, ...) hold its vectors. */
export interface AssetDocument {
  id: string;
  collection: string;
  created: string;
  /** When this version was written, and by whom: a later one sorts after it. */
  stamp: string;
  generations: string[];
  body: string;
  seen?: string;
  hash?: string;
  [field: string]: unknown;
}

/** Fields that an asset is made from, and what tells two versions of it apart. */
export const ASSET_FIELDS = ['id', 'stamp', 'created', 'body', 'seen'];

const features = (entries: readonly [string | number, number][]): Record<string, number> | undefined => {
  const positive = entries.filter(([, value]) => value > 0);
  return positive.length > 0 ? Object.fromEntries(positive) : undefined;
};

function seenFields(seen: Seen | undefined): Record<string, unknown> {
  if (!seen) return {};
  return {
    seen: JSON.stringify(seen),
    classes: features(seen.classes),
    colours: features(seen.colours),
    subjectColours: features((seen.subjectColours ?? seen.colours).map(([name, share]) => [name, Math.min(1, share / FULL_SHARE)])),
  };
}

/** The parts by which a mistyped id is looked up: all runs of three characters. */
export function idParts(id: string): string[] {
  return [...new Set(Array.from({ length: Math.max(1, id.length - 2) }, (_, i) => id.slice(i, i + 3)))];
}

/** Each digit of a perceptual hash with its place; [] for anything else. */
export function hashParts(hash: string | undefined): string[] {
  return hash !== undefined && /^[0-9a-f]{16}$/i.test(hash) ? Array.from(hash.toLowerCase(), (digit, place) => place.toString(36) + digit) : [];
}

/** Everything about an asset but its vectors. */
export function assetFields(asset: Asset): Omit<AssetDocument, 'generations'> {
  const { seen, ...rest } = asset;
  const words = Object.values(asset.attributes ?? {}).filter((value) => typeof value === 'string');
  return {
    id: asset.id,
    collection: asset.collection,
    kind: asset.kind,
    created: asset.createdAt,
    stamp: `${new Date().toISOString()} ${randomBytes(6).toString('hex')}`,
    ...conditionTerms(asset),
    tags: asset.tags,
    attributes: Object.keys(asset.attributes ?? {}),
    objects: [asset.objectKey, ...(asset.previewKey ? [asset.previewKey] : [])],
    sha256: asset.sha256,
    idParts: idParts(asset.id),
    text: [asset.name, asset.caption ?? '', asset.tags.join(' '), words.join(' ')].map(indexedText).filter(Boolean),
    ...(asset.perceptualHash === undefined ? {} : { hash: asset.perceptualHash, hashParts: hashParts(asset.perceptualHash) }),
    ...seenFields(seen),
    body: JSON.stringify(rest),
  };
}

export function assetOf({ body, seen }: Pick<AssetDocument, 'body' | 'seen'>): Asset {
  return { ...(JSON.parse(body) as Asset), ...(seen === undefined ? {} : { seen: JSON.parse(seen) as Seen }) };
}

/** Nine digits: more than a float32 has for a component of a unit vector, and half as long as JavaScript writes it. */
const rounded = (x: number): number => Math.round(x * 1e9) / 1e9;

/** Vectors as they are stored; INVALID_INPUT where one is not finite or has no direction, for which there is no cosine. */
export function storedVectors(id: string, vectors: readonly AssetVector[]): StoredVector[] {
  return vectors.map(({ vector, atSeconds }) => {
    const numbers = Array.from(vector, rounded);
    if (!numbers.every(Number.isFinite) || !numbers.some((x) => x !== 0)) {
      throw new AppError('INVALID_INPUT', `A vector of ${id} is not finite, or zero.`, { hint: 'Embed the picture again.' });
    }
    return { vector: numbers, ...(atSeconds === undefined ? {} : { at: atSeconds }) };
  });
}

/** The vectors of a generation's field. */
export function vectorsOf(document: AssetDocument, field: string): AssetVector[] {
  const stored = document[field];
  // The engine gives back a single one without its list.
  const list = (Array.isArray(stored) ? stored : stored === undefined ? [] : [stored]) as StoredVector[];
  if (!list.every(({ vector }) => Array.isArray(vector))) throw new Error(`OpenSearch gave ${document.id} back without its vectors (derived source?)`);
  return list.map(({ vector, at }) => ({ vector: Float32Array.from(vector), ...(at === undefined || at === null ? {} : { atSeconds: at }) }));
}
