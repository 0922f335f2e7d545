import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bin, connectHttp, type Desk, exitOf, openDesk, startBin, startHttp, textOf } from './bin.ts';

let desk: Desk;
let url: string;
let port: number;
let bin: Bin;

beforeAll(async () => {
  desk = await openDesk();
  ({ url, port, bin } = await startHttp(desk));
});
afterAll(async () => {
  bin.kill();
  await exitOf(bin, 5000);
  await desk.clear();
});

interface Reply {
  status: number;
  body: string;
  session?: string;
}

/** A request with exactly these headers; the fetch of Node would not send a foreign Host. */
async function send(method: string, headers: Record<string, string>, body = '', path = '/mcp'): Promise<Reply> {
  const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers });
  outgoing.end(body);
  const [incoming] = await once(outgoing, 'response');
  let text = '';
  incoming.setEncoding('utf8');
  for await (const chunk of incoming) text += chunk;
  return { status: incoming.statusCode, body: text, session: incoming.headers['mcp-session-id'] };
}

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const rpc = (method: string, params: object = {}, id = 1) => JSON.stringify({ jsonrpc: '2.0', id, method, params });
const INITIALIZE = rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } });
const ping = (session: string) => send('POST', { ...JSON_HEADERS, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }, rpc('ping'));

describe('who may ask', () => {
  it.each([
    ['a foreign Host', { host: 'evil.example' }],
    ['a Host that only begins like ours', { host: '127.0.0.1.evil.example' }],
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['an Origin of no name', { origin: 'null' }],
  ])('%s is refused', async (_, header) => {
    const { status, body } = await send('POST', { ...JSON_HEADERS, ...header }, INITIALIZE);
    expect(status).toBe(403);
    expect(body).not.toContain('vrag-mcp');
  });

  it.each([
    ['localhost', (at: number) => ({ host: `localhost:${at}` })],
    ['a page of this machine', (at: number) => ({ origin: `http://localhost:${at}` })],
  ])('%s is served', async (_, header) => {
    const { status, body } = await send('POST', { ...JSON_HEADERS, ...header(port) }, INITIALIZE);
    expect(status).toBe(200);
    expect(body).toContain('"name":"vrag-mcp"');
  });

  it('it listens on the loopback address only', () => {
    expect(url).toBe(`http://127.0.0.1:${port}/mcp`);
  });
});

describe('junk', () => {
  it.each(['/', '//', '/mcp/', '/mcpx', '/../mcp', '/favicon.ico'])('%s is not found, and the server lives on', async (path) => {
    expect((await send('POST', JSON_HEADERS, INITIALIZE, path)).status).toBe(404);
    expect((await send('POST', JSON_HEADERS, INITIALIZE)).status).toBe(200);
  });

  it.each([
    ['no JSON', '{"jsonrpc": "2.0", ', 400],
    ['nothing', '', 400],
    ['no message', '{"hello":"world"}', 400],
    ['a number', '42', 400],
  ])('a body that is %s is refused', async (_, body, status) => {
    const reply = await send('POST', JSON_HEADERS, body);
    expect(reply.status).toBe(status);
    expect(JSON.parse(reply.body).error.code).toBeLessThan(0);
  });

  it('a body that is announced with more than 4 MiB is refused before it is sent', async () => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/mcp', headers: { ...JSON_HEADERS, 'content-length': String(5 << 20) } });
    outgoing.flushHeaders();
    const [incoming] = await once(outgoing, 'response');
    expect(incoming.statusCode).toBe(413);
    outgoing.on('error', () => undefined).destroy();
  });

  it('a body that grows over 4 MiB is cut off, and the server lives on', async () => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method: 'POST', path: '/mcp', headers: JSON_HEADERS });
    const ended = new Promise<string>((resolve) => {
      outgoing.on('response', ({ statusCode }) => resolve(String(statusCode))).on('error', () => resolve('cut off'));
    });
    const more = setInterval(() => outgoing.write('x'.repeat(1 << 20)), 5);
    expect(['413', 'cut off']).toContain(await ended);
    clearInterval(more);
    outgoing.destroy();
    expect((await send('POST', JSON_HEADERS, INITIALIZE)).status).toBe(200);
  });

  it('another content type is refused', async () => {
    expect((await send('POST', { ...JSON_HEADERS, 'content-type': 'text/plain' }, INITIALIZE)).status).toBe(415);
  });

  it.each(['GET', 'DELETE', 'PUT'])('%s without a session is refused', async (method) => {
    const { status } = await send(method, { accept: 'text/event-stream' });
    expect([400, 405]).toContain(status);
  });
});

describe('sessions of the older protocol', () => {
  it('an unknown one is not found', async () => {
    expect((await ping('11111111-1111-4111-8111-111111111111')).status).toBe(404);
  });

  it('one that was ended is not found', async () => {
    const { session = '' } = await send('POST', JSON_HEADERS, INITIALIZE);
    expect((await ping(session)).status).toBe(200);
    expect((await send('DELETE', { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' })).status).toBe(200);
    expect((await ping(session)).status).toBe(404);
  });

  it('there are at most 64: the longest idle one makes room, and one in use stays', async () => {
    const { session: used = '' } = await send('POST', JSON_HEADERS, INITIALIZE);
    const { session: idle = '' } = await send('POST', JSON_HEADERS, INITIALIZE);
    expect((await ping(used)).status).toBe(200);
    for (let i = 0; i < 63; i++) expect((await send('POST', JSON_HEADERS, INITIALIZE)).status).toBe(200);
    expect((await ping(idle)).status).toBe(404);
    expect((await ping(used)).status).toBe(200);
  });
});

it('paths of this machine are neither accepted nor given out', async () => {
  const client = await connectHttp('v2 auto', url);
  const refused = await client.callTool({ name: 'ingest_image', arguments: { path: desk.picture } });
  expect(refused).toMatchObject({ isError: true });
  expect(textOf(refused)).toMatch(/^FORBIDDEN/);
  await client.close();
});

it('a port in use is named', async () => {
  const second = startBin(['--http', '--port', String(port)], desk);
  expect(await exitOf(second, 5000)).toBe(1);
  expect(second.errors()).toContain(`Port ${port} is in use`);
});

it('SIGTERM ends it, an open stream included', async () => {
  const own = await startHttp(desk);
  const client = await connectHttp('v1', own.url);
  await client.listTools();
  own.bin.kill('SIGTERM');
  expect(await exitOf(own.bin, 4000)).toBe(0);
  await client.close();
});
