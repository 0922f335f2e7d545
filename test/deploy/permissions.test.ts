import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.join(import.meta.dirname, '../..');

/**
 * What each request of an adapter needs: service authorization references of S3, Bedrock and KMS, "Supported operations" of OpenSearch Serverless
 * (docs.aws.amazon.com, read 2026-11). By how the source names the request.
 */
const NEEDS: Record<string, string[]> = {
  PutObjectCommand: ['s3:PutObject'],
  GetObjectCommand: ['s3:GetObject'],
  HeadObjectCommand: ['s3:GetObject'],
  CopyObjectCommand: ['s3:GetObject', 's3:PutObject'],
  DeleteObjectCommand: ['s3:DeleteObject'],
  DeleteObjectsCommand: ['s3:DeleteObject'],
  ListObjectsV2Command: ['s3:ListBucket'],
  Upload: ['s3:PutObject', 's3:AbortMultipartUpload'],
  SSEKMSKeyId: ['kms:GenerateDataKey', 'kms:Decrypt'],
  InvokeModelCommand: ['bedrock:InvokeModel'],
  ConverseCommand: ['bedrock:InvokeModel'],
  StartAsyncInvokeCommand: ['bedrock:InvokeModel'],
  GetAsyncInvokeCommand: ['bedrock:GetAsyncInvoke'],
  ListAsyncInvokesCommand: ['bedrock:ListAsyncInvokes'],
  getFoundationModel: ['bedrock:GetFoundationModel'],
  AwsSigv4Signer: ['aoss:APIAccessAll'],
  'client.msearch': ['aoss:ReadDocument'],
  'client.bulk': ['aoss:WriteDocument'],
  'client.indices.create': ['aoss:CreateIndex'],
  'client.indices.delete': ['aoss:DeleteIndex'],
  'client.indices.putMapping': ['aoss:UpdateIndex'],
  // Not on Serverless, which the template makes: domains only, or an address whose absence tells that it is Serverless.
  'client.mget': [],
  'client.indices.refresh': [],
  'client.info': [],
};

/** Not a request of a server: who may take the role, and who may not read without encryption. */
const OF_THE_TEMPLATE = ['sts:AssumeRole', 's3:*'];

const REQUEST =
  /\bnew (?:sdk\.)?([A-Z]\w*Command|Upload)\(|\bclient\.(getFoundationModel)\(|\b(SSEKMSKeyId):|\b(AwsSigv4Signer)\(|\b(client(?:\.indices)?\.[a-z]\w*)\(/g;
/** Of every SDK client, and no request. */
const NO_REQUEST = ['client.send', 'client.destroy', 'client.close', 'client.config', 'client.getFoundationModel'];

function requestsIn(source: string): string[] {
  return [...source.matchAll(REQUEST)].map((match) => match.slice(1).find((name) => name !== undefined) as string).filter((name) => !NO_REQUEST.includes(name));
}

function requestsOfAdapters(): Set<string> {
  const folder = path.join(ROOT, 'src/adapters/aws');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return new Set(files.flatMap((name) => requestsIn(readFileSync(path.join(folder, name), 'utf8'))));
}

const template = readFileSync(path.join(ROOT, 'deploy/aws/template.yaml'), 'utf8');
const granted = new Set([...template.matchAll(/"((?:s3|kms|bedrock|aoss|es|sts|logs|iam):(?:[A-Z]\w*|\*))"/g)].map(([, action]) => action));

describe('the AWS template', () => {
  const requests = requestsOfAdapters();

  it('is compared with every request that the adapters send', () => {
    expect([...requests].sort()).toEqual(Object.keys(NEEDS).sort());
  });

  it('grants what they need and nothing else', () => {
    const needed = new Set([...requests].flatMap((name) => NEEDS[name] ?? []));
    expect([...granted].filter((action) => !OF_THE_TEMPLATE.includes(action)).sort()).toEqual([...needed].sort());
  });

  it('allows calls of every model that an adapter knows and AWS still offers', () => {
    const { models } = JSON.parse(readFileSync(path.join(ROOT, 'src/adapters/aws/bedrock/models.json'), 'utf8')) as {
      models: Record<string, { id: string; endOfLife?: string }>;
    };
    const patterns = [...template.matchAll(/foundation-model\/([\w.:*-]+)"/g)].map(([, id]) => id).filter((id) => id !== '*');
    const allows = (id: string) => patterns.some((pattern) => (pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern));
    // Claude only sets a price for captions by models that a user names.
    const offered = Object.values(models).filter(({ id, endOfLife }) => endOfLife === undefined && !id.startsWith('anthropic.'));
    expect(offered.filter(({ id }) => !allows(id))).toEqual([]);
    expect(offered.length).toBeGreaterThan(6);
  });

  it('names no more than the requests of one line of source', () => {
    const line = 'await client.send(new sdk.PutObjectCommand(input)); client.indices.create({ index }); new Upload({ client }); new Map(); client.destroy();';
    expect(requestsIn(line)).toEqual(['PutObjectCommand', 'client.indices.create', 'Upload']);
  });
});
