import { readFile } from 'node:fs/promises';
import { AppError } from '../../../errors.ts';
import { serve } from '../child/serve.ts';
import { type IdentitySettings, ownCertificate } from './identity.ts';
import { type SignParams, signBytes, signFile } from './sign.ts';
import { verifyBytes } from './verify.ts';

export interface VerifyParams {
  path: string;
  identity: IdentitySettings;
  trustedFile?: string;
}

/** After a trap the library's memory cannot be relied on: the process ends, and with it this call, which has it to itself. */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'RuntimeError') {
      console.error(error);
      process.exit(1);
    }
    throw error;
  }
}

serve({
  sign: ({ path, output, ...params }: SignParams & { path: string; output: string }) => guarded(() => signFile(path, output, params)),
  signBytes: ({ bytes, ...params }: SignParams & { bytes: Uint8Array }) => guarded(() => signBytes(bytes, params)),
  verify: async ({ path, identity, trustedFile }: VerifyParams) => {
    const trusted =
      trustedFile === undefined
        ? undefined
        : await readFile(trustedFile, 'utf8').catch((cause) => {
            throw new AppError('MISCONFIGURED', 'The file that VRAG_TRUSTED_CERTS names cannot be read.', { hint: 'Correct or remove it.', cause });
          });
    const own = await ownCertificate(identity);
    const bytes = new Uint8Array(await readFile(path));
    return guarded(() => verifyBytes(bytes, { own, ...(trusted === undefined ? {} : { trusted }) }));
  },
});
