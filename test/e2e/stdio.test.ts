import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bin, connectStdio, type Desk, exitOf, openDesk, startBin } from './bin.ts';

/** A client that is gone must not leave servers behind. */
const END_MS = 3000;

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(() => desk.clear());

interface Answer {
  result?: { structuredContent?: unknown };
}

/** Bare JSON-RPC over the bin's pipes. */
function speakTo(bin: Bin) {
  const waiting = new Map<number, (answer: Answer) => void>();
  createInterface({ input: bin.stdout }).on('line', (line) => {
    const message = JSON.parse(line);
    waiting.get(message.id)?.(message);
  });
  const send = (message: object) => bin.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let last = 0;
  const request = (method: string, params: object = {}) =>
    new Promise<Answer>((resolve) => {
      waiting.set(++last, resolve);
      send({ id: last, method, params });
    });
  const call = async (name: string, args: object = {}) => (await request('tools/call', { name, arguments: args })).result?.structuredContent;
  return {
    request,
    call,
    async greet() {
      await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bare', version: '1' } });
      send({ method: 'notifications/initialized' });
    },
  };
}

it('prints nothing but JSON-RPC on stdout while it ingests, sees, paints, renders and fails', async () => {
  const bin = startBin([], desk);
  const { greet, request, call } = speakTo(bin);
  await greet();
  await request('tools/list');
  const { asset } = (await call('ingest_image', { path: desk.picture })) as { asset: { id: string } };
  await call('inpaint_image', { imageId: asset.id, boxes: [{ x: 10, y: 10, width: 30, height: 30 }] });
  await call('ingest_image', { path: '/nowhere/at/all.png' });
  const { jobId } = (await call('generate_video', { prompt: 'pan left', imageId: asset.id, durationSeconds: 1, resolution: '480p' })) as { jobId: string };
  const { jobs } = (await call('get_job', { jobId, waitSeconds: 40 })) as { jobs: { state: string }[] };
  expect(jobs[0].state).toBe('succeeded');
  bin.stdin.end();
  expect(await exitOf(bin, END_MS)).toBe(0);
  const lines = bin.output().split('\n').filter(Boolean);
  expect(lines.length).toBeGreaterThanOrEqual(7);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
}, 60_000);

it('ends with its stdin, before a word was said', async () => {
  const bin = startBin([], desk);
  bin.stdin.end();
  expect(await exitOf(bin, END_MS)).toBe(0);
});

it('ends with its stdin while a video is being rendered', async () => {
  const bin = startBin([], desk);
  const { greet, call } = speakTo(bin);
  await greet();
  const { asset } = (await call('ingest_image', { path: desk.picture })) as { asset: { id: string } };
  const { jobId } = (await call('generate_video', { prompt: 'zoom out', imageId: asset.id, durationSeconds: 20 })) as { jobId: string };
  await call('get_job', { jobId, waitSeconds: 1 });
  bin.stdin.end();
  expect(await exitOf(bin, END_MS)).toBe(0);
});

it.each(['SIGINT', 'SIGTERM'] as const)('ends at %s', async (signal) => {
  const bin = startBin([], desk);
  await speakTo(bin).greet();
  bin.kill(signal);
  expect(await exitOf(bin, END_MS)).toBe(0);
});

it('two servers on one data folder start together, and each finds what the other took in', async () => {
  const own = await openDesk();
  const [one, other] = await Promise.all([connectStdio('v2 auto', own), connectStdio('v1', own)]);
  const [first, second] = await Promise.all(
    [one, other].map((client, i) =>
      client.callTool({ name: 'ingest_image', arguments: { path: own.picture, collection: `shelf-${i}`, caption: `picture number ${i}` } }),
    ),
  );
  const idOf = ({ structuredContent }: { structuredContent?: unknown }) => (structuredContent as { asset: { id: string } }).asset.id;
  const find = async (client: typeof one, collection: string) => {
    const { structuredContent } = await client.callTool({ name: 'search_images', arguments: { query: 'picture', collection } });
    return (structuredContent as { hits: { id: string }[] }).hits.map(({ id }) => id);
  };
  expect(await find(one, 'shelf-1')).toEqual([idOf(second)]);
  expect(await find(other, 'shelf-0')).toEqual([idOf(first)]);
  await Promise.all([one.close(), other.close()]);
  await own.clear();
});

it.each([
  [['--nonsense'], /--nonsense/],
  [['/no/such/folder'], /"\/no\/such\/folder" is neither a folder nor a command/],
  [['--http', '--port', '70000'], /--port 70000/],
  [['--http', '--port', 'many'], /--port/],
])('refuses to start with %j and says why on stderr', async (args, message) => {
  const bin = startBin(args, desk);
  expect(await exitOf(bin, END_MS)).toBe(1);
  expect(bin.errors()).toMatch(message);
  expect(bin.errors()).not.toMatch(/\n\s+at /);
  expect(bin.output()).toBe('');
});
