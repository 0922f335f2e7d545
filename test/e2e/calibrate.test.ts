import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages } from '../../src/adapters/local/images/images.ts';
import { openMedia } from '../../src/adapters/local/media/media.ts';
import type { RawImage } from '../../src/ports/pictures.ts';
import { crop } from '../../src/quality/windows.ts';
import { QUICK } from '../library/studio.ts';
import { connectStdio, type Desk, exitOf, openDesk, startBin } from './bin.ts';

const SIZE = { width: 96, height: 54 };
const REFERENCES = 10;
const FRAMES = 8;
let desk: Desk;
let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);

/** Soft blobs, others for each seed. */
function picture(seed: number): RawImage {
  const { width, height } = { width: 192, height: 108 };
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    data[i] = 128 + 60 * Math.sin(x / (9 + seed) + c * seed) + 50 * Math.cos(y / (7 + (seed % 4)) - c);
  }
  return { width, height, channels: 3, data };
}

beforeAll(async () => {
  desk = await openDesk();
  Object.assign(desk.environment, QUICK);
  folder = path.join(desk.folder, 'own');
  const images = createImages({ maxPixels: 1_000_000 });
  const media = openMedia();
  const pan = (image: RawImage) =>
    Promise.all(
      Array.from({ length: FRAMES }, (_, i) => images.resize(crop(image, { x: 0.03 * i, y: 0.1, width: 0.7, height: 0.7 }), { ...SIZE, fit: 'cover' })),
    );
  for (let reference = 0; reference < REFERENCES; reference++) {
    const own = picture(reference);
    for (const verdict of ['good', 'bad']) await mkdir(at(`r${reference}`, verdict), { recursive: true });
    await writeFile(at(`r${reference}`, 'reference.png'), (await images.encode(own, { format: 'png' })).bytes);
    const clip = (verdict: string) => ({ path: at(`r${reference}`, verdict, 'clip.mp4'), ...SIZE, fps: 8 });
    await media.encode(await pan(own), clip('good'));
    await media.encode(await pan(picture(reference + 20)), clip('bad'));
  }
  images.close();
  media.close();
});
afterAll(() => desk.clear());

async function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const bin = startBin(args, desk);
  const code = await exitOf(bin, 110_000);
  return { code, out: bin.output(), err: bin.errors() };
}

describe('vrag-mcp calibrate', () => {
  it('refuses a folder with too few clips before it measures any', async () => {
    const { code, err, out } = await run('calibrate', folder);
    expect(code).toBe(1);
    expect(err).toMatch(/10 good clips, at least 50 are needed; 10 bad clips, at least 20/);
    expect(out).toBe('');
  });

  it('makes a file from a list, which a server then judges by', { timeout: 120_000 }, async () => {
    // The same clips several times: enough for the rules, quick enough for a test.
    const rows = Array.from({ length: REFERENCES }, (_, i) => [
      ...Array.from({ length: 5 }, () => `r${i}/good/clip.mp4,r${i}/reference.png,good`),
      ...Array.from({ length: 2 }, () => `r${i}/bad/clip.mp4,r${i}/reference.png,bad`),
    ]).flat();
    await writeFile(at('list.csv'), ['clip,reference,verdict', ...rows, 'missing.mp4,r0/reference.png,good'].join('\n'));
    const { code, out, err } = await run('calibrate', at('list.csv'));
    expect(err).toMatch(/failed: .*missing\.mp4: There is no such video file\./);
    expect(code).toBe(1);
    expect(out).toMatch(/^50 good clips of 10 references and 20 bad ones/);
    expect(out).toMatch(/reference {2,}under/);
    expect(out).toMatch(/\d+ of 50 good clips fail \(at most [\d.]+ % with 95 % confidence\)/);
    const file = path.join(desk.home, 'calibration', 'descriptor.1.json');
    expect(out).toContain(`VRAG_CALIBRATION=${file}`);
    const made = JSON.parse(await readFile(file, 'utf8'));
    expect(made).toMatchObject({ embedderId: 'descriptor.1', date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), heldOut: { good: 50, bad: 20 } });
    expect(made.gates.reference).toMatchObject({ statistic: 'cosine, mean over frames', positives: { n: 50, q50: expect.any(Number) }, negatives: { n: 20 } });

    const verdictOf = async (name: string) => {
      const client = await connectStdio('v2 auto', desk);
      const added = await client.callTool({ name: 'ingest_image', arguments: { path: at('r3', 'reference.png') } });
      const { asset } = added.structuredContent as { asset: { id: string } };
      const report = await client.callTool({ name: 'evaluate_video', arguments: { path: at('r3', name, 'clip.mp4'), referenceIds: [asset.id] } });
      await client.close();
      return report.isError ? JSON.stringify(report.content) : (report.structuredContent as { verdict: string }).verdict;
    };
    expect(await verdictOf('good')).toBe('uncalibrated');
    desk.environment.VRAG_CALIBRATION = file;
    expect(await verdictOf('good')).toMatch(/pass|review/);
    expect(await verdictOf('bad')).toBe('fail');
    await rename(file, `${file}.gone`);
    expect(await verdictOf('good')).toMatch(/MISCONFIGURED: The file in VRAG_CALIBRATION cannot be read/);
  });
});
