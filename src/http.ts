import { createServer as createHttpServer } from 'node:http';
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, isLegacyRequest, type McpServer, readRequestBody } from '@modelcontextprotocol/server';
import { AppError } from './errors.ts';
import { HttpSessions } from './http-sessions.ts';
import type { JobUpdates } from './job-updates.ts';
import { updatesBus } from './subscriptions.ts';

/** Serves MCP over Streamable HTTP at 127.0.0.1:`port`/mcp; requests with a foreign Host or Origin are refused (DNS rebinding). `updates` reach who listens to them. */
export async function listen(factory: () => McpServer, port: number, updates?: JobUpdates): Promise<{ port: number; close(): Promise<void> }> {
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new AppError('MISCONFIGURED', `--port ${port} is no port.`, { hint: 'Use 1 to 65535, or 0 for any free one.' });
  const handler = createMcpHandler(factory, {
    onerror: (error) => console.error('vrag-mcp:', error.message),
    ...(updates ? { bus: updatesBus(updates) } : {}),
  });
  const sessions = new HttpSessions(factory);
  const respond = toNodeHandler({ fetch: (request) => route(request, handler, sessions) });
  const validHost = localhostHostValidation();
  const validOrigin = localhostOriginValidation();
  const http = createHttpServer((request, response) => {
    if (!validHost(request, response) || !validOrigin(request, response)) return;
    if (request.url?.split('?')[0] !== '/mcp') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found. The server is at /mcp.');
      return;
    }
    respond(request, response).catch((error) => {
      console.error('vrag-mcp:', error);
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new AppError('UNAVAILABLE', `Port ${port} is in use.`, { hint: 'Choose another one with --port.' }) : error),
    );
    http.listen(port, '127.0.0.1', resolve);
  });
  const address = http.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  console.error(`vrag-mcp: http://127.0.0.1:${bound}/mcp`);
  return {
    port: bound,
    async close() {
      await Promise.all([handler.close(), sessions.close()]);
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Sessions for the protocol revisions that have them; everything else, rejections included, is the SDK's handler's. */
async function route(request: Request, handler: ReturnType<typeof createMcpHandler>, sessions: HttpSessions): Promise<Response> {
  const read = request.method === 'POST' ? await readRequestBody(request.clone()) : undefined;
  const body = read && !read.tooLarge ? parse(read.text) : undefined;
  const legacy = await isLegacyRequest(request.clone(), body);
  return (legacy && (await sessions.fetch(request, body))) || handler.fetch(request);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
