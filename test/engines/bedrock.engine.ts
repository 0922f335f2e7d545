import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, inject } from 'vitest';
import { useBedrock } from '../adapters/aws/bedrock.ts';
import { shot, videoOver } from '../adapters/aws/videos.ts';
import { videoGeneratorContract } from '../contracts/video-generator.ts';
import type { RadosCluster } from './radosgw.ts';
import { plainClient } from './s3.ts';

const cluster = inject('radosgw');

/** The stand-in for Bedrock writes what its jobs make to a real S3 gateway, and the adapter reads it from there: both by the production clients. */
describe.skipIf(!cluster)('videos of Bedrock in the S3 gateway', () => {
  let client: S3Client;
  const opened = useBedrock(() => ({
    write: async (bucket, key, bytes) => void (await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }))),
  }));
  beforeAll(async () => {
    const { endpoint, accessKeyId, secretAccessKey } = cluster as RadosCluster;
    Object.assign(process.env, { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    client = plainClient(cluster as RadosCluster);
    await client.send(new CreateBucketCommand({ Bucket: 'results' }));
    // The gateway makes its data pool at the first object, which takes longer than a start may.
    await client.send(new PutObjectCommand({ Bucket: 'results', Key: 'first', Body: 'x' }));
  });
  beforeEach(() => {
    opened.fake.jobs.durationMs = ({ duration }) => (duration === '9s' ? 60_000 : 50);
  });
  afterAll(() => client?.destroy());

  videoGeneratorContract('Luma Ray 2', async () => {
    const { generator, again, close } = videoOver(opened, 'luma-ray-2');
    return { generator, again: async () => again(), close, shot: await shot(), longShot: await shot([], { durationSeconds: 9 }) };
  });
});
