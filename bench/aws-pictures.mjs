// Small pictures cut from real photographs: each another crop, mirrored or not, in other colours and light, so that hardly two have the same bytes or content.
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { random } from './synthetic-base.mjs';

const SOURCES = ['dreambooth/dataset', 'retail-demo-store/images', 'aws-sample-video-rag/images'];
/** Longer side of a picture, and of a photograph before it is cut. */
const SIDE = 256;
const SOURCE_SIDE = 768;
const ASPECTS = [
  [1, 1],
  [4, 3],
  [3, 4],
];

/** The photographs of the data; ends the program where they are absent. */
export function photographsOf(data) {
  const missing = SOURCES.filter((name) => !existsSync(path.join(data, name)));
  if (missing.length > 0) {
    console.error(`Not in ${data}: ${missing.join(', ')}. Give --data DIR.`);
    process.exit(2);
  }
  const files = SOURCES.flatMap((name) => readdirSync(path.join(data, name), { recursive: true }).map((file) => path.join(data, name, file)));
  return files.filter((file) => /\.jpe?g$/i.test(file)).sort();
}

/** Writes pictures number `from` to `from + count` into folders of `each`; number n is the same in every run. The folders. */
export async function writePictures(photographs, root, { from = 0, count, each }) {
  const folders = Array.from({ length: Math.ceil(count / each) }, (_, index) => path.join(root, `shelf-${index}`));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  sharp.concurrency(1);
  const waiting = [...photographs.keys()];
  const worker = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const photograph = await decoded(photographs[source]);
      for (let number = firstOf(source, from, photographs.length); number < from + count; number += photographs.length) {
        const file = path.join(folders[Math.floor((number - from) / each)], `${String(number).padStart(6, '0')}.jpg`);
        await writeFile(file, await pictureOf(photograph, number));
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return folders;
}

/** The first number from `from` on that is cut from this photograph. */
const firstOf = (source, from, photographs) => from + ((((source - from) % photographs) + photographs) % photographs);

async function decoded(file) {
  const { data, info } = await sharp(file)
    .rotate()
    .resize(SOURCE_SIDE, SOURCE_SIDE, { fit: 'inside' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

async function pictureOf({ data, width, height, channels }, number) {
  const next = random(number + 11);
  for (let i = 0; i < 4; i++) next();
  const [across, down] = ASPECTS[Math.floor(next() * ASPECTS.length)];
  const scale = Math.min(width / across, height / down) * (0.4 + 0.6 * next());
  const crop = { width: Math.floor(scale * across), height: Math.floor(scale * down) };
  const left = Math.floor(next() * (width - crop.width));
  const top = Math.floor(next() * (height - crop.height));
  const [isMirrored, hue, saturation, brightness] = [next() < 0.5, Math.floor(next() * 360), 0.6 + 0.8 * next(), 0.75 + 0.5 * next()];
  // Half of them keep their colours: a base of wrong hues alone would be no base of photographs.
  const light = next() < 0.5 ? { brightness } : { brightness, saturation, hue };
  const picture = sharp(data, { raw: { width, height, channels } })
    .extract({ left, top, ...crop })
    .resize(SIDE, SIDE, { fit: 'inside' })
    .flop(isMirrored);
  return picture.modulate(light).jpeg({ quality: 82 }).toBuffer();
}
