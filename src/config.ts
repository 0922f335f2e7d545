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
    .describe('Runtime of the vision model. `auto`: `onnxruntime-node` where it is installed, else WASM. The vectors are the same.'),
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
  };
}
