// Does a search find the right picture? Every figure goes through the shipped code: pictures are ingested into a temporary data folder and searched for
// there. Word figures: product names among distractors. Pixel figures: pictures under neutral names without any text. Object and colour figures: by picture.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { withBase } from './retrieval-base.mjs';
import { measureColours } from './retrieval-colours.mjs';
import { measureNames } from './retrieval-names.mjs';
import { measureObjects } from './retrieval-objects.mjs';
import { measurePixels, measureVideoRag } from './retrieval-pixels.mjs';

export async function bench({ say, data }) {
  const missing = ['pixel-queries.json', 'retail-demo-store/captions.json', 'dreambooth/dataset', 'aws-sample-video-rag/images'].filter(
    (name) => !existsSync(path.join(data, name)),
  );
  if (missing.length > 0) {
    console.error(`Not in ${data}: ${missing.join(', ')}. Give --data DIR.`);
    process.exit(2);
  }
  return withBase(async (base) => {
    const pixels = await measurePixels(base, data, say);
    const videoRag = await measureVideoRag(base, data, say);
    const names = await measureNames(base, data, say);
    const objects = await measureObjects(base, data, say);
    const colours = await measureColours(base, data, say);
    return { ...names, ...objects, ...colours, ...pixels, ...videoRag };
  });
}
