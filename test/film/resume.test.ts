import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { photographPath } from '../fixtures/photographs.ts';

const BIN = path.resolve(import.meta.dirname, '../../dist/cli.js');
let home: string;
const servers: { client: Client; pid: number }[] = [];

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vrag-resume-'));
});
afterAll(async () => {
  for (const { client } of servers) await client.close().catch(() => undefined);
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

async function spawnServer() {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, path.dirname(photographPath('french-alpine-landscape'))],
    env: { ...(process.env as Record<string, string>), VRAG_HOME: home },
    stderr: 'ignore',
  });
  const client = new Client({ name: 'resume', version: '1' });
  await client.connect(transport);
  const call = async <T>(name: string, args: Record<string, unknown>): Promise<T> => {
    const result = await client.callTool({ name, arguments: args }, { timeout: 60_000 });
    if (result.isError) throw new Error(JSON.stringify(result.content));
    return result.structuredContent as T;
  };
  const server = { client, pid: transport.pid ?? 0, call };
  servers.push(server);
  return server;
}

interface Jobs {
  jobs: { state: string; progress: number; shots: { state: string }[]; video?: { durationSeconds: number } }[];
}

it('a job whose server was killed in the middle is finished by the next one, once, without a second request', { timeout: 150_000 }, async () => {
  const first = await spawnServer();
  const { asset } = await first.call<{ asset: { id: string } }>('ingest_image', { path: photographPath('french-alpine-landscape') });
  const request = { prompt: 'Very slow zoom in', imageId: asset.id, durationSeconds: 10, resolution: '480p' };
  const { jobId } = await first.call<{ jobId: string }>('generate_video', request);
  let progress = 0;
  while (progress === 0) {
    const { jobs } = await first.call<Jobs>('get_job', { jobId, includeImages: false });
    progress = jobs[0].progress;
    await sleep(50);
  }
  expect(progress).toBeLessThan(1);
  process.kill(first.pid, 'SIGKILL');

  const [second, third] = await Promise.all([spawnServer(), spawnServer()]);
  const [again] = await Promise.all([second.call<{ jobId: string; existing: boolean }>('generate_video', request), third.call('search_images', {})]);
  expect(again).toMatchObject({ jobId, existing: true });
  let ended = await second.call<Jobs>('get_job', { jobId, waitSeconds: 45, includeImages: false });
  if (ended.jobs[0].state === 'running') ended = await second.call<Jobs>('get_job', { jobId, waitSeconds: 45, includeImages: false });
  expect(ended.jobs[0]).toMatchObject({ state: 'succeeded', shots: [{ state: 'succeeded' }] });
  expect(ended.jobs[0].video?.durationSeconds).toBeCloseTo(10, 1);
  const videos = await third.call<{ hits: unknown[] }>('search_images', { kind: 'video' });
  expect(videos.hits).toHaveLength(1);
});
