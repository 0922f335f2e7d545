import { randomUUID } from 'node:crypto';
import { isInitializeRequest, type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';

/** Sessions kept at once; the longest idle one makes room. */
const MAX_SESSIONS = 64;

interface Session {
  transport: WebStandardStreamableHTTPServerTransport;
  server: McpServer;
  lastUsed: number;
}

/**
 * Sessions of clients of the 2025 revisions of the protocol, which need one to receive requests and notifications from the server
 * (https://modelcontextprotocol.io/specification/2025-11-25/basic/transports, read 2026-11). Newer clients have none.
 */
export class HttpSessions {
  readonly #factory: () => McpServer;
  readonly #sessions = new Map<string, Session>();

  constructor(factory: () => McpServer) {
    this.#factory = factory;
  }

  /** Answers a request of a session or one that opens one; `undefined` where it belongs to none. 404 for an unknown session. */
  async fetch(request: Request, body: unknown): Promise<Response | undefined> {
    const id = request.headers.get('mcp-session-id');
    if (id === null) return isInitializeRequest(body) ? this.#open(request, body) : undefined;
    const session = this.#sessions.get(id);
    if (!session) {
      return Response.json({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null }, { status: 404 });
    }
    session.lastUsed = Date.now();
    return session.transport.handleRequest(request, { parsedBody: body });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ server }) => server.close()));
    this.#sessions.clear();
  }

  async #open(request: Request, body: unknown): Promise<Response> {
    await this.#makeRoom();
    const server = this.#factory();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { transport, server, lastUsed: Date.now() });
      },
    });
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
    };
    await server.connect(transport);
    return transport.handleRequest(request, { parsedBody: body });
  }

  async #makeRoom(): Promise<void> {
    if (this.#sessions.size < MAX_SESSIONS) return;
    const [oldest] = [...this.#sessions].sort((a, b) => a[1].lastUsed - b[1].lastUsed);
    this.#sessions.delete(oldest[0]);
    await oldest[1].server.close();
  }
}
