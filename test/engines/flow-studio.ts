import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { inject } from 'vitest';
import { openPorts } from '../../src/adapters/index.ts';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import { loadConfig } from '../../src/config.ts';
import type { Ports } from '../../src/ports.ts';
import { CLI } from '../e2e/bin.ts';
import { BedrockFake } from '../fixtures/bedrock/server.ts';
import { numberedFrames } from '../fixtures/clips.ts';
import { IMAGES } from './flow-pictures.ts';
import { nodesUnderTest } from './opensearch-versions.ts';
import type { RadosCluster } from './radosgw.ts';
import { plainClient } from './s3.ts';
import { openSigningProxy, type SigningProxy } from './signing-proxy.ts';

/** The models of these tests are offered there. */
const REGION = 'us-east-1';
const STATE = 'vrag-flows';
const RESULTS = 'vrag-flow-results';
/** More than any call takes on a busy machine. */
const CALL_MS = 120_000;

export interface Job {
  jobId: string;
  state: string;
  progress: number;
  message?: string;
  costUsd?: number;
  files?: { total: number; done: number; added?: number; alreadyThere?: number; failed: number };
  shots?: { state: string; prompt: string; referenceIds: string[]; notes: string[]; failure?: string }[];
  video?: { id: string; uri: string; path?: string; sha256: string };
}

/** The built bin with the profile `aws`, over real S3 and OpenSearch servers and the stand-in for Bedrock, and a client of the v1 SDK. */
export interface FlowStudio {
  fake: BedrockFake;
  proxy: SigningProxy;
  /** A folder of the test that the server may read. */
  inbox: string;
  /** The structured result of a call that must succeed. */
  call<T>(name: string, args?: Record<string, unknown>): Promise<T>;
  /** The text of a call that must fail. */
  error(name: string, args?: Record<string, unknown>): Promise<string>;
  /** What lies at an address `s3://bucket/key`, as a client of S3 alone reads it. */
  stored(address: string): Promise<Buffer>;
  /** The job once it has ended. */
  ended(jobId: string): Promise<Job>;
  /** Ends the server, lets `between` look at or change what it left, and starts another one; `settings` hold from then on. */
  restart(change?: { settings?: Record<string, string>; between?: (ports: Ports) => Promise<void> }): Promise<void>;
  close(): Promise<void>;
}

const cluster = inject('radosgw') as RadosCluster;
const hasSample = existsSync(IMAGES);
const [node] = hasSample ? await nodesUnderTest() : [];

/** Why the flows cannot run here; absent where they can. */
export const missing: string | undefined = !hasSample
  ? 'aws-sample-video-rag is not in VRAG_TEST_DATA'
  : !cluster
    ? 'there is no S3 gateway'
    : !node
      ? 'there is no OpenSearch node'
      : undefined;
if (missing !== undefined) console.log(`SKIPPED flows of the V-RAG sample: ${missing}`);

export async function openFlowStudio(settings: Record<string, string> = {}): Promise<FlowStudio> {
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-flows-'));
  const inbox = path.join(root, 'inbox');
  const { accessKeyId, secretAccessKey, endpoint } = cluster;
  await node.start();
  const proxy = await openSigningProxy(node.url, { service: 'es', keys: { accessKeyId, secretAccessKey }, region: REGION });
  const s3 = plainClient(cluster);
  for (const Bucket of [STATE, RESULTS]) await s3.send(new CreateBucketCommand({ Bucket }));
  const write = async (bucket: string, key: string, bytes: Buffer) => void (await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes })));
  const fake = await BedrockFake.start({ clip: await tinyClip(root), write });
  const environment: Record<string, string> = {
    ...fake.environment,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    VRAG_PROFILE: 'aws',
    VRAG_AWS_REGION: REGION,
    VRAG_S3_BUCKET: STATE,
    VRAG_S3_PREFIX: path.basename(root),
    VRAG_S3_ENDPOINT: endpoint,
    VRAG_OPENSEARCH_URL: proxy.url,
    VRAG_OPENSEARCH_KIND: 'domain',
    VRAG_OPENSEARCH_PREFIX: path.basename(root).toLowerCase(),
    VRAG_VIDEO_OUTPUT: `s3://${RESULTS}/films`,
    VRAG_HOME: path.join(root, 'home'),
    VRAG_DEFAULT_DIRS: 'off',
    VRAG_ALLOWED_DIRS: [inbox, path.dirname(IMAGES)].join(path.delimiter),
    ...settings,
  };
  let client = await startClient(environment);
  const raw = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args }, undefined, { timeout: CALL_MS });
  const studio: FlowStudio = {
    fake,
    proxy,
    inbox,
    async call<T>(name: string, args: Record<string, unknown> = {}) {
      const result = await raw(name, args);
      if (result.isError) throw new Error(`${name} failed: ${textOf(result)}`);
      return result.structuredContent as T;
    },
    async error(name, args = {}) {
      const result = await raw(name, args);
      if (!result.isError) throw new Error(`${name} was expected to fail, but returned ${textOf(result)}`);
      return textOf(result);
    },
    async stored(address) {
      const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    async ended(jobId) {
      for (;;) {
        const { jobs } = await studio.call<{ jobs: Job[] }>('get_job', { jobId, waitSeconds: 45, includeImages: false });
        if (['succeeded', 'failed', 'cancelled', 'unknown'].includes(jobs[0].state)) return jobs[0];
      }
    },
    async restart({ settings: changed = {}, between } = {}) {
      await client.close();
      Object.assign(environment, changed);
      if (between) await withPorts(environment, between);
      client = await startClient(environment);
    },
    async close() {
      await client.close();
      await Promise.all([fake.close(), proxy.close()]);
      s3.destroy();
      await node.close();
      await rm(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  return studio;
}

async function startClient(environment: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'flows', version: '1.0.0' });
  const env = { PATH: process.env.PATH ?? '', HOME: environment.VRAG_HOME, ...environment };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [CLI], env, stderr: 'inherit' }));
  return client;
}

/** The ports of the same state, as one more server has them. */
async function withPorts(environment: Record<string, string>, work: (ports: Ports) => Promise<void>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  const ports = openPorts(loadConfig(environment));
  try {
    await work(ports);
  } finally {
    await ports.close();
    for (const key of Object.keys(environment)) delete process.env[key];
    Object.assign(process.env, before);
  }
}

async function tinyClip(folder: string): Promise<Buffer> {
  const media = openMedia();
  const file = path.join(folder, 'clip.mp4');
  await media.encode(numberedFrames(48), { path: file, width: 320, height: 180, fps: 24 });
  media.close();
  return readFile(file);
}

const textOf = (result: unknown): string => (result as { content: { text?: string }[] }).content.map(({ text }) => text ?? '').join('');
