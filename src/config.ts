import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { AppError } from './errors.ts';

const flag = (initial: 'on' | 'off') => z.enum(['on', 'off']).default(initial);

/** Every environment variable the server reads. `describe` texts make the README's table. */
export const EnvironmentSchema = z.object({
  VRAG_HOME: z.string().min(1).default('~/vrag').describe('Data folder: database, objects and `outputs/`. Made on first use.'),
  VRAG_ALLOWED_DIRS: z
    .string()
    .default('')
    .describe(
      'More folders that images may be read from, separated as in PATH (`:`, on Windows `;`). Added to: pictures, videos, downloads, desktop, the data folder and folders given on the command line.',
    ),
  VRAG_DEFAULT_DIRS: flag('on').describe('`off`: only the data folder, VRAG_ALLOWED_DIRS and folders on the command line may be read.'),
  VRAG_DOWNLOADS: flag('on').describe('`off`: `ingest_image` refuses URLs.'),
  VRAG_MAX_FILE_MB: z.coerce.number().min(1).max(4096).default(100).describe('Largest file that is ingested, in MB.'),
  VRAG_MAX_MEGAPIXELS: z.coerce.number().min(1).max(1000).default(100).describe('Largest picture that is decoded, in megapixels.'),
  VRAG_ONNX_RUNTIME: z
    .enum(['auto', 'wasm', 'native'])
    .default('auto')
    .describe('Runtime of the models. `auto`: `onnxruntime-node` where it is installed, else WASM. Their vectors agree.'),
  VRAG_EMBEDDER: z
    .string()
    .min(1)
    .default('vision')
    .describe(
      'What new collections are searched with: `vision` (the model in the package), `descriptor` (colours and layout, no model), or a CLIP, SigLIP or SigLIP 2 model as a folder or as an id of the hub, e.g. `onnx-community/siglip2-base-patch16-224-ONNX`; `@REVISION` and `:fp32` may follow (docs/models.md). Existing collections keep theirs until `reindex`.',
    ),
  VRAG_RECOGNISER: flag('on').describe(
    '`off`: pictures are not looked at with the vision model, text search reads words only. With VRAG_EMBEDDER=descriptor no model is ever loaded.',
  ),
  VRAG_MODEL_HUB: z
    .string()
    .default('https://huggingface.co')
    .refine(isHubAddress, 'must be an https:// address (http:// on this computer only), without user name, query or fragment')
    .describe(
      'Where models of the hub are downloaded from, once, into `models/` of the data folder; another address for a mirror. Nothing is downloaded with VRAG_DOWNLOADS=off.',
    ),
  VRAG_CREDENTIALS: flag('on').describe('`off`: videos and pictures made here carry no content credentials (docs/provenance.md).'),
  VRAG_SIGN_CERT: z
    .string()
    .default('')
    .describe(
      'PEM file with your certificate chain for content credentials, your own certificate first. Needs VRAG_SIGN_KEY; without both a self-signed identity is made on first use.',
    ),
  VRAG_SIGN_KEY: z.string().default('').describe('PEM file (PKCS #8, no password) with the private key of VRAG_SIGN_CERT.'),
  VRAG_TRUSTED_CERTS: z.string().default('').describe('PEM file with the certificate authorities whose signatures `vrag-mcp verify` calls trusted.'),
});

/** Checked settings with absolute paths. */
export interface Config {
  homeDir: string;
  allowedDirs: string[];
  /** Whether the user's picture, video, download and desktop folders may be read. */
  defaultDirs: boolean;
  downloads: boolean;
  maxFileBytes: number;
  maxPixels: number;
  onnxRuntime: 'auto' | 'wasm' | 'native';
  /** Name of the default embedder as written: `vision`, `descriptor`, a model id of the hub or a folder (`~` allowed). */
  embedder: string;
  /** Whether the packaged vision model looks at pictures. */
  recogniser: boolean;
  /** Base address of the model hub. */
  modelHub: string;
  /** Whether finished files are signed; the files are absolute paths of PEM files, absent where not configured. */
  credentials: { sign: boolean; certFile?: string; keyFile?: string; trustedFile?: string };
}

/** Plain http is for a hub on this computer only: what a model file holds is fed to native code. */
function isHubAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && local)) && !username && !password && !search && !hash;
}

/** `~` and relative paths to absolute ones. */
export function expandPath(value: string): string {
  const home = value === '~' || value.startsWith('~/') || value.startsWith('~\\') ? path.join(homedir(), value.slice(1)) : value;
  return path.resolve(home);
}

/** Reads the settings; empty variables count as absent. Throws MISCONFIGURED naming each wrong variable. `extraDirs` come from the command line. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env, extraDirs: string[] = []): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([key, value]) => key in EnvironmentSchema.shape && value));
  const parsed = EnvironmentSchema.safeParse(given);
  if (!parsed.success) {
    throw new AppError('MISCONFIGURED', `Settings are wrong.\n${z.prettifyError(parsed.error)}`, { hint: 'Correct the environment variables named above.' });
  }
  const env = parsed.data;
  return {
    homeDir: expandPath(env.VRAG_HOME),
    allowedDirs: [...env.VRAG_ALLOWED_DIRS.split(path.delimiter).filter(Boolean), ...extraDirs].map(expandPath),
    defaultDirs: env.VRAG_DEFAULT_DIRS === 'on',
    downloads: env.VRAG_DOWNLOADS === 'on',
    maxFileBytes: env.VRAG_MAX_FILE_MB * 1_000_000,
    maxPixels: env.VRAG_MAX_MEGAPIXELS * 1_000_000,
    onnxRuntime: env.VRAG_ONNX_RUNTIME,
    embedder: env.VRAG_EMBEDDER,
    recogniser: env.VRAG_RECOGNISER === 'on',
    modelHub: env.VRAG_MODEL_HUB,
    credentials: {
      sign: env.VRAG_CREDENTIALS === 'on',
      ...(env.VRAG_SIGN_CERT ? { certFile: expandPath(env.VRAG_SIGN_CERT) } : {}),
      ...(env.VRAG_SIGN_KEY ? { keyFile: expandPath(env.VRAG_SIGN_KEY) } : {}),
      ...(env.VRAG_TRUSTED_CERTS ? { trustedFile: expandPath(env.VRAG_TRUSTED_CERTS) } : {}),
    },
  };
}
