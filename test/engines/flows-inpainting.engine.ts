import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eyes, factsOf, likeness, pictureFile } from './flow-pictures.ts';
import { type FlowStudio, missing, openFlowStudio } from './flow-studio.ts';

interface Painted {
  imageId: string;
  sourceId: string;
  path: string;
  results: { imageId: string; seed: number }[];
  changedShare: number;
  algorithm: string;
  costUsd: number;
  width: number;
  height: number;
  warnings?: string[];
}
interface StabilityBody {
  image: string;
  mask?: string;
  prompt: string;
  negative_prompt?: string;
  search_prompt?: string;
  seed: number;
}
interface CanvasBody {
  inPaintingParams: { image: string; maskImage?: string; maskPrompt?: string; text: string; negativeText?: string };
  imageGenerationConfig: { seed: number };
}
interface Report {
  verdict: string;
  checks: { id: string }[];
  judge?: { model: string; advisory: boolean; frames: { referenceId?: string; answers: { answer: string; because: string }[] }[] };
}

const COLLECTION = 'vrag';
const SIZE = { width: 1920, height: 1280 };
/** The notebook's rectangle above the dog's head, at the size of our copy. */
const HAT = { x: 741, y: 31, width: 274, height: 299 };
const ASKED = {
  mode: 'replace',
  prompt: 'a dog with a colorful pointed party birthday hat with stripes and polka dots',
  negativePrompt: 'blur, distortion',
  seed: 42,
};
const FOUR = { ...ASKED, count: 4, maxCostUsd: 0.28 };

/** Notebooks _05_inpainting and _06_video_gen_inpainting of aws-samples/sample-video-rag. */
describe.skipIf(missing !== undefined)('the in-painting of the V-RAG sample', () => {
  let studio: FlowStudio;
  let dog: string;
  let maskFile: string;
  beforeAll(async () => {
    studio = await openFlowStudio({ VRAG_INPAINTER: 'stability', VRAG_VIDEO_MODELS: 'luma-ray-2', VRAG_JUDGE: 'nova-2-lite' });
    studio.fake.eyes = eyes;
    for (const name of ['dog', 'flower']) {
      const { asset } = await studio.call<{ asset: { id: string } }>('ingest_image', { path: pictureFile(name), collection: COLLECTION });
      if (name === 'dog') dog = asset.id;
    }
    maskFile = path.join(studio.inbox, 'mask.png');
    await mkdir(studio.inbox, { recursive: true });
    const white = await sharp({ create: { width: HAT.width, height: HAT.height, channels: 3, background: 'white' } })
      .png()
      .toBuffer();
    const black = sharp({ create: { ...SIZE, channels: 3, background: 'black' } });
    await black
      .composite([{ input: white, left: HAT.x, top: HAT.y }])
      .png()
      .toFile(maskFile);
  }, 600_000);
  beforeEach(() => {
    studio.fake.seen.length = 0;
  });
  afterAll(() => studio?.close());

  const paint = (args: object) => studio.call<Painted>('inpaint_image', { imageId: dog, ...args });
  const paintRequests = <T>(model: RegExp): T[] => {
    const all = studio.fake.requests('InvokeModel').filter(({ modelId }) => !modelId.includes('embed'));
    expect(all.every(({ modelId }) => model.test(modelId))).toBe(true);
    return all.map(({ body }) => body as T);
  };
  const pixelsOf = (picture: string | Buffer): Promise<Buffer> => sharp(picture).removeAlpha().raw().toBuffer();
  const pathOf = async (imageId: string) => (await studio.call<{ asset: { path: string } }>('ingest_image', { imageId })).asset.path;

  /** Share of the points in the colour that the stand-in painted with the first seed. */
  async function hatShare(picture: Buffer): Promise<number> {
    const pixels = await pixelsOf(picture);
    const near = (at: number) => Math.abs(pixels[at] - 200) + Math.abs(pixels[at + 1] - 40) + Math.abs(pixels[at + 2] - 112) < 40;
    let count = 0;
    for (let at = 0; at < pixels.length; at += 3) if (near(at)) count++;
    return (3 * count) / pixels.length;
  }

  /** Colours of the points inside the hat's rectangle, and how many points outside it are not as they were. */
  async function compared(address: string): Promise<{ inside: Set<string>; changedOutside: number }> {
    const [before, after] = [await pixelsOf(pictureFile('dog')), await pixelsOf(await studio.stored(address))];
    expect(after.length).toBe(before.length);
    const inside = new Set<string>();
    let changedOutside = 0;
    for (let point = 0; point < SIZE.width * SIZE.height; point++) {
      const [x, y] = [point % SIZE.width, Math.floor(point / SIZE.width)];
      const own = after.subarray(point * 3, point * 3 + 3);
      if (x >= HAT.x && x < HAT.x + HAT.width && y >= HAT.y && y < HAT.y + HAT.height) inside.add(own.join());
      else if (!own.equals(before.subarray(point * 3, point * 3 + 3))) changedOutside++;
    }
    return { inside, changedOutside };
  }

  test('_05: four variations under a mask, each with its seed; everything else stays bit for bit', { timeout: 300_000 }, async () => {
    const made = await paint({ ...FOUR, maskImage: maskFile, growPixels: 0, featherPixels: 0 });
    expect(made).toMatchObject({ sourceId: dog, costUsd: 0.28, algorithm: 'stability.stable-image-inpaint-v1:0', ...SIZE });
    const sent = paintRequests<StabilityBody>(/^us\.stability\.stable-image-inpaint-v1:0$/);
    expect(sent.map(({ seed, prompt, negative_prompt }) => [seed, prompt, negative_prompt])).toEqual(
      [42, 43, 44, 45].map((seed) => [seed, ASKED.prompt, ASKED.negativePrompt]),
    );
    for (const { image, mask = '' } of sent) {
      expect(await factsOf(image)).toMatchObject({ ...SIZE, format: 'png' });
      expect(await factsOf(mask)).toMatchObject({ ...SIZE, format: 'png' });
    }
    expect(made.results.map(({ seed }) => seed)).toEqual([42, 43, 44, 45]);
    expect(new Set(made.results.map(({ imageId }) => imageId)).size).toBe(4);
    const colours = new Set<string>();
    for (const { imageId } of made.results) {
      const { inside, changedOutside } = await compared(await pathOf(imageId));
      expect(changedOutside).toBe(0);
      expect(inside.size).toBe(1);
      colours.add([...inside].join());
    }
    expect(colours.size).toBe(4);
  });

  test('_05: four variations of what words mark', { timeout: 300_000 }, async () => {
    const made = await paint({ ...FOUR, maskPrompt: 'the dog' });
    expect(made).toMatchObject({ costUsd: 0.28, maskConfidence: expect.any(Number) });
    expect(made.changedShare).toBeGreaterThan(0.05);
    expect(made.changedShare).toBeLessThan(0.6);
    expect(made.results).toHaveLength(4);
    const sent = paintRequests<StabilityBody>(/^us\.stability\.stable-image-inpaint-v1:0$/);
    expect(sent.map(({ seed }) => seed)).toEqual([42, 43, 44, 45]);
    // A point of its fur is marked, a corner is not.
    const mask = sharp(Buffer.from(sent[0].mask ?? '', 'base64')).extractChannel(0);
    const at = async (left: number, top: number) => (await mask.clone().extract({ left, top, width: 1, height: 1 }).raw().toBuffer())[0];
    expect([await at(860, 700), await at(1900, 10)]).toEqual([255, 0]);
  });

  test('what nothing here could mark is found by the in-painter: search and replace', { timeout: 180_000 }, async () => {
    const made = await paint({ ...ASKED, maskPrompt: 'its grin', maxCostUsd: 0.07 });
    const [body] = paintRequests<StabilityBody>(/^us\.stability\.stable-image-search-replace-v1:0$/);
    expect(body).toMatchObject({ search_prompt: 'its grin', prompt: ASKED.prompt, seed: 42 });
    expect(body).not.toHaveProperty('mask');
    expect(made).toMatchObject({ changedShare: 1, warnings: [expect.stringMatching(/Nothing here could mark "its grin"/)] });
    expect(await studio.error('inpaint_image', { imageId: dog, maskPrompt: 'its grin', mode: 'remove' })).toMatch(/^INVALID_INPUT/);
  });

  test('erasing and extending are the services, too, where something is said of them', { timeout: 180_000 }, async () => {
    const erased = await paint({ mode: 'remove', boxes: [HAT], growPixels: 0, featherPixels: 0, negativePrompt: 'text', maxCostUsd: 0.07 });
    expect(erased.algorithm).toBe('stability.stable-image-erase-object-v1:0');
    expect(await compared(erased.path)).toMatchObject({ changedOutside: 0, inside: { size: 1 } });
    studio.fake.seen.length = 0;
    const extended = await paint({ mode: 'extend', extend: 'left 200', prompt: 'more chairs', maxCostUsd: 0.06 });
    expect(extended).toMatchObject({ algorithm: 'stability.stable-outpaint-v1:0', width: SIZE.width + 200, height: SIZE.height });
    expect(paintRequests<object>(/^us\.stability\.stable-outpaint-v1:0$/)).toMatchObject([{ left: 200, right: 0, up: 0, down: 0, prompt: 'more chairs' }]);
    const kept = await sharp(await studio.stored(extended.path))
      .extract({ left: 200, top: 0, ...SIZE })
      .removeAlpha()
      .raw()
      .toBuffer();
    expect(kept.equals(await pixelsOf(pictureFile('dog')))).toBe(true);
  });

  test('four variations cost what was said before, and nothing is sent over the ceiling', async () => {
    expect(await studio.error('inpaint_image', { imageId: dog, ...FOUR, boxes: [HAT], maxCostUsd: 0.27 })).toMatch(/^BUDGET: This costs \$0\.28/);
    expect(paintRequests(/./)).toEqual([]);
  });

  test('_06: the dog that was found gets a party hat, and the video begins with that picture', { timeout: 300_000 }, async () => {
    const { hits } = await studio.call<{ hits: { id: string }[] }>('search_images', { collection: COLLECTION, query: 'dog', limit: 1 });
    expect(hits).toMatchObject([{ id: dog }]);
    const painted = await paint({ ...FOUR, boxes: [HAT], name: 'dog with party hat' });
    const request = { prompt: 'A tight ground-level shot capturing dog', imageId: painted.imageId, collection: COLLECTION };
    const { jobId } = await studio.call<{ jobId: string }>('generate_video', { ...request, provider: 'luma-ray-2', durationSeconds: 5, maxCostUsd: 7.5 });
    const job = await studio.ended(jobId);
    expect(job).toMatchObject({ state: 'succeeded', shots: [{ referenceIds: [painted.imageId] }] });
    const [{ body }] = studio.fake.requests('StartAsyncInvoke');
    const { source } = (body as { modelInput: { keyframes: { frame0: { source: { media_type: string; data: string } } } } }).modelInput.keyframes.frame0;
    const facts = await factsOf(source.data);
    expect([source.media_type, facts.format, facts.width, facts.height]).toEqual(['image/jpeg', 'jpeg', 1280, 720]);
    const { cut, stretched } = await likeness(facts.bytes, await studio.stored(painted.path));
    expect(cut).toBeLessThan(6);
    expect(stretched).toBeGreaterThan(2 * cut);
    // The hat is in it, so it is the in-painted picture and not the one before.
    expect(await hatShare(facts.bytes)).toBeGreaterThan(0.01);
    expect(await hatShare(await readFile(pictureFile('dog')))).toBeLessThan(0.001);
    studio.fake.captionAnswer.judged = '1: no - these are bars\n2: yes - nothing is deformed\n3: yes\n4: no - there is no dog';
    const report = await studio.call<Report>('evaluate_video', { videoId: job.video?.id });
    expect(report.judge).toMatchObject({ model: 'amazon.nova-2-lite-v1:0', advisory: true, frames: [{ referenceId: painted.imageId }] });
    expect(report.judge?.frames[0].answers.map(({ answer, because }) => `${answer}: ${because}`)).toEqual([
      'no: these are bars',
      'yes: nothing is deformed',
      'yes: ',
      'no: there is no dog',
    ]);
  });

  test('_05: Nova Canvas as the notebook has it: a mask that is black where it changes, or words', { timeout: 300_000 }, async () => {
    await studio.restart({ settings: { VRAG_INPAINTER: 'nova-canvas' } });
    const made = await paint({ ...ASKED, count: 4, maxCostUsd: 0.24, maskImage: maskFile, growPixels: 0, featherPixels: 0 });
    const sent = paintRequests<CanvasBody>(/^amazon\.nova-canvas-v1:0$/);
    expect(sent.map(({ imageGenerationConfig }) => imageGenerationConfig.seed)).toEqual([42, 43, 44, 45]);
    expect(sent[0].inPaintingParams).toMatchObject({ text: ASKED.prompt, negativeText: ASKED.negativePrompt });
    const mask = await sharp(Buffer.from(sent[0].inPaintingParams.maskImage ?? '', 'base64'))
      .extractChannel(0)
      .raw()
      .toBuffer();
    expect([mask[(HAT.y + 5) * SIZE.width + HAT.x + 5], mask[0]]).toEqual([0, 255]);
    const { inside, changedOutside } = await compared(made.path);
    expect([inside.size, changedOutside]).toEqual([1, 0]);
    studio.fake.seen.length = 0;
    await paint({ ...ASKED, maskPrompt: 'its grin', maxCostUsd: 0.06 });
    const [{ inPaintingParams }] = paintRequests<CanvasBody>(/^amazon\.nova-canvas-v1:0$/);
    expect(inPaintingParams).toMatchObject({ maskPrompt: 'its grin', text: ASKED.prompt });
    expect(inPaintingParams).not.toHaveProperty('maskImage');
  });
});
