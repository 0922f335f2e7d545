import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import { LISTED_SCHEMAS } from './listed-schemas.ts';

/** JSON Schemas of a tool, as the tool list shows them. */
export interface ListedSchemas {
  input: Record<string, unknown>;
  output: Record<string, unknown>;
}

type Said = StandardSchemaWithJSON<unknown, Record<string, unknown>>;

/** What the tool list is written in: the version that the SDK asks for (2020-12). */
const VERSION = { target: 'draft-2020-12' } as const;

let written: Record<string, ListedSchemas> | undefined;

/** The schema, whose JSON Schema was written with the build: making them anew took 20 ms of every start. */
export function listed<Schema extends StandardSchemaWithJSON>(schema: Schema, tool: string, side: keyof ListedSchemas): Said {
  const read = () => {
    written ??= JSON.parse(LISTED_SCHEMAS) as Record<string, ListedSchemas>;
    return written[tool]?.[side] ?? listedSchema(schema, side);
  };
  return { '~standard': { ...schema['~standard'], jsonSchema: { input: read, output: read } } } as Said;
}

/**
 * The schema as short as it can be said, since the tool list is paid for in every conversation: no `$schema` line (2020-12 is what clients
 * assume), and for results not whether more fields may come (they may, in a later version).
 */
export function listedSchema(schema: StandardSchemaWithJSON, side: keyof ListedSchemas): Record<string, unknown> {
  const { $schema: _, ...said } = schema['~standard'].jsonSchema[side](VERSION);
  return side === 'output' ? unsealed(said) : said;
}

/** A JSON Schema that forbids no further fields. */
function unsealed<Schema>(schema: Schema): Schema;
function unsealed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(unsealed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const says = ([key, value]: [string, unknown]) =>
    key !== 'additionalProperties' || (typeof value === 'object' && value !== null && Object.keys(value).length > 0);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(says)
      .map(([key, value]) => [key, unsealed(value)]),
  );
}
