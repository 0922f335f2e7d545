import { AppError } from '../errors.ts';
import { type AssetStatus, type AttributeValue, FILTER_FIELDS, type FieldCondition, type Filter, type FilterField } from '../ports/catalog.ts';
import type { Ports } from '../ports.ts';
import { endOfDay, isoTime } from './dates.ts';
import { cleanText } from './text.ts';
import { isOneTypo } from './words.ts';

/** Fields with a fixed set of values. */
const CHOICES: Partial<Record<FilterField, readonly string[]>> = {
  status: ['pending', 'approved', 'rejected'],
  orientation: ['landscape', 'portrait', 'square'],
  captionOrigin: ['given', 'file', 'model'],
};
const NUMBERS: readonly string[] = ['width', 'height', 'megapixels', 'brightness', 'durationSeconds'];
const DATES: readonly string[] = ['createdAt', 'updatedAt'];

/** Values that one condition may list. */
const MOST_VALUES = 100;
/** Attribute names that an error lists. */
const MOST_NAMES = 40;

type Field = FilterField | { attribute: string };

/**
 * A filter as a caller writes it: `{ field: value }` equal, `{ field: [values] }` any of them, `{ field: { gte, lte } }` a range of numbers or
 * ISO 8601 dates with both ends (a date alone as `lte` is its whole day), and `tags: { all, any, none }` or `tags: [any of]`. Fields are those
 * of `FILTER_FIELDS` and the attributes of the collection (of all collections where none is given). INVALID_INPUT for anything else, which
 * names the known fields and the closest one.
 */
export async function readFilter(ports: Ports, collection: string | undefined, given: Record<string, unknown>): Promise<Filter> {
  const filter: Filter = {};
  const fields: FieldCondition[] = [];
  const names = Object.keys(given);
  const attributes = names.every((name) => name === 'tags' || isBuiltIn(name)) ? [] : await attributeNames(ports, collection);
  for (const name of names) {
    const value = given[name];
    if (name === 'tags') Object.assign(filter, tagsOf(value));
    else if (name === 'status') filter.status = statusOf(value);
    else if (isBuiltIn(name)) fields.push(condition(name, name, value));
    else if (attributes.includes(name)) fields.push(condition(name, { attribute: name }, value));
    else throw unknownField(name, attributes);
  }
  return fields.length > 0 ? { ...filter, fields } : filter;
}

const isBuiltIn = (name: string): name is FilterField => (FILTER_FIELDS as readonly string[]).includes(name);

async function attributeNames(ports: Ports, collection: string | undefined): Promise<string[]> {
  const collections = collection === undefined ? (await ports.catalog.collections()).map(({ name }) => name) : [collection];
  const names = await Promise.all(collections.map((name) => ports.catalog.attributeNames(name)));
  return [...new Set(names.flat())].sort();
}

function condition(name: string, field: Field, value: unknown): FieldCondition {
  if (isRecord(value)) return range(name, field, value);
  const values = Array.isArray(value) ? value : [value];
  if (values.length === 0 || values.length > MOST_VALUES) throw invalid(name, value, `Give 1 to ${MOST_VALUES} values, or leave the field out.`);
  if (DATES.includes(name)) {
    if (values.length > 1) throw invalid(name, value, `Times are compared by range: filter.${name}: {"gte": "2026-11-01", "lte": "2026-11-30"}.`);
    return range(name, field, { gte: value, lte: value });
  }
  return { field, in: values.map((one) => checkValue(name, field, one)) };
}

function statusOf(value: unknown): AssetStatus[] {
  const checked = condition('status', 'status', value);
  return 'in' in checked ? (checked.in as AssetStatus[]) : [];
}

function checkValue(name: string, field: Field, value: unknown): AttributeValue {
  const choices = typeof field === 'string' ? CHOICES[field] : undefined;
  if (choices && !(typeof value === 'string' && choices.includes(value))) throw invalid(name, value, `It is one of: ${choices.join(', ')}.`);
  if (NUMBERS.includes(name)) {
    if (typeof value !== 'number') throw invalid(name, value, 'It is a number: a value, a list of values, or {"gte": …, "lte": …}.');
    return value;
  }
  if (typeof field === 'string' && typeof value !== 'string') throw invalid(name, value, 'It is a text: a value, or a list of values.');
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw invalid(name, value, 'A value is a text, a number, true or false; a list means any of them; {"gte": …, "lte": …} is a range.');
}

function range(name: string, field: Field, value: Record<string, unknown>): FieldCondition {
  const isText = typeof field === 'string' && !NUMBERS.includes(name) && !DATES.includes(name);
  if (isText) throw invalid(name, value, 'It is a text: give a value or a list of values, not a range.');
  const operators = Object.keys(value);
  const wrong = operators.find((operator) => operator !== 'gte' && operator !== 'lte');
  if (wrong !== undefined || operators.length === 0) {
    const of = wrong === undefined ? 'An empty range' : `"${cleanText(wrong, 40)}"`;
    throw new AppError('INVALID_INPUT', `${of} is no operator of filter.${name}.`, {
      hint: 'Ranges have gte (from) and lte (up to), both ends included: {"gte": 1, "lte": 2}. A value alone means equal, a list any of its values.',
    });
  }
  const [gte, lte] = [bound(name, value.gte, isoTime), bound(name, value.lte, endOfDay)];
  if (gte !== undefined && lte !== undefined) {
    if (typeof gte !== typeof lte) throw invalid(name, value, 'Both ends are numbers, or both are dates.');
    if (gte > lte) throw invalid(name, value, 'gte is above lte, so nothing can match: swap them.');
  }
  return { field, ...(gte === undefined ? {} : { gte }), ...(lte === undefined ? {} : { lte }) };
}

/** One end of a range: a number, or an ISO date as a point in time. */
function bound(name: string, value: unknown, time: (text: string) => string | undefined): number | string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && !DATES.includes(name)) return value;
  if (typeof value === 'string' && !NUMBERS.includes(name)) {
    const at = time(value);
    if (at !== undefined) return at;
    throw invalid(name, value, 'Dates are written 2026-11-21, times 2026-11-21T13:45:00Z, and must exist in the calendar.');
  }
  throw invalid(
    name,
    value,
    NUMBERS.includes(name) ? 'Its range is of numbers.' : DATES.includes(name) ? 'Its range is of dates.' : 'A range is of numbers or of dates.',
  );
}

function tagsOf(value: unknown): Filter {
  if (typeof value === 'string' || Array.isArray(value)) return { tagsAny: tagList('tags', value) };
  const parts: Record<string, 'tagsAll' | 'tagsAny' | 'tagsNone'> = { all: 'tagsAll', any: 'tagsAny', none: 'tagsNone' };
  if (!isRecord(value) || Object.keys(value).length === 0 || Object.keys(value).some((part) => !Object.hasOwn(parts, part)))
    throw invalid('tags', value, 'Write {"all": [...], "any": [...], "none": [...]} with one or more of the three, or a list of tags, any of which counts.');
  return Object.fromEntries(Object.entries(value).map(([part, tags]) => [parts[part], tagList(`tags.${part}`, tags)]));
}

function tagList(name: string, value: unknown): string[] {
  const tags = (Array.isArray(value) ? value : [value]).map((tag) => (typeof tag === 'string' ? tag.trim().toLowerCase() : ''));
  if (tags.length === 0 || tags.length > MOST_VALUES || tags.includes('')) throw invalid(name, value, `Give 1 to ${MOST_VALUES} tags, each a text.`);
  return tags;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function invalid(name: string, value: unknown, hint: string): AppError {
  return new AppError('INVALID_INPUT', `filter.${name} is ${cleanText(JSON.stringify(value) ?? 'undefined', 80)}.`, { hint });
}

/** Arguments that are often looked for among the fields. */
const ARGUMENTS: readonly string[] = ['kind', 'collection', 'query', 'limit'];

function unknownField(name: string, attributes: string[]): AppError {
  const shown = cleanText(name, 60);
  if (ARGUMENTS.includes(name))
    return new AppError('INVALID_INPUT', `"${shown}" is no field of filter.`, { hint: `${name} is an argument of its own: give it beside filter.` });
  const known = ['tags', ...FILTER_FIELDS, ...attributes];
  const close = closest(name, known);
  const more = attributes.length > MOST_NAMES ? ` and ${attributes.length - MOST_NAMES} more` : '';
  const own = attributes.length > 0 ? `attributes here: ${attributes.slice(0, MOST_NAMES).join(', ')}${more}` : 'no asset here has attributes';
  return new AppError('INVALID_INPUT', `There is no field "${shown}" to filter by.`, {
    hint: `${close === undefined ? '' : `Did you mean "${close}"? `}Fields: tags, ${FILTER_FIELDS.join(', ')}; ${own}.`,
  });
}

/** The field with the same letters but for case, signs or one typo, or that begins or ends the same. */
function closest(name: string, known: string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const asked = plain(name);
  const spelt = known.find((field) => plain(field) === asked || isOneTypo(plain(field), asked));
  return (
    spelt ??
    (asked.length < 3 ? undefined : known.find((field) => plain(field).startsWith(asked) || plain(field).endsWith(asked) || asked.startsWith(plain(field))))
  );
}
