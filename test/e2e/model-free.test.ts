import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../client.ts';
import { photograph, photographPath } from '../fixtures/photographs.ts';

/** Command lines of this process's children; they rest for a minute and more after a call. */
const children = (): string[] =>
  execFileSync('ps', ['-A', '-o', 'ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => Number.parseInt(line, 10) === process.pid);

const visionChildren = (): string[] => children().filter((line) => /(?:vision|clip)[/\\]child\.js/.test(line));

const why = process.platform === 'win32' ? ' (skipped: there is no ps on Windows)' : '';
if (why) console.log(`model-free${why}`);

describe.skipIf(Boolean(why))(`without any model${why}`, () => {
  let server: Connection;
  let sheep: string;

  beforeAll(async () => {
    server = await connect({
      alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..'),
      environment: { VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off' },
    });
    const ingest = async (name: Parameters<typeof photographPath>[0], caption: string) =>
      (await server.call<{ asset: { id: string } }>('ingest_image', { path: photographPath(name), caption })).asset.id;
    sheep = await ingest('march-pastoral', 'a flock under bare trees');
    await ingest('black-canyon', 'a river between cliffs');
  });
  afterAll(() => server.close());

  it('words find what they describe, and pictures what looks like them', async () => {
    const text = await server.call<{ textSearch: string; hits: { id: string }[] }>('search_images', { query: 'flock' });
    expect(text).toMatchObject({ textSearch: 'words', hits: [{ id: sheep }] });
    const image = await server.call<{ hits: { id: string }[] }>('search_images', { imagePath: photographPath('march-pastoral') });
    expect(image.hits[0].id).toBe(sheep);
  });

  it('a video is made and measured, without a verdict on its likeness', { timeout: 60_000 }, async () => {
    const { jobId } = await server.call<{ jobId: string }>('generate_video', {
      ...{ prompt: 'Slow zoom in', query: 'flock', durationSeconds: 1, resolution: '480p' },
    });
    const { jobs } = await server.call<{ jobs: { state: string }[] }>('get_job', { jobId, waitSeconds: 45 });
    expect(jobs[0].state).toBe('succeeded');
    const report = await server.call<{ verdict: string; summary: string; checks: { id: string; verdict: string; value: string }[] }>('evaluate_video', {
      jobId,
    });
    const reference = report.checks.find(({ id }) => id === 'reference');
    expect(reference?.verdict).toBe('uncalibrated');
    expect(Number(reference?.value)).toBeGreaterThan(0.5);
    expect(report.summary).toMatch(/no calibrat/i);
  });

  it('starts no process with a model in it', { timeout: 60_000 }, async () => {
    expect(children().join('\n')).toMatch(/child\.js/);
    expect(visionChildren()).toEqual([]);
    const { ports } = await server.studio();
    await (await ports.embedders.get('vision')).embedImages([await photograph('march-pastoral')]);
    expect(visionChildren()).toHaveLength(1);
  });
});
