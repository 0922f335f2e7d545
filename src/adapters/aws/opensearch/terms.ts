import { createHash } from 'node:crypto';
import { FILTER_FIELDS } from '../../../ports/catalog.ts';
import type { Asset, AttributeValue, FieldCondition, Filter } from '../../../ports.ts';
import { bound, type Field, fieldValue, folded } from '../../local/store/filter.ts';
import type { Query } from './engine.ts';

/**
 * Conditions as keywords: `terms` holds `<field>␟<type and value>` for every value of every field (and `<field>␟` where it has one), `points` holds
 * `<axis><field>␟<sortable number>`. So attributes of any name need no fields of their own in the mapping, and every kind of condition is a `terms`
 * or `range` query that all kinds of OpenSearch know.
 */
const BETWEEN = '\u001f';
const LARGEST = 'f'.repeat(16);
/** Longer values stand as their hash: Lucene takes terms of up to 32,766 bytes. */
const LONGEST = 256;

const nameOf = (field: Field): string => (typeof field === 'object' ? `a:${field.attribute}` : field);

function termOf(name: string, value: AttributeValue): string {
  const text = String(value);
  const short = text.length > LONGEST ? createHash('sha256').update(text).digest('hex') : text;
  return `${name}${BETWEEN}${(typeof value)[0]}${short}`;
}

/** 16 hex digits in the order of the numbers: IEEE 754 with the sign bit, or for negative ones all bits, turned around. */
function sortable(number: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number);
  const bits = view.getBigUint64(0);
  const flipped = bits >> 63n ? ~bits & 0xffffffffffffffffn : bits | (1n << 63n);
  return flipped.toString(16).padStart(16, '0');
}

const pointOf = (axis: 'number' | 'time', name: string, sorted: string): string => `${axis[0]}${name}${BETWEEN}${sorted}`;

/** What conditions find an asset by. */
export function conditionTerms(asset: Asset): { terms: string[]; points: string[] } {
  const fields: Field[] = ['kind', ...FILTER_FIELDS, ...Object.keys(asset.attributes ?? {}).map((attribute) => ({ attribute }))];
  const terms: string[] = [];
  const points: string[] = [];
  for (const field of fields) {
    const value = fieldValue(asset, field);
    if (!value) continue;
    const name = nameOf(field);
    terms.push(`${name}${BETWEEN}`, ...value.items.map((item) => termOf(name, item)));
    for (const axis of ['number', 'time'] as const) if (Number.isFinite(value[axis])) points.push(pointOf(axis, name, sortable(value[axis])));
  }
  return { terms: [...new Set(terms)], points };
}

const anyOf = (name: string, values: readonly AttributeValue[]): Query => ({
  terms: { terms: [...new Set(values.map((value) => termOf(name, folded(value))))] },
});

function conditionQueries(condition: FieldCondition): Query[] {
  const name = nameOf(condition.field);
  if ('in' in condition) return condition.in.length === 0 ? [] : [anyOf(name, condition.in)];
  const least = condition.gte === undefined ? undefined : bound(condition.gte, condition.field);
  const most = condition.lte === undefined ? undefined : bound(condition.lte, condition.field);
  if (!least && !most) return [{ term: { terms: `${name}${BETWEEN}` } as never }];
  const axes = new Set([least?.axis, most?.axis].filter((axis) => axis !== undefined));
  return Array.from(axes, (axis) => ({
    range: {
      points: {
        gte: pointOf(axis, name, least?.axis === axis ? sortable(least.point) : ''),
        lte: pointOf(axis, name, most?.axis === axis ? sortable(most.point) : LARGEST),
      },
    },
  }));
}

/** The filter as queries that must all hold, none where it lets everything through; INVALID_INPUT as in the port. */
export function filterQueries(filter: Filter): Query[] {
  const { tagsAll = [], tagsAny = [], tagsNone = [] } = filter;
  return [
    ...(filter.kind ? [anyOf('kind', [filter.kind])] : []),
    ...(filter.status?.length ? [anyOf('status', filter.status)] : []),
    ...tagsAll.map((tag): Query => ({ terms: { tags: [tag] } })),
    ...(tagsAny.length > 0 ? [{ terms: { tags: tagsAny } } satisfies Query] : []),
    ...(tagsNone.length > 0 ? [{ bool: { must_not: [{ terms: { tags: tagsNone } }] } } satisfies Query] : []),
    ...(filter.fields ?? []).flatMap(conditionQueries),
  ];
}
