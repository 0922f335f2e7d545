// Masks by words, by a box, by a point and of the model's own subject, against outlines drawn by hand.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createSegmenter } from '../dist/adapters/local/segmenter/segmenter.js';
import { openVision } from '../dist/adapters/local/vision/open.js';
import { findByWords, findSubject } from '../dist/library/find-mask.js';
import { median, readImage } from './inpaint-texture.mjs';

/** Nouns that the model knows and that none of the pictures shows. */
const ABSENT = ['sheep', 'guitar', 'umbrella', 'bicycle', 'piano', 'laptop', 'pizza', 'banana', 'sofa', 'airplane'];
const SIDE = 640;
const round = (value) => Math.round(value * 1000) / 1000;

export async function measureMasks({ say, data }) {
  const { masks } = JSON.parse(readFileSync(path.join(import.meta.dirname, 'inpaint-masks.json'), 'utf8'));
  const vision = openVision({ runtime: 'auto' });
  const segmenter = createSegmenter();
  const ports = { recogniser: vision.recogniser, segmenter };
  const scores = { words: [], box: [], point: [], subject: [] };
  let [refused, falselyFound, milliseconds] = [0, 0, 0];
  try {
    for (const [index, { picture, noun, polygons, holes = [] }] of masks.entries()) {
      const image = await readImage(path.join(data, picture), { width: SIDE, height: SIDE, fit: 'inside' });
      const truth = drawTruth(polygons, holes, image);
      const found = async (work) => {
        const start = performance.now();
        const mask = await work().catch((error) => {
          if (error.code !== 'NOT_FOUND' && error.code !== 'INVALID_INPUT') throw error;
          return undefined;
        });
        milliseconds = Math.max(milliseconds, performance.now() - start);
        return mask ? overlap(mask.mask.data, truth) : 0;
      };
      const box = boundsOf(truth, image);
      scores.words.push(await found(() => findByWords(ports, image, `the ${noun}`, {})));
      scores.box.push(await found(() => findSubject(ports, image, [box.x, box.y, box.width, box.height], image, {})));
      scores.point.push(await found(() => findSubject(ports, image, innermost(truth, image), image, {})));
      scores.subject.push(await found(() => findSubject(ports, image, [], image, {})));
      if (scores.words.at(-1) === 0) refused++;
      const absent = ABSENT[index % ABSENT.length];
      if ((await found(() => findByWords(ports, image, absent, {}).then((mask) => ({ mask: { data: mask.mask.data.fill(255) } })))) > 0) falselyFound++;
      say(
        `${picture}: ${Object.entries(scores)
          .map(([way, values]) => `${way} ${round(values.at(-1))}`)
          .join(', ')}`,
      );
    }
  } finally {
    segmenter.close();
    vision.close();
  }
  const medians = Object.fromEntries(Object.entries(scores).map(([way, values]) => [way, round(median(values))]));
  const { words, ...others } = medians;
  return {
    masks: masks.length,
    maskIou: words,
    maskRefused: refused,
    maskFalse: falselyFound,
    absentNouns: ABSENT.length,
    subjectIou: others,
    slowestMaskMs: Math.round(milliseconds),
  };
}

function drawTruth(polygons, holes, { width, height }) {
  const out = new Uint8Array(width * height);
  const points = (text) => text.split(' ').map((pair) => pair.split(',').map((value, index) => (value * (index === 0 ? width : height)) / 100));
  for (const [texts, value] of [
    [polygons, 255],
    [holes, 0],
  ]) {
    for (const text of texts) fill(out, width, height, points(text), value);
  }
  return out;
}

function fill(out, width, height, points, value) {
  for (let row = 0; row < height; row++) {
    const y = row + 0.5;
    const crossings = points.flatMap(([x, top], index) => {
      const [nextX, bottom] = points[(index + 1) % points.length];
      return top <= y !== bottom <= y ? [x + ((y - top) / (bottom - top)) * (nextX - x)] : [];
    });
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) out.fill(value, row * width + Math.round(crossings[i]), row * width + Math.round(crossings[i + 1]));
  }
}

/** Intersection over union. */
function overlap(a, b) {
  let [both, either] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    if (a[at] && b[at]) both++;
    if (a[at] || b[at]) either++;
  }
  return both / either;
}

function boundsOf(mask, { width }) {
  let [left, right, top, bottom] = [width, 0, Number.POSITIVE_INFINITY, 0];
  mask.forEach((value, at) => {
    if (value === 0) return;
    [left, right] = [Math.min(left, at % width), Math.max(right, at % width)];
    [top, bottom] = [Math.min(top, Math.floor(at / width)), Math.max(bottom, Math.floor(at / width))];
  });
  return { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}

/** The pixel furthest from the outline (city-block distance). */
function innermost(mask, { width, height }) {
  const depth = Int32Array.from(mask, (value) => (value > 0 ? width + height : 0));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (depth[at]) depth[at] = Math.min(depth[at], (x > 0 ? depth[at - 1] : 0) + 1, (y > 0 ? depth[at - width] : 0) + 1);
    }
  }
  for (let at = depth.length - 1; at >= 0; at--) {
    const right = at % width < width - 1 ? depth[at + 1] : 0;
    const below = at + width < depth.length ? depth[at + width] : 0;
    if (depth[at]) depth[at] = Math.min(depth[at], right + 1, below + 1);
  }
  const best = depth.reduce((most, value, at) => (value > depth[most] ? at : most), 0);
  return [best % width, Math.floor(best / width)];
}
