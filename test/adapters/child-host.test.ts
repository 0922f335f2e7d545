import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ChildHost, ChildStopped } from '../../src/adapters/local/child/host.ts';

let folder: string;
let entry: URL;
const hosts: ChildHost[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vrag-child-'));
  const serve = pathToFileURL(path.join(import.meta.dirname, '../../dist/adapters/local/child/serve.js'));
  const script = path.join(folder, 'child.mjs');
  await writeFile(
    script,
    `import { serve } from ${JSON.stringify(serve.href)};
     const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     serve({
       pid: async ({ ms }, { emit }) => { await emit('begun'); await sleep(ms); return process.pid; },
       patient: async (_, { signal }) => { while (!signal.aborted) await sleep(5); throw signal.reason; },
       block: async (_, { emit }) => { await emit('begun'); for (;;); },
       crash: async () => process.exit(3),
     });`,
  );
  entry = pathToFileURL(script);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  for (const host of hosts.splice(0)) host.close();
});

function open(): ChildHost {
  const host = new ChildHost(entry, { name: 'test' });
  hosts.push(host);
  return host;
}
const pid = (host: ChildHost, ms = 0): Promise<number> => host.call<number>('pid', { ms }, { timeoutSeconds: 20 });

/** Of calls that hang: long enough for a warm child on a busy machine to begin them. */
const LIMIT_SECONDS = 1;

/** A call that keeps its child busy for ever; resolves once it does, with the call's end. Its time limit holds from the start of a child that is not warm. */
function hang(host: ChildHost, limits: { signal?: AbortSignal; timeoutSeconds?: number }): Promise<{ end: Promise<unknown> }> {
  return new Promise((resolve) => {
    const end = host.call('block', {}, { timeoutSeconds: 20, ...limits, onEvent: () => resolve({ end }) }).catch((error: unknown) => error);
  });
}

describe('a child process with several calls', () => {
  it('fails only the cancelled call; the others begin again on a new child', async () => {
    const host = open();
    const before = await pid(host);
    const stop = new AbortController();
    const other = pid(host, 300);
    const { end } = await hang(host, { signal: stop.signal });
    const queued = pid(host);
    stop.abort();
    const since = performance.now();
    expect(await end).toMatchObject({ code: 'CANCELLED', reason: 'cancelled' });
    expect(performance.now() - since).toBeLessThan(2500);
    const pids = await Promise.all([other, queued]);
    expect(pids[0]).toBe(pids[1]);
    expect(pids[0]).not.toBe(before);
  });

  it('fails only the call that takes too long', async () => {
    const host = open();
    const before = await pid(host);
    const { end } = await hang(host, { timeoutSeconds: LIMIT_SECONDS });
    const other = pid(host);
    expect(await end).toMatchObject({ code: 'UNAVAILABLE', reason: 'timeout', message: expect.stringContaining('took longer than 1 s') });
    expect(await other).not.toBe(before);
  });

  it('begins a call again only once', async () => {
    const host = open();
    await pid(host);
    const { end: first } = await hang(host, { timeoutSeconds: LIMIT_SECONDS });
    const bystander = host.call('patient', {}, { timeoutSeconds: 20 }).catch((error: unknown) => error);
    await first;
    await pid(host);
    const { end: second } = await hang(host, { timeoutSeconds: LIMIT_SECONDS });
    await second;
    expect(await bystander).toMatchObject({ code: 'UNAVAILABLE', reason: 'neighbour' });
    expect(await bystander).toBeInstanceOf(ChildStopped);
  });

  it('keeps the child where a cancelled call ends by itself', async () => {
    const host = open();
    const before = await pid(host);
    const stop = new AbortController();
    const call = host.call('patient', {}, { signal: stop.signal, timeoutSeconds: 20 });
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await pid(host)).toBe(before);
  });

  it('fails everything under way when the child crashes, and starts a new one at the next call', async () => {
    const host = open();
    const before = await pid(host);
    const other = pid(host, 5000).catch((error: unknown) => error);
    const crash = host.call('crash', {}, { timeoutSeconds: 20 }).catch((error: unknown) => error);
    for (const end of [await crash, await other]) expect(end).toMatchObject({ code: 'UNAVAILABLE', reason: 'exited' });
    expect(await pid(host)).not.toBe(before);
  });

  it('fails everything under way when it is closed, and begins nothing again', async () => {
    const host = open();
    const calls = [pid(host, 5000), pid(host, 5000)].map((call) => call.catch((error: unknown) => error));
    host.close();
    for (const end of await Promise.all(calls)) expect(end).toMatchObject({ code: 'UNAVAILABLE', reason: 'closed' });
  });
});
