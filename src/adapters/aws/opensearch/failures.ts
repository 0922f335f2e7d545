import { AppError } from '../../../errors.ts';

/** What the client throws: `statusCode` where the service answered. */
interface ClientError {
  name?: string;
  statusCode?: number;
  body?: { error?: { type?: string; reason?: string } | string };
}

const SETTINGS = 'Check VRAG_OPENSEARCH_URL, VRAG_OPENSEARCH_KIND and the region; `vrag-mcp doctor` checks the rest.';

export function statusOf(error: unknown): number | undefined {
  return (error as ClientError | undefined)?.statusCode;
}

/** The service's own words for what is wrong, for decisions only: they never reach an agent. */
export function reasonOf(error: unknown): string {
  const details = (error as ClientError | undefined)?.body?.error;
  return typeof details === 'string' ? details : `${details?.type ?? ''} ${details?.reason ?? ''}`;
}

/**
 * A failure of the client or the service in plain words, without the service's text (it is the `cause`): RATE_LIMITED (429), MISCONFIGURED (no
 * credentials, 401, 403: the policies), UNAVAILABLE (no answer, timed out, 5xx), else INTERNAL.
 */
export function plainError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { name = '', statusCode } = (error ?? {}) as ClientError;
  return failure(statusCode, name, error);
}

/** The same for a status alone, as the parts of a bulk request have. */
export function failure(status: number | undefined, name: string, cause: unknown): AppError {
  if (status === 429)
    return new AppError('RATE_LIMITED', 'OpenSearch asks to slow down.', { hint: 'Call again in a minute, or give it more capacity.', cause });
  if (status === 401 || status === 403) {
    return new AppError('MISCONFIGURED', `OpenSearch refused access (${status}).`, {
      hint: 'Its access policies must allow the role that this server runs as; docs/aws-opensearch.md lists the permissions.',
      cause,
    });
  }
  if (name.includes('Credentials') || name === 'AwsSigv4SignerError') {
    return new AppError('MISCONFIGURED', 'There are no AWS credentials to sign requests to OpenSearch with.', {
      hint: 'Give this server a role, or a profile of the AWS configuration.',
      cause,
    });
  }
  const isNoAnswer = ['TimeoutError', 'ConnectionError', 'NoLivingConnectionsError', 'RequestAbortedError'].includes(name);
  if (isNoAnswer || status === 408 || (status !== undefined && status >= 500)) {
    return new AppError('UNAVAILABLE', 'OpenSearch does not answer.', { hint: `Call again in a minute. ${SETTINGS}`, cause });
  }
  return new AppError('INTERNAL', `OpenSearch refused a request of the catalog (${status ?? name}).`, { hint: SETTINGS, cause });
}
