import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVision, type Vision } from '../../src/adapters/local/vision/open.ts';
import type { RawImage } from '../../src/ports.ts';
import { block, cosine, embedderContract } from '../contracts/embedder.ts';
import { recogniserContract } from '../contracts/recogniser.ts';
import { copy, flat, photograph } from '../fixtures/photographs.ts';

const open = async () => {
  const { embedder, recogniser, close } = openVision({ runtime: 'wasm' });
  return { embedder, recogniser, close };
};

embedderContract(open);
recogniserContract(open);

const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

describe('the packaged vision model', () => {
  let vision: Vision;
  let barn: RawImage;

  beforeAll(async () => {
    vision = openVision({ runtime: 'wasm' });
    barn = await photograph('dust-bowl-home');
  });
  afterAll(() => vision.close());

  it('says which runtime it loaded and how long that took', async () => {
    const { runtime, loadMilliseconds } = await vision.load();
    expect(runtime).toBe('wasm');
    expect(loadMilliseconds).toBeGreaterThan(1);
  });

  it('passes a picture object through the model once, for both faces', async () => {
    const modelsDir = await mkdtemp(join(tmpdir(), 'vrag-vision-'));
    await cp(MODELS, modelsDir, { recursive: true });
    const own = openVision({ runtime: 'wasm', modelsDir });
    const [vector] = await own.embedder.embedImages([barn]);
    const [seen] = await own.recogniser.recognise([barn]);
    own.close();
    await rm(modelsDir, { recursive: true });
    expect(await own.embedder.embedImages([barn])).toEqual([vector]);
    expect(await own.recogniser.recognise([barn])).toEqual([seen]);
    expect(await own.recogniser.subject(barn)).toBeDefined();
    expect(await own.recogniser.regions([barn])).toHaveLength(1);
    await expect(own.recogniser.recognise([copy(barn)])).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringMatching(/vision\.onnx/) });
    own.close();
  });

  it('makes a pass that another caller gave up', async () => {
    const image = copy(barn);
    const controller = new AbortController();
    const first = vision.embedder.embedImages([image], { signal: controller.signal });
    const second = vision.embedder.embedImages([image]);
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await second).toHaveLength(1);
  });

  it('fails with UNAVAILABLE when its process ends under way, and starts a new one at the next call', async () => {
    const own = openVision({ runtime: 'wasm' });
    const under = own.load();
    under.catch(() => undefined);
    await setImmediate();
    own.close();
    await expect(under).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await own.recogniser.recognise([copy(barn)])).toHaveLength(1);
    own.close();
  });

  it('sees hue: turned by 120 degrees the colours differ while the content stays', async () => {
    const warm = flat(256, 256, [200, 60, 40]);
    const turned: RawImage = { ...warm, data: warm.data.map((_, i) => warm.data[i - (i % 3) + ((i + 2) % 3)]) };
    const [one, other] = await vision.embedder.embedImages([warm, turned]);
    const { colour } = vision.embedder.blocks as Record<string, [number, number]>;
    expect(cosine(block(one, colour), block(other, colour))).toBeLessThan(0.3);
  });

  it('takes grey pictures and pictures with transparency, as on white', async () => {
    const grey: RawImage = { width: 64, height: 64, channels: 1, data: new Uint8Array(64 * 64).fill(128) };
    const clear: RawImage = { width: 64, height: 64, channels: 4, data: new Uint8Array(64 * 64 * 4) };
    const seen = await vision.recogniser.recognise([grey, clear]);
    expect(seen.map(({ colours }) => colours[0][0])).toEqual(['grey', 'white']);
  });

  it('reads queries without its model, and starts nothing when it is built', async () => {
    const modelsDir = await mkdtemp(join(tmpdir(), 'vrag-vision-'));
    await cp(join(MODELS, 'concepts.json'), join(modelsDir, 'concepts.json'));
    const own = openVision({ runtime: 'wasm', modelsDir });
    expect((await own.recogniser.understand('two dogs')).concepts[0].word).toBe('dog');
    await expect(own.load()).rejects.toMatchObject({ code: 'MISCONFIGURED' });
    await rm(modelsDir, { recursive: true });
    own.close();
  });

  it('names a kind where it is sure of that and of no class, and counts two classes of one name together', async () => {
    const { concepts } = await vision.recogniser.understand('dog');
    const breeds = concepts[0].classes.slice(0, 8).map(([index]): [number, number] => [index, 0.1]);
    expect(await vision.recogniser.describe({ classes: breeds, colours: [] })).toEqual([{ word: 'dog', probability: expect.closeTo(0.8) }]);
    const glasses = await vision.recogniser.understand('sunglasses');
    const both = glasses.concepts[0].classes.map(([index]): [number, number] => [index, 0.2]);
    expect(await vision.recogniser.describe({ classes: both, colours: [] })).toEqual([{ word: 'sunglasses', probability: expect.closeTo(0.4) }]);
  });
});

const nativeIsThere = (() => {
  try {
    return Boolean(createRequire(import.meta.url).resolve('onnxruntime-node'));
  } catch {
    return false;
  }
})();

it.skipIf(nativeIsThere)(
  'says how to install the native runtime where it is asked for and not there (skipped where onnxruntime-node is installed)',
  async () => {
    const own = openVision({ runtime: 'native' });
    await expect(own.load()).rejects.toMatchObject({ code: 'MISCONFIGURED', hint: expect.stringContaining('npm i --ignore-scripts onnxruntime-node') });
    own.close();
  },
);
