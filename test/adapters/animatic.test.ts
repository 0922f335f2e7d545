import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AnimaticOptions, createAnimatic } from '../../src/adapters/local/animatic/animatic.ts';
import { expectedFailure } from '../../src/adapters/local/animatic/failure.ts';
import { AppError } from '../../src/errors.ts';
import type { JsonValue } from '../../src/ports/storage.ts';
import type { ShotRequest } from '../../src/ports/video.ts';
import { untilOver, videoGeneratorContract } from '../contracts/video-generator.ts';

let folder: string;
let picture: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vrag-animatic-'));
  picture = path.join(folder, 'picture.png');
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 };
  await sharp({ create: { width: 480, height: 320, channels: 3, background: 'black', noise } })
    .blur(2)
    .png()
    .toFile(picture);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const card: AnimaticOptions['card'] = async (_text, { width, height }) => ({ width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(90) });

function shotOf(change: Partial<ShotRequest> = {}): ShotRequest {
  const references = [{ role: 'firstFrame' as const, assetId: 'img_1', sha256: '0', path: picture }];
  return { prompt: 'pan right', durationSeconds: 1, width: 320, height: 180, fps: 24, seed: 1, references, ...change };
}

const opened: { close(): void }[] = [];
function open(workDir: string, options: Partial<AnimaticOptions> = {}) {
  const generator = createAnimatic({ workDir, card, ...options });
  opened.push(generator);
  return generator;
}
const newFolder = () => mkdtemp(path.join(folder, 'work-'));
const closeAll = () => {
  for (const generator of opened.splice(0)) generator.close();
};

videoGeneratorContract('animatic', async () => {
  const workDir = await newFolder();
  return {
    shot: shotOf(),
    longShot: shotOf({ durationSeconds: 60, width: 1280, height: 720 }),
    generator: open(workDir),
    again: async () => open(workDir),
    close: async () => closeAll(),
  };
});

describe('animatic', () => {
  afterEach(closeAll);

  it('says in the file that it is an animatic and not AI-generated', async () => {
    const generator = open(await newFolder());
    const status = await untilOver(generator, await generator.start(shotOf(), { token: 'a' }));
    if (status.state !== 'succeeded') throw new Error(JSON.stringify(status));
    expect((await readFile(status.path)).includes('Animatic (storyboard preview) by vrag-mcp; camera moves over reference images, not AI-generated')).toBe(
      true,
    );
  });

  it('shows a storyboard card where a shot has no reference, and says so', async () => {
    const texts: string[] = [];
    const generator = open(await newFolder(), {
      card: (text, size) => {
        texts.push(text);
        return card(text, size);
      },
    });
    const status = await untilOver(generator, await generator.start(shotOf({ references: [], prompt: 'A red kayak' }), { token: 'a' }));
    expect(status).toMatchObject({ state: 'succeeded', notes: [expect.stringContaining('storyboard card')] });
    expect(texts).toEqual(['A red kayak']);
  });

  it('ends on the last picture where there are two', async () => {
    const generator = open(await newFolder());
    const [first] = shotOf().references;
    const shot = shotOf({ references: [first, { ...first, role: 'lastFrame' }] });
    const status = await untilOver(generator, await generator.start(shot, { token: 'a' }));
    expect(status).toMatchObject({ state: 'succeeded', notes: [expect.stringContaining('dissolves')] });
  });

  it('cuts the subject out for a move with depth, and cuts the same picture out only once', async () => {
    const scene = path.join(folder, 'scene.png');
    const ball = '<svg width="480" height="320"><circle cx="250" cy="180" r="80" fill="#d8541c"/></svg>';
    await sharp(picture)
      .composite([{ input: Buffer.from(ball), left: 0, top: 0 }])
      .png()
      .toFile(scene);
    const subject = { x: 0.33, y: 0.28, width: 0.38, height: 0.56 };
    const [reference] = shotOf().references;
    const workDir = await newFolder();
    const generator = open(workDir);
    const take = async (token: string, change: object = {}) => {
      const shot = shotOf({ camera: 'orbit right', references: [{ ...reference, path: scene, subject, ...change }] });
      const status = await untilOver(generator, await generator.start(shot, { token }));
      return status.state === 'succeeded' ? status.notes.join(' ') : status.state;
    };
    expect(await take('first')).toContain('the subject is cut out');
    const kept = (await readdir(workDir)).filter((name) => name.startsWith('animatic-cutout-'));
    expect(kept).toHaveLength(1);
    // A single pixel stands for "not clear": the next take believes what was kept.
    await sharp({ create: { width: 1, height: 1, channels: 4, background: '#0000' } })
      .png()
      .toFile(path.join(workDir, kept[0]));
    expect(await take('second', { assetId: 'img_2', sha256: '1' })).toContain('no subject stands out clearly');
    await writeFile(path.join(workDir, kept[0]), 'no picture');
    expect(await take('third')).toContain('the subject is cut out');
    // Nothing stands out in the noise alone.
    expect(await take('fourth', { path: picture })).toContain('no subject stands out clearly');
  }, 60_000);

  it('fails with invalidRequest, not with the library text, where the reference is no picture', async () => {
    const broken = path.join(folder, 'broken.jpg');
    await writeFile(broken, 'no picture at all');
    const workDir = await newFolder();
    const generator = open(workDir);
    const [reference] = shotOf().references;
    const status = await untilOver(generator, await generator.start(shotOf({ references: [{ ...reference, path: broken }] }), { token: 'a' }));
    expect(status).toEqual({ state: 'failed', reason: 'invalidRequest', message: expect.stringContaining('The reference picture cannot be decoded.') });
    expect((await readdir(workDir)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('fails with noCodec and says how to get one where none is installed', async () => {
    const before = process.env.PATH;
    process.env.PATH = path.join(folder, 'empty');
    try {
      const generator = open(await newFolder(), { codec: 'ffmpeg' });
      const status = await untilOver(generator, await generator.start(shotOf(), { token: 'a' }));
      expect(status).toMatchObject({ state: 'failed', reason: 'noCodec', message: expect.stringContaining('npm install') });
    } finally {
      process.env.PATH = before;
    }
  });

  it('says before the start what it will change, with the words that the finished take carries', async () => {
    const generator = open(await newFolder());
    const shot = shotOf({ prompt: 'The camera orbits the house, then pan left, in the snow' });
    const limits = generator.limits(shot);
    expect(limits).toEqual([
      expect.stringContaining('orbit has no direction'),
      expect.stringContaining('not rendered: pan left'),
      expect.stringContaining('Snow is named but not drawn'),
    ]);
    const status = await untilOver(generator, await generator.start(shot, { token: 'a' }));
    expect(status.state === 'succeeded' && status.notes.slice(0, limits.length)).toEqual(limits);
    expect(generator.limits(shotOf({ prompt: 'A house. Pan left.' }))).toEqual([]);
  });

  it('is lost, not failed, when its renderer is killed, and the next take works', async () => {
    const started: ChildProcess[] = [];
    const note = (message: unknown): void => void started.push((message as { process: ChildProcess }).process);
    subscribe('child_process', note);
    const workDir = await newFolder();
    const generator = open(workDir);
    const operation = await generator.start(shotOf({ durationSeconds: 60 }), { token: 'a.1' });
    await waitFor(async () => (await readdir(workDir)).some((name) => name.includes('partial')));
    unsubscribe('child_process', note);
    started[0].kill('SIGKILL');
    expect(await untilOver(generator, operation)).toEqual({ state: 'lost' });
    expect(await generator.find?.('a.1')).toBeUndefined();
    expect(await readdir(workDir)).toEqual([]);
    expect((await untilOver(generator, await generator.start(shotOf(), { token: 'a.2' }))).state).toBe('succeeded');
  });

  it('reads a full disk out of what the encoder reports', () => {
    const full = { failed: 'outOfDisk', message: expect.stringContaining('The disk is full') };
    const caused = (cause: unknown) => expectedFailure(new AppError('UNAVAILABLE', 'The video file cannot be written.', { cause }));
    expect(caused(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toEqual(full);
    expect(caused('av_interleaved_write_frame(): No space left on device')).toEqual(full);
    expect(caused(new Error('Invalid data'))).toBeUndefined();
  });

  it.skipIf(!canMount())('fails with outOfDisk on a full disk', async () => {
    const workDir = await newFolder();
    const script = await takeScript(workDir, shotOf({ durationSeconds: 4, width: 640, height: 360 }));
    const mount = `mount -t tmpfs -o size=64k none '${workDir}' && exec '${process.execPath}' '${script}'`;
    const status = JSON.parse(execFileSync('unshare', ['-m', 'sh', '-c', mount], { encoding: 'utf8' }));
    expect(status).toMatchObject({ state: 'failed', reason: 'outOfDisk', message: expect.stringContaining('The disk is full') });
  });

  it('refuses a work folder that cannot be made', async () => {
    await writeFile(path.join(folder, 'file'), '');
    const generator = open(path.join(folder, 'file', 'work'));
    await expect(generator.start(shotOf(), { token: 'a' })).rejects.toMatchObject({ code: 'MISCONFIGURED', hint: expect.stringContaining('VRAG_HOME') });
  });

  it('leaves nothing behind after cancel', async () => {
    const workDir = await newFolder();
    const generator = open(workDir);
    const operation = await generator.start(shotOf({ durationSeconds: 60 }), { token: 'a' });
    await waitFor(async () => (await readdir(workDir)).some((name) => name.includes('partial')));
    await generator.cancel?.(operation);
    expect(await readdir(workDir)).toEqual([]);
    expect((await generator.poll(operation)).state).toBe('lost');
  });

  it('is cancelled from another process within two seconds', async () => {
    const workDir = await newFolder();
    const owner = open(workDir);
    const operation = await owner.start(shotOf({ durationSeconds: 60, width: 1280, height: 720 }), { token: 'a' });
    await open(workDir).cancel?.(operation);
    const before = performance.now();
    expect((await untilOver(owner, operation)).state).toBe('lost');
    expect(performance.now() - before).toBeLessThan(3000);
  });

  it('is running for other processes while its own lives, lost after a kill, and can be rendered again', async () => {
    const workDir = await newFolder();
    const shot = shotOf({ durationSeconds: 60, width: 1920, height: 1080 });
    const owner = fork(await ownerScript(workDir, shot), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const operation = await new Promise<JsonValue>((resolve) => owner.once('message', (message) => resolve(message as JsonValue)));
    const generator = open(workDir);
    await waitFor(async () => {
      const status = await generator.poll(operation);
      return status.state === 'running' && (status.progress ?? 0) > 0;
    });
    owner.kill('SIGKILL');
    expect((await untilOver(generator, operation)).state).toBe('lost');
    const again = await generator.start(shotOf(), { token: 'killed' });
    expect(again).toEqual(operation);
    expect((await untilOver(generator, again)).state).toBe('succeeded');
    expect((await readdir(workDir)).filter((name) => name.includes('partial'))).toEqual([]);
  }, 40_000);

  it('answers polls at once while it renders', async () => {
    const generator = open(await newFolder());
    const operation = await generator.start(shotOf({ durationSeconds: 4, width: 1280, height: 720 }), { token: 'a' });
    let slowest = 0;
    for (let state = 'running'; state === 'running'; ) {
      const before = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 10));
      state = (await generator.poll(operation)).state;
      slowest = Math.max(slowest, performance.now() - before);
    }
    // A frame alone takes some 10 ms; rendering on this thread would block for seconds.
    expect(slowest).toBeLessThan(700);
  });
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** A program that starts the take `killed` and waits to be killed. */
async function ownerScript(workDir: string, shot: ShotRequest): Promise<string> {
  const adapter = pathToFileURL(path.join(import.meta.dirname, '../../dist/adapters/local/animatic/animatic.js'));
  const script = path.join(folder, 'owner.mjs');
  await writeFile(
    script,
    `import { createAnimatic } from ${JSON.stringify(adapter.href)};
     const animatic = createAnimatic({ workDir: ${JSON.stringify(workDir)}, card: () => Promise.reject(new Error('no card')) });
     process.send(await animatic.start(${JSON.stringify(shot)}, { token: 'killed' }));
     setInterval(() => {}, 1000);`,
  );
  return script;
}

/** Whether this test may mount a small file system for itself (Linux, root). */
function canMount(): boolean {
  return process.platform === 'linux' && spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt']).status === 0;
}

/** A program that makes one take and prints how it ended. */
async function takeScript(workDir: string, shot: ShotRequest): Promise<string> {
  const adapter = pathToFileURL(path.join(import.meta.dirname, '../../dist/adapters/local/animatic/animatic.js'));
  const script = path.join(folder, 'take.mjs');
  await writeFile(
    script,
    `import { createAnimatic } from ${JSON.stringify(adapter.href)};
     const animatic = createAnimatic({ workDir: ${JSON.stringify(workDir)}, card: () => Promise.reject(new Error('no card')) });
     const operation = await animatic.start(${JSON.stringify(shot)}, { token: 'full' });
     for (;;) {
       const status = await animatic.poll(operation);
       if (status.state !== 'running') { console.log(JSON.stringify(status)); break; }
       await new Promise((resolve) => setTimeout(resolve, 40));
     }
     animatic.close();`,
  );
  return script;
}
