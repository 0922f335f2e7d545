import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect, textOf } from '../client.ts';
import { openFilmPlace } from '../fixtures/film.ts';
import { createPaidGenerator } from '../fixtures/paid-generator.mjs';
import { photographPath } from '../fixtures/photographs.ts';

interface Started {
  jobId?: string;
  state: string;
  existing: boolean;
  costUsd: number;
  advice: string;
  budget?: { estimateUsd: number; remainingUsd?: number; allowed: boolean };
  similar?: { videoId: string; jobId: string; promptScore: number; referenceScore?: number; provider: string; costUsd: number }[];
}
interface Job {
  state: string;
  costUsd: number;
  budget?: { approvedUsd: number; openUsd: number };
  video?: { id: string };
}

let place: Awaited<ReturnType<typeof openFilmPlace>>;
let server: Connection;
const pictures = new Map<string, string>();

beforeAll(async () => {
  place = await openFilmPlace();
  server = await connect({ alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..') });
  const { ports } = await server.studio();
  const paid = createPaidGenerator(place.url, { workDir: path.join(server.home, 'tmp') });
  (ports.videoGenerators as Map<string, typeof paid>).set(paid.id, paid);
  const smaller = path.join(server.inbox, 'smaller.jpg');
  await writeFile(smaller, await sharp(photographPath('march-pastoral')).resize(300).jpeg({ quality: 80 }).toBuffer());
  const files = { sheep: photographPath('march-pastoral'), smaller, mountain: photographPath('french-alpine-landscape') };
  for (const [name, file] of Object.entries(files)) {
    pictures.set(name, (await server.call<{ asset: { id: string } }>('ingest_image', { path: file })).asset.id);
  }
}, 60_000);
afterAll(async () => {
  await server.close();
  await place.close();
});

const request = (more: object) => ({ provider: 'paid', durationSeconds: 4, resolution: '480p', ...more });
const start = (more: object) => server.call<Started>('generate_video', request(more));
const finish = async (jobId = '') => (await server.call<{ jobs: Job[] }>('get_job', { jobId, waitSeconds: 45 })).jobs[0];

describe('a paid video', () => {
  it('is planned with its cost, what the ceilings say to it and what would pass; and refused the same way', async () => {
    const free = await start({ prompt: 'Snow', maxCostUsd: 3, dryRun: true });
    expect(free).toMatchObject({ state: 'planned', costUsd: 2, budget: { estimateUsd: 2, remainingUsd: 3, allowed: true } });
    expect(free.advice).toContain('3 USD are left');
    const dear = await start({ prompt: 'Snow', maxCostUsd: 1.5, dryRun: true });
    expect(dear).toMatchObject({ budget: { allowed: false, remainingUsd: 1.5 } });
    const text = 'What would pass: durationSeconds: 3 (1.5 USD); provider: "animatic" (free, camera moves over the reference, no AI video).';
    expect(dear.advice).toContain(text);
    const refusal = await server.error('generate_video', request({ prompt: 'Snow', maxCostUsd: 1.5 }));
    expect(refusal).toMatch(/^BUDGET.*may cost 2 USD with provider "paid", but maxCostUsd is 1.5 USD; nothing was started/);
    expect(refusal).toContain(text);
    expect(await server.error('generate_video', request({ prompt: 'Snow' }))).toMatch(/^BUDGET.*no ceiling is set/);
    expect(await place.paid()).toEqual([]);
    const { jobId = '' } = await start({ prompt: 'Snow cost=1.2', durationSeconds: 3, maxCostUsd: 1.5 });
    const job = await finish(jobId);
    expect(job).toMatchObject({ state: 'succeeded', costUsd: 1.2, budget: { approvedUsd: 1.5, openUsd: 0 } });
    expect(textOf(await server.raw('get_job', { jobId }))).toContain('cost 1.2 of 1.5 USD approved');
  });

  it('counts against its collection, whose ceiling manage_collection sets and shows', async () => {
    const manage = (args: object = {}) => server.call<{ spending: string }>('manage_collection', { collection: 'default', ...args });
    expect((await manage()).spending).toBe('Paid videos: 1.2 USD, no ceiling.');
    expect((await manage({ maxCostUsd: 2 })).spending).toBe('Paid videos: 1.2 of at most 2 USD.');
    expect(await server.error('generate_video', request({ prompt: 'Hail', maxCostUsd: 9 }))).toMatch(
      /collection "default" leaves 0.8 USD of 2 USD[\s\S]*durationSeconds: 1/,
    );
    expect((await manage({ maxCostUsd: 50 })).spending).toContain('of at most 50 USD');
  });

  it('of a batch keeps the ceiling with all its jobs', async () => {
    const batch = { templates: ['Hail over <place>'], variables: ['a lake', 'a wood', 'a town'].map((where) => ({ place: where })) };
    expect(await server.error('generate_video', request({ ...batch, maxCostUsd: 5 }))).toMatch(
      /These 3 videos may cost 6 USD[\s\S]*durationSeconds: 3 \(4.5 USD\)/,
    );
    const { batchId, costUsd } = await server.call<{ batchId: string; costUsd: number }>('generate_video', request({ ...batch, maxCostUsd: 6 }));
    expect(costUsd).toBe(6);
    expect(textOf(await server.raw('get_job', { batchId, waitSeconds: 45 }))).toContain('of 6 USD approved');
  });
});

describe('reuse: "similar"', () => {
  it('offers finished clips of the same words and the same thing, with scores, and starts nothing', { timeout: 60_000 }, async () => {
    const prompt = 'A flock of sheep grazes on a wide meadow while the camera pans slowly';
    const made = await start({ prompt, imageId: pictures.get('sheep'), maxCostUsd: 2 });
    const { video } = await finish(made.jobId);
    const paidFor = async () => (await place.paid()).length;
    const before = await paidFor();
    const like = (more: object) => start({ prompt: 'Slowly pan over a wide meadow: a flock of sheep', maxCostUsd: 2, reuse: 'similar', ...more });
    const same = await like({ imageId: pictures.get('sheep') });
    expect(same).toMatchObject({
      state: 'similar',
      existing: false,
      similar: [{ videoId: video?.id, jobId: made.jobId, referenceScore: 1, provider: 'paid', costUsd: 0.5 }],
    });
    expect(same.jobId).toBeUndefined();
    expect(same.similar?.[0].promptScore).toBeGreaterThan(0.6);
    const [copy] = (await like({ imageId: pictures.get('smaller') })).similar ?? [];
    expect(copy).toMatchObject({ videoId: video?.id });
    expect(copy.referenceScore).toBeGreaterThan(0.8);
    expect(copy.referenceScore).toBeLessThan(1);
    expect(await paidFor()).toBe(before);
    // The request itself has its job; an animatic is no clip of a model; other words and other things are not alike.
    expect(await start({ prompt, imageId: pictures.get('sheep'), maxCostUsd: 2, reuse: 'similar' })).toMatchObject({ jobId: made.jobId, existing: true });
    for (const more of [
      { provider: 'animatic', imageId: pictures.get('sheep') },
      { prompt: 'A train leaves', imageId: pictures.get('sheep') },
      { imageId: pictures.get('mountain') },
      {},
    ]) {
      expect((await like({ ...more, dryRun: true })).state).toBe('planned');
    }
    expect((await like({ imageId: pictures.get('mountain') })).jobId).toMatch(/^job_/);
    expect(await server.error('generate_video', request({ templates: ['Hail'], reuse: 'similar' }))).toMatch(/not for templates/);
  });
});
