import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';
import { nodesUnderTest } from './opensearch-versions.ts';
import type { RadosCluster } from './radosgw.ts';
import { plainClient } from './s3.ts';
import { openSigningProxy, REGION, type SigningProxy } from './signing-proxy.ts';

const cluster = inject('radosgw') as RadosCluster;
const [node] = await nodesUnderTest();
const BUCKET = 'vrag-studio-tests';

interface Job {
  state: string;
  message?: string;
  video?: { id: string; uri: string; url?: string };
}

describe.skipIf(!cluster || !node)('two servers of the aws profile, each with nothing of its own', () => {
  let proxy: SigningProxy;
  let servers: [Connection, Connection];
  let sheep: string;
  beforeAll(async () => {
    const { accessKeyId, secretAccessKey, endpoint } = cluster;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    await node.start();
    proxy = await openSigningProxy(node.url, { service: 'es', keys: { accessKeyId, secretAccessKey } });
    const plain = plainClient(cluster);
    await plain.send(new CreateBucketCommand({ Bucket: BUCKET }));
    plain.destroy();
    const environment = {
      VRAG_PROFILE: 'aws',
      VRAG_EMBEDDER: 'vision',
      VRAG_AWS_REGION: REGION,
      VRAG_S3_BUCKET: BUCKET,
      VRAG_S3_ENDPOINT: endpoint,
      VRAG_OPENSEARCH_URL: proxy.url,
      VRAG_OPENSEARCH_KIND: 'domain',
      VRAG_OPENSEARCH_PREFIX: `studio${process.pid}`,
    };
    const alsoAllow = photographPath('march-pastoral').replace(/[^/]+\/[^/]+\/[^/]+$/, '');
    servers = [await connect({ environment, alsoAllow }), await connect({ environment, alsoAllow })];
  }, 600_000);
  afterAll(async () => {
    for (const server of servers ?? []) await server.close();
    await proxy?.close();
    await node?.close();
  });

  test('a picture that one has added is found by the other in its next call', { timeout: 120_000 }, async () => {
    const [one, other] = servers;
    const add = async (name: Parameters<typeof photographPath>[0], caption: string) =>
      (await one.call<{ asset: { id: string } }>('ingest_image', { path: photographPath(name), collection: 'studio', caption })).asset.id;
    sheep = await add('march-pastoral', 'Our flock in March');
    const mountain = await add('french-alpine-landscape', 'The ridge above the village');
    const hits = async (query: object) =>
      (await other.call<{ hits: { id: string }[] }>('search_images', { collection: 'studio', ...query })).hits.map(({ id }) => id);
    expect((await hits({ query: 'flock' }))[0]).toBe(sheep);
    expect((await hits({ query: 'sheep' }))[0]).toBe(sheep);
    expect((await hits({ query: 'rigde village' }))[0]).toBe(mountain);
    expect((await hits({ imageId: sheep, limit: 1 })).length).toBe(1);
    expect(await hits({ query: 'flock', filter: { orientation: ['portrait'] } })).not.toContain(sheep);
    const again = await other.call<{ asset: { id: string } }>('ingest_image', { path: photographPath('march-pastoral'), collection: 'studio' });
    expect(again.asset.id).toBe(sheep);
  });

  test('a video that one has started is made once, and both can show, measure and cite it', { timeout: 300_000 }, async () => {
    const [one, other] = servers;
    const request = { prompt: 'Slow zoom in', imageId: sheep, collection: 'studio', durationSeconds: 2, resolution: '480p' };
    const started = await Promise.all(servers.map((server) => server.call<{ jobId: string }>('generate_video', request)));
    expect(new Set(started.map(({ jobId }) => jobId)).size).toBe(1);
    let job: Job = { state: 'queued' };
    for (let look = 0; look < 5 && !['succeeded', 'failed'].includes(job.state); look++) {
      [job] = (await other.call<{ jobs: Job[] }>('get_job', { jobId: started[0].jobId, waitSeconds: 45 })).jobs;
    }
    expect(job).toMatchObject({ state: 'succeeded', video: { id: expect.stringMatching(/^vid_/) } });
    const report = await one.call<{ verdict: string }>('evaluate_video', { videoId: job.video?.id });
    expect(report.verdict).not.toBe('fail');
    expect(await one.error('delete_image', { imageId: 'img_none' })).toMatch(/NOT_FOUND/);
    const { contents } = await other.client.readResource({ uri: job.video?.uri ?? '' });
    expect(JSON.parse((contents[0] as { text: string }).text).manifest.shots[0].references).toMatchObject([{ assetId: sheep }]);
  });

  test('every request to OpenSearch was signed rightly', () => {
    expect(proxy.refused).toEqual([]);
    expect(proxy.requests.length).toBeGreaterThan(20);
  });
});
