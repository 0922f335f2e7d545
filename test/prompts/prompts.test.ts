import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';

let server: Connection;
beforeAll(async () => {
  server = await connect();
});
afterAll(() => server.close());

const textOf = async (name: string, args: Record<string, string>) => {
  const { messages } = await server.client.getPrompt({ name, arguments: args });
  expect(messages).toMatchObject([{ role: 'user', content: { type: 'text' } }]);
  return (messages[0].content as { text: string }).text;
};

describe('prompts', () => {
  it('are listed with their arguments, and open nothing', async () => {
    const { prompts } = await server.client.listPrompts();
    expect(prompts.map(({ name, arguments: args }) => [name, args?.filter(({ required }) => required).map((arg) => arg.name)])).toEqual([
      ['storyboard', ['idea']],
      ['improve', ['videoId']],
      ['campaign', ['products']],
    ]);
    for (const { title, description, arguments: args } of prompts) {
      expect([title, description, ...(args ?? []).map((arg) => arg.description)].every(Boolean)).toBe(true);
    }
  });

  it('take what was given into the text, and refuse what is missing', async () => {
    expect(await textOf('storyboard', { idea: 'Our spring shoes', collection: 'spring', seconds: '12' })).toMatch(
      /about 12 seconds: Our spring shoes.*"collection": "spring"/s,
    );
    expect(await textOf('improve', { videoId: 'vid_1', maxCostUsd: '2.5' })).toMatch(/"videoId": "vid_1".*"maxCostUsd": 2.5/s);
    expect(await textOf('campaign', { products: 'red shoes, grey hat' })).toContain('red shoes, grey hat');
    await expect(server.client.getPrompt({ name: 'improve', arguments: {} })).rejects.toThrow(/videoId/);
  });

  it('name only tools and arguments that there are', async () => {
    const { tools } = await server.client.listTools();
    const names = new Set(tools.map(({ name }) => name));
    const args = new Set(tools.flatMap(({ inputSchema }) => Object.keys(inputSchema.properties ?? {})));
    const texts = [await textOf('storyboard', { idea: 'x' }), await textOf('improve', { videoId: 'x' }), await textOf('campaign', { products: 'x' })];
    for (const text of texts) {
      const called = [...text.matchAll(/\b[a-z]+_(?:images?|video|job)\b/g)].map(([name]) => name);
      expect(called.length).toBeGreaterThan(1);
      for (const name of called) expect(names).toContain(name);
      for (const [, name] of text.matchAll(/"(\w+)":/g)) expect(args).toContain(name);
    }
  });
});
