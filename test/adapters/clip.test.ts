import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createClipEmbedder } from '../../src/adapters/local/clip/embedder.ts';
import { describeModel, weightsIn } from '../../src/adapters/local/clip/model.ts';
import { readGraphHeader } from '../../src/adapters/local/clip/onnx-header.ts';
import { readPreprocessing, towerView } from '../../src/adapters/local/clip/preprocessing.ts';
import { embedderId, readStates } from '../../src/adapters/local/clip/records.ts';
import { openTokeniser } from '../../src/adapters/local/clip/tokens.ts';
import { cosine, embedderContract } from '../contracts/embedder.ts';
import { copy, flat, photograph, placed } from '../fixtures/photographs.ts';
import { SPECIAL, TINY, type TinyOptions, WORDS, writeTinyClip } from '../fixtures/tiny-clip.ts';

const nativeModule = process.env.VRAG_TEST_ONNXRUNTIME_NODE;
const why = nativeModule ? '' : ' (skipped: VRAG_TEST_ONNXRUNTIME_NODE is not set)';
if (why) console.log(`clip on the native runtime${why}`);

const root = await mkdtemp(path.join(tmpdir(), 'vrag-clip-'));
afterAll(() => rm(root, { recursive: true, force: true }));

let folders = 0;
function folderOf(options: TinyOptions): string {
  const folder = path.join(root, `model-${++folders}`);
  writeTinyClip(folder, options);
  return folder;
}

async function openFolder(folder: string, runtime: 'wasm' | 'native' = 'wasm') {
  const model = await describeModel(folder, await weightsIn(folder));
  const files = await readStates(folder, model.weights);
  return createClipEmbedder({ id: embedderId('tiny', model.weights, files), model, files }, { runtime, nativeModule });
}
const open = (options: TinyOptions, runtime: 'wasm' | 'native' = 'wasm') => openFolder(folderOf(options), runtime);

describe('a CLIP model', () => embedderContract(() => open({ family: 'clip', mask: true }), { untrained: true }));
describe('a SigLIP model', () => embedderContract(() => open({ family: 'siglip', weights: ['fp32'] }), { untrained: true }));
describe.skipIf(!nativeModule)(`on the native runtime${why}`, () => {
  embedderContract(() => open({ family: 'clip', mask: true }, 'native'), { untrained: true });
  embedderContract(() => open({ family: 'siglip' }, 'native'), { untrained: true });

  it('the vectors are those of the other one', async () => {
    const folder = folderOf({ family: 'siglip' });
    const [one, other] = [await openFolder(folder), await openFolder(folder, 'native')];
    const picture = await photograph('march-pastoral');
    expect(cosine((await one.embedder.embedImages([picture]))[0], (await other.embedder.embedImages([picture]))[0])).toBeGreaterThan(0.999999);
    expect(cosine((await one.embedder.embedTexts?.(['a red cat']))![0], (await other.embedder.embedTexts?.(['a red cat']))![0])).toBeGreaterThan(0.999999);
    one.close();
    other.close();
  });
});

describe('pictures', () => {
  const clip = { size: { shortest_edge: 40 }, crop_size: { height: 32, width: 32 }, do_center_crop: true, resample: 3 };

  it('are scaled to the shortest edge and cropped to the middle, or squashed, as the configuration says', async () => {
    const wide = await placed(flat(100, 100, [200, 0, 0]), 300, 100, 100, 0);
    const cropped = await towerView(wide, readPreprocessing(clip));
    expect(cropped).toHaveLength(32 * 32 * 3);
    expect(new Set(cropped)).toEqual(new Set([200, 0]));
    const squashed = await towerView(wide, readPreprocessing({ size: { height: 32, width: 48 }, resample: 2 }));
    expect(squashed).toHaveLength(48 * 32 * 3);
    expect([...squashed.slice(0, 3)]).toEqual([255, 255, 255]);
    expect(readPreprocessing({ size: 32, crop_size: 32 })).toMatchObject({ width: 32, height: 32, centreShare: 1 });
    expect(readPreprocessing({ size: 32 }).centreShare).toBeUndefined();
  });

  it('are normalised with the mean and deviation of the configuration', () => {
    const { scale, shift } = readPreprocessing({ ...clip, image_mean: [0.5, 0.4, 0.3], image_std: [0.5, 0.25, 0.2] });
    [0, 1, 2].forEach((channel) => {
      const mean = [0.5, 0.4, 0.3][channel];
      const std = [0.5, 0.25, 0.2][channel];
      expect(51 * scale[channel] + shift[channel]).toBeCloseTo((0.2 - mean) / std, 6);
    });
    expect(readPreprocessing({ ...clip, do_normalize: false }).shift.every((value) => value === 0)).toBe(true);
    expect(readPreprocessing({ ...clip, do_rescale: false, do_normalize: false }).scale).toEqual([1, 1, 1]);
  });

  it.each([
    ['size', { size: { longest_edge: 64 } }],
    ['size', {}],
    ['size', { size: 1e9 }],
    ['crop_size', { ...clip, crop_size: { height: 64, width: 64 } }],
    ['resample', { ...clip, resample: 5 }],
    ['image_std', { ...clip, image_std: [0, 1, 1] }],
    ['image_mean', { ...clip, image_mean: ['a', 'b', 'c'] }],
    ['do_resize', { ...clip, do_resize: false }],
  ])('with another %s than a CLIP-family model has are refused', (field, config) => {
    expect(() => readPreprocessing(config)).toThrow(expect.objectContaining({ code: 'MISCONFIGURED', message: expect.stringContaining(field) }));
  });
});

describe('texts', () => {
  const word = (text: string) => 4 + WORDS.indexOf(text);
  const rules = { maxTokens: 6, pad: false, maskPadding: true, lowerCase: false, wantsMask: true };
  const clip = folderOf({ family: 'clip' });
  const siglip = folderOf({ family: 'siglip' });

  it('of CLIP stand between a start and an end token, and are cut off before the end token', () => {
    const read = openTokeniser(clip, rules);
    expect(read('A red cat').ids).toEqual([SPECIAL.start, word('a'), word('red'), word('cat'), SPECIAL.end]);
    expect(read('the red cat the blue dog the sky')).toEqual({
      ids: [SPECIAL.start, word('the'), word('red'), word('cat'), word('the'), SPECIAL.end],
      mask: [1, 1, 1, 1, 1, 1],
    });
    expect(read('').ids).toEqual([SPECIAL.start, SPECIAL.end]);
    expect(read('zebra').ids).toEqual([SPECIAL.start, SPECIAL.unknown, SPECIAL.end]);
  });

  it('of SigLIP are lower-cased, ended and filled up with tokens that count', () => {
    const read = openTokeniser(siglip, { ...rules, pad: true, maskPadding: false, lowerCase: true });
    expect(read('RED Cat')).toEqual({ ids: [word('red'), word('cat'), SPECIAL.end, SPECIAL.pad, SPECIAL.pad, SPECIAL.pad], mask: [1, 1, 1, 1, 1, 1] });
    expect(read('the red cat the blue dog the sky').ids.at(-1)).toBe(SPECIAL.end);
  });

  it('are filled up where the graph has a fixed length, and the filling is masked, so that it changes nothing', async () => {
    const [free, fixed] = [await open({ mask: true }), await open({ mask: true, fixedTokens: 10 })];
    const [one] = (await free.embedder.embedTexts?.(['a red cat'])) ?? [];
    const [other] = (await fixed.embedder.embedTexts?.(['a red cat'])) ?? [];
    expect(cosine(one, other)).toBeGreaterThan(0.99999);
    free.close();
    fixed.close();
  });

  it('are read without a tokenizer_config.json, too', async () => {
    const folder = folderOf({ family: 'siglip' });
    await rm(path.join(folder, 'tokenizer_config.json'));
    const { embedder, close } = await openFolder(folder);
    expect(await embedder.embedTexts?.(['a cat'])).toHaveLength(1);
    close();
  });
});

describe('a model folder', () => {
  const described = (options: TinyOptions, change?: (folder: string) => void) => {
    const folder = folderOf(options);
    change?.(folder);
    return weightsIn(folder).then((weights) => describeModel(folder, weights));
  };

  it('is read without its weights', async () => {
    expect(await described({ family: 'clip', mask: true, fixedTokens: 9 })).toMatchObject({
      ...{ weights: 'q8', dimensions: TINY.dimensions, imageOutput: 'image_embeds', textOutput: 'text_embeds' },
      text: { maxTokens: 9, pad: true, maskPadding: true, lowerCase: false, wantsMask: true },
    });
    expect(await described({ family: 'siglip', weights: ['fp32'] })).toMatchObject({
      ...{ weights: 'fp32', imageOutput: 'pooler_output' },
      text: { maxTokens: TINY.maxTokens.siglip, pad: true, maskPadding: false, lowerCase: true, wantsMask: false },
    });
    expect(await described({ weights: ['q8', 'fp32'] })).toMatchObject({ weights: 'q8' });
  });

  const image = 'onnx/vision_model_quantized.onnx';
  const write = (name: string, text: string) => (folder: string) => writeFileSync(path.join(folder, name), text);
  it.each<[string, string, TinyOptions, ((folder: string) => void)?]>([
    ['MISCONFIGURED', 'no pair of', { weights: [] }],
    ['UNSUPPORTED', 'only clip, siglip and siglip2', { config: { model_type: 'blip' } }],
    ['UNSUPPORTED', 'no output image_embeds', { imageOutput: 'last_hidden_state' }],
    ['UNSUPPORTED', 'must agree', { textDimensions: 48 }],
    ['UNSUPPORTED', '.onnx_data', { external: true }],
    ['MISCONFIGURED', 'makes pictures of 64x64', { preprocessor: { size: { shortest_edge: 64 }, crop_size: { height: 64, width: 64 } } }],
    ['UNSUPPORTED', '20000 tokens', { fixedTokens: 20_000 }],
    ['MISCONFIGURED', 'config.json of the model', {}, write('config.json', '{')],
    ['MISCONFIGURED', 'is no ONNX file', {}, write(image, 'not a model')],
    ['MISCONFIGURED', 'breaks off', {}, (folder) => truncateSync(path.join(folder, image), 5000)],
    ['UNSUPPORTED', 'at most 1500 MB', {}, (folder) => truncateSync(path.join(folder, image), 2_000_000_000)],
    ['UNSUPPORTED', 'input_ids', {}, (folder) => writeFileSync(path.join(folder, image), readFileSync(path.join(folder, 'onnx/text_model_quantized.onnx')))],
  ])('is %s where it has what cannot be used: %s', async (code, message, options, change) => {
    await expect(described(options, change)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/docs\/models\.md/),
    });
  });

  it('with noise instead of a graph is refused, whatever the noise', () => {
    const whole = readFileSync(path.join(folderOf({}), image));
    let state = 7;
    const random = (below: number) => {
      state = (state * 48271) % 2147483647;
      return state % below;
    };
    const file = path.join(root, 'noise.onnx');
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = Buffer.from(whole);
      for (let i = 0; i < 20; i++) bytes[random(round % 2 ? 200 : bytes.length)] = random(256);
      writeFileSync(file, bytes);
      try {
        readGraphHeader(file);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(error).not.toBeInstanceOf(RangeError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe('a model that goes wrong', () => {
  const picture = () => flat(40, 40, [1, 2, 3]);

  it('when its weights are loaded is an error that says what to do, and the server goes on', async () => {
    const folder = folderOf({});
    const file = path.join(folder, 'onnx/vision_model_quantized.onnx');
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.concat([bytes.subarray(0, bytes.length - 6), Buffer.alloc(6)])); // the operator set is gone
    const { embedder, close } = await openFolder(folder);
    await expect(embedder.embedImages([picture()])).rejects.toMatchObject({ code: 'MISCONFIGURED', hint: expect.stringContaining('reindex') });
    expect(await embedder.embedTexts?.(['a cat'])).toHaveLength(1);
    close();
  });

  it('when its files are changed under it is not used under the old id', async () => {
    const folder = folderOf({});
    const { embedder, close } = await openFolder(folder);
    utimesSync(path.join(folder, 'onnx/vision_model_quantized.onnx'), new Date(), new Date(0));
    await expect(embedder.embedImages([picture()])).rejects.toMatchObject({ code: 'MISCONFIGURED', message: expect.stringMatching(/changed/) });
    close();
  });

  it.skipIf(process.platform === 'win32')('with its process fails that call alone', async () => {
    const { embedder, close } = await open({});
    const first = await embedder.embedImages([picture()]);
    const child = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, ...args]) => Number(parent) === process.pid && /clip[/\\]child\.js/.test(args.join(' ')));
    for (const [pid] of child) process.kill(Number(pid), 'SIGSTOP');
    const lost = embedder.embedImages([picture()]);
    for (const [pid] of child) process.kill(Number(pid), 'SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining('reindex') });
    expect(cosine((await embedder.embedImages([copy(picture())]))[0], first[0])).toBeGreaterThan(0.99999);
    close();
  });
});
