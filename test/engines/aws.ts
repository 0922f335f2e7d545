import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { BedrockFake } from '../fixtures/bedrock/server.ts';
import { assembleNode } from './opensearch-node.ts';
import { startRadosCluster } from './radosgw.ts';
import { cephPrograms } from './radosgw-packages.ts';
import { plainClient } from './s3.ts';
import { openSigningProxy, REGION } from './signing-proxy.ts';

const VERSION = '2.19.6';
const BUCKET = 'vrag';
const RESULTS = 'results';

export interface AwsEngines {
  /** Everything that a server of the `aws` profile needs, credentials and the endpoints of the stand-in for Bedrock included. */
  environment: Record<string, string>;
  bedrock: BedrockFake;
  /** What the signing proxy before OpenSearch refused. */
  refused: string[];
  close(): Promise<void>;
}

/**
 * The `aws` profile's engines: a Ceph S3 gateway, an OpenSearch node behind a proxy that checks every signature, and the stand-in for Bedrock,
 * which writes its videos (`clip`) into the gateway. A text says why this machine cannot run them.
 */
export async function startAws({ clip }: { clip: Buffer }): Promise<AwsEngines | string> {
  const [programs, node] = [await cephPrograms(), await assembleNode(VERSION)];
  if (typeof programs === 'string') return programs;
  if (typeof node === 'string') return node;
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    closing.push(() => node.close());
    await node.start();
    const { cluster, stop } = await startRadosCluster(programs);
    closing.push(stop);
    const { accessKeyId, secretAccessKey, endpoint } = cluster;
    const proxy = await openSigningProxy(node.url, { service: 'es', keys: { accessKeyId, secretAccessKey }, remember: false });
    closing.push(() => proxy.close());
    const s3 = plainClient(cluster);
    closing.push(async () => s3.destroy());
    for (const Bucket of [BUCKET, RESULTS]) await s3.send(new CreateBucketCommand({ Bucket }));
    // The gateway makes its data pool at the first object, which takes longer than a start may.
    await s3.send(new PutObjectCommand({ Bucket: RESULTS, Key: 'first', Body: 'x' }));
    const write = async (Bucket: string, Key: string, Body: Buffer) => void (await s3.send(new PutObjectCommand({ Bucket, Key, Body })));
    const bedrock = await BedrockFake.start({ clip, write });
    closing.push(() => bedrock.close());
    const environment = {
      ...bedrock.environment,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      VRAG_PROFILE: 'aws',
      VRAG_AWS_REGION: REGION,
      VRAG_S3_BUCKET: BUCKET,
      VRAG_S3_ENDPOINT: endpoint,
      VRAG_OPENSEARCH_URL: proxy.url,
      VRAG_OPENSEARCH_KIND: 'domain',
      VRAG_VIDEO_MODELS: 'luma-ray-2',
      VRAG_VIDEO_OUTPUT: `s3://${RESULTS}/films`,
    };
    return { environment, bedrock, refused: proxy.refused, close };
  } catch (error) {
    await close();
    throw error;
  }
}
