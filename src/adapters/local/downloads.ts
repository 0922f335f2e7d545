import { promises as dns, type LookupAddress } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import type { Config } from '../../config.ts';
import { AppError } from '../../errors.ts';
import type { Downloads } from '../../ports.ts';
import { isPublicAddress } from './downloads-address.ts';
import { sniff } from './images/sniff.ts';

/** What tests replace to reach a server of their own; never part of the configuration. */
export interface Network {
  lookup(host: string): Promise<LookupAddress[]>;
  isPublic(address: string): boolean;
  /** The only port that is connected to. */
  port: number;
  /** Certificate trusted instead of the system's ones. */
  ca?: string;
  /** Until the TLS connection stands. */
  connectSeconds: number;
  /** For everything, redirects included. */
  totalSeconds: number;
}

const INTERNET: Network = {
  lookup: (host) => dns.lookup(host, { all: true, verbatim: true }),
  isPublic: isPublicAddress,
  port: 443,
  connectSeconds: 10,
  totalSeconds: 60,
};

/** Source of this and of the checks: MCP specification, "Security best practices", server-side request forgery. */
const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface Limits {
  maxBytes: number;
  signal: AbortSignal;
}

/** Files from public https hosts on port 443, without cookies, credentials or a proxy of the environment. The response's content type is not believed. */
export function createDownloads(config: Pick<Config, 'downloads'>, network: Partial<Network> = {}): Downloads {
  const net: Network = { ...INTERNET, ...network };
  return {
    async fetch(asked, options) {
      if (!config.downloads) {
        throw new AppError('FORBIDDEN', 'Downloads are switched off on this server (VRAG_DOWNLOADS=off).', {
          hint: 'Save the file to a readable folder and give its path.',
        });
      }
      const url = checkUrl(asked, net, false);
      const deadline = AbortSignal.timeout(net.totalSeconds * 1000);
      const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
      try {
        const bytes = await follow(url, { maxBytes: options.maxBytes, signal }, net);
        return { bytes, mediaType: sniff(bytes).mediaType ?? 'application/octet-stream', name: nameOf(url) };
      } catch (error) {
        if (options.signal?.aborted) throw new AppError('CANCELLED', 'The download was cancelled.', { cause: error });
        if (error instanceof AppError) throw error;
        const why = deadline.aborted ? `did not send the file within ${net.totalSeconds} s` : 'could not be reached, or broke the connection off';
        throw unavailable(`The host ${why}.`, error);
      }
    },
  };
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('UNAVAILABLE', message, {
    hint: 'Check the address and try again later, or save the file to a readable folder and give its path.',
    cause,
  });
}

/** The URL of one hop, or INVALID_INPUT. The URL parser brings every spelling of an IP address (decimal, octal, hexadecimal) to the usual one. */
function checkUrl(asked: string, net: Network, redirected: boolean, base?: string): URL {
  const subject = redirected ? 'The address redirects to one that' : 'The address';
  const refuse = (what: string) =>
    new AppError('INVALID_INPUT', `${subject} ${what}.`, { hint: 'Give an https:// address of a public host, or the path of a local file.' });
  if (!URL.canParse(asked, base)) throw refuse('is no URL');
  const url = new URL(asked, base);
  if (url.protocol !== 'https:') throw refuse('does not begin with https://');
  if (url.username || url.password) throw refuse('contains a user name or a password');
  if (Number(url.port || 443) !== net.port) throw refuse(`uses a port other than ${net.port}`);
  return url;
}

/** Requests, following redirects by hand so that each address is checked again. */
async function follow(start: URL, limits: Limits, net: Network): Promise<Uint8Array> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await connect(url, limits, net);
    const { statusCode = 0, headers } = response;
    if (!REDIRECTS.has(statusCode) || !headers.location) return receive(response, limits);
    response.destroy();
    url = checkUrl(headers.location, net, true, url.href);
  }
  throw unavailable(`The address redirects more than ${MAX_REDIRECTS} times.`);
}

/** Resolves the host once; FORBIDDEN unless every address is public. The refusal does not repeat the addresses: they may be internal knowledge. */
async function publicAddresses(url: URL, limits: Limits, net: Network): Promise<LookupAddress[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = await addressesOf(host, limits, net);
  if (addresses.length > 0 && addresses.every(({ address }) => net.isPublic(address))) return addresses;
  throw new AppError('FORBIDDEN', 'The host of the address is not on the public internet.', {
    hint: 'Only public hosts are fetched from. Save the file to a readable folder and give its path.',
  });
}

async function addressesOf(host: string, limits: Limits, net: Network): Promise<LookupAddress[]> {
  const family = isIP(host);
  if (family) return [{ address: host, family }];
  if (/(?:^|\.)localhost\.?$/.test(host)) return []; // this computer, whatever a resolver says (RFC 6761 section 6.3)
  return untilAborted(net.lookup(host), limits.signal).catch((cause) => {
    throw unavailable('The host name cannot be resolved.', cause);
  });
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Connects to one of the checked addresses and to no other, and returns the response at its headers. */
async function connect(url: URL, limits: Limits, net: Network): Promise<IncomingMessage> {
  const addresses = await publicAddresses(url, limits, net);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }),
      lookup: (_host, options, callback) => {
        if (options.all) callback(null, addresses);
        else callback(null, addresses[0].address, addresses[0].family);
      },
      headers: { accept: 'image/*, video/*;q=0.9, */*;q=0.5', 'accept-encoding': 'identity', 'user-agent': 'vrag-mcp' },
      signal: limits.signal,
      ...(net.ca ? { ca: net.ca } : {}),
    });
    const late = () => outgoing.destroy(new Error(`no connection within ${net.connectSeconds} s`));
    const timer = setTimeout(late, net.connectSeconds * 1000);
    outgoing.once('socket', (socket) => socket.once('secureConnect', () => clearTimeout(timer)));
    outgoing.once('close', () => clearTimeout(timer));
    // Both stay: an error event that nobody hears would end the process.
    outgoing.on('response', (response) => resolve(response.on('error', () => undefined)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** The body of a successful response, counted while it comes in. */
async function receive(response: IncomingMessage, limits: Limits): Promise<Uint8Array> {
  try {
    checkStatus(response.statusCode ?? 0);
    if (Number(response.headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
    if (!/^(?:identity)?$/i.test(response.headers['content-encoding'] ?? '')) throw unavailable('The host sends the file compressed, which was not asked for.');
    const parts: Buffer[] = [];
    let byteLength = 0;
    for await (const part of response) {
      byteLength += part.length;
      if (byteLength > limits.maxBytes) throw tooLarge(limits.maxBytes);
      parts.push(part);
    }
    if (byteLength === 0) throw new AppError('INVALID_MEDIA', 'The file at the address is empty (0 bytes).', { hint: 'Check the address in a browser.' });
    return new Uint8Array(Buffer.concat(parts, byteLength));
  } finally {
    response.destroy();
  }
}

function checkStatus(status: number): void {
  if (status === 200) return;
  if (status === 404 || status === 410)
    throw new AppError('NOT_FOUND', `There is nothing at the address (status ${status}).`, { hint: 'Check the address in a browser.' });
  if (status === 401 || status === 403) {
    throw new AppError('FORBIDDEN', `The host refuses the file (status ${status}).`, {
      hint: 'It may need a login: save the file in a browser and give its path.',
    });
  }
  throw unavailable(`The host answered with status ${status}.`);
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('INVALID_MEDIA', `The file at the address is larger than ${Math.round(maxBytes / 1e5) / 10} MB.`, {
    hint: 'Use a smaller version, or ask the user to raise VRAG_MAX_FILE_MB.',
  });
}

/** A file name from the last part of the URL's path: without control characters or separators, at most 100 characters. */
function nameOf(url: URL): string {
  const last = url.pathname.split('/').filter(Boolean).at(-1) ?? '';
  let decoded = last;
  try {
    decoded = decodeURIComponent(last);
  } catch {
    // A stray percent sign: the name stays as it is written.
  }
  return (
    decoded
      .replace(/[\p{C}/\\:*?"<>|]+/gu, ' ')
      .replace(/\s+/g, ' ')
      .replace(/^[. ]+/, '')
      .trim()
      .slice(0, 100) || 'download'
  );
}
