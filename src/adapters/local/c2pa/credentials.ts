import { stat } from 'node:fs/promises';
import type { Config } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import type { Claim, Credentials, Signed, Signer, Verification } from '../../../ports.ts';
import { version } from '../../../version.ts';
import { ChildHost } from '../child/host.ts';
import type { VerifyParams } from './child.ts';
import type { SignParams } from './sign.ts';

/** A file lies whole in the memory of the library, about three times; larger ones are left unsigned. */
const MAX_BYTES = 300_000_000;
/** Measured: 0.1 s for a clip of 2 MB, and about 1 s for each 100 MB, on one busy core. */
const TIMEOUT_SECONDS = 120;

/**
 * Content credentials by the C2PA project's own library (WASM) in a child process, which also holds the key. The data folder's self-signed identity is
 * `<homeDir>/identity/{chain,key}.pem`, made at the first signature.
 */
export function createCredentials(config: Pick<Config, 'homeDir' | 'credentials'>, options: { maxBytes?: number } = {}): Credentials & { close(): void } {
  const { homeDir, credentials } = config;
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const host = new ChildHost(new URL('./child.js', import.meta.url), { name: 'credentials' });
  const { certFile, keyFile, trustedFile } = credentials;
  const identity = { homeDir, ...(certFile === undefined ? {} : { certFile }), ...(keyFile === undefined ? {} : { keyFile }) };
  const limits = (signal: AbortSignal | undefined) => ({ signal, timeoutSeconds: TIMEOUT_SECONDS });
  const paramsOf = (claim: Claim): SignParams => ({ claim, identity, generator: { name: 'vrag-mcp', version }, maxBytes });

  /** Every failure but a cancel is the outcome `unsigned`. */
  async function attempt(size: () => Promise<number>, sign: () => Promise<Signer>): Promise<Signed> {
    if (!credentials.sign) return { state: 'unsigned', reason: 'content credentials are turned off (VRAG_CREDENTIALS=off)' };
    try {
      if ((await size()) > maxBytes) return { state: 'unsigned', reason: `the file is larger than ${megabytes(maxBytes)}` };
      return { state: 'signed', signer: await sign() };
    } catch (error) {
      if (error instanceof AppError && error.code === 'CANCELLED') throw error;
      console.error('not signed:', error);
      const known = error instanceof AppError && error.code !== 'INTERNAL';
      return { state: 'unsigned', reason: known ? error.message.replace(/\.$/, '') : 'the signing failed; see the server log' };
    }
  }

  return {
    signs: credentials.sign,
    maxBytes,
    close: () => host.close(),
    async sign({ path, output }, claim, { signal } = {}) {
      return attempt(
        async () => (await stat(path)).size,
        () => host.call<Signer>('sign', { path, output, ...paramsOf(claim) }, limits(signal)),
      );
    },
    async signBytes(bytes, claim, { signal } = {}) {
      let result = bytes;
      const signed = await attempt(
        async () => bytes.length,
        async () => {
          const made = await host.call<{ bytes: Uint8Array; signer: Signer }>('signBytes', { bytes, ...paramsOf(claim) }, limits(signal));
          result = made.bytes;
          return made.signer;
        },
      );
      return { bytes: result, signed };
    },
    async verify(path, { signal } = {}) {
      const found = await stat(path).catch((cause) => {
        throw new AppError('NOT_FOUND', 'The file is not there, or may not be read.', { hint: 'Check its path.', cause });
      });
      if (!found.isFile()) throw new AppError('INVALID_MEDIA', 'This is not a file.', { hint: 'Give one MP4, PNG or JPEG file.' });
      if (found.size > maxBytes) {
        throw new AppError('UNSUPPORTED', `The file is larger than ${megabytes(maxBytes)}, the most that is verified.`, {
          hint: 'Use another C2PA tool for it.',
        });
      }
      const params: VerifyParams = { path, identity, ...(trustedFile === undefined ? {} : { trustedFile }) };
      return host.call<Verification>('verify', params, limits(signal));
    },
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
