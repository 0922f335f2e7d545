import { stat } from 'node:fs/promises';
import type { Config } from '../../../config.ts';
import { AppError } from '../../../errors.ts';
import type { Claim, Credentials, Signed, Signer, Verification } from '../../../ports.ts';
import { version } from '../../../version.ts';
import { ChildStopped } from '../child/host.ts';
import { ChildPool } from '../child/pool.ts';
import type { VerifyParams } from './child.ts';
import type { SignParams } from './sign.ts';

/** A file lies whole in the memory of the library, about three times; larger ones are left unsigned. */
const MAX_BYTES = 300_000_000;
/** At a time, each with a call to itself, so that a hostile file harms no other call. */
const CHILDREN = 2;
/** Measured: 0.1 s for a clip of 2 MB, and about 1 s for each 100 MB, on one busy core. */
const TIMEOUT_SECONDS = 120;

/**
 * Content credentials by the C2PA project's own library (WASM) in a child process, which also holds the key. The data folder's self-signed identity is
 * `<homeDir>/identity/{chain,key}.pem`, made at the first signature.
 */
export function createCredentials(config: Pick<Config, 'homeDir' | 'credentials'>, options: { maxBytes?: number } = {}): Credentials & { close(): void } {
  const { homeDir, credentials } = config;
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const children = new ChildPool(new URL('./child.js', import.meta.url), { name: 'credentials', size: CHILDREN });
  const { certFile, keyFile, trustedFile } = credentials;
  const identity = { homeDir, ...(certFile === undefined ? {} : { certFile }), ...(keyFile === undefined ? {} : { keyFile }) };
  const call = <T>(method: string, params: unknown, signal: AbortSignal | undefined) =>
    children.use(signal, (child) => child.call<T>(method, params, { signal, timeoutSeconds: TIMEOUT_SECONDS }));
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
    close: () => children.close(),
    async sign({ path, output }, claim, { signal } = {}) {
      return attempt(
        async () => (await stat(path)).size,
        () => call<Signer>('sign', { path, output, ...paramsOf(claim) }, signal),
      );
    },
    async signBytes(bytes, claim, { signal } = {}) {
      let result = bytes;
      const signed = await attempt(
        async () => bytes.length,
        async () => {
          const made = await call<{ bytes: Uint8Array; signer: Signer }>('signBytes', { bytes, ...paramsOf(claim) }, signal);
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
      return call<Verification>('verify', params, signal).catch((error) => {
        if (!(error instanceof ChildStopped) || error.reason === 'cancelled' || error.reason === 'closed') throw error;
        throw new AppError('INVALID_MEDIA', 'The content credentials cannot be read: the file is damaged, or made to do harm.', { cause: error });
      });
    },
  };
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
