import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';

type Schema = Record<string, unknown> & { properties?: Record<string, Schema>; additionalProperties?: Schema | boolean };

const SOURCE = path.join(import.meta.dirname, '../../src/tools');

let modern: Connection;
let tools: Awaited<ReturnType<Connection['client']['listTools']>>['tools'];

beforeAll(async () => {
  modern = await connect();
  ({ tools } = await modern.client.listTools());
});
afterAll(() => modern.close());

/** A schema and everything in it, with the way there. */
function* walk(schema: unknown, at: string): Generator<[string, Schema]> {
  if (typeof schema !== 'object' || schema === null) return;
  if (!Array.isArray(schema)) yield [at, schema as Schema];
  for (const [key, part] of Object.entries(schema)) yield* walk(part, `${at}.${key}`);
}

const schemas = () => tools.flatMap(({ name, inputSchema, outputSchema }) => [...walk(inputSchema, `${name}.input`), ...walk(outputSchema, `${name}.output`)]);

const isObject = ({ type, properties }: Schema) => type === 'object' || (properties !== undefined && typeof properties.type !== 'string');

describe('the tool list', () => {
  it('has these tools in the order of the work', () => {
    expect(tools.map(({ name }) => name)).toEqual([
      'search_images',
      'ingest_image',
      'inpaint_image',
      'generate_video',
      'get_job',
      'evaluate_video',
      'cancel_job',
      'delete_image',
      'manage_collection',
    ]);
  });

  it('holds every tool that has a file', () => {
    const sources = readdirSync(SOURCE).map((file) => readFileSync(path.join(SOURCE, file), 'utf8'));
    const defined = sources.flatMap((source) => [...source.matchAll(/= defineTool\(\{\s*name: '(\w+)'/g)].map(([, name]) => name));
    expect(sources.filter((source) => source.includes('= defineTool(')).length).toBe(defined.length);
    expect(defined.sort()).toEqual(tools.map(({ name }) => name).sort());
  });

  it('costs at most 20,000 bytes', () => {
    expect(Buffer.byteLength(JSON.stringify({ tools }))).toBeLessThanOrEqual(20_000);
  });

  it('is the same for clients of both eras of the protocol', async () => {
    const legacy = await connect({ era: 'legacy' });
    expect((await legacy.client.listTools()).tools).toEqual(tools);
    await legacy.close();
  });

  it('says of every tool what it does, in at most 400 characters, and what it does to the world', () => {
    for (const { name, title, description = '', annotations } of tools) {
      expect(title, name).toMatch(/^[A-Z][\w -]+$/);
      expect(description.length, name).toBeGreaterThan(40);
      expect(description.length, name).toBeLessThanOrEqual(400);
      expect(annotations, name).toEqual({
        readOnlyHint: expect.any(Boolean),
        destructiveHint: expect.any(Boolean),
        idempotentHint: expect.any(Boolean),
        openWorldHint: expect.any(Boolean),
      });
    }
  });

  it('only tools that stop or delete are destructive, and none of those only reads', () => {
    const destructive = tools.filter(({ annotations }) => annotations?.destructiveHint);
    expect(destructive.map(({ name }) => name)).toEqual(['cancel_job', 'delete_image', 'manage_collection']);
    for (const { name, annotations } of destructive) expect(annotations?.readOnlyHint, name).toBe(false);
  });
});

describe('the schemas', () => {
  it('let nothing through that they do not name, but records by free names; results may hold more than they name', () => {
    const objects = schemas().filter(([, schema]) => isObject(schema));
    expect(objects.length).toBeGreaterThan(tools.length * 2);
    for (const [at, { additionalProperties: others, properties }] of objects) {
      if (others === false || at.includes('.output')) continue;
      expect(others, at).toBeTypeOf('object');
      expect(properties, at).toBeUndefined();
    }
  });

  it('have no nullable types, which some clients cannot express', () => {
    for (const [at, schema] of schemas()) {
      expect([schema.type].flat(), at).not.toContain('null');
      expect(schema.nullable, at).toBeUndefined();
    }
  });

  it('refer to nothing outside themselves', () => {
    for (const [at, schema] of schemas()) if (typeof schema.$ref === 'string') expect(schema.$ref, at).toMatch(/^#/);
  });
});

it('the instructions fit into 2 KB and name every tool of the loop', () => {
  const instructions = modern.client.getInstructions() ?? '';
  expect(Buffer.byteLength(instructions)).toBeLessThan(2048);
  for (const name of ['search_images', 'ingest_image', 'generate_video', 'get_job', 'evaluate_video']) expect(instructions).toContain(name);
});

it('no list is announced as changing, since no change is ever announced', () => {
  const { tools: toolList, resources } = modern.client.getServerCapabilities() ?? {};
  expect(toolList?.listChanged).toBe(false);
  expect(resources).toEqual({ listChanged: false });
});
