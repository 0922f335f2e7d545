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

serve({
  sign: ({ path, output, ...params }: SignParams & { path: string; output: string }) => signFile(path, output, params),
  signBytes: ({ bytes, ...params }: SignParams & { bytes: Uint8Array }) => signBytes(bytes, params),
  verify: async ({ path, identity, trustedFile }: VerifyParams) => {
    const trusted =
      trustedFile === undefined
        ? undefined
        : await readFile(trustedFile, 'utf8').catch((cause) => {
            throw new AppError('MISCONFIGURED', 'The file that VRAG_TRUSTED_CERTS names cannot be read.', { hint: 'Correct or remove it.', cause });
          });
    const own = await ownCertificate(identity);
    return verifyBytes(new Uint8Array(await readFile(path)), { own, ...(trusted === undefined ? {} : { trusted }) });
  },
});
