import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHub } from '../../src/adapters/local/clip/hub.ts';
import { openEmbedders } from '../../src/adapters/local/embedders.ts';
import { createDescriptor } from '../../src/adapters/local/vision/descriptor.ts';
import { createThumbnails } from '../../src/adapters/local/vision/thumbnails.ts';
import { loadConfig } from '../../src/config.ts';
import type { Embedders } from '../../src/ports.ts';
import { cosine } from '../contracts/embedder.ts';
import { COMMIT, type ModelHub, serveModel } from '../fixtures/model-hub.ts';
import { photograph } from '../fixtures/photographs.ts';
import { TINY, writeTinyClip } from '../fixtures/tiny-clip.ts';

let root: string;
let home: string;
const closing: { close(): void }[] = [];

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vrag-embedders-'));
  writeTinyClip(path.join(root, 'served'), { family: 'siglip' });
});
afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
beforeEach(async () => {
  home = await mkdtemp(path.join(root, 'home-'));
});
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

/** The embedders of a process with these settings, on the data folder of the test. */
function open(environment: Record<string, string> = {}): Embedders {
  const config = loadConfig({ VRAG_HOME: home, VRAG_DEFAULT_DIRS: 'off', VRAG_ONNX_RUNTIME: 'wasm', VRAG_MODEL_HUB: 'http://127.0.0.1:9', ...environment });
  const descriptor = createDescriptor(createThumbnails());
  const embedders = openEmbedders(config, [
    { name: 'descriptor', embedder: descriptor },
    { name: 'vision', embedder: { ...descriptor, id: 'vision-lite0.1+colour.1' } },
  ]);
  closing.push(embedders);
  return embedders;
}

/** A built module, for a process of its own. */
const built = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).href;

const folderIn = (name: string, options = {}): string => {
  const folder = path.join(root, name);
  writeTinyClip(folder, options);
  return folder;
};

describe('the registry', () => {
  it('knows packaged embedders by name and by id, and takes the configured one for new collections', async () => {
    const embedders = open({ VRAG_EMBEDDER: 'descriptor' });
    expect((await embedders.fallback()).id).toBe('descriptor.1');
    expect((await embedders.get('descriptor.1')).id).toBe('descriptor.1');
    expect((await embedders.get('vision')).id).toBe('vision-lite0.1+colour.1');
    expect((await open().fallback()).id).toBe('vision-lite0.1+colour.1');
  });

  it.each(['vision-lite0.0', 'descriptor.0', 'tiny#q8.0123456789abcdef'])('says of the id %s that it cannot be had, and names reindex', async (id) => {
    await expect(open().get(id)).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      hint: expect.stringMatching(/manage_collection \{collection, reindex: "vision"\}.*vrag-mcp reindex/),
    });
  });

  it.each(['', 'a b', '../model', 'x/../y', 'nothing', 'owner/model@a@b'])('does not take %j for a name', async (name) => {
    await expect(open().get(name)).rejects.toMatchObject({ code: expect.stringMatching(/MISCONFIGURED|FORBIDDEN/), hint: expect.any(String) });
    if (name) await expect(open({ VRAG_EMBEDDER: name }).fallback()).rejects.toMatchObject({ code: 'MISCONFIGURED' });
  });
});

describe('a model in a folder', () => {
  it('is an embedder for pictures and texts whose id says name, weights and contents', async () => {
    const folder = folderIn('own-model');
    const embedder = await open({ VRAG_EMBEDDER: folder }).fallback();
    expect(embedder.id).toMatch(/^own-model#q8\.[0-9a-f]{16}$/);
    expect(embedder).toMatchObject({ dimensions: TINY.dimensions, modalities: ['image', 'text'] });
    expect(await embedder.embedTexts?.(['a cat'])).toHaveLength(1);
  });

  it('is found by its id alone in another process with another default, with the same vectors', async () => {
    const folder = folderIn('pinned');
    const picture = await photograph('march-pastoral');
    const before = await open({ VRAG_EMBEDDER: folder }).fallback();
    const [vector] = await before.embedImages([picture]);
    const after = await open({ VRAG_EMBEDDER: 'descriptor' }).get(before.id);
    expect(after.id).toBe(before.id);
    expect(cosine((await after.embedImages([picture]))[0], vector)).toBeGreaterThan(0.99999);
  });

  it('has another id where any file differs, and the old id is not answered with the new files', async () => {
    const folder = folderIn('changing');
    const before = (await open({ VRAG_EMBEDDER: folder }).fallback()).id;
    writeTinyClip(folder, { seed: 5 });
    const after = (await open({ VRAG_EMBEDDER: folder }).fallback()).id;
    expect(after).not.toBe(before);
    await expect(open().get(before)).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringMatching(/other files/),
      hint: expect.stringMatching(/reindex/),
    });
    expect((await open().get(after)).id).toBe(after);
    writeTinyClip(folder);
    expect((await open().get(before)).id).toBe(before);
  });

  it('that is gone is an error that names reindex', async () => {
    const folder = folderIn('gone');
    const { id } = await open({ VRAG_EMBEDDER: folder }).fallback();
    rmSync(folder, { recursive: true });
    await expect(open().get(id)).rejects.toMatchObject({ code: 'MISCONFIGURED', hint: expect.stringMatching(/reindex/) });
  });

  it('is not touched for its id: no weights are loaded before something is embedded', async () => {
    const folder = folderIn('lazy');
    const embedder = await open({ VRAG_EMBEDDER: folder }).fallback();
    rmSync(path.join(folder, 'onnx'), { recursive: true });
    await expect(embedder.embedImages([await photograph('march-pastoral')])).rejects.toMatchObject({ code: 'MISCONFIGURED' });
  });

  it('is taken from elsewhere only where that may be read', async () => {
    const folder = folderIn('foreign');
    await expect(open().get(folder)).rejects.toMatchObject({ code: 'FORBIDDEN', hint: expect.stringMatching(/VRAG_EMBEDDER/) });
    expect((await open({ VRAG_ALLOWED_DIRS: root }).get(folder)).id).toMatch(/^foreign#/);
  });

  it('may be asked for with the full weights', async () => {
    const folder = folderIn('both', { weights: ['q8', 'fp32'] });
    expect((await open({ VRAG_EMBEDDER: folder }).fallback()).id).toMatch(/#q8\./);
    expect((await open({ VRAG_EMBEDDER: `${folder}:fp32` }).fallback()).id).toMatch(/#fp32\./);
  });
});

describe('a model of the hub', { timeout: 40_000 }, () => {
  let hub: ModelHub;
  beforeEach(async () => {
    hub = await serveModel(path.join(root, 'served'));
    closing.push(hub);
  });
  const settings = (name = 'tiny/model') => ({ VRAG_EMBEDDER: name, VRAG_MODEL_HUB: hub.url });
  const parts = () => readdirSync(path.join(home, 'models'), { recursive: true }).filter((name) => String(name).endsWith('.part'));

  it('is downloaded once, with progress, and is then there without the hub', async () => {
    const progress: { receivedBytes: number; text: string }[] = [];
    const embedder = await open(settings()).fallback({ onProgress: (one) => progress.push(one) });
    expect(embedder.id).toMatch(/^tiny\/model#q8\.[0-9a-f]{16}$/);
    expect(await embedder.embedTexts?.(['a cat'])).toHaveLength(1);
    expect(hub.asked.sort()).toEqual(
      [
        'main/config.json',
        ...['onnx/text_model_quantized.onnx', 'onnx/vision_model_quantized.onnx', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json'].map(
          (name) => `${COMMIT}/${name}`,
        ),
      ].sort(),
    );
    expect(progress.at(-1)?.text).toMatch(/^downloading tiny\/model: text_model_quantized\.onnx/);
    expect(progress.map(({ receivedBytes }) => receivedBytes)).toEqual(progress.map(({ receivedBytes }) => receivedBytes).sort((a, b) => a - b));
    expect(parts()).toEqual([]);
    await hub.close();
    expect((await open(settings()).fallback()).id).toBe(embedder.id);
    expect((await open().get(embedder.id)).id).toBe(embedder.id);
    expect((await open({ VRAG_DOWNLOADS: 'off' }).get('tiny/model')).id).toBe(embedder.id);
  });

  it('is downloaded again for its id, from the same commit, where its files were deleted', async () => {
    const { id } = await open(settings()).fallback();
    rmSync(path.join(home, 'models', 'tiny--model'), { recursive: true });
    hub.asked.length = 0;
    expect((await open({ VRAG_MODEL_HUB: hub.url }).get(id)).id).toBe(id);
    expect(new Set(hub.asked.map((name) => name.split('/')[0]))).toEqual(new Set([COMMIT]));
    await hub.close();
    expect((await open(settings()).fallback()).id).toBe(id);
  });

  it('is downloaded again for its id where even the record is gone', async () => {
    const { id } = await open(settings()).fallback();
    rmSync(path.join(home, 'models'), { recursive: true });
    expect((await open({ VRAG_MODEL_HUB: hub.url }).get(id)).id).toBe(id);
    await expect(open({ VRAG_MODEL_HUB: hub.url }).get(id.replace(/.{4}$/, '0000'))).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      hint: expect.stringMatching(/reindex/),
    });
  });

  it("works from a mirror without the hub's own headers, at a revision", async () => {
    const mirror = await serveModel(path.join(root, 'served'), { headers: false });
    closing.push(mirror);
    const embedder = await open({ VRAG_EMBEDDER: 'tiny/model@v1.0', VRAG_MODEL_HUB: `${mirror.url}/` }).fallback();
    expect(embedder.id).toMatch(/^tiny\/model#q8\./);
    expect(new Set(mirror.asked.map((name) => name.split('/')[0]))).toEqual(new Set(['v1.0']));
  });

  it('is one download for two processes at once, as far as the files go', async () => {
    const [one, other] = await Promise.all([open(settings()).fallback(), open(settings()).fallback()]);
    expect(other.id).toBe(one.id);
    expect(parts()).toEqual([]);
    const [vector] = (await other.embedTexts?.(['a cat'])) ?? [];
    expect(vector).toHaveLength(TINY.dimensions);
  });

  it('that is not there is an error that names the file or the model', async () => {
    await expect(open(settings('other/model')).fallback()).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringMatching(/other\/model.*401/),
    });
    await expect(open(settings('tiny/model:fp32')).fallback()).rejects.toMatchObject({
      code: 'MISCONFIGURED',
      message: expect.stringMatching(/no file onnx\/vision_model\.onnx/),
    });
    await expect(open({ ...settings(), VRAG_DOWNLOADS: 'off' }).fallback()).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/VRAG_DOWNLOADS/),
    });
  });

  const tower = 'onnx/text_model_quantized.onnx';
  it.each<[string, string, Parameters<typeof serveModel>[0] extends string ? NonNullable<ModelHub['misbehave']> : never]>([
    [
      'breaks off in the middle',
      'broke',
      (name, _, response, bytes) => {
        if (name !== tower) return false;
        response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000), () => response.destroy());
        return true;
      },
    ],
    [
      'sends less than it says',
      'of the',
      (name, request, response, bytes) => {
        if (name !== tower || !request.url?.includes('/store/')) return false;
        response.writeHead(200, { 'content-length': 1000 }).end(bytes.subarray(0, 1000));
        return true;
      },
    ],
    [
      'sends other bytes than it names',
      'SHA-256',
      (name, request, response, bytes) => {
        if (name !== tower || !request.url?.includes('/store/')) return false;
        response.writeHead(200, { 'content-length': bytes.length }).end(Buffer.alloc(bytes.length, 1));
        return true;
      },
    ],
    [
      'answers with an error',
      'status 503',
      (name, _, response) => {
        if (name !== tower) return false;
        response.writeHead(503).end();
        return true;
      },
    ],
    [
      'redirects to plain http elsewhere',
      'not https',
      (name, _, response) => {
        if (name !== tower) return false;
        response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
        return true;
      },
    ],
    [
      'redirects in a circle',
      'redirects',
      (name, _, response) => {
        if (name !== tower) return false;
        response.writeHead(302, { location: '?again' }).end();
        return true;
      },
    ],
  ])('leaves nothing half-written where the hub %s, and is complete at the next call', async (_, message, misbehave) => {
    hub.misbehave = misbehave;
    const embedders = open(settings());
    await expect(embedders.fallback()).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining(message) });
    expect(parts()).toEqual([]);
    expect(existsSync(path.join(home, 'models', 'tiny--model', COMMIT, tower))).toBe(false);
    hub.misbehave = undefined;
    hub.asked.length = 0;
    const embedder = await embedders.fallback();
    expect(hub.asked).toEqual(['main/config.json', `${COMMIT}/${tower}`]);
    expect(readFileSync(path.join(home, 'models', 'tiny--model', COMMIT, tower))).toEqual(readFileSync(path.join(root, 'served', tower)));
    expect(await embedder.embedTexts?.(['a cat'])).toHaveLength(1);
  });

  it('with a file too large is refused before it is downloaded', async () => {
    hub.misbehave = (name, _, response) => {
      if (name !== tower) return false;
      response.writeHead(200, { 'content-length': 5_000_000_000 }).write('x');
      return true;
    };
    await expect(open(settings()).fallback()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(/5000 MB; at most 1500 MB/) });
  });

  it('that takes longer than a tool may is downloaded in the background: the call says how far it is, the next one finds it', async () => {
    let release: () => void = () => undefined;
    hub.misbehave = (name, request, response, bytes) => {
      if (name !== tower || !request.url?.includes('/store/')) return false;
      let sent = 0;
      const next = (length: number) => {
        response.write(bytes.subarray(sent, sent + length));
        sent += length;
      };
      const drip = setInterval(() => next(10), 1000);
      response.writeHead(200, { 'content-length': bytes.length });
      next(1000);
      release = () => {
        clearInterval(drip);
        response.end(bytes.subarray(sent));
      };
      return true;
    };
    const embedders = open(settings());
    const started = performance.now();
    await expect(embedders.fallback()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/not here yet.*text_model/),
      hint: expect.stringMatching(/again/),
    });
    expect(performance.now() - started).toBeLessThan(15_000);
    const controller = new AbortController();
    const given = embedders.fallback({ signal: controller.signal, onProgress: () => undefined });
    controller.abort();
    await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
    const waiting = embedders.fallback({ onProgress: () => undefined });
    release();
    expect((await waiting).id).toMatch(/^tiny\/model#/);
  });

  it('is put together from what a killed download had finished', async () => {
    let stalled: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    hub.misbehave = (name, request, response, bytes) => {
      if (name !== tower || !request.url?.includes('/store/')) return false;
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 1000), () => setTimeout(stalled, 200));
      return true;
    };
    const script = `
      const { loadConfig } = await import(${JSON.stringify(built('config.js'))});
      const { openEmbedders } = await import(${JSON.stringify(built('adapters/local/embedders.js'))});
      await openEmbedders(loadConfig(), []).fallback({ onProgress() {} });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, VRAG_HOME: home, ...settings() } });
    await reached;
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [left] = parts();
    const hoursAgo = new Date(Date.now() - 2 * 3600_000);
    utimesSync(path.join(home, 'models', String(left)), hoursAgo, hoursAgo);
    hub.misbehave = undefined;
    hub.asked.length = 0;
    expect((await open(settings()).fallback()).id).toMatch(/^tiny\/model#/);
    expect(hub.asked).toEqual(['main/config.json', `${COMMIT}/${tower}`]);
    expect(parts()).toEqual([]);
  });
});

describe('a hub that does not answer', () => {
  it('because nothing listens is an error at once', async () => {
    const embedders = open({ VRAG_EMBEDDER: 'tiny/model' });
    const started = performance.now();
    await expect(embedders.fallback()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/127\.0\.0\.1:9 cannot be reached/),
      hint: expect.stringMatching(/folder/),
    });
    expect(performance.now() - started).toBeLessThan(3000);
    expect((await embedders.get('descriptor')).id).toBe('descriptor.1');
  });

  it('although it accepts is an error within 15 s, and the rest goes on meanwhile', { timeout: 40_000 }, async () => {
    const hole = createServer(() => undefined);
    await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
    const embedders = open({ VRAG_EMBEDDER: 'tiny/model', VRAG_MODEL_HUB: `http://127.0.0.1:${(hole.address() as { port: number }).port}` });
    const started = performance.now();
    const failing = embedders.fallback().then(
      () => undefined,
      (error) => error,
    );
    expect(await (await embedders.get('descriptor')).embedImages([await photograph('march-pastoral')])).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await failing).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/did not answer for 12 s/) });
    expect(performance.now() - started).toBeLessThan(15_000);
    hole.close();
  });

  it('in the middle of a file is an error after the same time', async () => {
    const hub = await serveModel(path.join(root, 'served'));
    closing.push(hub);
    hub.misbehave = (_, __, response, bytes) => {
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 10));
      return true;
    };
    const target = path.join(home, 'config.json');
    const options = { maxBytes: 1e6, signal: new AbortController().signal, onProgress: () => undefined };
    const fetching = createHub(hub.url, { stallSeconds: 0.5 }).fetch({ repository: 'tiny/model', revision: 'main', name: 'config.json' }, target, options);
    await expect(fetching).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringMatching(/did not answer for 0\.5 s/) });
    expect(readdirSync(home)).toEqual([]);
  });
});
