import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { SCENES } from './scenes/index.mjs';

/** Scenes rasterised side by side: each takes one core. */
const AT_ONCE = 2;

/** Rasterises every scene into `folder` as a JPEG and returns the scenes with their `path`. `onDone(finished, scene)` is called after each. */
export async function drawScenes(folder, onDone = () => undefined) {
  await mkdir(folder, { recursive: true });
  // The tall scenes take longest, so they go first.
  const waiting = [...SCENES].sort((a, b) => Number(['kayak', 'road', 'aurora'].includes(b.file)) - Number(['kayak', 'road', 'aurora'].includes(a.file)));
  const drawn = [];
  const work = async () => {
    for (let scene = waiting.shift(); scene; scene = waiting.shift()) {
      const { draw } = await import(`./scenes/${scene.file}.mjs`);
      const file = path.join(folder, `${scene.file}.jpg`);
      await sharp(Buffer.from(draw()), { unlimited: true }).jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toFile(file);
      drawn.push({ ...scene, path: file });
      onDone(drawn.length, scene);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return SCENES.map(({ file }) => drawn.find((scene) => scene.file === file));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = path.resolve(process.argv[2] ?? 'demo/out/scenes');
  await drawScenes(folder, (done, { file }) => console.log(`${done}/${SCENES.length} ${path.join(folder, `${file}.jpg`)}`));
}
