import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type CallToolResult, Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { loadConfig } from '../src/config.ts';
import { createServer } from '../src/server.ts';
import { lazyStudio, type Studio } from '../src/studio.ts';

export interface Connection {
  client: Client;
  /** Data folder of the server. */
  home: string;
  /** A folder the server may read. */
  inbox: string;
  studio(): Promise<Studio>;
  /** The structured result of a call that must succeed. */
  call<T = Record<string, never>>(name: string, args?: Record<string, unknown>): Promise<T>;
  /** The whole result, error or not. */
  raw(name: string, args?: Record<string, unknown>, onprogress?: (progress: { progress: number }) => void): Promise<CallToolResult>;
  /** The text of a call that must fail. */
  error(name: string, args?: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** A real MCP client on the real server in this process, on a data folder of its own; no socket. */
export async function connect(
  options: { era?: 'legacy' | 'modern'; home?: string; alsoAllow?: string; environment?: Record<string, string> } = {},
): Promise<Connection> {
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-test-'));
  const home = options.home ?? path.join(root, 'home');
  const inbox = await mkdtemp(path.join(root, 'inbox-'));
  const environment = { VRAG_HOME: home, VRAG_DEFAULT_DIRS: 'off', VRAG_ALLOWED_DIRS: inbox, ...options.environment };
  const config = loadConfig(environment, options.alsoAllow ? [options.alsoAllow] : []);
  const studio = lazyStudio(config, { localPaths: true });
  const handler = createMcpHandler(() => createServer(studio.open));
  const client = new Client(
    { name: 'vrag-test', version: '1.0.0' },
    { versionNegotiation: options.era === 'legacy' ? { mode: 'legacy' } : { mode: { pin: '2026-07-28' } } },
  );
  const transport = new StreamableHTTPClientTransport(new URL('http://test.local/mcp'), { fetch: (url, init) => handler.fetch(new Request(url, init)) });
  await client.connect(transport);
  const raw: Connection['raw'] = (name, args = {}, onprogress) =>
    client.callTool({ name, arguments: args }, { timeout: 60_000, ...(onprogress ? { onprogress } : {}) }) as Promise<CallToolResult>;
  return {
    client,
    home,
    inbox,
    studio: studio.open,
    raw,
    async call<T>(name: string, args: Record<string, unknown> = {}) {
      const result = await raw(name, args);
      if (result.isError) throw new Error(`${name} failed: ${textOf(result)}`);
      return result.structuredContent as T;
    },
    async error(name, args = {}) {
      const result = await raw(name, args);
      if (!result.isError) throw new Error(`${name} was expected to fail, but returned ${textOf(result)}`);
      return textOf(result);
    },
    async close() {
      await client.close();
      await handler.close();
      await studio.close();
      if (options.home === undefined) await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function textOf(result: CallToolResult): string {
  return result.content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
