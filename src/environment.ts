import * as z from 'zod';

const SERVICE_ADDRESS = 'must be an https:// address (http:// on this computer only), without user name, query or fragment';

const region = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as us-east-1')
  .default('');
const flag = (initial: 'on' | 'off') => z.enum(['on', 'off']).default(initial);

/** A model that takes pictures through Converse. */
const seeingModel = () =>
  z
    .string()
    .regex(/^[\w.:/-]{1,256}$/, 'must be off, nova-2-lite, or the id of a model or inference profile')
    .default('off');

/** No ceiling where it is not set. */
const dollars = () => z.coerce.number().min(0).max(1_000_000).optional();

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
      'What new collections are searched with: `vision` (the model in the package), `descriptor` (colours and layout, no model), `titan` or `nova` on Amazon Bedrock (docs/aws-models.md), or a CLIP, SigLIP or SigLIP 2 model as a folder or as an id of the hub, e.g. `onnx-community/siglip2-base-patch16-224-ONNX`; `@REVISION` and `:fp32` may follow (docs/models.md). Existing collections keep theirs until `reindex`. With the `aws` profile the default is `titan`.',
    ),
  VRAG_RECOGNISER: flag('on').describe(
    '`off`: pictures are not looked at with the vision model, text search reads words only. With VRAG_EMBEDDER=descriptor no model is ever loaded.',
  ),
  VRAG_CALIBRATION: z
    .string()
    .default('')
    .describe(
      'File with cut points of the quality checks from your own clips, made by `vrag-mcp calibrate` (docs/quality.md), instead of those in the package.',
    ),
  VRAG_MODEL_HUB: z
    .string()
    .default('https://huggingface.co')
    .refine(isServiceAddress, SERVICE_ADDRESS)
    .describe(
      'Where models of the hub are downloaded from, once, into `models/` of the data folder; another address for a mirror. Nothing is downloaded with VRAG_DOWNLOADS=off.',
    ),
  VRAG_MAX_USD_PER_DAY: dollars().describe(
    'What paid video may cost in all on one day (UTC), in US dollars. Without any ceiling, here or as `maxCostUsd`, no paid video starts (docs/jobs.md).',
  ),
  VRAG_MAX_USD_PER_JOB: dollars().describe('What one paid job may cost, in US dollars; `maxCostUsd` of a call can only lower it.'),
  VRAG_CREDENTIALS: flag('on').describe('`off`: videos and pictures made here carry no content credentials (docs/provenance.md).'),
  VRAG_SIGN_CERT: z
    .string()
    .default('')
    .describe(
      'PEM file with your certificate chain for content credentials, your own certificate first. Needs VRAG_SIGN_KEY; without both a self-signed identity is made on first use.',
    ),
  VRAG_SIGN_KEY: z.string().default('').describe('PEM file (PKCS #8, no password) with the private key of VRAG_SIGN_CERT.'),
  VRAG_TRUSTED_CERTS: z.string().default('').describe('PEM file with the certificate authorities whose signatures `vrag-mcp verify` calls trusted.'),
  VRAG_PROFILE: z
    .enum(['local', 'aws'])
    .default('local')
    .describe('Where the state lives. `local`: in the data folder. `aws`: in Amazon S3 and OpenSearch, so that any number of servers share it (docs/aws.md).'),
  VRAG_AWS_REGION: region.describe('Region of the AWS services. Empty: AWS_REGION or the shared AWS configuration. Credentials come from the AWS chain alone.'),
  VRAG_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and dashes')
    .default('')
    .describe('Bucket of the `aws` profile. It must exist.'),
  VRAG_S3_PREFIX: z
    .string()
    .regex(/^[\w!.*'()/-]{0,200}$/, 'must be at most 200 letters, digits and characters of `/_-!.*()`')
    .default('vrag')
    .describe('What every key in the bucket begins with; `/` for nothing.'),
  VRAG_S3_KMS_KEY: z.string().max(2048).default('').describe("Id, alias or ARN of the KMS key that S3 encrypts with. Empty: the bucket's default."),
  VRAG_BUCKET_OWNER: z
    .string()
    .regex(/^\d{12}$/, 'must be an account id of 12 digits')
    .default('')
    .describe('Account that the bucket must belong to; S3 refuses every request where it does not.'),
  VRAG_URL_MINUTES: z.coerce
    .number()
    .min(1)
    .max(7 * 24 * 60)
    .default(60)
    .describe('How long links to files in S3 work, in minutes; they end earlier where the credentials that signed them do.'),
  VRAG_S3_ENDPOINT: z
    .string()
    .refine(isServiceAddress, SERVICE_ADDRESS)
    .default('')
    .describe('Address of an S3-compatible store, used with the bucket in the path. Empty: Amazon S3.'),
  VRAG_CAPTIONER: seeingModel().describe(
    'Model on Amazon Bedrock that captions pictures that come without a caption: `nova-2-lite`, or the id of a model or inference profile that takes pictures. Billed once per picture (docs/aws-models.md).',
  ),
  VRAG_JUDGE: seeingModel().describe(
    'Such a model that `evaluate_video` asks about the worst frames, for an opinion beside what is measured; no verdict follows from it. Billed once per frame (docs/aws-models.md).',
  ),
  VRAG_INPAINTER: z
    .enum(['off', 'stability', 'nova-canvas'])
    .default('off')
    .describe('In-painter on Amazon Bedrock that follows a prompt, beside the one in the package, which only removes and extends.'),
  VRAG_VIDEO_MODELS: z
    .string()
    .default('')
    .describe('Video models on Amazon Bedrock that `generate_video` may be given as provider, separated by commas: `luma-ray-2`, `nova-reel`.'),
  VRAG_VIDEO_OUTPUT: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w!.*'()/-]*)?$/, 'must be s3://BUCKET or s3://BUCKET/PREFIX')
    .default('')
    .describe("Where they write, `s3://BUCKET/PREFIX`, with a bucket in the model's region."),
  VRAG_VIDEO_REGION: region.describe('Their region. Empty: the one that has the model (`us-west-2` for Luma Ray 2).'),
  VRAG_OPENSEARCH_URL: z
    .string()
    .default('')
    .refine((value) => value === '' || isServiceAddress(value), SERVICE_ADDRESS)
    .describe('Endpoint of the OpenSearch domain or Serverless vector collection of the `aws` profile (docs/aws-opensearch.md).'),
  VRAG_OPENSEARCH_KIND: z
    .enum(['auto', 'domain', 'classic', 'nextgen'])
    .default('auto')
    .describe('What it is: a managed `domain`, or Serverless `classic` or `nextgen`. `auto`: found out at the first call.'),
  VRAG_OPENSEARCH_PREFIX: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and dashes')
    .default('vrag')
    .describe('What the name of every index begins with.'),
  VRAG_OPENSEARCH_COMPRESSION: z
    .enum(['1x', '2x', '4x', '8x', '16x', '32x'])
    .optional()
    .describe("Compression of new collections' vectors, less memory for less exact ranks. Absent: what the service does by itself."),
});

export type Environment = z.output<typeof EnvironmentSchema>;

/** Plain http is for a service on this computer only: what a model file holds is fed to native code, and requests carry signatures. */
function isServiceAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return (protocol === 'https:' || (protocol === 'http:' && local)) && !username && !password && !search && !hash;
}
