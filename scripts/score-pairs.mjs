// Scores every image-to-video clip of a data folder against its own reference and against all the others, as the gate `reference` does.
// The folder holds pairs.json: { i2v_pairs: [{ ref, video, kind }] } with paths inside it. Style transfers are left out: they are meant to look different.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createImages } from '../dist/adapters/local/images/images.js';
import { openMedia } from '../dist/adapters/local/media/media.js';
import { openVision } from '../dist/adapters/local/vision/open.js';
import { lookAt } from '../dist/quality/evaluate.js';
import { matchFrame, seePictures, seeReference } from '../dist/quality/reference.js';
import { sampleShots } from '../dist/quality/sample.js';

/** { embedderId, clips: [{ video, reference, own, others }] }: what `calibrate` takes. */
export async function scorePairs(data, { runtime = 'auto', say = () => undefined } = {}) {
  const { i2v_pairs: pairs } = JSON.parse(await readFile(path.join(data, 'pairs.json'), 'utf8'));
  const images = createImages({ maxPixels: 100_000_000 });
  const media = openMedia();
  const { embedder, close } = openVision({ runtime });
  const pictures = new Map();
  for (const ref of new Set(pairs.map((pair) => pair.ref))) pictures.set(ref, await images.decode(await readFile(path.join(data, ref)), { maxSide: 1024 }));
  const seen = new Map();
  const viewsOf = (ref, aspect) => {
    const key = `${ref} ${aspect.toFixed(3)}`;
    if (!seen.has(key)) seen.set(key, seeReference(embedder, pictures.get(ref), aspect, {}));
    return seen.get(key);
  };
  const clips = [];
  for (const { ref, video } of pairs.filter((pair) => pair.kind !== 'i2v-style-change')) {
    const file = path.resolve(data, video);
    const info = await media.probe(file);
    const [{ timesSeconds }] = sampleShots([{ startSeconds: 0, endSeconds: Number.POSITIVE_INFINITY }], info);
    const frames = await seePictures(embedder, await lookAt({ media }, file, info, timesSeconds, {}), {});
    const score = async (name) => {
      const views = await viewsOf(name, info.width / info.height);
      return frames.reduce((sum, frame) => sum + matchFrame(frame, views).similarity, 0) / frames.length;
    };
    const others = [];
    for (const name of pictures.keys()) if (name !== ref) others.push(await score(name));
    clips.push({ video, reference: ref, own: await score(ref), others });
    say(`${video}: own ${clips.at(-1).own.toFixed(3)}, nearest other ${Math.max(...others).toFixed(3)}`);
  }
  for (const opened of [{ close }, media, images]) opened.close();
  return { embedderId: embedder.id, clips };
}
