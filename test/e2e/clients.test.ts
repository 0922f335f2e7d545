import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnyClient, connectHttp, connectStdio, type Desk, KINDS, openDesk, startHttp, textOf } from './bin.ts';

const TOOLS = [
  'search_images',
  'ingest_image',
  'inpaint_image',
  'generate_video',
  'get_job',
  'evaluate_video',
  'cancel_job',
  'delete_image',
  'manage_collection',
];

interface Asset {
  asset: { id: string; collection: string };
}

function suite(connect: (desk: Desk) => Promise<{ client: AnyClient; stop?: () => void }>, ingest: (client: AnyClient, desk: Desk) => Promise<Asset>) {
  let desk: Desk;
  let client: AnyClient;
  let stop: (() => void) | undefined;
  let id: string;

  beforeAll(async () => {
    desk = await openDesk();
    ({ client, stop } = await connect(desk));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(TOOLS);
    ({
      asset: { id },
    } = await ingest(client, desk));
  });
  afterAll(async () => {
    await client.close();
    stop?.();
    await desk.clear();
  });

  it('says who it is', () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'vrag-mcp', title: expect.any(String), version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it('calls tools whose structured results match their output schemas', async () => {
    const found = await client.callTool({ name: 'search_images', arguments: { query: 'red square' } });
    expect((found.structuredContent as { hits: { id: string }[] }).hits[0].id).toBe(id);
    const plan = await client.callTool({ name: 'generate_video', arguments: { prompt: 'zoom in', imageId: id, durationSeconds: 1, dryRun: true } });
    expect(plan.structuredContent).toMatchObject({ state: 'planned', costUsd: 0 });
    const painted = await client.callTool({ name: 'inpaint_image', arguments: { imageId: id, boxes: [{ x: 300, y: 160, width: 20, height: 20 }] } });
    expect(painted.structuredContent).toMatchObject({ sourceId: id });
    expect((await client.callTool({ name: 'get_job', arguments: {} })).structuredContent).toMatchObject({ jobs: [] });
  });

  it('gets errors of tools as results, with the code, what is wrong and what to do', async () => {
    const unknown = await client.callTool({ name: 'delete_image', arguments: { imageId: 'img_nothere' } });
    expect(unknown).toMatchObject({ isError: true });
    expect(textOf(unknown)).toMatch(/^NOT_FOUND: .*img_nothere/);
    const foreign = await client.callTool({ name: 'search_images', arguments: { query: 'dog', colour: 'red' } });
    expect(foreign).toMatchObject({ isError: true });
    expect(textOf(foreign)).toMatch(/colour/);
    const wrong = await client.callTool({ name: 'search_images', arguments: { query: 'dog', limit: 'many' } });
    expect(wrong).toMatchObject({ isError: true });
    expect(textOf(wrong)).toMatch(/limit/);
  });

  it('is told that a tool does not exist', async () => {
    await expect(client.callTool({ name: 'make_coffee', arguments: {} })).rejects.toThrow(/make_coffee not found/);
  });

  it('reads, lists and completes resources', async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'vrag://images/{id}',
      'vrag://videos/{id}',
      'vrag://jobs/{id}',
      'vrag://reports/{id}',
      'vrag://reports/{id}/series',
    ]);
    const uri = `vrag://images/${id}`;
    expect((await client.listResources()).resources.map((resource) => resource.uri)).toEqual(expect.arrayContaining(['vrag://collections', uri]));
    const { contents } = await client.readResource({ uri });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ id, width: 640, height: 360 });
    await expect(client.readResource({ uri: 'vrag://images/img_nothere' })).rejects.toThrow(/img_nothere/);
    const { completion } = await client.complete({ ref: { type: 'ref/resource', uri: 'vrag://images/{id}' }, argument: { name: 'id', value: id.slice(0, 6) } });
    expect(completion.values).toContain(id);
  });
}

const byPath = async (client: AnyClient, desk: Desk) => {
  const result = await client.callTool({ name: 'ingest_image', arguments: { path: desk.picture, caption: 'a red square' } });
  return result.structuredContent as unknown as Asset;
};

describe.each(KINDS)('the %s client over stdio', (kind) => {
  suite(async (desk) => ({ client: await connectStdio(kind, desk) }), byPath);
});

describe.each(KINDS)('the %s client over HTTP', (kind) => {
  suite(async (desk) => {
    const { url, bin } = await startHttp(desk, ['--local-files']);
    return { client: await connectHttp(kind, url), stop: () => bin.kill() };
  }, byPath);
});
