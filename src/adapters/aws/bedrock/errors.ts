import { AppError, type ErrorCode } from '../../../errors.ts';
import { foundationId, type Model, modelNamed } from './models.ts';

/** What was being done when Bedrock refused. */
export interface Attempt {
  model: Model;
  region: string;
  /** IAM action, e.g. `bedrock:InvokeModel`. */
  action: string;
  /** The caller's own signal: its abort is no failure of Bedrock. */
  signal?: AbortSignal | undefined;
}

interface Refusal {
  name: string;
  message: string;
  status: number | undefined;
}

/** Texts by which Bedrock tells failures of one exception apart (seen in issues and AWS docs, 2026-11). */
const TEXTS = {
  ended: /end of its life/i,
  legacy: /marked by provider as Legacy/i,
  profile: /on-demand throughput isn.t supported/i,
  unknownModel: /model identifier is invalid|not supported in this region/i,
  filtered: /content filter/i,
  image: /blocked|adjust your input image/i,
  malformed: /malformed input request/i,
};

const CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'TokenProviderError',
]);

/** Refused before it was accepted, so nothing was done and nothing is billed. */
const TOO_MUCH = new Set(['ThrottlingException', 'ModelNotReadyException', 'ServiceQuotaExceededException', 'TooManyRequestsException', 'SlowDown']);

/**
 * Bedrock's (or S3's) refusal as an `AppError` with a text of ours; the provider's own is kept as `cause` for stderr. Codes as `VideoGenerator.start` wants them:
 * RATE_LIMITED was not accepted, INVALID_INPUT, FORBIDDEN and MISCONFIGURED are refused for good, UNAVAILABLE may have been accepted.
 */
export function bedrockError(error: unknown, attempt: Attempt): AppError {
  if (error instanceof AppError) return error;
  if (attempt.signal?.aborted) return new AppError('CANCELLED', 'The call was cancelled.', { cause: error });
  const refusal = readRefusal(error);
  const [code, message, hint] = explain(refusal, attempt);
  return new AppError(code, message, { hint, cause: error });
}

function readRefusal(error: unknown): Refusal {
  const { name = '', message = '', $metadata } = error as { name?: string; message?: string; $metadata?: { httpStatusCode?: number } };
  return { name, message, status: $metadata?.httpStatusCode };
}

type Explained = [code: ErrorCode, message: string, hint: string];

function explain(refusal: Refusal, attempt: Attempt): Explained {
  const { name, message, status } = refusal;
  const { model, region } = attempt;
  if (CREDENTIALS.has(name)) {
    const hint =
      'Give credentials by the AWS SDK\'s own chain: AWS_PROFILE after "aws sso login", AWS_ACCESS_KEY_ID and its secret, or the role of the machine.';
    return ['MISCONFIGURED', 'AWS did not accept the credentials, or there are none.', hint];
  }
  if (/region is missing/i.test(message)) return ['MISCONFIGURED', 'No AWS region is set.', 'Set AWS_REGION or VRAG_AWS_REGION, e.g. us-east-1.'];
  if (TOO_MUCH.has(name) || status === 429) {
    return [
      'RATE_LIMITED',
      `${model.title} takes no more requests for now.`,
      'Try again later, or ask AWS for a higher quota (Service Quotas, Amazon Bedrock).',
    ];
  }
  if (TEXTS.ended.test(message)) return ended(model);
  if (TEXTS.legacy.test(message)) {
    return ['MISCONFIGURED', `${model.title} is marked as legacy, and this account has not used it lately: AWS no longer lets it in.`, instead(model)];
  }
  if (TEXTS.unknownModel.test(message)) return notThere(model, region);
  if (name === 'ValidationException' || name === 'ParamValidationError') return invalid(message, attempt);
  if (status === 403 || name === 'AccessDeniedException') return denied(message, attempt);
  if (name === 'ResourceNotFoundException') return notThere(model, region);
  return ['UNAVAILABLE', `${model.title} did not answer${status === undefined ? '' : ` (status ${status})`}.`, 'Try again later.'];
}

function invalid(message: string, { model, region }: Attempt): Explained {
  if (TEXTS.profile.test(message)) {
    const profile = `${region.startsWith('us-') ? 'us' : 'global'}.${foundationId(model.id)}`;
    return ['MISCONFIGURED', `${model.title} can only be called through an inference profile.`, `Use the id "${profile}" (or that of a profile of your own).`];
  }
  if (TEXTS.filtered.test(message)) {
    const what = TEXTS.image.test(message) && /image/i.test(message) ? 'the picture' : 'the prompt';
    return ['INVALID_INPUT', `The content filters of ${model.title} refused ${what}.`, `Change ${what} and try again.`];
  }
  const why = TEXTS.malformed.test(message) ? 'the form of the request' : 'the request';
  return ['INVALID_INPUT', `${model.title} refused ${why}; nothing was made.`, 'The server log (stderr) has its own words.'];
}

function denied(message: string, { model, region, action }: Attempt): Explained {
  if (/not authorized to perform/i.test(message)) {
    return ['FORBIDDEN', `The AWS identity may not do ${action}.`, `Allow ${action} in its policy; "vrag-mcp doctor" checks every permission.`];
  }
  const hint = `Open the model catalog of Amazon Bedrock in ${region} and request access to it (third-party models are bought through AWS Marketplace).`;
  return ['FORBIDDEN', `This AWS account has no access to ${model.title} in ${region}.`, hint];
}

/** The refusal of a model that is past its end of life. */
export function ended(model: Model): Explained {
  const since = model.endOfLife ? ` since ${model.endOfLife}` : '';
  return ['MISCONFIGURED', `${model.title} is retired by AWS${since}: it cannot be called any more.`, instead(model)];
}

/** The refusal of a model that the region does not have. */
export function notThere(model: Model, region: string): Explained {
  if (model.endOfLife && Date.parse(model.endOfLife) < Date.now()) return ended(model);
  const where =
    model.regions.length > 0
      ? `It is offered in ${model.regions.join(', ')}: set the region of its setting, or AWS_REGION.`
      : 'Check the model id and the region.';
  return ['MISCONFIGURED', `Amazon Bedrock has no "${model.id}" in ${region}.`, where];
}

function instead({ alternative }: Model): string {
  return alternative
    ? `Use ${alternative} (${modelNamed(alternative).title}) instead; docs/aws-models.md has the settings.`
    : 'docs/aws-models.md lists models that work.';
}
