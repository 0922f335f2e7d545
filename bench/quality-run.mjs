// Makes the clip of each case (H.264 in a folder, once) and measures it as evaluate_video does.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createImages } from '../dist/adapters/local/images/images.js';
import { createInpainter } from '../dist/adapters/local/inpainter/inpainter.js';
import { openMedia } from '../dist/adapters/local/media/media.js';
import { createDescriptor } from '../dist/adapters/local/vision/descriptor.js';
import { openVision } from '../dist/adapters/local/vision/open.js';
import { createThumbnails } from '../dist/adapters/local/vision/thumbnails.js';
import { evaluateClip } from '../dist/quality/evaluate.js';
import { matchFrame, seePictures, seeReference } from '../dist/quality/reference.js';
import { summariseSimilarity } from '../dist/quality/similarity.js';
import { cutOff } from './quality-cases.mjs';
import { encodeClip } from './quality-encode.mjs';

const AT_A_TIME = 2;
/** Enough for the frames of the clips under way and their references. */
const KNOWN_PICTURES = 300;

/** The product's ports, with vectors of pictures seen before kept, since every reference is compared with many clips. */
export function openTools(data, { nativeModule } = {}) {
  const images = createImages({ maxPixels: 100_000_000 });
  const media = openMedia();
  const vision = openVision({ runtime: nativeModule ? 'native' : 'wasm', nativeModule });
  const inpainter = createInpainter();
  const seenFrames = new Map();
  const noting = {
    ...media,
    scan: async (file, options, onFrame) => {
      const frames = [];
      const onLook = (index, image) => {
        frames[index] = image;
        options.looks?.onLook(index, image);
      };
      const result = await media.scan(file, options.looks ? { ...options, looks: { ...options.looks, onLook } } : options, onFrame);
      if (options.looks) seenFrames.set(file, { times: options.looks.timesSeconds, frames });
      return result;
    },
  };
  return {
    ...{ data, images, media, inpainter, recogniser: vision.recogniser, seenFrames, peerViews: new Map() },
    ports: { images, media: noting, embedder: keeping(vision.embedder), recogniser: knowing(vision.recogniser) },
    descriptor: keeping(createDescriptor(createThumbnails())),
    close: () => {
      for (const one of [images, media, vision, inpainter]) one.close();
    },
  };
}

function keeping(embedder) {
  const known = new Map();
  return {
    ...embedder,
    async embedImages(images, options) {
      const keys = images.map(keyOf);
      const fresh = images.filter((_, i) => !known.has(keys[i]));
      const vectors = fresh.length ? await embedder.embedImages(fresh, options) : [];
      for (const [i, image] of fresh.entries()) known.set(keys[images.indexOf(image)], vectors[i]);
      return keys.map((key) => known.get(key));
    },
  };
}

/** Pictures with the same pixels as one of the last ones are handed over as that one, which the recogniser has the passes of. */
function knowing(recogniser) {
  const known = new Map();
  const same = (image) => {
    const key = keyOf(image);
    const found = known.get(key) ?? image;
    known.delete(key);
    known.set(key, found);
    if (known.size > KNOWN_PICTURES) known.delete(known.keys().next().value);
    return found;
  };
  return {
    ...recogniser,
    recognise: (images, options) => recogniser.recognise(images.map(same), options),
    regions: (images, options) => recogniser.regions(images.map(same), options),
    subject: (image, options) => recogniser.subject(same(image), options),
  };
}

const keyOf = (image) => createHash('sha1').update(image.data).update(`${image.width}`).digest('base64');

/** One row per case, in no certain order: what the case is, the report, and what the peers say. Cases whose picture cannot be made are left out. */
export async function measureCases(cases, { tools, folder, say }) {
  await mkdir(folder, { recursive: true });
  const pictures = new Map();
  const making = new Map();
  const rows = [];
  const failures = [];
  let next = 0;
  const work = async () => {
    while (next < cases.length) {
      const number = next++;
      const one = cases[number];
      try {
        const row = await measure(one, { tools, folder, pictures, making });
        if (row) rows.push(row);
      } catch (error) {
        failures.push(`${one.id}: ${error.message}`);
        say(`${one.id} failed: ${error.stack}`);
      }
      if (number % 50 === 0) say(`${number} of ${cases.length} clips`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { rows, failures };
}

async function measure(one, { tools, folder, pictures, making }) {
  const key = one.clipId ?? one.id;
  if (!one.file && !making.has(key)) making.set(key, makeClip(one, path.join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 20)}.mp4`)));
  const file = one.file ?? (await making.get(key));
  if (!file) return undefined;
  if (!pictures.has(one.reference.key)) pictures.set(one.reference.key, one.reference.picture());
  const image = await pictures.get(one.reference.key);
  const shots = [
    { startSeconds: 0, endSeconds: Number.POSITIVE_INFINITY, references: [{ assetId: one.reference.key, role: one.reference.role ?? 'firstFrame', image }] },
  ];
  const { evidence, ...report } = await evaluateClip(tools.ports, { path: file, shots, ...(one.expect ? { expect: one.expect } : {}) });
  const peers = await peersOf(tools, file, { key: one.reference.key, image });
  const { type, id, good = false, half, group, kind, pair } = one;
  const truth = one.file ? undefined : JSON.parse(await readFile(`${file}.json`, 'utf8'));
  return { type, id, good, half, group, kind, pair, truth, report, peers };
}

/** The clip's file, with what is known of its defect beside it; `undefined` where there is no such picture. */
async function makeClip(one, file) {
  const note = `${file}.json`;
  if (existsSync(note)) return existsSync(file) ? file : undefined;
  const clip = await one.make();
  if (clip) await encodeClip(file, clip.frames, clip);
  if (clip && one.truncate) await writeFile(file, cutOff(file, one.truncate));
  const truth = clip ? { durationSeconds: clip.frames.length / clip.fps, ...(clip.atSeconds === undefined ? {} : { atSeconds: clip.atSeconds }) } : {};
  await writeFile(note, JSON.stringify(truth));
  return clip && file;
}

/** The same frames by the model-free descriptor, and by VBench's image-to-video formula over our model. */
async function peersOf(tools, file, { key, image }) {
  const seen = tools.seenFrames.get(file);
  tools.seenFrames.delete(file);
  if (!seen) return {};
  const aspect = seen.frames[0].width / seen.frames[0].height;
  const of = async (embedder) => {
    const frames = await seePictures(embedder, seen.frames, {});
    const viewsKey = `${embedder.id} ${key} ${aspect.toFixed(3)}`;
    if (!tools.peerViews.has(viewsKey)) tools.peerViews.set(viewsKey, seeReference(embedder, image, aspect, {}).then(lean));
    const views = await tools.peerViews.get(viewsKey);
    const similarities = frames.map((frame) => matchFrame(frame, views));
    const whole = frames.map((frame) => Math.max(0, dot(frame.shows, views.views[0].shows)));
    const steps = frames.slice(1).map((frame, i) => Math.max(0, dot(frame.shows, frames[i].shows)));
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const vbench = steps.length ? 0.4 * Math.max(...whole) + 0.3 * mean(steps) + 0.3 * Math.min(...steps) : whole[0];
    const series = similarities.map((match, i) => ({ timeSeconds: seen.times[i], similarity: match.similarity }));
    const colours = similarities.flatMap((match) => (match.colour === undefined ? [] : [match.colour]));
    return {
      ...summariseSimilarity(series),
      max: Math.max(...series.map((one) => one.similarity)),
      colour: colours.length ? Math.max(...colours) : undefined,
      vbench,
    };
  };
  return { descriptor: await of(tools.descriptor), model: await of(tools.ports.embedder) };
}

/** Views without their pixels. */
const lean = ({ views }) => ({ views: views.map((view) => ({ ...view, image: undefined })) });

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
