import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checksOf, type Finding, lookAt } from '../../../src/adapters/doctor/index.ts';
import { node } from '../../../src/adapters/doctor/local.ts';
import { loadConfig } from '../../../src/config.ts';
import { exitOf, openDesk, startBin } from '../../e2e/bin.ts';
import { QUICK } from '../../library/studio.ts';
import { useBedrock } from './bedrock.ts';

const opened = useBedrock();
let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'vrag-doctor-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(() => opened.fake.s3.refuse.clear());

const ALL = {
  VRAG_EMBEDDER: 'titan',
  VRAG_CAPTIONER: 'nova-2-lite',
  VRAG_INPAINTER: 'stability',
  VRAG_VIDEO_MODELS: 'luma-ray-2',
  VRAG_VIDEO_OUTPUT: 's3://results/videos',
};

/** What is found on AWS with these settings, by the first word of each check. */
async function findings(settings: Record<string, string>): Promise<Record<string, Finding>> {
  const config = loadConfig({ ...QUICK, VRAG_HOME: home, ...settings });
  const checks = checksOf(config).filter(({ what }) => what.includes(':'));
  return Object.fromEntries(await Promise.all(checks.map(async (check) => [check.what, await lookAt(check)] as const)));
}

describe('vrag-mcp doctor', () => {
  it('says that all works, without a billed call', async () => {
    const found = await findings(ALL);
    expect(Object.keys(found)).toEqual([
      'embedder: Titan Multimodal Embeddings G1',
      'captioner: Nova 2 Lite',
      'in-painter: Stable Image Erase Object',
      'in-painter: Stable Image Inpaint',
      'in-painter: Stable Image Search and Replace',
      'in-painter: Stable Image Outpaint',
      'video: Luma Ray 2',
      'video output: s3://results/videos',
    ]);
    for (const [what, { state }] of Object.entries(found)) expect(state, what).toBe('ok');
    expect(opened.fake.requests('StartAsyncInvoke')).toEqual([]);
    const bodies = [...opened.fake.requests('InvokeModel'), ...opened.fake.requests('Converse')].map(({ body }) => body);
    expect(bodies).toEqual([{}, {}, {}, {}, {}, { messages: [] }]);
  });

  it('names what is retired, forbidden, elsewhere or not writable, and what to do', async () => {
    const embedder = async (settings = {}) => (await findings({ VRAG_EMBEDDER: 'nova', ...settings }))['embedder: Nova Multimodal Embeddings'];
    expect(await embedder({ VRAG_AWS_REGION: 'us-west-2' })).toMatchObject({ state: 'problem', fix: expect.stringContaining('us-east-1') });
    opened.fake.failNext('notAllowed');
    expect(await embedder()).toMatchObject({ state: 'problem', text: expect.stringContaining('bedrock:InvokeModel'), fix: expect.stringContaining('policy') });
    opened.fake.lifecycle.set('amazon.nova-2-multimodal-embeddings-v1:0', 'denied');
    expect(await embedder()).toMatchObject({ state: 'note', fix: expect.stringContaining('GetFoundationModel') });
    opened.fake.lifecycle.set('amazon.nova-2-multimodal-embeddings-v1:0', { status: 'LEGACY', endOfLifeTime: '2099-01-01T00:00:00Z' });
    expect(await embedder()).toMatchObject({ state: 'note', text: expect.stringContaining('2099-01-01') });
    opened.fake.lifecycle.set('amazon.nova-reel-v1:1', 'missing');
    opened.fake.s3.refuse.set(/^PUT/, { status: 403, code: 'AccessDenied' });
    const video = await findings({ VRAG_VIDEO_MODELS: 'nova-reel', VRAG_VIDEO_OUTPUT: 's3://results' });
    expect(video['video: Nova Reel 1.1']).toMatchObject({ state: 'problem', fix: expect.stringContaining('luma-ray-2') });
    expect(video['video output: s3://results']).toMatchObject({ state: 'problem', text: expect.stringContaining('s3:PutObject') });
  });

  it('tries the bucket of the aws profile, and knows a store in which two servers could win the same version', async () => {
    const settings = { VRAG_PROFILE: 'aws', VRAG_S3_BUCKET: 'results', VRAG_S3_ENDPOINT: opened.fake.s3.endpoint };
    const bucket = async () => findings({ ...settings, VRAG_EMBEDDER: 'vision' });
    expect(await bucket()).toMatchObject({
      'objects: results': { state: 'ok' },
      'records: results': { state: 'ok', text: expect.stringContaining('one won') },
    });
    expect([...opened.fake.s3.objects.keys()].filter((key) => key.includes('/doctor/'))).toEqual([]);
    opened.fake.s3.isConditional = false;
    const records = (await bucket())['records: results'];
    opened.fake.s3.isConditional = true;
    expect(records).toMatchObject({ state: 'problem', text: expect.stringContaining('4 of 4 writers'), fix: expect.stringContaining('paid take') });
    opened.fake.s3.refuse.set(/^PUT/, { status: 501, code: 'NotImplemented' });
    expect((await bucket())['records: results']).toMatchObject({ state: 'problem', text: expect.stringContaining('refuses conditional writes') });
    opened.fake.s3.refuse.clear();
    opened.fake.s3.refuse.set(/^PUT/, { status: 403, code: 'AccessDenied' });
    expect((await bucket())['objects: results']).toMatchObject({ state: 'problem', text: expect.stringContaining('s3:PutObject') });
  });

  it('says what the aws profile lacks', async () => {
    expect(await findings({ VRAG_PROFILE: 'aws', VRAG_EMBEDDER: 'vision' })).toMatchObject({
      'objects: no bucket': { state: 'problem', fix: expect.stringContaining('VRAG_S3_BUCKET') },
      'catalog: OpenSearch': { state: 'problem', fix: expect.stringContaining('VRAG_OPENSEARCH_URL') },
    });
  });

  it('knows which Node.js is too old', () => {
    expect([node('20.18.0').state, node('20.19.0').state, node('22.1.0').state]).toEqual(['problem', 'ok', 'ok']);
  });

  it('checks this machine from the command line and exits with 0', async () => {
    const desk = await openDesk();
    const bin = startBin(['doctor'], desk);
    const code = await exitOf(bin, 60_000);
    await desk.clear();
    expect(bin.output()).toMatch(/^ok {6}node: Node\.js \d+.*\nok {6}data folder: .*GB free\n/);
    for (const what of ['database', 'pictures (sharp)', 'video codec', 'vision model']) expect(bin.output()).toContain(`${what}: `);
    expect([code, bin.output()]).toEqual([0, expect.stringContaining('Everything that is configured works.')]);
  });
});
