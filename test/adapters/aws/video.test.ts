import { readFileSync, rmSync, statSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { subjectLost } from '../../../src/adapters/aws/bedrock/keyframe.ts';
import { untilOver, type VideoGeneratorHarness, videoGeneratorContract } from '../../contracts/video-generator.ts';
import type { FailureName } from '../../fixtures/bedrock/failures.ts';
import { useBedrock } from './bedrock.ts';
import { shot, videoOver } from './videos.ts';

const opened = useBedrock();
let video: ReturnType<typeof videoOver>;

beforeEach(() => {
  const { jobs, s3 } = opened.fake;
  jobs.forget();
  jobs.outcome = { ends: 'completed' };
  jobs.durationMs = ({ duration, multiShotAutomatedParams }) => (duration === '9s' || multiShotAutomatedParams ? 60_000 : 50);
  s3.refuse.clear();
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(async () => {
  await video?.close();
  vi.restoreAllMocks();
});

const harness = (name: 'luma-ray-2' | 'nova-reel', seconds: number, long: number) => async (): Promise<VideoGeneratorHarness> => {
  const { generator, again, close } = videoOver(opened, name);
  return {
    generator,
    again: async () => again(),
    close,
    shot: await shot(['firstFrame'], { durationSeconds: seconds }),
    longShot: await shot([], { durationSeconds: long }),
  };
};
videoGeneratorContract('Luma Ray 2 on Bedrock', harness('luma-ray-2', 5, 9));
videoGeneratorContract('Nova Reel on Bedrock', harness('nova-reel', 6, 12));

const inputs = (): Record<string, never>[] =>
  opened.fake.requests('StartAsyncInvoke').map(({ body }) => (body as { modelInput: Record<string, never> }).modelInput);

describe('a shot as Luma Ray 2 gets it', () => {
  beforeEach(() => {
    video = videoOver(opened, 'luma-ray-2');
  });

  it.each([
    [{}, { aspect_ratio: '16:9', duration: '5s', resolution: '720p', loop: false }, 7.5, /^$/],
    [{ durationSeconds: 8, width: 480, height: 480 }, { aspect_ratio: '1:1', duration: '9s', resolution: '540p' }, 6.75, /8 s become 9 s.*540p with 1:1/],
    [{ durationSeconds: 6, width: 720, height: 1280, seed: 4 }, { aspect_ratio: '9:16', duration: '5s' }, 7.5, /6 s become 5 s.*no seed/],
    [{ camera: 'dolly in' as const }, { prompt: 'Camera: dolly in. Sheep walk along the road' }, 7.5, /camera move "dolly in"/],
    [{ prompt: 'x'.repeat(5001) }, undefined, 7.5, /5001 characters/],
  ])('%j', async (changes, input, costUsd, limits) => {
    const asked = await shot([], changes);
    expect(video.generator.estimate(asked)).toEqual({ costUsd });
    expect(video.generator.limits(asked).join(' ')).toMatch(limits);
    const started = video.generator.start(asked, { token: JSON.stringify(changes) });
    if (!input) return expect(started).rejects.toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringContaining('5000') });
    await started;
    expect(inputs()[0]).toMatchObject(input);
    expect(inputs()[0]).not.toHaveProperty('keyframes');
  });

  it('has the references as keyframes, cut around the subject and never stretched', async () => {
    await video.generator.start(await shot(['lastFrame', 'firstFrame']), { token: 'frames' });
    const [{ keyframes }] = inputs() as unknown as { keyframes: Record<string, { source: { data: string; media_type: string } }> }[];
    expect(Object.keys(keyframes).sort()).toEqual(['frame0', 'frame1']);
    const { format, width, height } = await sharp(Buffer.from(keyframes.frame0.source.data, 'base64')).metadata();
    expect([format, width, height, keyframes.frame0.source.media_type]).toEqual(['jpeg', 1280, 720, 'image/jpeg']);
  });

  it('shows all of a picture between bars where filling the frame would cut the subject off, and says so', async () => {
    const asked = await shot(['firstFrame']);
    const [reference] = asked.references;
    reference.subject = { x: 0.1, y: 0, width: 0.3, height: 1 };
    const tall = { ...asked, width: 720, height: 1280 };
    expect(subjectLost({ width: 640, height: 480 }, tall, { x: 0, y: 0, width: 1, height: 1 })).toBeGreaterThan(0.5);
    reference.subject = { x: 0, y: 0, width: 1, height: 1 };
    const status = await untilOver(video.generator, await video.generator.start(tall, { token: 'bars' }));
    expect(status).toMatchObject({ state: 'succeeded', notes: [expect.stringMatching(/between black bars/)] });
    const [{ keyframes }] = inputs() as unknown as { keyframes: Record<string, { source: { data: string } }> }[];
    const bar = sharp(Buffer.from(keyframes.frame0.source.data, 'base64')).extract({ left: 0, top: 0, width: 720, height: 40 });
    expect(Math.max(...(await bar.raw().toBuffer()))).toBeLessThan(8);
  });
});

describe('a shot as Nova Reel gets it', () => {
  beforeEach(() => {
    video = videoOver(opened, 'nova-reel');
  });

  it.each([
    [['firstFrame'] as const, { durationSeconds: 6 }, 'TEXT_VIDEO', 0.48, /^$/],
    [[] as const, { durationSeconds: 17 }, 'MULTI_SHOT_AUTOMATED', 1.44, /17 s become 18 s.*divides the prompt/],
    [['firstFrame'] as const, { durationSeconds: 12 }, 'MULTI_SHOT_MANUAL', 0.96, /2 shots of 6 s/],
    [[] as const, { durationSeconds: 6, prompt: 'A street without cars' }, 'TEXT_VIDEO', 0.48, /does not understand "without"/],
  ])('%j %j', async (roles, changes, taskType, costUsd, limits) => {
    const asked = await shot([...roles], changes);
    expect(video.generator.estimate(asked).costUsd).toBeCloseTo(costUsd, 6);
    expect(video.generator.limits(asked).join(' ')).toMatch(limits);
    await video.generator.start(asked, { token: JSON.stringify(changes) });
    expect(inputs()[0]).toMatchObject({ taskType });
  });

  it('has the reference as an opaque PNG of exactly 1280x720, whatever the file was', async () => {
    await video.generator.start(await shot(['firstFrame'], { durationSeconds: 6 }), { token: 'png' });
    const [{ textToVideoParams }] = inputs() as unknown as { textToVideoParams: { images: { format: string; source: { bytes: string } }[] } }[];
    const [{ format, source }] = textToVideoParams.images;
    const found = await sharp(Buffer.from(source.bytes, 'base64')).metadata();
    expect([format, found.format, found.width, found.height, found.hasAlpha]).toEqual(['png', 'png', 1280, 720, false]);
  });

  it.each([
    ['a prompt of 513 characters', { prompt: 'x'.repeat(513) }, /512/],
    ['a portrait', { width: 720, height: 720 }, /16:9/],
    ['a seed that it does not take', { seed: 2147483647 }, /2147483646/],
  ])('refuses %s before anything is sent', async (_, changes, hint) => {
    const started = video.generator.start(await shot([], { durationSeconds: 6, ...changes }), { token: 'no' });
    await expect(started).rejects.toMatchObject({ code: 'INVALID_INPUT', hint: expect.stringMatching(hint) });
    expect(opened.fake.requests('StartAsyncInvoke')).toEqual([]);
  });

  it('tells of shots that could not be made, as a note where there is a video all the same', async () => {
    opened.fake.jobs.outcome = { ends: 'shotFailed', failureType: 'INTERNAL_SERVER_EXCEPTION', video: true };
    const asked = await shot(['firstFrame'], { durationSeconds: 12 });
    const done = await untilOver(video.generator, await video.generator.start(asked, { token: 'partly' }));
    expect(done).toMatchObject({ state: 'succeeded', notes: expect.arrayContaining([expect.stringContaining('Shot 2 of 2')]) });
    opened.fake.jobs.outcome = { ends: 'shotFailed', failureType: 'RAI_VIOLATION_OUTPUT_VIDEO_DEFLECTION', video: false };
    const blocked = await untilOver(video.generator, await video.generator.start(asked, { token: 'blocked' }));
    expect(blocked).toMatchObject({ state: 'failed', reason: 'contentPolicy' });
  });
});

describe('the end of a job', () => {
  beforeEach(() => {
    video = videoOver(opened, 'luma-ray-2');
  });
  const run = async (token: string) => untilOver(video.generator, await video.generator.start(await shot(), { token }));

  it.each([
    ['The generated video has been blocked by our content filters.', 'contentPolicy'],
    ['Internal error', 'providerError'],
  ])('failed: %s', async (failureMessage, reason) => {
    opened.fake.jobs.outcome = { ends: 'failed', failureMessage };
    expect(await run(failureMessage)).toMatchObject({ state: 'failed', reason, message: expect.not.stringContaining(failureMessage) });
  });

  it('completed, but without a video: waits for it, then gives up', async () => {
    opened.fake.jobs.outcome = { ends: 'empty' };
    const operation = await video.generator.start(await shot(), { token: 'late' });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await video.generator.poll(operation)).toEqual({ state: 'running' });
    opened.fake.jobs.outcome = { ends: 'empty', endedMsAgo: 3_600_000 };
    expect(await run('absent')).toMatchObject({ state: 'failed', reason: 'providerError' });
  });

  it('forgotten by Bedrock: lost', async () => {
    const operation = await video.generator.start(await shot(), { token: 'forgotten' });
    opened.fake.jobs.forget();
    expect(await video.generator.poll(operation)).toEqual({ state: 'lost' });
  });

  it('without its record in S3: the video is kept all the same, and says so', async () => {
    const operation = await video.generator.start(await shot([]), { token: 'record' });
    for (const key of opened.fake.s3.objects.keys()) if (key.endsWith('/request.json')) opened.fake.s3.objects.delete(key);
    expect(await untilOver(video.generator, operation)).toMatchObject({ state: 'succeeded', costUsd: 0, notes: [expect.stringContaining('not known')] });
  });

  it('taken away and asked for again: comes again', async () => {
    const first = await run('again');
    if (first.state !== 'succeeded') throw new Error(first.state);
    expect(readFileSync(first.path)).toHaveLength(2000);
    rmSync(first.path);
    expect(await run('again')).toEqual(first);
    expect(statSync(first.path).size).toBe(2000);
    expect(opened.fake.jobs.count).toBe(1);
  });
});

describe('a start that fails says what may have happened', () => {
  beforeEach(() => {
    video = videoOver(opened, 'luma-ray-2');
  });

  it.each([
    ['throttled', 'RATE_LIMITED'],
    ['quota', 'RATE_LIMITED'],
    ['filteredPrompt', 'INVALID_INPUT'],
    ['noAccess', 'FORBIDDEN'],
    ['ended', 'MISCONFIGURED'],
    ['internal', 'UNAVAILABLE'],
    ['unavailable', 'UNAVAILABLE'],
    ['modelTimeout', 'UNAVAILABLE'],
  ] as [FailureName, string][])('%s: %s, sent once', async (failure, code) => {
    opened.fake.failNext(failure);
    await expect(video.generator.start(await shot(), { token: failure })).rejects.toMatchObject({ code });
    expect(opened.fake.requests('StartAsyncInvoke')).toHaveLength(1);
    expect(opened.fake.jobs.count).toBe(0);
  });

  it('a lost answer: it is found by its token, on whichever page of jobs it stands', async () => {
    opened.fake.failNext('hangUp');
    await expect(video.generator.start(await shot(), { token: 'lost' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const cheap = await shot([]);
    for (let count = 0; count < 110; count++)
      opened.fake.jobs.start('us-west-2', JSON.stringify({ ...startBody(), clientRequestToken: `other-${count}`, cheap }));
    const operation = await video.generator.find?.('lost');
    expect(operation).toEqual(await video.generator.start(await shot(), { token: 'lost' }));
    expect(opened.fake.jobs.count).toBe(111);
  });

  it('the same token for another shot: not taken for a refusal', async () => {
    await video.generator.start(await shot(), { token: 'twice' });
    await expect(video.generator.start(await shot(['firstFrame'], { prompt: 'Other' }), { token: 'twice' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it.each([
    [503, 'SlowDown', 'RATE_LIMITED'],
    [403, 'AccessDenied', 'FORBIDDEN'],
    [404, 'NoSuchBucket', 'MISCONFIGURED'],
  ])('a bucket that cannot be written (%d %s): nothing was sent', async (status, code, expected) => {
    opened.fake.s3.refuse.set(/^PUT/, { status, code });
    await expect(video.generator.start(await shot(), { token: code })).rejects.toMatchObject({ code: expected });
    expect(opened.fake.requests('StartAsyncInvoke')).toEqual([]);
  });

  it('a reference that is no picture: nothing was sent', async () => {
    const asked = await shot();
    asked.references[0].path = import.meta.filename;
    await expect(video.generator.start(asked, { token: 'broken' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(opened.fake.requests('StartAsyncInvoke')).toEqual([]);
  });

  it('Nova Reel, which is retired: says what to use instead', async () => {
    await video.close();
    video = videoOver(opened, 'nova-reel');
    opened.fake.lifecycle.set('amazon.nova-reel-v1:1', 'missing');
    const started = video.generator.start(await shot([], { durationSeconds: 6 }), { token: 'reel' });
    await expect(started).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringContaining('2026-09-30'),
      hint: expect.stringContaining('luma-ray-2'),
    });
  });
});

const startBody = () => opened.fake.requests('StartAsyncInvoke')[0].body as never as object;
