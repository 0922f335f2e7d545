import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { openS3 } from '../../src/adapters/aws/s3/open.ts';
import type { AwsConfig, S3Config } from '../../src/config.ts';
import type { RadosCluster } from './radosgw.ts';

/** Our adapters over the gateway, in a bucket that is made at first use and a prefix and a data folder of their own. */
export interface S3Fixture {
  aws: AwsConfig;
  open: (options?: { s3?: Partial<S3Config>; secretAccessKey?: string }) => ReturnType<typeof openS3>;
  close(): Promise<void>;
}

export const BUCKET = 'vrag-engine-tests';

/** A plain client, for what a test has to see or do beside the adapters. */
export function plainClient({ endpoint, accessKeyId, secretAccessKey }: RadosCluster): S3Client {
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
}

export async function s3Fixture(cluster: RadosCluster): Promise<S3Fixture> {
  const client = plainClient(cluster);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  const aws: AwsConfig = {
    region: 'us-east-1',
    s3: { bucket: BUCKET, prefix: `${randomUUID()}/`, urlMinutes: 5, endpoint: cluster.endpoint },
    openSearch: { kind: 'auto', prefix: 'vrag' },
  };
  const opened: { close(): Promise<void> }[] = [];
  const homeDir = await mkdtemp(path.join(tmpdir(), 'vrag-s3-'));
  // The catalog has its own suites; here it holds nothing.
  const catalog = { list: async () => ({ assets: [] }) };
  return {
    aws,
    open: ({ s3, secretAccessKey = cluster.secretAccessKey } = {}) => {
      const config = { homeDir, aws: { ...aws, s3: { ...aws.s3, ...s3 } } };
      const each = openS3(config, catalog, { credentials: { accessKeyId: cluster.accessKeyId, secretAccessKey } });
      opened.push(each);
      return each;
    },
    async close() {
      for (const each of opened) await each.close();
      await rm(homeDir, { recursive: true });
    },
  };
}
