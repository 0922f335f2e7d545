import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { type Environment, EnvironmentSchema } from './environment.ts';
import { AppError } from './errors.ts';
import type { Ceilings } from './ports/money.ts';

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
  /** Absolute path of the user's own cut points; absent: those in the package. */
  calibrationFile?: string;
  /** Base address of the model hub. */
  modelHub: string;
  ceilings: Ceilings;
  /** Whether finished files are signed; the files are absolute paths of PEM files, absent where not configured. */
  credentials: { sign: boolean; certFile?: string; keyFile?: string; trustedFile?: string };
  profile: 'local' | 'aws';
  aws: AwsConfig;
  bedrock: BedrockConfig;
}

/** Settings of the `aws` profile. Credentials are no setting: they come through the SDK's own chain. */
export interface AwsConfig {
  /** Absent: the SDK's own chain decides. */
  region?: string;
  s3: S3Config;
  openSearch: OpenSearchConfig;
}

/** Models on Amazon Bedrock beside the embedder; the region is that of `aws`. */
export interface BedrockConfig {
  /** `nova-2-lite`, or the id of a model or inference profile; absent: pictures are not captioned. */
  captioner?: string;
  /** The same for the judge; absent: none is asked. */
  judge?: string;
  /** Absent: none that follows a prompt. */
  inpainter?: 'stability' | 'nova-canvas';
  video: VideoConfig;
}

/** Video models on Amazon Bedrock. */
export interface VideoConfig {
  /** Provider ids. */
  models: string[];
  /** `s3://bucket/prefix`; absent where not configured. */
  output?: string;
  /** Absent: the region that has the model. */
  region?: string;
}

export interface OpenSearchConfig {
  /** Absent where not configured; the `aws` profile needs it. */
  url?: string;
  kind: 'auto' | 'domain' | 'classic' | 'nextgen';
  prefix: string;
  /** Absent: the service's own. */
  compression?: string;
}

export interface S3Config {
  /** Absent where not configured; the `aws` profile needs it. */
  bucket?: string;
  /** What every key begins with: empty, or ends with `/`. */
  prefix: string;
  /** Id, alias or ARN. Absent: the bucket's default encryption. */
  kmsKey?: string;
  /** Account of 12 digits that the bucket must belong to. */
  bucketOwner?: string;
  /** How long presigned URLs are valid. */
  urlMinutes: number;
  /** Address of a compatible store, used with path-style addresses. Absent: Amazon S3. */
  endpoint?: string;
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
    embedder: given.VRAG_EMBEDDER ?? (env.VRAG_PROFILE === 'aws' ? 'titan' : env.VRAG_EMBEDDER),
    recogniser: env.VRAG_RECOGNISER === 'on',
    ...(env.VRAG_CALIBRATION ? { calibrationFile: expandPath(env.VRAG_CALIBRATION) } : {}),
    modelHub: env.VRAG_MODEL_HUB,
    ceilings: {
      ...(env.VRAG_MAX_USD_PER_DAY === undefined ? {} : { perDayUsd: env.VRAG_MAX_USD_PER_DAY }),
      ...(env.VRAG_MAX_USD_PER_JOB === undefined ? {} : { perJobUsd: env.VRAG_MAX_USD_PER_JOB }),
    },
    credentials: {
      sign: env.VRAG_CREDENTIALS === 'on',
      ...(env.VRAG_SIGN_CERT ? { certFile: expandPath(env.VRAG_SIGN_CERT) } : {}),
      ...(env.VRAG_SIGN_KEY ? { keyFile: expandPath(env.VRAG_SIGN_KEY) } : {}),
      ...(env.VRAG_TRUSTED_CERTS ? { trustedFile: expandPath(env.VRAG_TRUSTED_CERTS) } : {}),
    },
    profile: env.VRAG_PROFILE,
    aws: awsConfig(env),
    bedrock: bedrockConfig(env),
  };
}

function awsConfig(env: Environment): AwsConfig {
  const prefix = env.VRAG_S3_PREFIX.split('/').filter(Boolean).join('/');
  return {
    ...(env.VRAG_AWS_REGION ? { region: env.VRAG_AWS_REGION } : {}),
    s3: {
      ...(env.VRAG_S3_BUCKET ? { bucket: env.VRAG_S3_BUCKET } : {}),
      prefix: prefix === '' ? '' : `${prefix}/`,
      ...(env.VRAG_S3_KMS_KEY ? { kmsKey: env.VRAG_S3_KMS_KEY } : {}),
      ...(env.VRAG_BUCKET_OWNER ? { bucketOwner: env.VRAG_BUCKET_OWNER } : {}),
      urlMinutes: env.VRAG_URL_MINUTES,
      ...(env.VRAG_S3_ENDPOINT ? { endpoint: env.VRAG_S3_ENDPOINT } : {}),
    },
    openSearch: {
      ...(env.VRAG_OPENSEARCH_URL ? { url: env.VRAG_OPENSEARCH_URL } : {}),
      kind: env.VRAG_OPENSEARCH_KIND,
      prefix: env.VRAG_OPENSEARCH_PREFIX,
      ...(env.VRAG_OPENSEARCH_COMPRESSION ? { compression: env.VRAG_OPENSEARCH_COMPRESSION } : {}),
    },
  };
}

function bedrockConfig(env: Environment): BedrockConfig {
  return {
    ...(env.VRAG_CAPTIONER === 'off' ? {} : { captioner: env.VRAG_CAPTIONER }),
    ...(env.VRAG_JUDGE === 'off' ? {} : { judge: env.VRAG_JUDGE }),
    ...(env.VRAG_INPAINTER === 'off' ? {} : { inpainter: env.VRAG_INPAINTER }),
    video: {
      models: env.VRAG_VIDEO_MODELS.split(',')
        .map((name) => name.trim())
        .filter(Boolean),
      ...(env.VRAG_VIDEO_OUTPUT ? { output: env.VRAG_VIDEO_OUTPUT } : {}),
      ...(env.VRAG_VIDEO_REGION ? { region: env.VRAG_VIDEO_REGION } : {}),
    },
  };
}
