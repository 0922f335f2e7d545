import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';

export const KEY_ID = 'AKIDEXAMPLE';
export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const REGION = 'eu-central-1';

/** Whose signatures are right. */
interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}
const KEYS: Keys = { accessKeyId: KEY_ID, secretAccessKey: SECRET };

/** What a request looks like before it is sent on; an answer of its own instead of the engine's ends it. */
export interface Seen {
  method: string;
  /** With its query. */
  path: string;
  body: string;
}
export type Rewrite = (seen: Seen) => Seen | { status: number; body: unknown };

export interface SigningProxy {
  url: string;
  /** What was refused, and why. */
  refused: string[];
  requests: Seen[];
  close(): Promise<void>;
}

class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/**
 * Stands before an engine on the loopback, computes the signature of every request again with the SDK's own signer and a known secret, refuses a
 * wrong one with 403 as the service does, and sends the rest on. `requests` stays empty without `remember`.
 */
export async function openSigningProxy(
  target: string,
  {
    service,
    rewrite = (seen) => seen,
    keys = KEYS,
    region = REGION,
    remember = true,
  }: { service: 'es' | 'aoss'; rewrite?: Rewrite; keys?: Keys; region?: string; remember?: boolean },
): Promise<SigningProxy> {
  const refused: string[] = [];
  const requests: Seen[] = [];
  const server = createServer((incoming, response) => {
    void answer(incoming, response).catch((error) => response.destroy(error));
  });
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const fault = await faultOf(incoming, body, { service, keys, region });
    if (fault) {
      refused.push(`${incoming.method} ${incoming.url}: ${fault}`);
      return reply(response, 403, { status: 403, error: { reason: '403 Forbidden', type: 'Forbidden' } });
    }
    const seen = { method: incoming.method ?? '', path: incoming.url ?? '', body: body.toString() };
    if (remember) requests.push(seen);
    const changed = rewrite(seen);
    if ('status' in changed) return reply(response, changed.status, changed.body);
    await forward(target, changed, incoming, response);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    refused,
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function forward(target: string, { method, path, body }: Seen, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const bytes = Buffer.from(body);
  const headers = { 'content-type': incoming.headers['content-type'] ?? 'application/json', 'content-length': bytes.length };
  const onward = request(`${target}${path}`, { method, headers });
  onward.end(bytes);
  // A node that is killed breaks the connection, and so do we.
  const [answered] = (await once(onward, 'response').catch(() => {
    response.destroy();
    return [];
  })) as IncomingMessage[];
  if (!answered) return;
  response.writeHead(answered.statusCode ?? 500, answered.headers);
  answered.on('error', () => response.destroy());
  answered.pipe(response);
}

/** What is wrong with a request's signature; `undefined` where nothing is. */
async function faultOf(
  { method = '', url = '', headers }: IncomingMessage,
  body: Buffer,
  { service, keys, region }: { service: string; keys: Keys; region: string },
): Promise<string | undefined> {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  if (!match) return 'no signature';
  const [, keyId, , signedRegion, signedService, names, signature] = match;
  if (keyId !== keys.accessKeyId || signedRegion !== region || signedService !== service) return `signed by ${keyId} for ${signedRegion}/${signedService}`;
  if (headers['x-amz-content-sha256'] !== createHash('sha256').update(body).digest('hex')) return 'the body is not the one that was signed';
  const signed = names.split(';');
  for (const needed of ['host', 'x-amz-date']) if (!signed.includes(needed)) return `${needed} is not signed`;
  const date = String(headers['x-amz-date']);
  const signingDate = new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(Date.now() - signingDate.getTime()) < 300_000)) return `signed at ${date}`;
  const address = new URL(url, 'http://host');
  const signer = new SignatureV4({
    service,
    region,
    credentials: keys,
    sha256: Sha256,
    applyChecksum: false,
  });
  const again = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: 'host',
      path: address.pathname,
      query: Object.fromEntries(address.searchParams),
      headers: Object.fromEntries(signed.map((name) => [name, String(headers[name] ?? '')])),
      body,
    },
    { signingDate, signableHeaders: new Set(signed), unsignableHeaders: new Set() },
  );
  return again.headers.authorization.endsWith(`Signature=${signature}`) ? undefined : 'the signature is wrong';
}
