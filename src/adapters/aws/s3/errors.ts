import type { S3Config } from '../../../config.ts';
import { AppError } from '../../../errors.ts';

/** What an error of the SDK tells. */
interface Failure {
  name: string;
  status: number | undefined;
  message: string;
  /** Region where the bucket is, where S3 says so. */
  bucketRegion: string | undefined;
}

/** Names in docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (read 2026-11) and of the SDK's own errors. */
const CREDENTIALS = new Set([
  'CredentialsProviderError',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
]);
const WRONG_REGION = new Set(['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException']);
const SLOW_DOWN = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException', 'BandwidthLimitExceeded']);

/** The HTTP status of a failed request, where there was an answer. */
export function statusOf(error: unknown): number | undefined {
  return failureOf(error).status;
}

export function nameOf(error: unknown): string {
  return failureOf(error).name;
}

function failureOf(error: unknown): Failure {
  const known = (error ?? {}) as { name?: string; message?: string; Region?: string; $metadata?: { httpStatusCode?: number }; $response?: Answer };
  const bucketRegion = known.Region ?? known.$response?.headers?.['x-amz-bucket-region'];
  return { name: known.name ?? '', status: known.$metadata?.httpStatusCode ?? known.$response?.statusCode, message: known.message ?? '', bucketRegion };
}

interface Answer {
  statusCode?: number;
  headers?: Record<string, string>;
}

/** A failure of S3 as `AppError`; `permission` is the IAM action that the request needs. The service's own text is kept as the cause alone. */
export function s3Error(cause: unknown, permission: string, config: S3Config): AppError {
  if (cause instanceof AppError) return cause;
  const failure = failureOf(cause);
  const make = (code: AppError['code'], message: string, hint: string) => new AppError(code, message, { hint, cause });
  const bucket = `bucket "${config.bucket}"`;
  if (CREDENTIALS.has(failure.name)) {
    const hint = 'Check AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in again (aws sso login), or give the machine a role.';
    return make('MISCONFIGURED', `There are no valid AWS credentials for ${bucket} (${failure.name}).`, hint);
  }
  if (failure.name === 'NoSuchBucket') return make('MISCONFIGURED', `There is no ${bucket}.`, 'Create it, or correct VRAG_S3_BUCKET.');
  if (failure.name === 'RequestTimeTooSkewed')
    return make('MISCONFIGURED', "This machine's clock is wrong by more than 15 minutes.", 'Set it, then call again.');
  if (WRONG_REGION.has(failure.name) || failure.status === 301 || failure.message === 'Region is missing') return wrongRegion(failure, bucket, make);
  if (failure.status === 403) return make('FORBIDDEN', `S3 refuses ${permission} on ${bucket}.`, forbiddenHint(permission, config));
  if (SLOW_DOWN.has(failure.name) || failure.status === 429)
    return make('RATE_LIMITED', `S3 asks to slow down on ${bucket}.`, 'Wait a moment, then call again.');
  const odd = failure.status !== undefined && failure.status < 500;
  if (odd) return make('INTERNAL', `S3 did not understand a request on ${bucket}.`, 'Details are in the server log (stderr).');
  return make('UNAVAILABLE', `S3 does not answer for ${bucket}.`, 'Check the network and VRAG_AWS_REGION, then call again.');
}

function wrongRegion({ bucketRegion }: Failure, bucket: string, make: (code: 'MISCONFIGURED', message: string, hint: string) => AppError): AppError {
  if (bucketRegion === undefined) return make('MISCONFIGURED', `The region of ${bucket} is not known or wrong.`, "Set VRAG_AWS_REGION to the bucket's region.");
  return make('MISCONFIGURED', `The region for ${bucket} is wrong: it is in ${bucketRegion}.`, `Set VRAG_AWS_REGION=${bucketRegion}.`);
}

function forbiddenHint(permission: string, { bucketOwner, kmsKey }: S3Config): string {
  return [
    `Allow ${permission} to the role (docs/aws.md lists all permissions; without s3:ListBucket S3 answers the same for what is not there).`,
    bucketOwner === undefined ? '' : `Or the bucket does not belong to account ${bucketOwner} (VRAG_BUCKET_OWNER).`,
    kmsKey === undefined ? '' : 'Or the role may not use VRAG_S3_KMS_KEY: kms:GenerateDataKey and kms:Decrypt.',
  ]
    .filter(Boolean)
    .join(' ');
}
