// Good clips with the picture they were made from: generated from images, recorded, and camera moves over photographs. Each belongs to a half
// by its reference: lowest bit of the first byte of the sha256 of the reference's path (0 calibrates, 1 is measured); all dogs are measured.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { cropped, picture, resized, sampled } from './quality-pixels.mjs';

const MOVE_FPS = 12;
const MOVE_FRAMES = 36;
const SHORT_SIDE = 288;
const REAL_SECONDS = 3;
const MOVES = ['pan right', 'pan left', 'zoom in', 'zoom out', 'tilt up', 'tilt down'];
/** Classes of the dreambooth objects as their authors give them (prompts_and_classes.txt); objects not named are a class of their own. */
const CLASSES = {
  ...{ dog: 'dog', dog2: 'dog', dog3: 'dog', dog5: 'dog', dog6: 'dog', dog7: 'dog', dog8: 'dog', cat: 'cat', cat2: 'cat' },
  ...{ backpack: 'backpack', backpack_dog: 'backpack', colorful_sneaker: 'sneaker', shiny_sneaker: 'sneaker' },
  ...{ bear_plushie: 'stuffed animal', grey_sloth_plushie: 'stuffed animal', wolf_plushie: 'stuffed animal' },
  ...{ duck_toy: 'toy', monster_toy: 'toy', poop_emoji: 'toy', rc_car: 'toy', robot_toy: 'toy' },
};

export const digest = (text) => createHash('sha256').update(text).digest();
export const halfOf = (reference) => digest(reference)[0] & 1;
export const evenly = (items, count) =>
  items.length <= count ? items : Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]);

const files = (folder, pattern) =>
  existsSync(folder) && statSync(folder).isDirectory()
    ? readdirSync(folder, { recursive: true })
        .map((file) => String(file).split(path.sep).join('/'))
        .filter((file) => pattern.test(file))
        .sort()
    : [];

/** All of a data folder: bases, edits, style transfers, objects and the photographs of a class. */
export function readData(data) {
  const pairs = JSON.parse(readFileSync(path.join(data, 'pairs.json'), 'utf8'));
  const isStyle = (pair) => pair.kind === 'i2v-style-change';
  const objects = readObjects(data);
  const photographs = readPhotographs(data, objects);
  const i2v = pairs.i2v_pairs
    // One pair's own note doubts its picture ("may differ from the exact input"), and rightly: another flower, which every gate says.
    .filter((pair) => !isStyle(pair) && pair.kind !== 'i2v?')
    .map((pair) => ({ kind: 'i2v', id: pair.id, reference: pair.ref, half: halfOf(pair.ref), file: pair.video }));
  const real = files(path.join(data, 'real-video'), /\.mp4$/).map((file) => `real-video/${file}`);
  return {
    ...{ objects, photographs, i2v, real: real.flatMap(recordings) },
    moves: photographs.map((photograph, i) => ({
      kind: 'move',
      id: photograph.reference,
      move: MOVES[(i + digest(photograph.reference)[1]) % MOVES.length],
      ...photograph,
    })),
    styles: pairs.i2v_pairs.filter(isStyle).map((pair) => ({ id: pair.id, reference: pair.ref, file: pair.video })),
    edits: pairs.edit_pairs,
    triples: readTriples(data),
  };
}

/** Two stretches of a recording, each compared with its own first frame, and once with its middle one. */
function recordings(file) {
  return [0, 1].map((part) => ({ kind: 'real', id: `${file}#${part}`, reference: file, half: halfOf(file), file, part, seconds: REAL_SECONDS }));
}

function readObjects(data) {
  const photos = files(path.join(data, 'dreambooth/dataset'), /\/\d+\.jpg$/);
  const names = [...new Set(photos.map((file) => file.split('/')[0]))];
  return names.map((name) => {
    const own = photos.filter((file) => file.startsWith(`${name}/`)).map((file) => `dreambooth/dataset/${file}`);
    const group = CLASSES[name] ?? name;
    return { name, group, half: group === 'dog' ? 1 : halfOf(`dreambooth/dataset/${name}`), photos: own };
  });
}

/** One photograph of each object, one product of each category and half, and every sample picture; `donors` show other things of the same class. */
function readPhotographs(data, objects) {
  const products = files(path.join(data, 'retail-demo-store/images'), /\.jpg$/).map((file) => `retail-demo-store/images/${file}`);
  const categories = [...new Set(products.map((file) => path.dirname(file)))];
  const ofObjects = objects.map((object) => ({
    reference: object.photos[0],
    half: object.half,
    donors: objects.filter((other) => other.group === object.group && other !== object && other.half === object.half).map((other) => other.photos[0]),
  }));
  const ofProducts = categories.flatMap((category) =>
    [0, 1].flatMap((half) => {
      const own = products.filter((file) => path.dirname(file) === category && halfOf(file) === half);
      return own.slice(0, 2).map((reference) => ({ reference, half, donors: own.filter((file) => file !== reference).slice(0, 3) }));
    }),
  );
  const samples = files(path.join(data, 'aws-sample-video-rag/images'), /\.(jpg|png)$/).map((file) => `aws-sample-video-rag/images/${file}`);
  return [...ofObjects, ...ofProducts, ...samples.map((reference) => ({ reference, half: halfOf(reference), donors: [] }))];
}

function readTriples(data) {
  const file = path.join(data, 'inpaint-triples/triples.json');
  if (!existsSync(file)) return [];
  const at = (name) => `inpaint-triples/${name}`;
  return JSON.parse(readFileSync(file, 'utf8')).map((one) => ({
    reference: at(one.image),
    mask: at(one.mask),
    result: at(one.result),
    half: halfOf(at(one.image)),
  }));
}

/** The frames of a base, RGB, both sides even, and their rate; `from` replaces the picture of a move. */
export async function framesOf(base, { data, media, from }) {
  if (base.kind === 'move') return { fps: MOVE_FPS, frames: moveOver(from ?? (await picture(path.join(data, base.reference), 1024)), base.move) };
  const file = path.join(data, base.file);
  const info = await media.probe(file);
  const size = sizeFor(info.width, info.height);
  const fps = Math.round(info.fps);
  const start = base.part === undefined ? 0 : base.part * Math.max(0, info.durationSeconds - base.seconds - 0.2);
  const frames = [];
  await media.scan(file, { ...size, format: 'rgb' }, ({ timeSeconds, image }) => {
    if (base.seconds === undefined || (timeSeconds >= start && frames.length < base.seconds * fps))
      frames.push({ ...image, data: Uint8Array.from(image.data) });
  });
  return { fps, frames };
}

const even = (value) => 2 * Math.round(value / 2);

/** Short side 512 at most for what is small, 288 for recordings. */
function sizeFor(width, height) {
  const scale = Math.min(1, Math.max(width, height) > 640 ? SHORT_SIDE / Math.min(width, height) : 1);
  return { width: even(width * scale), height: even(height * scale) };
}

/** A window of 70 to 95 % of the picture that moves smoothly, from rest to rest. */
export function moveOver(source, move) {
  const aspect = source.width / source.height >= 1.2 ? 16 / 9 : source.height / source.width >= 1.2 ? 9 / 16 : 1;
  const width = even(aspect >= 1 ? SHORT_SIDE * aspect : SHORT_SIDE);
  const height = even(aspect >= 1 ? SHORT_SIDE : SHORT_SIDE / aspect);
  const largest = Math.min(source.width, source.height * aspect);
  return Array.from({ length: MOVE_FRAMES }, (_, i) => {
    const linear = i / (MOVE_FRAMES - 1);
    const t = linear * linear * (3 - 2 * linear);
    const back = move.endsWith('left') || move.endsWith('up') || move === 'zoom out' ? 1 - t : t;
    const scale = move.startsWith('zoom') ? 0.95 - 0.25 * back : 0.8;
    const w = largest * scale;
    const h = w / aspect;
    const x = move.startsWith('pan')
      ? (source.width - w) * (0.5 + (back - 0.5) * Math.min(1, (0.25 * w) / Math.max(1, source.width - w)))
      : (source.width - w) / 2;
    const y = move.startsWith('tilt')
      ? (source.height - h) * (0.5 + (back - 0.5) * Math.min(1, (0.25 * h) / Math.max(1, source.height - h)))
      : (source.height - h) / 2;
    return sampled(source, width, height, (px, py) => [x + ((px + 0.5) * w) / width - 0.5, y + ((py + 0.5) * h) / height - 0.5]);
  });
}

/** The picture a base is compared with: a file, or the first or middle frame of a recording. */
export async function referenceOf(base, { data, media, middle = false }) {
  if (base.kind !== 'real') return picture(path.join(data, base.reference), 1024);
  const { frames } = await framesOf(base, { data, media });
  return frames[middle ? frames.length >> 1 : 0];
}

export const halfSize = (frame) => resized(frame, even(frame.width / 2), even(frame.height / 2));

/** The middle 95 % of each side, at full size again. */
export async function croppedBy5Percent(frame) {
  const [w, h] = [Math.round(frame.width * 0.95), Math.round(frame.height * 0.95)];
  return resized(await cropped(frame, (frame.width - w) >> 1, (frame.height - h) >> 1, w, h), frame.width, frame.height);
}
