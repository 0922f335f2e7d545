import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BedrockRuntimeClient, ConverseCommand, InvokeModelCommand, StartAsyncInvokeCommand } from '@aws-sdk/client-bedrock-runtime';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCaptioner } from '../../../src/adapters/aws/bedrock/captioner.ts';
import { bedrockEmbedders } from '../../../src/adapters/aws/bedrock/embedders.ts';
import { createBedrockInpainter } from '../../../src/adapters/aws/bedrock/inpainter.ts';
import { createJudge } from '../../../src/adapters/aws/bedrock/judge.ts';
import { createNovaCanvasPainter } from '../../../src/adapters/aws/bedrock/nova-canvas.ts';
import { createStabilityPainter } from '../../../src/adapters/aws/bedrock/stability.ts';
import { boxMask } from '../../contracts/inpainter.ts';
import { converse, invoke, isFailure, refuseStart } from '../../fixtures/bedrock/models.ts';
import type { SeenRequest } from '../../fixtures/bedrock/server.ts';
import { flat } from '../../fixtures/photographs.ts';
import { useBedrock } from './bedrock.ts';
import { shot, videoOver } from './videos.ts';

/** Fields that a request may do without; every other field that an adapter sends is required. */
const OPTIONAL = new Set([
  'modelInput.keyframes',
  'modelInput.keyframes.frame0',
  'modelInput.keyframes.frame1',
  'modelInput.textToVideoParams.images',
  'modelInput.multiShotManualParams.shots.*.image',
  'outputDataConfig.s3OutputDataConfig.bucketOwner',
  'outputDataConfig.s3OutputDataConfig.kmsKeyId',
  'negative_prompt',
  'inPaintingParams.text',
  'inPaintingParams.negativeText',
  'stable-outpaint:prompt',
]);

const opened = useBedrock();
/** As much of an MP4 as the fake looks at. */
const MP4 = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom'), Buffer.alloc(200)]);
let recorded: SeenRequest[];
let close: () => void;

/** One request of every kind that the adapters send, as the fake received it. */
beforeAll(async () => {
  const picture = flat(400, 330, [200, 30, 30]);
  const east = opened.bedrock();
  const folder = await mkdtemp(join(tmpdir(), 'vrag-bodies-'));
  const clip = join(folder, 'clip.mp4');
  await writeFile(clip, MP4);
  for (const name of ['titan', 'nova']) {
    const { embedder } = bedrockEmbedders(east, opened.images).find((one) => one.name === name) ?? {};
    await embedder?.embedImages([picture]);
    await embedder?.embedTexts?.(['red shoes']);
    await embedder?.embedClip?.({ path: clip, mediaType: 'video/mp4', durationSeconds: 5 });
  }
  await createCaptioner(east, opened.images, 'nova-2-lite').caption(picture);
  const frame = flat(320, 180, [10, 30, 30]);
  await createJudge(east, opened.images, 'nova-2-lite').judge({ frame, reference: picture, questions: ['Is it red?'] });
  const mask = boxMask(400, 330, { x: 0, y: 0, width: 100, height: 330 });
  const request = { image: picture, mask, seed: 3, prompt: 'a blue wall', negativePrompt: 'text' };
  const stability = createBedrockInpainter(createStabilityPainter(east, opened.images), opened.images);
  for (const mode of ['remove', 'replace', 'extend'] as const) await stability.inpaint({ ...request, mode });
  const all = boxMask(400, 330, { x: 0, y: 0, width: 400, height: 330 });
  await stability.inpaint({ ...request, mask: all, mode: 'replace', search: 'wall' });
  const canvas = createBedrockInpainter(createNovaCanvasPainter(east, opened.images), opened.images);
  await canvas.inpaint({ ...request, mode: 'replace' });
  await canvas.inpaint({ ...request, mask: all, mode: 'replace', search: 'wall' });
  const luma = videoOver(opened, 'luma-ray-2', { bucketOwner: '123456789012', kmsKey: 'key' });
  const reel = videoOver(opened, 'nova-reel');
  close = () => [luma, reel].forEach((one) => void one.close());
  await luma.generator.start(await shot(['firstFrame', 'lastFrame']), { token: 'luma' });
  await reel.generator.start(await shot(['firstFrame'], { durationSeconds: 6 }), { token: 'single' });
  await reel.generator.start(await shot(['firstFrame'], { durationSeconds: 12 }), { token: 'manual' });
  await reel.generator.start(await shot([], { durationSeconds: 12 }), { token: 'automated' });
  await rm(folder, { recursive: true });
  recorded = opened.fake.seen.filter(({ operation }) => ['InvokeModel', 'Converse', 'StartAsyncInvoke'].includes(operation));
});
afterAll(() => close?.());

type Json = Record<string, unknown> | unknown[];
type Path = (string | number)[];

/** Every path to a value in a body. */
function paths(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => {
    const step = Array.isArray(value) ? Number(key) : key;
    return [[...at, step], ...paths((value as Record<string, unknown>)[key], [...at, step])];
  });
}

function changed(body: unknown, path: Path, change: (parent: Record<string, unknown>, key: string) => void): Json {
  const copy = structuredClone(body) as Json;
  const parent = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], copy);
  change(parent as Record<string, unknown>, String(path.at(-1)));
  return copy;
}

const refused = async ({ operation, modelId }: SeenRequest, body: unknown): Promise<boolean> => {
  const foundation = modelId.replace(/^us\./, '');
  if (operation === 'StartAsyncInvoke') return (await refuseStart(body as object)) !== undefined;
  return isFailure(operation === 'Converse' ? await converse(body, { text: '', stopReason: 'end_turn' }) : await invoke(foundation, body as never));
};

const valueAt = (body: unknown, path: Path): unknown => path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], body);

/** The picture in a field beside which its type stands. */
function pictureAt(request: SeenRequest, path: Path): { request: SeenRequest; path: Path; bytes: Buffer }[] {
  const value = valueAt(request.body, path);
  const around = [path.slice(0, -1), path.slice(0, -2)].map((parent) => valueAt(request.body, parent) as Record<string, unknown>);
  const isDeclared = around.some(({ format, media_type }) => /^(image\/)?(png|jpeg)$/.test(String(format ?? media_type)));
  return isDeclared && typeof value === 'string' && value.length > 100 ? [{ request, path, bytes: Buffer.from(value, 'base64') }] : [];
}

const named = (path: Path): string => path.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
const wrong = (value: unknown): unknown => (typeof value === 'string' ? 7 : typeof value === 'object' ? 'text' : { not: 'that' });

describe('the requests of the adapters', () => {
  it('are all the kinds that there are, and are accepted as they are', async () => {
    const kinds = recorded.map(({ operation, modelId, body }) =>
      `${operation} ${modelId} ${(body as { modelInput?: { taskType?: string } }).modelInput?.taskType ?? ''}`.trim(),
    );
    expect(kinds).toEqual([
      'InvokeModel amazon.titan-embed-image-v1',
      'InvokeModel amazon.titan-embed-image-v1',
      'InvokeModel amazon.nova-2-multimodal-embeddings-v1:0',
      'InvokeModel amazon.nova-2-multimodal-embeddings-v1:0',
      'InvokeModel amazon.nova-2-multimodal-embeddings-v1:0',
      'Converse us.amazon.nova-2-lite-v1:0',
      'Converse us.amazon.nova-2-lite-v1:0',
      'InvokeModel us.stability.stable-image-erase-object-v1:0',
      'InvokeModel us.stability.stable-image-inpaint-v1:0',
      'InvokeModel us.stability.stable-outpaint-v1:0',
      'InvokeModel us.stability.stable-image-search-replace-v1:0',
      'InvokeModel amazon.nova-canvas-v1:0',
      'InvokeModel amazon.nova-canvas-v1:0',
      'StartAsyncInvoke luma.ray-v2:0',
      'StartAsyncInvoke amazon.nova-reel-v1:1 TEXT_VIDEO',
      'StartAsyncInvoke amazon.nova-reel-v1:1 MULTI_SHOT_MANUAL',
      'StartAsyncInvoke amazon.nova-reel-v1:1 MULTI_SHOT_AUTOMATED',
    ]);
    for (const request of recorded) expect(await refused(request, request.body), request.modelId).toBe(false);
  });

  it('are refused without any field that they need, with one of another type, and with one that is unknown', async () => {
    const accepted: string[] = [];
    let tried = 0;
    const expectRefusal = async (request: SeenRequest, body: unknown, what: string) => {
      tried++;
      if (!(await refused(request, body))) accepted.push(`${request.modelId}: ${what}`);
    };
    for (const request of recorded) {
      for (const path of [[], ...paths(request.body)] as Path[]) {
        const name = named(path);
        const own = `${request.modelId.replace(/^us\.stability\./, '').replace(/-v1:0$/, '')}:${name}`;
        const value = valueAt(request.body, path);
        if (path.length > 0 && typeof path.at(-1) === 'string' && !OPTIONAL.has(name) && !OPTIONAL.has(own)) {
          await expectRefusal(
            request,
            changed(request.body, path, (parent, key) => delete parent[key]),
            `without ${name}`,
          );
        }
        if (path.length > 0)
          await expectRefusal(
            request,
            changed(request.body, path, (parent, key) => (parent[key] = wrong(value))),
            `${name} mistyped`,
          );
        if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
        const extra = { ...value, unknown: 1 };
        await expectRefusal(request, path.length === 0 ? extra : changed(request.body, path, (parent, key) => (parent[key] = extra)), `${name} with more`);
      }
    }
    expect(accepted).toEqual([]);
    expect(tried).toBeGreaterThan(200);
  });

  it('are refused with a picture that is not what they declare, as JPEG bytes under the name of PNG', async () => {
    const declared = recorded.flatMap((request) => paths(request.body).flatMap((path) => pictureAt(request, path)));
    expect(new Set(declared.map(({ request }) => request.modelId))).toEqual(
      new Set(['amazon.nova-2-multimodal-embeddings-v1:0', 'us.amazon.nova-2-lite-v1:0', 'luma.ray-v2:0', 'amazon.nova-reel-v1:1']),
    );
    for (const { request, path, bytes } of declared) {
      const isJpeg = bytes[0] === 0xff;
      const other = await sharp(bytes)
        .toFormat(isJpeg ? 'png' : 'jpeg')
        .toBuffer();
      const body = changed(request.body, path, (parent, key) => (parent[key] = other.toString('base64')));
      expect(await refused(request, body), `${request.modelId} ${named(path)}`).toBe(true);
    }
  });

  it('are refused with a clip that is no MP4', async () => {
    const [request] = recorded.filter(({ body }) => JSON.stringify(body).includes('"video"'));
    const body = changed(
      request.body,
      ['singleEmbeddingParams', 'video', 'source', 'bytes'],
      (parent, key) => (parent[key] = MP4.subarray(8).toString('base64')),
    );
    expect(await refused(request, body)).toBe(true);
  });

  it('get those refusals over the wire, too', async () => {
    const client = new BedrockRuntimeClient({ maxAttempts: 1 });
    const malformed = { name: 'ValidationException', message: expect.stringMatching(/^Malformed input request: #/) };
    const [titan] = recorded;
    const [caption] = recorded.filter(({ operation }) => operation === 'Converse');
    const body = JSON.stringify(changed(titan.body, ['embeddingConfig'], (parent, key) => delete parent[key]));
    await expect(client.send(new InvokeModelCommand({ modelId: titan.modelId, body, contentType: 'application/json' }))).rejects.toMatchObject(malformed);
    await expect(client.send(new ConverseCommand({ modelId: caption.modelId, messages: [] }))).rejects.toMatchObject(malformed);
    const luma = recorded.find(({ modelId }) => modelId.startsWith('luma'));
    const west = new BedrockRuntimeClient({ region: 'us-west-2', maxAttempts: 1 });
    await expect(west.send(new StartAsyncInvokeCommand({ ...(luma?.body as object), modelInput: {} } as never))).rejects.toMatchObject(malformed);
    for (const one of [client, west]) one.destroy();
  });
});
