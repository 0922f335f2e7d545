import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bin, CLI, type Desk, exitOf, openDesk, startHttp } from './bin.ts';

/** Looked at once a second. */
const HEARD_MS = 30_000;

let desk: Desk;
let url: string;
let bin: Bin;
beforeAll(async () => {
  desk = await openDesk();
  ({ url, bin } = await startHttp(desk));
});
afterAll(async () => {
  bin.kill();
  await exitOf(bin, 5000);
  await desk.clear();
});

const transports = {
  stdio: () =>
    new StdioClientTransport({ command: process.execPath, args: [CLI], env: { PATH: process.env.PATH ?? '', ...desk.environment }, stderr: 'ignore' }),
  HTTP: () => new StreamableHTTPClientTransport(new URL(url)),
};

interface Heard {
  client: Client;
  uris: string[];
  start(seed: number): Promise<string>;
}

async function open(transport: keyof typeof transports, mode: 'legacy' | 'auto'): Promise<Heard> {
  const client = new Client({ name: 'updates', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(transports[transport]());
  const uris: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    uris.push(params.uri);
  });
  return {
    client,
    uris,
    async start(seed) {
      const request = { prompt: 'A card', durationSeconds: 2, resolution: '480p', seed };
      return `vrag://jobs/${((await client.callTool({ name: 'generate_video', arguments: request })).structuredContent as { jobId: string }).jobId}`;
    },
  };
}

/** Waits for the job's end, and for the look after it. */
async function ended({ client }: Heard, uri: string): Promise<void> {
  const { structuredContent } = await client.callTool({ name: 'get_job', arguments: { jobId: uri.split('/').at(-1), waitSeconds: 45, includeImages: false } });
  expect(structuredContent).toMatchObject({ jobs: [{ state: 'succeeded' }] });
}

describe.each([
  ['stdio', 'auto', 1],
  ['HTTP', 'auto', 2],
  ['stdio', 'legacy', 3],
  ['HTTP', 'legacy', 4],
] as const)('a subscriber over %s, %s', (transport, mode, seed) => {
  it('hears of the job that it asked for, until its end, and of no other one', { timeout: 90_000 }, async () => {
    const heard = await open(transport, mode);
    const [other, uri] = [await heard.start(100 + seed), await heard.start(seed)];
    if (mode === 'legacy') await heard.client.subscribeResource({ uri });
    else await heard.client.listen({ resourceSubscriptions: [uri] });
    await ended(heard, uri);
    await ended(heard, other);
    await expect.poll(() => heard.uris.length, { timeout: HEARD_MS }).toBeGreaterThan(0);
    expect(new Set(heard.uris)).toEqual(new Set([uri]));
    await heard.client.close();
  });
});

it('who has not subscribed hears nothing, and only jobs can be subscribed to', { timeout: 90_000 }, async () => {
  const heard = await open('stdio', 'legacy');
  const uri = await heard.start(9);
  await ended(heard, uri);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(heard.uris).toEqual([]);
  await expect(heard.client.subscribeResource({ uri: 'vrag://collections' })).rejects.toThrow(/Only jobs/);
  await heard.client.close();
});
