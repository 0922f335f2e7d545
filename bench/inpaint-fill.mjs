// The figures of the fill: likeness beside the peers, and time.
import path from 'node:path';
import { createInpainter } from '../dist/adapters/local/inpainter/inpainter.js';
import { openPeers } from './inpaint-peers.mjs';
import { boundaryRatio, cutHoles, median, readImage, selfDistance, textureRatio } from './inpaint-texture.mjs';

const round = (value) => Math.round(value * 1000) / 1000;

export async function measureFill({ say, data }) {
  const peers = await openPeers();
  const inpainter = createInpainter();
  const ways = {
    own: async (image, mask) => (await inpainter.inpaint({ image, mask, mode: 'remove', seed: 1 })).image,
    telea: peers.telea,
    navierStokes: peers.navierStokes,
    untouched: (image) => image,
  };
  try {
    const holes = await cutHoles(data);
    const rows = [];
    for (const { file, shape, image, mask } of holes) {
      for (const [way, fill] of Object.entries(ways)) {
        const filled = await fill(image, mask);
        const row = { file, shape, way, texture: textureRatio(filled, mask), boundary: boundaryRatio(filled, mask), self: selfDistance(filled, mask) };
        rows.push(row);
        say(`${file} ${shape} ${way}: texture ${round(row.texture)}, boundary ${round(row.boundary)}, distance ${round(row.self)}`);
      }
    }
    const figures = Object.fromEntries(Object.keys(ways).map((way) => [way, summary(rows.filter((row) => row.way === way))]));
    const { texture, boundary } = figures.own;
    return { holes: holes.length, textureRatio: texture, boundaryRatio: boundary, fills: figures, ...(await measureTime(data, ways)) };
  } finally {
    inpainter.close();
  }
}

function summary(rows) {
  const middle = (field, shape) => round(median(rows.filter((row) => shape === undefined || row.shape === shape).map((row) => row[field])));
  return {
    texture: middle('texture'),
    textureThin: middle('texture', 'thin'),
    textureWide: middle('texture', 'wide'),
    boundary: middle('boundary'),
    boundaryThin: middle('boundary', 'thin'),
    boundaryWide: middle('boundary', 'wide'),
    selfDistance: middle('self'),
  };
}

/** A 200 x 200 hole at 1280 x 720, and a hole of 5 % in 12 megapixels; the in-painter's process is warm. */
async function measureTime(data, { own, telea }) {
  const photograph = path.join(data, 'aws-sample-video-rag/images/waves.jpg');
  const small = await readImage(photograph, { width: 1280, height: 720 });
  const square = boxMask(small, { x: 540, y: 260, width: 200, height: 200 });
  const patchmatchMs = await best(3, () => own(small, square));
  const teleaMs = await best(3, () => telea(small, square));
  const large = await readImage(photograph, { width: 4000, height: 3000 });
  const largeSeconds = (await best(1, () => own(large, boxMask(large, { x: 1600, y: 1100, width: 775, height: 775 })))) / 1000;
  return { patchmatchMs: Math.round(patchmatchMs), teleaMs: Math.round(teleaMs), twelveMegapixelSeconds: round(largeSeconds) };
}

function boxMask({ width, height }, box) {
  const data = new Uint8Array(width * height);
  for (let y = box.y; y < box.y + box.height; y++) data.fill(255, y * width + box.x, y * width + box.x + box.width);
  return { width, height, channels: 1, data };
}

async function best(times, work) {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}
