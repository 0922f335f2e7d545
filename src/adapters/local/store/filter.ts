import { AppError } from '../../../errors.ts';
import type { Asset, AttributeValue, FieldCondition, Filter, FilterField } from '../../../ports.ts';
import type { Property } from './asset-fields.ts';

/** What conditions are about: a field of every asset, or an attribute. */
export type Field = FilterField | 'kind' | 'tags' | { attribute: string };

/** A field's value, ready to be tested; text is folded, but for tags. */
export interface FieldValue {
  items: readonly AttributeValue[];
  /** NaN where the value is no number. */
  number: number;
  /** Milliseconds since 1970; NaN where the value is no date. */
  time: number;
}

/** One condition of a filter; `undefined` stands for an asset without the field. */
export interface Test {
  field: Field;
  passes(value: FieldValue | undefined): boolean;
}

/** A date, or a date with a time; without an offset it is UTC, so that it means the same on every machine. */
const ISO_DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

function timeOf(text: string): number {
  const match = ISO_DATE.exec(text);
  if (!match) return Number.NaN;
  const [, date, time = '00:00', offset = 'Z'] = match;
  return Date.parse(`${date}T${time}${offset.toUpperCase().replace(/(\d{2})(\d{2})$/, '$1:$2')}`);
}

/** Text as conditions compare it. */
export function folded(value: AttributeValue): AttributeValue {
  return typeof value === 'string' ? value.normalize('NFC').toLowerCase() : value;
}

function orientationOf(width: number, height: number): string {
  return width === height ? 'square' : width > height ? 'landscape' : 'portrait';
}

/** Properties of an asset that a field's value is made from. */
export function propertiesOf(field: Field): Property[] {
  if (typeof field === 'object') return ['attributes'];
  return field === 'orientation' || field === 'megapixels' ? ['width', 'height'] : [field];
}

function rawValue(asset: Partial<Pick<Asset, Property>>, field: Field): AttributeValue | string[] | undefined {
  if (typeof field === 'object') return asset.attributes && Object.hasOwn(asset.attributes, field.attribute) ? asset.attributes[field.attribute] : undefined;
  if (field !== 'orientation' && field !== 'megapixels') return asset[field];
  const { width, height } = asset;
  if (!width || !height) return undefined;
  return field === 'orientation' ? orientationOf(width, height) : (width * height) / 1e6;
}

/** The value of a field, from an asset or from its `propertiesOf` alone; `undefined` where the asset does not have it. */
export function fieldValue(asset: Partial<Pick<Asset, Property>>, field: Field): FieldValue | undefined {
  const value = rawValue(asset, field);
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return { items: field === 'tags' ? value : value.map(folded), number: Number.NaN, time: Number.NaN };
  return { items: [folded(value)], number: typeof value === 'number' ? value : Number.NaN, time: typeof value === 'string' ? timeOf(value) : Number.NaN };
}

const nameOf = (field: FieldCondition['field']): string => (typeof field === 'object' ? field.attribute : field);

/** Which of a value's points a bound is compared with; INVALID_INPUT where it is neither a number nor a date. */
export function bound(value: number | string, field: FieldCondition['field']): { point: number; axis: 'number' | 'time' } {
  const point = typeof value === 'number' ? value : timeOf(value);
  if (Number.isFinite(point)) return { point, axis: typeof value === 'number' ? 'number' : 'time' };
  throw new AppError('INVALID_INPUT', `The bound ${JSON.stringify(value)} for ${nameOf(field)} is neither a number nor a date.`, {
    hint: 'Give a number, or an ISO 8601 date such as 2026-11-21 or 2026-11-21T09:30:00Z.',
  });
}

function conditionTest(condition: FieldCondition): Test | undefined {
  const { field } = condition;
  if ('in' in condition) {
    if (condition.in.length === 0) return undefined;
    const wanted = new Set(condition.in.map(folded));
    return { field, passes: (value) => value?.items.some((item) => wanted.has(item)) ?? false };
  }
  const least = condition.gte === undefined ? undefined : bound(condition.gte, field);
  const most = condition.lte === undefined ? undefined : bound(condition.lte, field);
  return {
    field,
    passes: (value) => value !== undefined && (!least || value[least.axis] >= least.point) && (!most || value[most.axis] <= most.point),
  };
}

/** The filter as tests that an asset must all pass; none where it lets everything through. An empty list is as if it were not given. */
export function filterTests(filter: Filter): Test[] {
  const has = (value: FieldValue | undefined, tag: string) => value?.items.includes(tag) ?? false;
  const { tagsAll, tagsAny, tagsNone } = filter;
  const tests: (Test | undefined)[] = [
    filter.kind && conditionTest({ field: 'kind' as FilterField, in: [filter.kind] }),
    filter.status && conditionTest({ field: 'status', in: filter.status }),
    tagsAll?.length ? { field: 'tags', passes: (value) => tagsAll.every((tag) => has(value, tag)) } : undefined,
    tagsAny?.length ? { field: 'tags', passes: (value) => tagsAny.some((tag) => has(value, tag)) } : undefined,
    tagsNone?.length ? { field: 'tags', passes: (value) => !tagsNone.some((tag) => has(value, tag)) } : undefined,
    ...(filter.fields ?? []).map(conditionTest),
  ];
  return tests.filter((test) => test !== undefined);
}
