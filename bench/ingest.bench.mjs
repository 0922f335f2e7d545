// How fast does a folder of 12-megapixel photographs get in, against a bare sharp pipeline that reads, hashes, shrinks on load and writes the same two
// files (the original and a 512-pixel JPEG) on all cores? Both run in turns over the same blocks of files, so what else the machine does hits both alike.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';

const PHOTOGRAPHS = Number(process.env.VRAG_BENCH_PHOTOGRAPHS ?? 500);
const BLOCKS = 5;
const SIZE = { width: 4000, height: 3000 };
const SOURCES = ['dreambooth/dataset', 'retail-demo-store/images', 'aws-sample-video-rag/images'];

export async function bench({ say, data }) {
  const missing = SOURCES.filter((name) => !existsSync(path.join(data, name)));
  if (missing.length > 0) {
    console.error(`Not in ${data}: ${missing.join(', ')}. Give --data DIR.`);
    process.exit(2);
  }
  const root = await mkdtemp(path.join(tmpdir(), 'vrag-bench-ingest-'));
  try {
    const blocks = await photographs(root, data, say);
    installNative(root);
    const runs = { bare: await bare(root), descriptor: await ours(root, 'descriptor'), vision: await ours(root, 'wasm'), native: await ours(root, 'native') };
    const seconds = Object.fromEntries(Object.keys(runs).map((name) => [name, 0]));
    for (const [index, block] of blocks.entries()) {
      const names = Object.keys(runs);
      for (const name of [...names.slice(index % names.length), ...names.slice(0, index % names.length)]) {
        settleDisk();
        const started = performance.now();
        await runs[name].add(block);
        seconds[name] += (performance.now() - started) / 1000;
      }
    }
    for (const run of Object.values(runs)) await run.close?.();
    const rates = Object.fromEntries(Object.entries(seconds).map(([name, taken]) => [name, round(PHOTOGRAPHS / taken)]));
    for (const [name, rate] of Object.entries(rates)) say(`${name}: ${rate} images/s`);
    const ratio = (name) => round(seconds.bare / seconds[name]);
    return {
      photographs: PHOTOGRAPHS,
      imagesPerSecond: rates,
      ingestRatio: ratio('descriptor'),
      ingestVisionRatio: ratio('vision'),
      ingestNativeRatio: ratio('native'),
      bounds: { ingestRatio: 0.75, ingestVisionRatio: 0.25, ingestNativeRatio: 0.5 },
    };
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the run before left to be written must not be waited for by the next: ours syncs each file, which takes along all that is not written yet (ext4), bare's too. */
function settleDisk() {
  if (process.platform !== 'win32') execFileSync('sync');
}

/** Folders of different pictures of 12 megapixels, enlarged from the data: the same sources come again with another brightness. */
async function photographs(root, data, say) {
  const sources = SOURCES.flatMap((name) => readdirSync(path.join(data, name), { recursive: true }).map((file) => path.join(data, name, file)))
    .filter((file) => /\.jpe?g$/i.test(file))
    .sort();
  const folders = Array.from({ length: BLOCKS }, (_, index) => path.join(root, `block-${index}`));
  for (const folder of folders) await mkdir(folder);
  sharp.concurrency(1);
  sharp.cache(false);
  await onAllCores(
    Array.from({ length: PHOTOGRAPHS }, (_, index) => index),
    async (index) => {
      const picture = sharp(sources[index % sources.length])
        .rotate()
        .resize({ ...SIZE, fit: 'cover', kernel: 'linear' });
      const file = path.join(folders[index % BLOCKS], `${String(index).padStart(4, '0')}.jpg`);
      await picture
        .modulate({ brightness: 1 - 0.05 * Math.floor(index / sources.length) })
        .jpeg({ quality: 88 })
        .toFile(file);
    },
  );
  say(`${PHOTOGRAPHS} photographs of ${SIZE.width} x ${SIZE.height} from ${sources.length} pictures`);
  return folders;
}

async function bare(root) {
  const out = path.join(root, 'bare');
  await mkdir(out);
  return {
    add: (folder) =>
      onAllCores(readdirSync(folder), async (name) => {
        const bytes = await readFile(path.join(folder, name));
        const key = createHash('sha256').update(bytes).digest('hex');
        await writeFile(path.join(out, `${key}.jpg`), bytes);
        await writeFile(
          path.join(out, `${key}.preview.jpg`),
          await sharp(bytes).rotate().resize({ width: 512, height: 512, fit: 'inside' }).jpeg({ quality: 80 }).toBuffer(),
        );
      }),
  };
}

/** The server's own folder job, in a data folder of its own; the model, where there is one, is loaded before the clock runs. */
async function ours(root, kind) {
  const { loadConfig } = await import('../dist/config.js');
  const { lazyStudio } = await import('../dist/studio.js');
  const model = kind === 'descriptor' ? { VRAG_EMBEDDER: 'descriptor', VRAG_RECOGNISER: 'off' } : { VRAG_ONNX_RUNTIME: kind };
  const config = loadConfig({ VRAG_HOME: path.join(root, `home-${kind}`), VRAG_DEFAULT_DIRS: 'off', VRAG_ALLOWED_DIRS: root, ...model });
  const studio = lazyStudio(config, { localPaths: true });
  const { assets, ports, libraryRunner } = await studio.open();
  const add = async (folder, collection = 'photographs') => {
    const { jobId } = await assets.ingestFolder(ports, { path: folder, collection, description: {} });
    libraryRunner.kick();
    for (;;) {
      const view = await assets.readLibraryJobView(ports, jobId);
      if (view.state === 'succeeded') return;
      if (!['queued', 'running'].includes(view.state)) throw new Error(`ingest ${view.state}: ${JSON.stringify(view.failures)}`);
      await sleep(50);
    }
  };
  const warm = path.join(root, `warm-${kind}`);
  await mkdir(warm);
  await copyFile(path.join(root, 'block-0', '0000.jpg'), path.join(warm, 'a.jpg'));
  await add(warm, 'warm');
  return { add, close: () => studio.close() };
}

async function onAllCores(items, work) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** Into a folder of its own, where the model's process, which starts later, finds it (Node docs, "Loading from the global folders": NODE_PATH). */
function installNative(root) {
  const folder = path.join(root, 'native');
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync('npm', ['install', '--prefix', folder, ...quiet, 'onnxruntime-node@1.30.0'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  process.env.NODE_PATH = [path.join(folder, 'node_modules'), process.env.NODE_PATH].filter(Boolean).join(path.delimiter);
}

const round = (value) => Math.round(value * 1000) / 1000;
