import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioClientTransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as StreamableHTTPClientTransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { png } from '../fixtures/pictures.ts';

export const CLI = path.join(import.meta.dirname, '../../dist/cli.js');

/** The clients people have: the current one in both eras of the protocol, and the one before. */
export const KINDS = ['v1', 'v2 legacy', 'v2 auto'] as const;
export type Kind = (typeof KINDS)[number];

/** A data folder of its own with one picture, `red square`, in a folder that the server may read. */
export interface Desk {
  folder: string;
  home: string;
  picture: string;
  environment: Record<string, string>;
  clear(): Promise<void>;
}

export async function openDesk(): Promise<Desk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-e2e-'));
  const home = path.join(folder, 'home');
  const picture = path.join(folder, 'square.png');
  await writeFile(picture, await png(640, 360));
  const environment = { VRAG_HOME: home, VRAG_DEFAULT_DIRS: 'off', VRAG_ALLOWED_DIRS: folder };
  return { folder, home, picture, environment, clear: () => rm(folder, { recursive: true, force: true, maxRetries: 10 }) };
}

const environmentOf = (desk: Desk): Record<string, string> => ({ PATH: process.env.PATH ?? '', HOME: desk.folder, ...desk.environment });

const newClient = (kind: Kind) => new Client({ name: 'e2e', version: '1.0.0' }, { versionNegotiation: { mode: kind === 'v2 legacy' ? 'legacy' : 'auto' } });

/** The parts that both SDKs' clients have in common; their types differ in details that these tests do not look at. */
export type AnyClient = Pick<
  Client,
  'listTools' | 'callTool' | 'listResources' | 'listResourceTemplates' | 'readResource' | 'complete' | 'getServerVersion' | 'close'
>;

/** A client of the built bin, which it starts. */
export async function connectStdio(kind: Kind, desk: Desk): Promise<AnyClient> {
  const server = { command: process.execPath, args: [CLI], env: environmentOf(desk), stderr: 'ignore' as const };
  if (kind === 'v1') {
    const client = new ClientV1({ name: 'e2e', version: '1.0.0' });
    await client.connect(new StdioClientTransportV1(server));
    return client as unknown as AnyClient;
  }
  const client = newClient(kind);
  await client.connect(new StdioClientTransport(server));
  return client;
}

/** A client of a running HTTP server. */
export async function connectHttp(kind: Kind, url: string): Promise<AnyClient> {
  if (kind === 'v1') {
    const client = new ClientV1({ name: 'e2e', version: '1.0.0' });
    await client.connect(new StreamableHTTPClientTransportV1(new URL(url)));
    return client as unknown as AnyClient;
  }
  const client = newClient(kind);
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

export type Bin = ChildProcessByStdio<Writable, Readable, Readable> & { output: () => string; errors: () => string };

/** The built bin itself, everything it writes kept. */
export function startBin(args: string[], desk: Desk): Bin {
  const child = spawn(process.execPath, [CLI, ...args], { env: environmentOf(desk), stdio: ['pipe', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
    });
  }
  return Object.assign(child, { output: () => written.stdout, errors: () => written.stderr });
}

/** Its exit code; kills it and fails where it lives longer. */
export async function exitOf(bin: Bin, withinMs: number): Promise<number | null> {
  if (bin.exitCode !== null) return bin.exitCode;
  const timer = setTimeout(() => bin.kill('SIGKILL'), withinMs);
  const [code, signal] = await once(bin, 'close');
  clearTimeout(timer);
  if (signal === 'SIGKILL') throw new Error(`The server was still there after ${withinMs} ms: ${bin.errors()}`);
  return code;
}

/** Starts the bin over HTTP at a free port; its address comes on stderr. */
export async function startHttp(desk: Desk, args: string[] = []): Promise<{ url: string; port: number; bin: Bin }> {
  const bin = startBin(['--http', '--port', '0', ...args], desk);
  for (;;) {
    const address = /http:\/\/127\.0\.0\.1:(\d+)\/mcp/.exec(bin.errors());
    if (address) return { url: address[0], port: Number(address[1]), bin };
    if (bin.exitCode !== null) throw new Error(`The server did not start: ${bin.errors()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export const textOf = (result: unknown) => (result as { content: { text?: string }[] }).content.map(({ text }) => text ?? '').join('');
