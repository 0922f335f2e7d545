import type { S3Client } from '@aws-sdk/client-s3';
import type { AwsConfig } from '../../../config.ts';
import type { ServerClock } from './server-clock.ts';

/** Attempts in all, with the SDK's own jittered and capped pauses (standard mode: at most 20 s). */
const ATTEMPTS = 5;
const CONNECT_MS = 5000;
/** Longest silence on a connection. */
const SILENCE_MS = 60_000;

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface OpenClient {
  sdk: typeof import('@aws-sdk/client-s3');
  client: S3Client;
}

/** Loads the SDK. `clock` learns from every answer. Without `credentials` the SDK's own chain finds them. */
export async function openClient(
  { region, s3 }: AwsConfig,
  { clock, credentials }: { clock: ServerClock; credentials: Credentials | undefined },
): Promise<OpenClient> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(s3.endpoint === undefined ? {} : { endpoint: s3.endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    retryMode: 'standard',
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = Date.now();
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      clock.observe(headers?.date, sentMs, Date.now());
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'serverClock' },
  );
  return { sdk, client };
}
