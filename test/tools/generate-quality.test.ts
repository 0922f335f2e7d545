import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect, textOf } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';

interface Take {
  takeId: string;
  number: number;
  kept: boolean;
  verdict: string;
  similarity: number;
  reportId: string;
  costUsd: number;
}
interface Jobs {
  jobs: { state: string; shots: { takes: Take[]; stopped: string }[]; video: { uri: string } }[];
}

let server: Connection;
let sheep: string;
beforeAll(async () => {
  server = await connect({ alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..') });
  sheep = (await server.call<{ asset: { id: string } }>('ingest_image', { path: photographPath('march-pastoral') })).asset.id;
});
afterAll(() => server.close());

const request = { prompt: 'Slow zoom in', durationSeconds: 1, resolution: '480p' };

describe('generate_video with a quality goal', () => {
  it('measures the take, stops because its verdict is met, and every place tells its report', { timeout: 120_000 }, async () => {
    const { jobId } = await server.call<{ jobId: string }>('generate_video', { ...request, imageId: sheep, quality: { target: 'review', maxTakes: 2 } });
    const result = await server.raw('get_job', { jobId, waitSeconds: 45, includeImages: false });
    const { jobs } = result.structuredContent as unknown as Jobs;
    expect(jobs[0]).toMatchObject({
      state: 'succeeded',
      shots: [{ stopped: expect.stringMatching(/^targetMet/), takes: [{ number: 1, kept: true, verdict: expect.stringMatching(/^(?:pass|review)$/) }] }],
    });
    const [take] = jobs[0].shots[0].takes;
    const { verdict } = take;
    expect(take.similarity).toBeGreaterThan(0.8);
    expect(textOf(result)).toMatch(new RegExp(`take 1 \\(kept\\), succeeded: ${verdict}.*, similarity ${take.similarity}, report ${take.reportId}, 0 USD`));
    const report = await server.raw('evaluate_video', { reportId: take.reportId });
    expect(report.structuredContent).toMatchObject({ verdict, shots: [{ referenceIds: [sheep], similarity: { mean: take.similarity } }] });
    expect(report.content.some(({ type }) => type === 'image')).toBe(true);
    const read = await server.client.readResource({ uri: `vrag://reports/${take.reportId}` });
    expect(JSON.parse((read.contents[0] as { text: string }).text)).toMatchObject({ takeId: take.takeId, jobId, shot: 1, report: { verdict } });
    expect(read.contents[1].mimeType).toBe('image/jpeg');
    const video = await server.client.readResource({ uri: jobs[0].video.uri });
    expect(JSON.parse((video.contents[0] as { text: string }).text).manifest).toMatchObject({
      reportId: take.reportId,
      shots: [{ stopped: 'targetMet', takes: [{ evaluation: { verdict } }] }],
    });
  });

  it.each([{ maxTakes: 6 }, { maxTakes: 0 }, { target: 'perfect' }])('refuses %o', async (quality) => {
    expect(await server.error('generate_video', { ...request, imageId: sheep, quality })).toMatch(/quality/);
  });

  it('says of an unknown report where ids come from, and takes a reportId alone', async () => {
    expect(await server.error('evaluate_video', { reportId: 'rep_nothere' })).toMatch(/^NOT_FOUND: .*rep_nothere[\s\S]*get_job/);
    expect(await server.error('evaluate_video', { reportId: 'rep_x', jobId: 'job_x' })).toMatch(/alone/);
    await expect(server.client.readResource({ uri: 'vrag://reports/rep_nothere' })).rejects.toThrow(/rep_nothere/);
  });
});
