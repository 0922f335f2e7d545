import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isoTime } from '../../src/library/dates.ts';
import { readFilter } from '../../src/library/filter.ts';
import type { Ports } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';

let server: Connection;
let ports: Ports;
beforeAll(async () => {
  server = await connect();
  const studio = await server.studio();
  // What filters are read against: the names that a collection's attributes have.
  ports = { ...studio.ports, catalog: { ...studio.ports.catalog, attributeNames: async () => ['colour', 'price', 'taken'] } };
});
afterAll(() => server.close());

const read = (filter: Record<string, unknown>) => readFilter(ports, 'c', filter);

describe('a filter', () => {
  it.each([
    [{ status: 'approved' }, { status: ['approved'] }],
    [{ tags: ['Red ', 'blue'] }, { tagsAny: ['red', 'blue'] }],
    [{ tags: 'red' }, { tagsAny: ['red'] }],
    [{ tags: { all: ['a'], any: ['b'], none: ['C'] } }, { tagsAll: ['a'], tagsAny: ['b'], tagsNone: ['c'] }],
    [{ licence: 'MIT' }, { fields: [{ field: 'licence', in: ['MIT'] }] }],
    [{ orientation: ['landscape', 'square'] }, { fields: [{ field: 'orientation', in: ['landscape', 'square'] }] }],
    [{ width: { gte: 100 } }, { fields: [{ field: 'width', gte: 100 }] }],
    [{ price: { gte: 1, lte: 2 } }, { fields: [{ field: { attribute: 'price' }, gte: 1, lte: 2 }] }],
    [
      { colour: 'red', price: [1, 2] },
      {
        fields: [
          { field: { attribute: 'colour' }, in: ['red'] },
          { field: { attribute: 'price' }, in: [1, 2] },
        ],
      },
    ],
    [{ taken: { lte: '2026-02-28' } }, { fields: [{ field: { attribute: 'taken' }, lte: '2026-02-28T23:59:59.999Z' }] }],
    [{ createdAt: '2026-02-28' }, { fields: [{ field: 'createdAt', gte: '2026-02-28T00:00:00.000Z', lte: '2026-02-28T23:59:59.999Z' }] }],
    [{ createdAt: { gte: '2026-02-28T10:00:00+02:00' } }, { fields: [{ field: 'createdAt', gte: '2026-02-28T08:00:00.000Z' }] }],
  ])('%j', async (given, expected) => expect(await read(given)).toEqual(expected));

  it.each([
    [{ lisense: 'MIT' }, /no field "lisense".*Fields: tags, status, licence.*attributes here: colour, price, taken/s],
    [{ license: 'MIT' }, /Did you mean "licence"\?/],
    [{ created: '2026-01-01' }, /Did you mean "createdAt"\?/],
    [{ Price: 1 }, /Did you mean "price"\?/],
    [{ kind: 'video' }, /kind is an argument of its own/],
    [{ status: 'ok' }, /filter\.status is "ok"\. It is one of: pending, approved, rejected/],
    [{ width: '100' }, /filter\.width.*number/],
    [{ width: { gt: 100 } }, /"gt" is no operator of filter\.width.*gte/s],
    [{ width: {} }, /An empty range/],
    [{ width: { gte: 'big' } }, /range is of numbers/],
    [{ width: { gte: 2, lte: 1 } }, /gte is above lte/],
    [{ price: { gte: 1, lte: '2026-01-01' } }, /Both ends/],
    [{ price: null }, /filter\.price is null/],
    [{ colour: [] }, /1 to 100 values/],
    [{ colour: [{ gte: 1 }] }, /A value is a text, a number, true or false/],
    [{ name: { gte: 'a' } }, /not a range/],
    [{ licence: 5 }, /It is a text/],
    [{ taken: { gte: '2026-02-30' } }, /must exist in the calendar/],
    [{ createdAt: 'yesterday' }, /Dates are written/],
    [{ createdAt: ['2026-01-01', '2026-01-02'] }, /compared by range/],
    [{ tags: { some: ['a'] } }, /"all".*"any".*"none"/],
    [{ tags: [5] }, /tags, each a text/],
    [{ tags: [] }, /1 to 100 tags/],
    [{ constructor: 1 }, /no field/],
  ] as [Record<string, unknown>, RegExp][])('%j is refused', async (given, expected) => {
    const error = (await read(given).catch((thrown: unknown) => thrown)) as { code: string; message: string; hint?: string };
    expect(error.code).toBe('INVALID_INPUT');
    expect(`${error.message} ${error.hint ?? ''}`).toMatch(expected);
  });
});

it('days that do not exist are no dates', () => {
  expect(isoTime('2024-02-29')).toBe('2024-02-29T00:00:00.000Z');
  for (const text of ['2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', '2026-01-01T24:00', '2026-01-01T10:00+15:00', '01.02.2026', ''])
    expect(isoTime(text), text).toBeUndefined();
});
