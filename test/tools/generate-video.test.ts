import { access, copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect, textOf } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';

interface Job {
  jobId: string;
  state: string;
  progress: number;
  shots: { state: string; referenceIds: string[]; notes: string[] }[];
  video?: {
    id: string;
    uri: string;
    path: string;
    contactSheetPath: string;
    posterPath: string;
    previewPath: string;
    width: number;
    height: number;
    durationSeconds: number;
    fps: number;
    sha256: string;
  };
}
interface Started {
  jobId: string;
  state: string;
  existing: boolean;
  shots: { referenceId?: string; retrieved?: string[]; dropped: string[] }[];
}

const COLLECTION = 'old';
let server: Connection;
let sheep: string;
let mountain: string;

beforeAll(async () => {
  server = await connect({ alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..') });
  const ingest = async (name: Parameters<typeof photographPath>[0]) =>
    (await server.call<{ asset: { id: string } }>('ingest_image', { path: photographPath(name), collection: COLLECTION })).asset.id;
  sheep = await ingest('march-pastoral');
  mountain = await ingest('french-alpine-landscape');
});
afterAll(() => server.close());

const start = (args: Record<string, unknown>) =>
  server.call<Started>('generate_video', { collection: COLLECTION, durationSeconds: 1, resolution: '480p', ...args });
async function finish(jobId: string): Promise<Job> {
  const { jobs } = await server.call<{ jobs: Job[] }>('get_job', { jobId, waitSeconds: 45 });
  return jobs[0];
}

describe('a video', () => {
  it('is made from the reference that a query retrieves, and says so from search to manifest', async () => {
    const started = await start({ prompt: 'Slow pan right over the flock', query: 'sheep' });
    expect(started.shots[0]).toMatchObject({ referenceId: sheep });
    expect(started.shots[0].retrieved?.[0]).toContain(sheep);
    const job = await finish(started.jobId);
    expect(job).toMatchObject({ state: 'succeeded', progress: 1, shots: [{ referenceIds: [sheep] }] });
    expect(job.video).toMatchObject({ width: 854, height: 480, fps: 24 });
    expect(job.video?.durationSeconds).toBeCloseTo(1, 1);
    expect((await readFile(job.video?.path ?? '')).subarray(4, 8).toString()).toBe('ftyp');
    expect((await readFile(job.video?.contactSheetPath ?? '')).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    const { ports: own } = await server.studio();
    expect(await own.images.probe(await readFile(job.video?.posterPath ?? ''))).toMatchObject({ mediaType: 'image/jpeg', width: 854, height: 480 });
    const preview = await readFile(job.video?.previewPath ?? '');
    expect(await own.images.probe(preview)).toMatchObject({ mediaType: 'image/webp', width: 320, height: 180, pages: 6 });
    expect(preview.length).toBeLessThanOrEqual(400_000);
    const read = await server.client.readResource({ uri: job.video?.uri ?? '' });
    const about = JSON.parse((read.contents[0] as { text: string }).text);
    expect(about.manifest).toMatchObject({ type: 'video', generative: false, shots: [{ references: [{ assetId: sheep, query: 'sheep' }] }] });
    expect(about).toMatchObject({ madeFrom: [sheep], orientation: 'landscape', brightness: expect.any(Number) });
    expect(read.contents[1].mimeType).toBe('video/mp4');
    const { ports } = await server.studio();
    const shown = await ports.objects.get((await ports.catalog.get(about.id))?.previewKey ?? '');
    expect(shown && (await ports.images.probe(shown))).toMatchObject({ width: 512, mediaType: 'image/jpeg' });
    const reference = JSON.parse(((await server.client.readResource({ uri: `vrag://images/${sheep}` })).contents[0] as { text: string }).text);
    expect(reference.dependents).toContain(job.video?.id);
  });

  it('says in its first sentence that no AI video model is configured', async () => {
    const result = await server.raw('generate_video', { prompt: 'x', imageId: sheep, collection: COLLECTION, dryRun: true });
    expect((result.content[0] as { text: string }).text).toMatch(/^This is an animatic, .* not a clip of an AI video model \(VRAG_VIDEO_MODELS/);
    expect(result.structuredContent).toMatchObject({ state: 'planned', generative: false });
  });

  it('of several shots is joined in order, each shot with its own reference', async () => {
    const started = await start({
      shots: [
        { prompt: 'Zoom in', imageId: sheep },
        { prompt: 'Tilt up', imageId: mountain, durationSeconds: 2 },
      ],
    });
    const job = await finish(started.jobId);
    expect(job.state).toBe('succeeded');
    expect(job.video?.durationSeconds).toBeCloseTo(3, 1);
    expect(job.shots.map((shot) => shot.referenceIds)).toEqual([[sheep], [mountain]]);
  });

  it('with dissolves is shorter by them, says where each shot begins, and is measured outside them', { timeout: 120_000 }, async () => {
    const request = { shots: [sheep, mountain, sheep].map((imageId) => ({ prompt: 'A locked-off view', camera: 'static', imageId })), durationSeconds: 2 };
    const started = await start({ ...request, transition: 'dissolve' });
    expect(started).toMatchObject({ durationSeconds: 5, existing: false });
    const job = await finish(started.jobId);
    expect(job.video?.durationSeconds).toBeCloseTo(5, 2);
    const { contents } = await server.client.readResource({ uri: job.video?.uri ?? '' });
    const { manifest } = JSON.parse((contents[0] as { text: string }).text);
    expect(manifest).toMatchObject({ dissolveSeconds: 0.5, shots: [{ startSeconds: 0 }, { startSeconds: 1.5 }, { startSeconds: 3 }] });
    const report = await server.call<{ verdict: string; shots: { similarity: { min: number } }[] }>('evaluate_video', { jobId: started.jobId });
    expect(report.verdict).not.toBe('fail');
    for (const shot of report.shots) expect(shot.similarity.min).toBeGreaterThan(0.6);
    expect((await start({ ...request, dryRun: true })) as unknown).toMatchObject({ durationSeconds: 6 });
    expect((await start(request)).jobId).not.toBe(started.jobId);
  });

  it('of text alone is a storyboard card', async () => {
    expect(await finish((await start({ prompt: 'A lighthouse in a storm at night' })).jobId)).toMatchObject({
      state: 'succeeded',
      shots: [{ referenceIds: [] }],
    });
  });

  it('can be portrait', async () => {
    const job = await finish((await start({ prompt: 'Tilt down', imageId: mountain, aspectRatio: '9:16' })).jobId);
    expect(job.video).toMatchObject({ width: 480, height: 854 });
  });

  it('is found by search as a video, and measured against its reference', async () => {
    const job = await finish((await start({ prompt: 'Slow zoom in', imageId: mountain, durationSeconds: 2 })).jobId);
    const found = await server.call<{ hits: { id: string; kind: string }[] }>('search_images', { imageId: mountain, kind: 'video', collection: COLLECTION });
    expect(found.hits.map((hit) => hit.id)).toContain(job.video?.id);
    expect(found.hits.every((hit) => hit.kind === 'video')).toBe(true);
    const good = await server.raw('evaluate_video', { videoId: job.video?.id, expect: { width: 854, height: 480, fps: 24, durationSeconds: 2 } });
    expect(good.structuredContent).toMatchObject({
      verdict: 'pass',
      decodesToEnd: true,
      shots: [{ referenceIds: [mountain], measures: { referenceRank: 1 } }],
    });
    expect(good.content.some((part) => part.type === 'image')).toBe(true);
    await readsSeries(good);
    const wrong = await server.call<{ verdict: string; checks: { id: string; verdict: string }[] }>('evaluate_video', {
      videoId: job.video?.id,
      referenceIds: [sheep],
    });
    expect(wrong.verdict).toBe('fail');
    expect(wrong.checks.find((check) => check.id === 'reference')).toMatchObject({ verdict: 'fail' });
  });

  it('is compared with another take: the better one is named with the reason, and equal ones are said to be equal', async () => {
    const good = (await finish((await start({ prompt: 'Slow zoom in', imageId: mountain, durationSeconds: 2 })).jobId)).video;
    const other = (await finish((await start({ prompt: 'Slow zoom in', imageId: sheep, durationSeconds: 2 })).jobId)).video;
    const copy = path.join(server.inbox, 'good.mp4');
    await copyFile(good?.path ?? '', copy);
    const compared = await server.raw('evaluate_video', { compare: [other?.id, copy], referenceIds: [mountain] });
    const data = compared.structuredContent as {
      verdict: string;
      reportId: string;
      compared: { better: string; reason: string; takes: { reportId: string }[] };
    };
    expect(data).toMatchObject({
      verdict: 'pass',
      compared: {
        better: expect.stringMatching(/\.mp4$/),
        reason: expect.stringMatching(new RegExp(`^its verdict is pass, that of ${other?.id} fail \\(.*reference`)),
        takes: [{ take: other?.id, verdict: 'fail', worseIn: expect.arrayContaining(['reference', 'likeness']) }, { verdict: 'pass' }],
      },
    });
    expect(data.reportId).toBe(data.compared.takes[1].reportId);
    expect(textOf(compared)).toMatch(/^Better: .*\.mp4, because its verdict is pass[\s\S]*worse in reference[\s\S]*The report of .*\.mp4:\nVerdict: PASS/);
    expect(compared.content.filter(({ type }) => type === 'image')).toHaveLength(1);
    const same = await server.call<{ compared: { better?: string; reason: string } }>('evaluate_video', { compare: [data.reportId, good?.id] });
    expect(same.compared.better).toBeUndefined();
    expect(same.compared.reason).toMatch(/^no difference beyond noise/);
  });

  it('is not compared with what is no take of the same shot, nor alone', async () => {
    const [one, two] = await Promise.all(
      [mountain, sheep].map(async (imageId) => finish((await start({ prompt: 'Slow zoom in', imageId, durationSeconds: 2 })).jobId)),
    );
    const refusal = await server.error('evaluate_video', { compare: [one.video?.id, two.video?.id] });
    expect(refusal).toMatch(new RegExp(`^INVALID_INPUT: .*${one.video?.id} against ${mountain}; ${two.video?.id} against ${sheep}[\\s\\S]*referenceIds`));
    expect(await server.error('evaluate_video', { compare: [one.video?.id] })).toMatch(/^INVALID_INPUT: .*2 to 5/);
    expect(await server.error('evaluate_video', { compare: ['rep_x', 'rep_y'], jobId: 'job_x' })).toMatch(/^INVALID_INPUT: compare names the takes/);
    expect(await server.error('evaluate_video', { compare: ['rep_x', 'rep_y'] })).toMatch(/^NOT_FOUND: .*rep_x/);
  });
});

/** What is stored of a measurement: its numbers and its series, once, without a picture. */
async function readsSeries(result: CallToolResult): Promise<void> {
  const { reportId, verdict } = result.structuredContent as { reportId: string; verdict: string };
  const uri = `vrag://reports/${reportId}/series`;
  expect(result.content).toContainEqual({ type: 'resource_link', uri, name: 'series', mimeType: 'application/json' });
  const { contents } = await server.client.readResource({ uri });
  const series = JSON.parse((contents[0] as { text: string }).text);
  expect(series).toMatchObject({ framesInClip: 48, framesPerEntry: 1, units: { similarity: expect.stringMatching(/cosine/) } });
  expect(series.frames.timeSeconds).toHaveLength(48);
  expect(series.looks.similarity.every((value: number) => value > 0.6)).toBe(true);
  expect(series.looks.detail.filter((value: number | null) => value !== null)).toHaveLength(5);
  const { completion } = await server.client.complete({
    ref: { type: 'ref/resource', uri: 'vrag://reports/{id}/series' },
    argument: { name: 'id', value: reportId.slice(0, 8) },
  });
  expect(completion.values).toContain(reportId);
  const again = await server.raw('evaluate_video', { reportId });
  expect(again.structuredContent).toMatchObject({ verdict, reportId });
  expect(again.content.some((part) => part.type === 'image')).toBe(false);
  expect(textOf(again)).toMatch(/contact sheet is not kept/);
}

describe('deleting', () => {
  it('a reference keeps its bytes while a job needs them and after, so the clip can still be measured', async () => {
    const copy = path.join(server.inbox, 'copy.jpg');
    await copyFile(photographPath('dust-bowl-home'), copy);
    const { asset } = await server.call<{ asset: { id: string } }>('ingest_image', { path: copy, collection: 'short-lived' });
    const started = await start({
      shots: Array.from({ length: 3 }, (_, index) => ({ prompt: `Slow pan left ${index}`, imageId: asset.id })),
      collection: 'short-lived',
    });
    const deleted = await server.call<{ bytesDeleted: boolean; dependents: string[] }>('delete_image', { imageId: asset.id });
    expect(deleted.bytesDeleted).toBe(false);
    const job = await finish(started.jobId);
    expect(job.state).toBe('succeeded');
    expect(deleted.dependents).toEqual([job.video?.id]);
    const report = await server.call<{ verdict: string }>('evaluate_video', { jobId: started.jobId });
    expect(report.verdict).not.toBe('fail');
  });

  it('a video takes its shots, contact sheet and readable copies with it, and the same request makes it anew', async () => {
    const request = {
      shots: [
        { prompt: 'Zoom in', imageId: sheep },
        { prompt: 'Roll right', imageId: mountain },
      ],
      seed: 11,
    };
    const { jobId } = await start(request);
    const { video } = await finish(jobId);
    const objects = async () => (await readdir(path.join(server.home, 'objects'), { recursive: true })).filter((name) => /\.(mp4|jpg|webp)$/.test(name)).length;
    const before = await objects();
    await server.call('delete_image', { imageId: video?.id });
    // The video, its two shots, its contact sheet, its poster, its animated preview and the preview that search shows.
    expect(before - (await objects())).toBe(7);
    await expect(access(video?.path ?? '')).rejects.toThrow();
    for (const still of [video?.contactSheetPath, video?.posterPath, video?.previewPath]) await expect(access(still ?? '')).rejects.toThrow();
    const after = await server.raw('get_job', { jobId });
    expect(textOf(after)).toMatch(/was deleted on 20/);
    expect((after.structuredContent as { jobs: Job[] }).jobs[0].video).toBeUndefined();
    const again = await start(request);
    expect(again).toMatchObject({ existing: false });
    expect((await finish(again.jobId)).state).toBe('succeeded');
  });
});

describe('shots of a storyboard', () => {
  it('are measured by the lengths they really have, however they were rounded', { timeout: 120_000 }, async () => {
    const shots = Array.from({ length: 6 }, (_, index) => ({ prompt: 'Slow zoom in', imageId: index % 2 ? sheep : mountain, durationSeconds: 1.02 }));
    const { jobId } = await start({ shots });
    await finish(jobId);
    const report = await server.call<{ verdict: string; shots: { similarity: { min: number } }[] }>('evaluate_video', { jobId });
    expect(report.verdict).not.toBe('fail');
    for (const shot of report.shots) expect(shot.similarity.min).toBeGreaterThan(0.6);
  });

  it('of a short job are not starved by a long one', { timeout: 90_000 }, async () => {
    const long = await start({
      shots: Array.from({ length: 12 }, (_, index) => ({ prompt: `Slow dolly in ${index}`, imageId: mountain, durationSeconds: 6 })),
      resolution: '720p',
    });
    const short = await start({ prompt: 'Quick pan right', imageId: sheep, seed: 99 });
    const job = await finish(short.jobId);
    const { jobs } = await server.call<{ jobs: Job[] }>('get_job', { jobId: long.jobId, includeImages: false });
    await server.call('cancel_job', { jobId: long.jobId });
    expect(job.state).toBe('succeeded');
    expect(jobs[0].state).toBe('running');
    await finish(long.jobId);
  });
});

describe('the same request', () => {
  it('returns the same job; another seed another one', async () => {
    const first = await start({ prompt: 'Pan left', imageId: sheep });
    const second = await start({ prompt: 'Pan left', imageId: sheep });
    expect(second).toMatchObject({ jobId: first.jobId, existing: true });
    expect((await start({ prompt: 'Pan left', imageId: sheep, seed: 7 })).jobId).not.toBe(first.jobId);
  });

  it('with an idempotencyKey of another request is a conflict', async () => {
    await start({ prompt: 'Zoom in', imageId: sheep, idempotencyKey: 'k1' });
    expect(await server.error('generate_video', { prompt: 'Zoom out', imageId: sheep, collection: COLLECTION, idempotencyKey: 'k1' })).toMatch(/^CONFLICT.*k1/);
  });
});

describe('progress, lists and cancelling', () => {
  it('progress grows while get_job waits', async () => {
    const { jobId } = await start({ prompt: 'Very slow pan down', imageId: mountain, durationSeconds: 4 });
    const seen: number[] = [];
    await server.raw('get_job', { jobId, waitSeconds: 45 }, ({ progress }) => seen.push(progress));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('without an id the recent jobs are listed, newest first', async () => {
    const { jobId } = await start({ prompt: 'Roll left', imageId: sheep });
    const { jobs } = await server.call<{ jobs: Job[] }>('get_job', { limit: 2 });
    expect(jobs).toHaveLength(2);
    expect(jobs[0].jobId).toBe(jobId);
  });

  it('a cancelled job stops and can be started anew', async () => {
    const request = { prompt: 'Slow dolly in', imageId: mountain, durationSeconds: 60, resolution: '1080p' };
    const { jobId } = await start(request);
    await server.call('cancel_job', { jobId });
    expect(await finish(jobId)).toMatchObject({ state: 'cancelled' });
    const again = await start(request);
    expect(again.jobId).not.toBe(jobId);
    await server.call('cancel_job', { jobId: again.jobId });
    await finish(again.jobId);
  });
});

describe('bad input', () => {
  const refused = async (args: Record<string, unknown>, pattern: RegExp) =>
    expect(await server.error('generate_video', { collection: COLLECTION, ...args })).toMatch(pattern);

  it('a query that nothing shows is refused with what is closest, not answered with a wrong picture', () =>
    refused({ prompt: 'x', query: 'yellow submarine' }, /^NOT_FOUND.*submarine[\s\S]*img_/));
  it('an unknown reference', () => refused({ prompt: 'x', imageId: 'img_unknown' }, /^NOT_FOUND/));
  it('a duration out of range', () => refused({ prompt: 'x', durationSeconds: 500 }, /durationSeconds/));
  it('a size that the provider does not make', () => refused({ prompt: 'x', aspectRatio: '21:9', resolution: '1080p' }, /1920/));
  it('an unknown provider', () => refused({ prompt: 'x', provider: 'sora' }, /animatic/));
  it('an empty reference id, which is not text only', () => refused({ prompt: 'x', imageId: '' }, /^NOT_FOUND/));
  it('a prompt of hidden characters', () => refused({ prompt: '\u200b\u0007', imageId: sheep }, /no visible character/));
  it('nothing to show', () => refused({}, /prompt and shots are both missing/));
  it('imageId and query together', () => refused({ prompt: 'x', imageId: sheep, query: 'sheep' }, /both imageId and query/));
  it('an unknown job', async () => expect(await server.error('get_job', { jobId: 'job_nope' })).toMatch(/NOT_FOUND[\s\S]*Recent jobs/));
  it('a rejected picture must not ground a video', async () => {
    await server.call('ingest_image', { imageId: sheep, status: 'rejected' });
    await refused({ prompt: 'x', imageId: sheep }, /rejected/);
    await refused({ prompt: 'x', query: 'sheep' }, /NOT_FOUND/);
    await server.call('ingest_image', { imageId: sheep, status: 'approved' });
  });
  it('evaluating a file without references', async () => expect(await server.error('evaluate_video', { videoId: 'vid_x', path: '/y' })).toMatch(/exactly one/));
});
