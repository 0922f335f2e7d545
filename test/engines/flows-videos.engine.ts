import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeTake, TAKE } from '../../src/film/takes.ts';
import { eyes, factsOf, likeness, PROMPTS, pictureFile } from './flow-pictures.ts';
import { type FlowStudio, type Job, missing, openFlowStudio } from './flow-studio.ts';

interface Made {
  jobId: string;
  batchId: string;
  state: string;
  existing: boolean;
  costUsd: number;
  shots: { jobId?: string; prompt: string; referenceId?: string; dropped: string[] }[];
}
type Frame = { source: { media_type: string; data: string } };
type LumaInput = { prompt: string; duration: string; aspect_ratio: string; keyframes?: { frame0?: Frame; frame1?: Frame } };
type ReelInput = { taskType: string; textToVideoParams: { text: string; images?: { format: string; source: { bytes: string } }[] } };

const COLLECTION = 'vrag';
const LUMA = { provider: 'luma-ray-2', collection: COLLECTION, durationSeconds: 5, maxCostUsd: 7.5 };
const NAMES = ['road', 'shoes2', 'gloves', 'dog', 'flower'];

/** Notebooks _02_video_gen_text_only, _03_video_gen_text_image and _04_video_gen_multi of aws-samples/sample-video-rag. */
describe.skipIf(missing !== undefined)('the videos of the V-RAG sample', () => {
  let studio: FlowStudio;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    studio = await openFlowStudio({ VRAG_VIDEO_MODELS: 'luma-ray-2,nova-reel' });
    studio.fake.eyes = eyes;
    for (const name of NAMES) {
      const { asset } = await studio.call<{ asset: { id: string } }>('ingest_image', { path: pictureFile(name), collection: COLLECTION });
      ids[name] = asset.id;
    }
  }, 600_000);
  beforeEach(() => {
    studio.fake.seen.length = 0;
  });
  afterAll(() => studio?.close());

  const inputs = <T>() => studio.fake.requests('StartAsyncInvoke').map(({ body }) => (body as { modelInput: T }).modelInput);
  const generate = (args: object) => studio.call<Made>('generate_video', { ...LUMA, ...args });
  const refused = (args: object) => studio.error('generate_video', { ...LUMA, ...args });
  const video = async (args: object): Promise<Job> => {
    const job = await studio.ended((await generate(args)).jobId);
    expect(job).toMatchObject({ state: 'succeeded', video: { id: expect.stringMatching(/^vid_/) } });
    return job;
  };

  test('_02: from text alone', { timeout: 180_000 }, async () => {
    const prompt = 'Closeup of a large seashell in the sand, gentle waves flow around the shell. Camera zoom in.';
    const job = await video({ prompt });
    expect(inputs()).toEqual([{ prompt, aspect_ratio: '16:9', loop: false, duration: '5s', resolution: '720p' }]);
    expect(job.costUsd).toBe(7.5);
    const linked = await fetch(job.video?.path ?? '');
    expect(Buffer.from(await linked.arrayBuffer()).toString('latin1', 4, 8)).toBe('ftyp');
    const again = await generate({ prompt });
    expect(again).toMatchObject({ existing: true, jobId: job.jobId });
    expect(studio.fake.requests('StartAsyncInvoke')).toHaveLength(1);
  });

  const ROAD = 'camera tilt up from the road to the sky';

  test('_03: from text and an image, which Luma Ray 2 gets as a JPEG of the exact size, cut and not stretched', { timeout: 180_000 }, async () => {
    const job = await video({ prompt: ROAD, imageId: ids.road });
    expect(job.shots).toMatchObject([{ prompt: ROAD, referenceIds: [ids.road] }]);
    const [{ keyframes }] = inputs<LumaInput>();
    const { media_type, data } = keyframes?.frame0?.source ?? { media_type: '', data: '' };
    const facts = await factsOf(data);
    expect([media_type, facts.format, facts.width, facts.height]).toEqual(['image/jpeg', 'jpeg', 1280, 720]);
    const { cut, stretched } = await likeness(facts.bytes, pictureFile('road'));
    expect(cut).toBeLessThan(6);
    expect(stretched).toBeGreaterThan(3 * cut);
  });

  test('_03: on Nova Reel as the notebook has it: an opaque PNG that is one, of 1280x720', { timeout: 180_000 }, async () => {
    await video({ prompt: ROAD, imageId: ids.road, provider: 'nova-reel', durationSeconds: 6 });
    const [{ taskType, textToVideoParams }] = inputs<ReelInput>();
    const [{ format, source }] = textToVideoParams.images ?? [];
    const facts = await factsOf(source.bytes);
    expect([taskType, textToVideoParams.text, format]).toEqual(['TEXT_VIDEO', ROAD, 'png']);
    expect([facts.format, facts.width, facts.height, facts.hasAlpha]).toEqual(['png', 1280, 720, false]);
    const { cut, stretched } = await likeness(facts.bytes, pictureFile('road'));
    expect(cut).toBeLessThan(6);
    expect(stretched).toBeGreaterThan(3 * cut);
  });

  test('an object that no picture shows is refused with the closest ones, and nothing is sent', async () => {
    const message = await refused({ prompt: 'It plays by itself', query: 'a violin' });
    expect(message).toMatch(/^NOT_FOUND: No picture in collection "vrag" clearly shows "a violin"/);
    expect(message).toMatch(/Closest, but not clear enough to use unasked: img_\w+ "/);
    const batch = await refused({ templates: ['A shot of <object_prompt>.'], variables: [{ object_prompt: 'red shoes' }, { object_prompt: 'a violin' }] });
    expect(batch).toMatch(/1 of 2 objects could not be retrieved, so nothing was started/);
    expect(studio.fake.requests('StartAsyncInvoke')).toEqual([]);
  });

  test('_04: the prompts of prompts.txt become a video each, with the picture of their object', { timeout: 300_000 }, async () => {
    const variables = [{ object_prompt: 'red shoes', action_prompt: 'Small glowing particles drift in the background behind the shoes.' }];
    const made = await generate({ templatesPath: PROMPTS, variables, maxCostUsd: 45 });
    const lines = (await readFile(PROMPTS, 'utf8')).split('\n');
    const filled = lines.map((line) => line.replace('<object_prompt>', 'red shoes').replace('<action_prompt>', variables[0].action_prompt));
    expect(made.shots.map(({ prompt }) => prompt)).toEqual(filled);
    expect(made.costUsd).toBe(45);
    // Blank lines are no prompts: the same batch with some between is the same batch.
    await mkdir(studio.inbox, { recursive: true });
    const gappy = path.join(studio.inbox, 'prompts.txt');
    await writeFile(gappy, `\n  \t\n${lines.join('\r\n\r\n')}\n\n`);
    expect(await generate({ templatesPath: gappy, variables, maxCostUsd: 45 })).toMatchObject({ batchId: made.batchId, existing: true });
    for (const { jobId = '' } of made.shots) {
      const job = await studio.ended(jobId);
      expect(job).toMatchObject({ state: 'succeeded', shots: [{ referenceIds: [ids.shoes2] }] });
    }
    const sent = inputs<LumaInput>();
    expect(sent.map(({ prompt }) => prompt).sort()).toEqual([...filled].sort());
    const [frame] = new Set(sent.map(({ keyframes }) => keyframes?.frame0?.source.data ?? ''));
    const { cut, stretched } = await likeness((await factsOf(frame)).bytes, pictureFile('shoes2'));
    expect(cut).toBeLessThan(6);
    expect(stretched).toBeGreaterThan(2 * cut);
  });

  test('a prompt without a visible character is refused, given or filled', async () => {
    expect(await refused({ prompt: ' \t\u200b ' })).toMatch(/^INVALID_INPUT: .*no visible character/);
    expect(await refused({ templates: ['<action_prompt>'], variables: [{ action_prompt: '  ' }] })).toMatch(
      /^INVALID_INPUT: variables\[0\] has no value for <action_prompt>/,
    );
    expect(await refused({ templates: ['', '  '] })).toMatch(/^INVALID_INPUT: templates holds no text/);
    expect(studio.fake.requests('StartAsyncInvoke')).toEqual([]);
  });

  test('a job that Bedrock reports as InProgress for ever ends at its deadline, and says that it may be billed', { timeout: 300_000 }, async () => {
    studio.fake.jobs.outcome = { ends: 'never' };
    const { jobId } = await generate({ prompt: 'A lighthouse in the fog' });
    await expect.poll(() => studio.fake.requests('GetAsyncInvoke').length, { timeout: 60_000 }).toBeGreaterThan(0);
    await studio.restart({
      // What a server finds that comes back after the hour that the model has.
      between: async (ports) => {
        const { records } = await ports.records.list(TAKE, { limit: 1 });
        await changeTake(ports, records[0].id, (take) => ({ ...take, startedAt: new Date(Date.now() - 3_700_000).toISOString() }));
      },
    });
    const job = await studio.ended(jobId);
    expect(job).toMatchObject({
      state: 'failed',
      shots: [{ failure: expect.stringMatching(/^timeout: Not finished after 60 minutes\. It may still be billed/) }],
    });
    expect(studio.fake.requests('StartAsyncInvoke')).toHaveLength(1);
  });
});
