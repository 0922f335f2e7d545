import { AppError } from '../errors.ts';
import { FILTER_FIELDS } from '../ports/catalog.ts';
import type { Asset, AssetStatus, AttributeValue } from '../ports.ts';
import { cleanOptional, cleanTags, cleanText } from './text.ts';

/** What a person says about an asset; absent fields stay as they are, empty ones are cleared. */
export interface Description {
  name?: string | undefined;
  caption?: string | undefined;
  tags?: string[] | undefined;
  /** By name; `null` takes one away, others stay. */
  attributes?: Record<string, unknown> | undefined;
  licence?: string | undefined;
  creator?: string | undefined;
  status?: AssetStatus | undefined;
}

/** Longest texts, in characters. */
const MAX = { name: 120, caption: 1000, licence: 200, creator: 200, attribute: 500 };
const MAX_ATTRIBUTES = 32;

const ATTRIBUTE_NAME = /^[\p{L}\p{N}_-]{1,40}$/u;

/** Names that conditions of a search take for something else, in lower case; and the one that JavaScript does. */
const RESERVED_NAMES = new Set([...FILTER_FIELDS, 'kind', 'tags', '__proto__'].map((name) => name.toLowerCase()));

/** INVALID_INPUT where a description holds what no asset can take; nothing else is checked elsewhere. */
export function checkDescription({ attributes = {} }: Description): void {
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value);
}

function checkAttribute(name: string, value: unknown): void {
  const shown = cleanText(name, 60);
  if (!ATTRIBUTE_NAME.test(name)) {
    throw new AppError('INVALID_INPUT', `attributes: "${shown}" is no name for an attribute.`, {
      hint: 'Use 1 to 40 letters, digits, _ or -, such as "season".',
    });
  }
  if (RESERVED_NAMES.has(name.toLowerCase())) {
    throw new AppError('INVALID_INPUT', `attributes: "${shown}" is the name of a field that every asset has.`, { hint: 'Choose another name.' });
  }
  const fits = value === null || typeof value === 'boolean' || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
  if (!fits) {
    throw new AppError('INVALID_INPUT', `attributes.${shown} is neither text, number, true nor false.`, {
      hint: 'Dates are texts such as "2026-11-21"; null removes an attribute.',
    });
  }
  if (typeof value === 'string' && Array.from(value).length > MAX.attribute) {
    throw new AppError('INVALID_INPUT', `attributes.${shown} has more than ${MAX.attribute} characters.`, { hint: 'Longer texts belong into the caption.' });
  }
}

/** The fields of an asset after a description was applied; CONFLICT-free and pure. INVALID_INPUT as `checkDescription`, and over 32 attributes. */
export function describedAsset(asset: Asset, description: Description): Asset {
  checkDescription(description);
  const changed = { ...asset };
  const name = cleanOptional(description.name, MAX.name);
  if (name) changed.name = name;
  if (description.tags) changed.tags = cleanTags(description.tags);
  if (description.status) changed.status = description.status;
  for (const field of ['caption', 'licence', 'creator'] as const) {
    const given = description[field];
    if (given === undefined) continue;
    const text = cleanText(given, MAX[field]);
    if (text) changed[field] = text;
    else delete changed[field];
    if (field !== 'caption') continue;
    delete changed.captionModel;
    if (text) changed.captionOrigin = 'given';
    else delete changed.captionOrigin;
  }
  if (description.attributes) {
    const attributes = mergedAttributes(asset.attributes ?? {}, description.attributes);
    if (Object.keys(attributes).length > 0) changed.attributes = attributes;
    else delete changed.attributes;
  }
  return changed;
}

function mergedAttributes(before: Record<string, AttributeValue>, given: Record<string, unknown>): Record<string, AttributeValue> {
  const merged = { ...before };
  for (const [name, value] of Object.entries(given)) {
    const clean = typeof value === 'string' ? cleanText(value, MAX.attribute) : (value as number | boolean | null);
    if (clean === null || clean === '') delete merged[name];
    else merged[name] = clean;
  }
  const count = Object.keys(merged).length;
  if (count > MAX_ATTRIBUTES) {
    throw new AppError('INVALID_INPUT', `attributes: with these the asset has ${count}; the limit is ${MAX_ATTRIBUTES}.`, {
      hint: 'Remove some by giving them as null; words for searching belong into the caption or tags.',
    });
  }
  return merged;
}

/** What a file says of itself, for fields that nobody gave: cleaned and capped like what is given. */
export function writtenFields(written: { description?: string; creator?: string; licence?: string }, given: Description): Partial<Asset> {
  const caption = given.caption === undefined ? cleanOptional(written.description, MAX.caption) : undefined;
  const creator = given.creator === undefined ? cleanOptional(written.creator, MAX.creator) : undefined;
  const licence = given.licence === undefined ? cleanOptional(written.licence, MAX.licence) : undefined;
  return { ...(caption ? { caption, captionOrigin: 'file' as const } : {}), ...(creator ? { creator } : {}), ...(licence ? { licence } : {}) };
}
