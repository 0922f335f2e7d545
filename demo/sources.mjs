import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DemoFailure, sha256Of } from './steps.mjs';

/** Where the demo's photographs come from and where its results go. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const DEFAULT_OUT = path.join(ROOT, 'demo', 'out');
/** Marks another output folder as the demo's own. */
const MARKER = '.vrag-demo';
const PICTURE = /\.(jpe?g|png|webp|avif|tiff?|gif)$/i;

/** Public-domain photographs (Getty's Open Content Program, PDDL 1.0) in npm; `finds` is the word that must find it from its pixels. */
export const PHOTOGRAPHS = [
  { name: 'march-pastoral', finds: 'sheep' },
  { name: 'french-alpine-landscape', finds: 'mountain' },
  { name: 'dust-bowl-home', finds: 'barn' },
  ...['acanthus-mollis', 'airplane-from-above', 'allium-oreophilum', 'black-canyon', 'locomotion-house-cat', 'nagasaki-boats'].map((name) => ({ name })),
].map((photograph) => ({ ...photograph, source: path.join(ROOT, 'node_modules', '@stdlib', `datasets-img-${photograph.name}`, 'data', 'image.jpg') }));

/** Copies pictures to names that say nothing, in an order that says nothing either: by the hash of their bytes. */
export async function anonymise(sources, folder) {
  await mkdir(folder, { recursive: true });
  const hashed = await Promise.all(sources.map(async (picture) => ({ ...picture, sha256: await sha256Of(picture.source) })));
  hashed.sort((a, b) => a.sha256.localeCompare(b.sha256));
  return Promise.all(
    hashed.map(async (picture, index) => {
      const copy = path.join(folder, `photo-${index + 1}${path.extname(picture.source).toLowerCase()}`);
      await copyFile(picture.source, copy);
      return { ...picture, path: copy };
    }),
  );
}

/** The pictures of a folder, by their names' endings. */
export async function picturesIn(folder) {
  const names = (await readdir(folder)).filter((name) => PICTURE.test(name));
  if (names.length === 0) throw new DemoFailure(`There is no picture in ${folder} (JPEG, PNG, WebP, AVIF, TIFF, GIF).`);
  return names.map((name) => ({ source: path.join(folder, name), title: name }));
}

/** Removes what an earlier run left in the folder; a folder that no run marked as its own is left alone. */
export async function makeEmpty(out) {
  const names = existsSync(out) ? await readdir(out) : [];
  if (names.length > 0 && out !== DEFAULT_OUT && !names.includes(MARKER))
    throw new DemoFailure(`${out} holds something else (${names[0]}); give an empty folder with --out.`);
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await writeFile(path.join(out, MARKER), 'Made by the demo of vrag-mcp, which empties this folder at its next run.\n');
}
