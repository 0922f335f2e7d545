import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, connect, textOf } from '../client.ts';
import { photographPath } from '../fixtures/photographs.ts';

interface Started {
  batchId: string;
  state: string;
  existing: boolean;
  durationSeconds: number;
  shots: { jobId: string; existing: boolean; prompt: string; referenceId?: string; retrieved?: string[] }[];
}
interface Listed {
  jobs: { jobId: string; state: string; progress: number; shots: { prompt: string }[]; video?: { id: string } }[];
  advice: string;
}

const COLLECTION = 'campaign';
const TEMPLATES = ['Slow pan left over <object_prompt>, <action_prompt>.', '', 'A close shot of <object_prompt> while <action_prompt>.'];
const sets = (...objects: string[]) =>
  objects.flatMap((object) => ['snow falls', 'fog drifts by'].map((action) => ({ object_prompt: object, action_prompt: action })));

let server: Connection;
let sheep: string;
let mountain: string;

beforeAll(async () => {
  server = await connect({ alsoAllow: path.resolve(photographPath('march-pastoral'), '../../..') });
  const ingest = async (name: Parameters<typeof photographPath>[0], caption: string) =>
    (await server.call<{ asset: { id: string } }>('ingest_image', { path: photographPath(name), collection: COLLECTION, caption })).asset.id;
  sheep = await ingest('march-pastoral', 'A flock of sheep on a meadow');
  mountain = await ingest('french-alpine-landscape', 'A mountain lake in the Alps');
}, 60_000);
afterAll(() => server.close());

const request = (more: Record<string, unknown>) => ({ collection: COLLECTION, durationSeconds: 1, resolution: '480p', templates: TEMPLATES, ...more });
const start = (more: Record<string, unknown>) => server.call<Started>('generate_video', request(more));
const refused = (more: Record<string, unknown>) => server.error('generate_video', request(more));

async function finish(batchId: string): Promise<Listed> {
  for (;;) {
    const listed = await server.call<Listed>('get_job', { batchId, waitSeconds: 45 });
    if (listed.jobs.every(({ state }) => state === 'succeeded' || state === 'failed')) return listed;
  }
}

describe('a batch', () => {
  it('is planned with the reference of each object, and nothing is written', async () => {
    const plan = await start({ variables: sets('a flock of sheep', 'a mountain'), dryRun: true });
    expect(plan).toMatchObject({ state: 'planned', durationSeconds: 8 });
    expect(plan.shots.map(({ referenceId }) => referenceId)).toEqual([sheep, sheep, mountain, mountain, sheep, sheep, mountain, mountain]);
    expect(plan.shots[0].retrieved?.[0]).toContain(sheep);
    expect(plan.shots[1].retrieved).toBeUndefined();
    expect((await server.call<Listed>('get_job', {})).jobs).toEqual([]);
  });

  it('is a job per template and variable set under one id, and the same batch again is the same one', { timeout: 300_000 }, async () => {
    const variables = sets('a flock of sheep');
    const [first, second] = await Promise.all([start({ variables }), start({ variables })]);
    expect(first.batchId).toMatch(/^bat_/);
    expect(second.batchId).toBe(first.batchId);
    expect(new Set(first.shots.map(({ jobId }) => jobId)).size).toBe(4);
    expect(first.shots[3].prompt).toBe('A close shot of a flock of sheep while fog drifts by.');
    const { jobs } = await finish(first.batchId);
    expect(jobs.map(({ state }) => state)).toEqual(Array(4).fill('succeeded'));
    expect(jobs.map(({ jobId }) => jobId)).toEqual(first.shots.map(({ jobId }) => jobId));
    expect(jobs.map(({ shots }) => shots[0].prompt)).toEqual(first.shots.map(({ prompt }) => prompt));
    const again = await start({ variables });
    expect(again).toMatchObject({ batchId: first.batchId, existing: true, state: 'succeeded' });
    const text = textOf(await server.raw('get_job', { batchId: first.batchId }));
    for (const { video } of jobs) expect(text).toContain(video?.id ?? '?');
    const forced = await start({ templates: [TEMPLATES[0]], variables: variables.slice(0, 1), force: true });
    expect(forced.shots[0].jobId).not.toBe(first.shots[0].jobId);
    await finish(forced.batchId);
  });

  it('that cannot retrieve every object starts nothing and shows the candidates of each', async () => {
    const before = (await server.call<Listed>('get_job', { limit: 50 })).jobs.length;
    const error = await refused({ variables: sets('a flock of sheep', 'a yellow submarine', 'a samovar') });
    expect(error).toMatch(/^NOT_FOUND.*2 of 3 objects could not be retrieved, so nothing was started/);
    expect(error).toMatch(/"a yellow submarine":.*variables\[2\].*\n.*"a samovar":.*variables\[4\]/s);
    expect((await server.call<Listed>('get_job', { limit: 50 })).jobs).toHaveLength(before);
  });

  it('reads its templates from a file, and its query may hold placeholders', async () => {
    const file = path.join(server.inbox, 'prompts.txt');
    writeFileSync(file, '\uFEFFZoom in on the <thing>.\r\n\r\n  Pan left.  \n');
    const from = { templates: undefined, templatesPath: file, dryRun: true };
    const plan = await start({ ...from, variables: [{ thing: 'flock', where: 'sheep' }], query: '<where> <thing>' });
    expect(plan.shots.map(({ prompt, referenceId }) => [prompt, referenceId])).toEqual([
      ['Zoom in on the flock.', sheep],
      ['Pan left.', sheep],
    ]);
    writeFileSync(file, Buffer.from([0x41, 0xff, 0xfe]));
    expect(await refused({ ...from, variables: [] })).toMatch(/INVALID_INPUT.*no UTF-8 text/);
    expect(await refused({ ...from, templatesPath: path.join(server.inbox, 'none.txt') })).toMatch(/NOT_FOUND/);
  });

  it('takes an explicit reference for all prompts, or none where no template names an object', async () => {
    const one = await start({ variables: sets('anything'), imageId: mountain, dryRun: true });
    expect(new Set(one.shots.map(({ referenceId }) => referenceId))).toEqual(new Set([mountain]));
    const none = await start({ templates: ['Waves at <time>.'], variables: [{ time: 'dawn' }], dryRun: true });
    expect(none.shots[0].referenceId).toBeUndefined();
  });

  it('with an idempotencyKey of another batch is a conflict', { timeout: 180_000 }, async () => {
    const key = { templates: ['Pan left over <o>.'], imageId: sheep, idempotencyKey: 'spring' };
    const first = await start({ ...key, variables: [{ o: 'grass' }] });
    expect((await start({ ...key, variables: [{ o: 'grass' }] })).batchId).toBe(first.batchId);
    expect(await refused({ ...key, variables: [{ o: 'grass' }, { o: 'hay' }] })).toMatch(/^CONFLICT.*spring.*different batch/);
    await finish(first.batchId);
  });
});

describe('a batch is refused', () => {
  it.each([
    ['with a placeholder without a value', { variables: [{ object_prompt: 'sheep' }] }, /variables\[0\] has no value for <action_prompt>/],
    ['with a variable that no template uses', { variables: [{ ...sets('sheep')[0], colour: 'red' }] }, /"colour", which no template uses/],
    ['without variables', {}, /placeholders \(<object_prompt>, <action_prompt>\) and variables is empty/],
    ['beside a prompt', { prompt: 'x', variables: sets('sheep') }, /templates and prompt exclude each other/],
    ['beside shots', { shots: [{ prompt: 'x' }], variables: sets('sheep') }, /templates and shots exclude each other/],
    ['from two sources', { templatesPath: '/x', variables: sets('sheep') }, /either templates or templatesPath/],
    ['with variables alone', { templates: undefined, prompt: 'x', variables: sets('sheep') }, /variables are given without templates/],
    ['of blank lines', { templates: ['  '], variables: [] }, /templates holds no text/],
  ])('%s', async (_, more, pattern) => expect(await refused(more)).toMatch(pattern));

  it('where its id is unknown', async () =>
    expect(await server.error('get_job', { batchId: 'bat_nope' })).toMatch(/NOT_FOUND.*bat_nope[\s\S]*Recent batches: bat_/));
});

const data = process.env.VRAG_TEST_DATA;
describe.skipIf(!data)(`the AWS sample's prompts.txt${data ? '' : ' (skipped: VRAG_TEST_DATA is not set)'}`, () => {
  it('times two objects and two actions is 24 prompts, each with the right picture; those that are the same are one video', { timeout: 600_000 }, async () => {
    const folder = path.join(data ?? '', 'aws-sample-video-rag');
    const own = await connect({ alsoAllow: folder });
    try {
      const ids = new Map<string, string>();
      for (const name of readdirSync(path.join(folder, 'images'))) {
        const { asset } = await own.call<{ asset: { id: string } }>('ingest_image', { path: path.join(folder, 'images', name), collection: 'aws' });
        ids.set(asset.id, name);
      }
      const variables = ['a dog', 'a flower'].flatMap((object) =>
        ['the camera pans left', 'the camera zooms in'].map((action) => ({ object_prompt: object, action_prompt: action })),
      );
      const batch = { templatesPath: path.join(folder, 'prompts.txt'), variables, collection: 'aws', durationSeconds: 1, resolution: '480p' };
      const started = await own.call<Started>('generate_video', batch);
      expect(started.shots).toHaveLength(24);
      for (const { prompt, referenceId } of started.shots) expect(ids.get(referenceId ?? '')).toBe(prompt.includes('a dog') ? 'dog.jpg' : 'flower.jpg');
      let listed: Listed;
      do listed = await own.call<Listed>('get_job', { batchId: started.batchId, waitSeconds: 45 });
      while (listed.jobs.some(({ state }) => state === 'queued' || state === 'running'));
      // Only the first of the six templates names an action: 1 x 4 + 5 x 2.
      const different = new Set(started.shots.map(({ prompt }) => prompt)).size;
      expect(different).toBe(14);
      expect(listed.jobs.map(({ state }) => state)).toEqual(Array(different).fill('succeeded'));
      expect(new Set(listed.jobs.map(({ video }) => video?.id)).size).toBe(different);
    } finally {
      await own.close();
    }
  });
});
