// Both ONNX runtimes under the packaged model and under a dual encoder of SigLIP 2 base's size (random weights: speed only), through the
// adapters as the server uses them, call by call in turn; what each runtime weighs; and a plain `npm install` of the package.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClipEmbedder } from '../dist/adapters/local/clip/embedder.js';
import { describeModel, weightsIn } from '../dist/adapters/local/clip/model.js';
import { readStates } from '../dist/adapters/local/clip/records.js';
import { openVision } from '../dist/adapters/local/vision/open.js';
import { median } from './stdio.mjs';
import { writeTower } from './vit-graph.mjs';

const NATIVE = 'onnxruntime-node@1.30.0';
const RUNTIMES = ['wasm', 'native'];
/** SigLIP 2's (arXiv 2502.14786). */
const VOCABULARY = 256_000;
const ROUNDS = { packaged: 20, base: 5 };

export async function bench({ say }) {
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-bench-'));
  try {
    const native = await installNative(root);
    say(`onnxruntime-node: ${native.megabytes} MB installed in ${native.seconds} s`);
    const installed = await installPackage(root);
    say('npm install of the package', installed);
    const web = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
    const webMegabytes = await megabytesBelow(path.resolve(web, '../..'));
    const nativeModule = path.join(root, 'native/node_modules/onnxruntime-node');
    const packaged = await measurePackaged(nativeModule);
    say('packaged model', packaged);
    const base = {};
    for (const weights of ['fp32', 'q8']) {
      base[weights] = await measureBase(path.join(root, weights), weights, nativeModule);
      say(`SigLIP 2 base size, ${weights}`, base[weights]);
    }
    return { packaged, siglip2BaseSize: base, installMegabytes: { onnxruntimeWeb: webMegabytes, onnxruntimeNode: native.megabytes }, npmInstall: installed };
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measurePackaged(nativeModule) {
  const opened = RUNTIMES.map((runtime) => openVision({ runtime, nativeModule }));
  const figures = await inTurn(
    opened.map(
      ({ embedder }) =>
        () =>
          embedder.embedImages([noise(320, 256)]),
    ),
    ROUNDS.packaged,
  );
  for (const { close } of opened) close();
  return { images: figures };
}

async function measureBase(folder, weights, nativeModule) {
  const sizes = await writeModel(folder, weights);
  const model = await describeModel(folder, await weightsIn(folder));
  const found = { id: 'bench', model, files: await readStates(folder, weights) };
  const opened = RUNTIMES.map((runtime) => createClipEmbedder(found, { runtime, nativeModule }));
  const picture = noise(320, 256);
  const [[one], [other]] = await Promise.all(opened.map(({ embedder }) => embedder.embedImages([picture])));
  const images = await inTurn(
    opened.map(
      ({ embedder }) =>
        () =>
          embedder.embedImages([noise(320, 256)]),
    ),
    ROUNDS.base,
  );
  const texts = await inTurn(
    opened.map(
      ({ embedder }) =>
        () =>
          embedder.embedTexts(['red shoes floor']),
    ),
    ROUNDS.base,
  );
  for (const { close } of opened) close();
  return { ...sizes, images, texts, runtimesCosine: Number(one.reduce((sum, value, i) => sum + value * other[i], 0).toFixed(6)) };
}

/** Medians of the runtimes' calls made in turn, after one each that loads. */
async function inTurn(calls, rounds) {
  const load = [];
  for (const call of calls) load.push(await seconds(call));
  const taken = calls.map(() => []);
  for (let round = 0; round < rounds; round++) for (const [i, call] of calls.entries()) taken[i].push(await seconds(call));
  const [wasm, native] = taken.map(median);
  return {
    wasmPerSecond: rounded(1 / wasm),
    nativePerSecond: rounded(1 / native),
    nativeOverWasm: rounded(median(taken[0].map((value, i) => value / taken[1][i]))),
    firstCallSeconds: { wasm: rounded(load[0]), native: rounded(load[1]) },
  };
}

async function seconds(call) {
  const started = performance.now();
  await call();
  return (performance.now() - started) / 1000;
}

const rounded = (value) => Number(value.toPrecision(3));

let seed = 1;
/** A picture of its own: results are kept per picture. */
function noise(width, height) {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    seed = (seed * 48271) % 2147483647;
    data[i] = seed;
  }
  return { width, height, channels: 3, data };
}

async function writeModel(folder, weights) {
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  const json = (name, value) => writeFile(path.join(folder, name), JSON.stringify(value));
  const half = [0.5, 0.5, 0.5];
  await json('config.json', { model_type: 'siglip' });
  await json('preprocessor_config.json', { size: { height: 224, width: 224 }, resample: 2, image_mean: half, image_std: half });
  const empty = { added_tokens: [], normalizer: null, post_processor: null, decoder: null };
  const vocab = { '<unk>': 0, '<pad>': 1, red: 2, shoes: 3, floor: 4 };
  await json('tokenizer.json', { ...empty, pre_tokenizer: { type: 'Whitespace' }, model: { type: 'WordLevel', vocab, unk_token: '<unk>' } });
  const suffix = weights === 'q8' ? '_quantized' : '';
  const quantised = weights === 'q8';
  // 1.1 GB of word vectors in 32 bits would only be read from: a small vocabulary computes the same.
  const vocabulary = quantised ? VOCABULARY : 1000;
  const image = await writeTower(path.join(folder, `onnx/vision_model${suffix}.onnx`), { tower: 'image', quantised });
  const text = await writeTower(path.join(folder, `onnx/text_model${suffix}.onnx`), { tower: 'text', quantised, vocabulary });
  return {
    imageMegabytes: Math.round(image.bytes / 1e6),
    textMegabytes: Math.round(text.bytes / 1e6),
    textVocabulary: vocabulary,
    imageParameters: image.parameters,
  };
}

async function installNative(root) {
  const folder = path.join(root, 'native');
  const taken = await npmInstall(folder, ['--ignore-scripts', NATIVE]);
  return { seconds: taken, megabytes: await megabytesBelow(path.join(folder, 'node_modules')) };
}

/** The packed package as a user installs it: scripts on, from npm's cache where it has the packages. */
async function installPackage(root) {
  const folder = path.join(root, 'package');
  await mkdir(folder);
  const packed = JSON.parse(npm(['pack', '--ignore-scripts', '--json', '--pack-destination', folder], path.join(import.meta.dirname, '..')));
  const taken = await npmInstall(folder, ['--prefer-offline', path.join(folder, packed[0].filename)]);
  return { seconds: taken, megabytes: await megabytesBelow(path.join(folder, 'node_modules')) };
}

async function npmInstall(folder, packages) {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"private":true}');
  return rounded(await seconds(() => npm(['install', '--no-audit', '--no-fund', '--silent', '--prefix', folder, ...packages], folder)));
}

const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' });

async function megabytesBelow(folder) {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of names) if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
  return Math.round(bytes / 1e6);
}
