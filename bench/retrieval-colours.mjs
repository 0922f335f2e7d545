import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { seeded, share } from './retrieval-base.mjs';

const PICTURES = 40;
const SEED = 10;
const LEAST_COLOUR = 0.1;
const CROP = 0.7;
const JPEG_QUALITY = 60;
const HUE_TURNS = [60, 90, 120, 150, 180];

/** A crop of a picture against the picture itself and copies with other hues: which is found first, with the collection's vectors and with the model's part alone. */
export async function measureColours(base, data, say) {
  const { pictures } = JSON.parse(readFileSync(path.join(data, 'pixel-queries.json'), 'utf8'));
  const chosen = await colourful(pictures.map((name) => path.join(data, name)));
  const collection = 'hues';
  const first = [];
  const firstByModel = [];
  for (const [index, file] of chosen.entries()) {
    const tag = `set-${index}`;
    const original = await shown(file);
    const own = await write(base, original, '.png');
    const copies = [];
    for (const hue of HUE_TURNS) copies.push(await write(base, await sharp(original).modulate({ hue }).png({ compressionLevel: 1 }).toBuffer(), '.png'));
    const idOf = await base.addAll([own, ...copies], collection, () => ({ tags: [tag] }));
    const query = await write(base, await crop(original), '.jpg');
    const { hits } = await base.search({ collection, image: { imagePath: query }, filter: { tagsAll: [tag] }, limit: 6 });
    first.push(hits[0]?.asset.id === idOf.get(own));
    firstByModel.push((await nearestByModel(base, query, [...idOf.values()])) === idOf.get(own));
    if (!first.at(-1)) say(`hue: ${path.basename(file)}: ${hits.map(({ scores }) => scores.image).join(' ')}`);
  }
  const figures = { colourFirst: share(first), colourFirstModelAlone: share(firstByModel) };
  say(`crops against hue turns: ${JSON.stringify(figures)}`);
  return figures;
}

/** Larger shows the model nothing more: it sees 224 pixels, the colours 64. */
const SHOWN_SIDE = 640;

const shown = (file) =>
  sharp(file)
    .rotate()
    .flatten({ background: '#fff' })
    .resize(SHOWN_SIDE, SHOWN_SIDE, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .png({ compressionLevel: 1 })
    .toBuffer();

async function write(base, bytes, extension) {
  const file = base.neutralPath(extension);
  await writeFile(file, bytes);
  return file;
}

/** Drawn by seed from the pictures with mean saturation x value (largest less smallest channel) above .1. */
async function colourful(files) {
  const kept = [];
  for (const file of files) {
    const data = await sharp(file).rotate().flatten({ background: '#fff' }).resize(128, 128, { fit: 'inside' }).toColourspace('srgb').raw().toBuffer();
    let sum = 0;
    for (let i = 0; i < data.length; i += 3) sum += Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
    if (sum / (data.length / 3) / 255 > LEAST_COLOUR) kept.push(file);
  }
  const random = seeded(SEED);
  return kept
    .map((file) => ({ file, key: random() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, PICTURES)
    .map(({ file }) => file);
}

async function crop(bytes) {
  const { width, height } = await sharp(bytes).metadata();
  const area = { width: Math.round(width * CROP), height: Math.round(height * CROP) };
  return sharp(bytes)
    .extract({ left: (width - area.width) >> 1, top: (height - area.height) >> 1, ...area })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}

async function nearestByModel(base, query, ids) {
  const { embedder, images, catalog } = base.ports;
  const [start, end] = embedder.blocks.model;
  const [vector] = await embedder.embedImages([await images.decode(readFileSync(query), { maxSide: 1024 })]);
  const stored = await catalog.vectors(ids, embedder.id);
  const score = (id) => cosine(vector.subarray(start, end), stored.get(id)[0].vector.subarray(start, end));
  return ids.map((id) => ({ id, value: score(id) })).sort((a, b) => b.value - a.value)[0].id;
}

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
