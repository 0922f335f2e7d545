// Makes src/quality/calibration/<embedder>.json for the gate `reference`: clips that were generated from a reference, against that reference
// and against all the others. Run after a build: node scripts/calibrate-reference.mjs --data DIR [--runtime wasm|native] [--out FILE] [--date YYYY-MM-DD]
// DIR holds pairs.json: { i2v_pairs: [{ ref, video, kind }] } with paths inside DIR. Style transfers are left out: they are meant to look different.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createImages } from '../dist/adapters/local/images/images.js';
import { openMedia } from '../dist/adapters/local/media/media.js';
import { openVision } from '../dist/adapters/local/vision/open.js';
import { calibrate } from '../dist/quality/calibrate.js';
import { calibrationFileName } from '../dist/quality/calibration.js';
import { lookAt } from '../dist/quality/evaluate.js';
import { matchFrame, REFERENCE_STATISTIC, REFERENCE_VIEWS, seePictures, seeReference } from '../dist/quality/reference.js';
import { sampleShots } from '../dist/quality/sample.js';

const { values } = parseArgs({
  options: { data: { type: 'string' }, runtime: { type: 'string', default: 'auto' }, out: { type: 'string' }, date: { type: 'string' } },
});
if (!values.data) {
  console.error('Give --data DIR: a folder with pairs.json, references and clips.');
  process.exit(2);
}
const { i2v_pairs: pairs } = JSON.parse(await readFile(path.join(values.data, 'pairs.json'), 'utf8'));
const clips = pairs.filter((pair) => pair.kind !== 'i2v-style-change');
const images = createImages({ maxPixels: 100_000_000 });
const media = openMedia();
const { embedder, close } = openVision({ runtime: values.runtime });

const pictures = new Map();
for (const ref of new Set(pairs.map((pair) => pair.ref))) {
  pictures.set(ref, await images.decode(await readFile(path.join(values.data, ref)), { maxSide: 1024 }));
}
const views = new Map();
function viewsOf(ref, aspect) {
  const key = `${ref} ${aspect.toFixed(3)}`;
  if (!views.has(key)) views.set(key, seeReference(embedder, pictures.get(ref), aspect, {}));
  return views.get(key);
}

const scored = [];
for (const [index, clip] of clips.entries()) {
  const file = path.resolve(values.data, clip.video);
  const info = await media.probe(file);
  const [{ timesSeconds }] = sampleShots([{ startSeconds: 0, endSeconds: Infinity }], info);
  const frames = await seePictures(embedder, await lookAt({ media }, file, info, timesSeconds, {}), {});
  const score = async (ref) => {
    const reference = await viewsOf(ref, info.width / info.height);
    return frames.reduce((sum, frame) => sum + matchFrame(frame, reference).similarity, 0) / frames.length;
  };
  const others = [];
  for (const ref of pictures.keys()) if (ref !== clip.ref) others.push(await score(ref));
  scored.push({ reference: clip.ref, own: await score(clip.ref), others });
  const last = scored.at(-1);
  console.error(`${index + 1}/${clips.length} ${clip.video}: own ${last.own.toFixed(3)}, nearest other ${Math.max(...others).toFixed(3)}`);
}

const calibration = calibrate(scored, {
  embedderId: embedder.id,
  statistic: REFERENCE_STATISTIC,
  preprocessing: REFERENCE_VIEWS,
  date: values.date ?? new Date().toISOString().slice(0, 10),
  positivesAre: 'image-to-video clips (PIA, DynamiCrafter; 8 frames/s, 2 s) against the reference they were generated from',
  negativesAre: 'the same clips against every other reference of the set',
});
const out = values.out ?? path.join(import.meta.dirname, '../src/quality/calibration', calibrationFileName(embedder.id));
await writeFile(out, `${JSON.stringify(calibration, null, 2)}\n`);
console.log(JSON.stringify(calibration, null, 2));
close();
media.close();
images.close();
