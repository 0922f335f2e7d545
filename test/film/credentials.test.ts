import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verification } from '../../src/ports.ts';
import { type Connection, connect } from '../client.ts';
import { claim, sha256 } from '../contracts/credentials.ts';
import { photographPath } from '../fixtures/photographs.ts';

interface Job {
  state: string;
  message?: string;
  video: { id: string; uri: string; path: string; contactSheetPath: string; sha256: string; credentials: string };
}

const QUICK = { VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off' };
let server: Connection;
let sheep: string;
let mountain: string;

const ingest = async (connection: Connection, file: string) =>
  (await connection.call<{ asset: { id: string } }>('ingest_image', { path: file, collection: 'old' })).asset.id;
const inInbox = async (connection: Connection, name: Parameters<typeof photographPath>[0]) => {
  const file = path.join(connection.inbox, `${name}.jpg`);
  await copyFile(photographPath(name), file);
  return file;
};

beforeAll(async () => {
  server = await connect({ environment: QUICK });
  sheep = await ingest(server, await inInbox(server, 'march-pastoral'));
  mountain = await ingest(server, await inInbox(server, 'french-alpine-landscape'));
}, 120_000);
afterAll(() => server.close());

async function film(connection: Connection, args: Record<string, unknown>): Promise<Job> {
  const { jobId } = await connection.call<{ jobId: string }>('generate_video', { collection: 'old', durationSeconds: 1, resolution: '480p', ...args });
  for (let tries = 0; ; tries++) {
    const { jobs } = await connection.call<{ jobs: Job[] }>('get_job', { jobId, waitSeconds: 45 });
    if (jobs[0].state !== 'running' && jobs[0].state !== 'queued') return jobs[0];
    if (tries === 3) throw new Error('the job does not end');
  }
}

const verify = async (file: string): Promise<Verification> => (await server.studio()).ports.credentials.verify(file);
const sourceType = ({ chain }: Verification) => chain[0].actions.map(({ digitalSourceType }) => digitalSourceType).find(Boolean);
const manifestOf = async (connection: Connection, uri: string) =>
  JSON.parse(((await connection.client.readResource({ uri })).contents[0] as { text: string }).text).manifest;

describe('credentials of what is made here', { timeout: 180_000 }, () => {
  it('an animatic of a photograph names it, and does not claim to be AI-made', async () => {
    const { video } = await film(server, { prompt: 'Slow pan right over the flock', imageId: sheep });
    expect(video.credentials).toMatch(/algorithmicallyEnhanced.*self-signed/);
    const bytes = await readFile(video.path);
    expect(sha256(bytes)).toBe(video.sha256);
    const found = await verify(video.path);
    expect(found).toMatchObject({
      state: 'valid',
      uncovered: [],
      chain: [{ signer: { selfSigned: true, own: true }, actions: [{ action: 'c2pa.created', agent: 'animatic' }, { action: 'c2pa.placed' }] }],
    });
    const reference = sha256(await readFile(photographPath('march-pastoral')));
    expect(found.chain[0].ingredients).toMatchObject([{ relationship: 'componentOf', sha256: reference }]);
    expect(bytes.includes('rainedAlgorithmicMedia')).toBe(false);
    const manifest = await manifestOf(server, video.uri);
    expect(manifest).toMatchObject({
      sha256: video.sha256,
      credentials: { state: 'signed', selfSigned: true, digitalSourceType: 'algorithmicallyEnhanced' },
      shots: [
        {
          width: 854,
          height: 480,
          fps: 24,
          dropped: expect.any(Array),
          takes: [{ state: 'succeeded', attempts: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
        },
      ],
    });
    const sheet = await verify(video.contactSheetPath);
    expect(sheet.state).toBe('valid');
    expect(sheet.chain[0].ingredients).toMatchObject([{ sha256: video.sha256, manifest: 1 }]);
  });

  it('several pictures are a composite, a card alone is algorithmic, and both stay whole when they are joined', async () => {
    const two = await film(server, {
      shots: [
        { prompt: 'pan left', imageId: sheep },
        { prompt: 'pan right', imageId: mountain },
      ],
    });
    const found = await verify(two.video.path);
    expect([found.state, sourceType(found), found.chain[0].ingredients.length]).toEqual(['valid', 'composite', 2]);
    const card = await verify((await film(server, { prompt: 'A card with words' })).video.path);
    expect([card.state, sourceType(card), card.chain[0].ingredients]).toEqual(['valid', 'algorithmicMedia', []]);
  });

  it('a reference that calls itself AI-made passes it on', async () => {
    const { ports } = await server.studio();
    const { bytes } = await ports.credentials.signBytes(await readFile(photographPath('nagasaki-boats')), {
      ...claim,
      digitalSourceType: 'trainedAlgorithmicMedia',
    });
    const file = path.join(server.inbox, 'generated.jpg');
    await writeFile(file, bytes);
    const { video } = await film(server, { prompt: 'pan right', imageId: await ingest(server, file) });
    const found = await verify(video.path);
    expect([found.state, sourceType(found)]).toEqual(['valid', 'compositeWithTrainedAlgorithmicMedia']);
    expect(found.chain).toHaveLength(2);
    expect(found.chain[0].ingredients[0].manifest).toBe(1);
  });

  it('a repaired picture is an edit of its source, and the same repair is still the same asset', async () => {
    const repair = () =>
      server.call<{ imageId: string; credentials: string }>('inpaint_image', { imageId: sheep, boxes: [{ x: 20, y: 20, width: 30, height: 30 }] });
    const { imageId, credentials } = await repair();
    expect(credentials).toMatch(/algorithmicallyEnhanced.*self-signed/);
    const { ports } = await server.studio();
    const found = await verify((await ports.objects.localPath((await ports.catalog.get(imageId))?.objectKey ?? '')) ?? '');
    expect(found).toMatchObject({
      state: 'valid',
      chain: [{ actions: [{ action: 'c2pa.opened' }, { action: 'c2pa.edited' }], ingredients: [{ relationship: 'parentOf' }] }],
    });
    expect(await manifestOf(server, `vrag://images/${imageId}`)).toMatchObject({ type: 'inpaint', credentials: { state: 'signed' } });
    expect((await repair()).imageId).toBe(imageId);
  });

  it('without signing a video is made all the same, and says that it is unsigned', async () => {
    const unsigned = await connect({ environment: { ...QUICK, VRAG_CREDENTIALS: 'off' } });
    try {
      const imageId = await ingest(unsigned, await inInbox(unsigned, 'march-pastoral'));
      const { state, video } = await film(unsigned, { prompt: 'pan right', imageId });
      expect([state, video.credentials]).toEqual(['succeeded', 'No content credentials: content credentials are turned off (VRAG_CREDENTIALS=off).']);
      expect((await verify(video.path)).state).toBe('none');
      expect((await manifestOf(unsigned, video.uri)).credentials).toMatchObject({ state: 'unsigned' });
    } finally {
      await unsigned.close();
    }
  });
});
