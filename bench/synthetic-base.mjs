// A repeatable synthetic image base: clustered unit vectors, captions, attributes and seen classes. Not real embeddings: clusters and spectrum only imitate them.
import { readFileSync } from 'node:fs';
import path from 'node:path';

const SUPER_CLUSTERS = 64;
const CLUSTERS = 4000;
const VOCABULARY = 20_000;
const CAPTION_WORDS = 30;
const SEEN_CLASSES = 64;
/** Nouns that queries ask for, at ranks of the word list; by Zipf's law a word of rank r stands in about 2.8 / r of the captions (28: a tenth). */
const PLACED_NOUNS = { animal: 28, dog: 60, shoe: 120, vehicle: 240, lighthouse: 1000, corgi: 8000 };
const COLOURS = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'black', 'white', 'grey', 'brown'];

/** Uniform numbers in [0, 1) (xorshift32). */
export function random(seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

function normals(next, count) {
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** Draws from one Gaussian mixture: the base and the held-out queries have the same clusters. Call i gives the same vector in every process. */
export function vectorSource(dimensions) {
  const next = random(1);
  const spectrum = Float32Array.from({ length: dimensions }, (_, i) => (1 + i) ** -0.25);
  const supers = normals(next, SUPER_CLUSTERS * dimensions);
  const centres = normals(next, CLUSTERS * dimensions);
  const noise = normals(next, 1 << 21);
  for (let cluster = 0; cluster < CLUSTERS; cluster++) {
    const parent = (cluster % SUPER_CLUSTERS) * dimensions;
    for (let j = 0; j < dimensions; j++) centres[cluster * dimensions + j] += supers[parent + j];
  }
  return (number, into = new Float32Array(dimensions)) => {
    const draw = random(number + 7);
    draw();
    const cluster = Math.floor(draw() * CLUSTERS);
    const from = Math.floor(draw() * (noise.length - dimensions));
    let squares = 0;
    for (let j = 0; j < dimensions; j++) {
      const x = (centres[cluster * dimensions + j] + noise[from + j]) * spectrum[j];
      into[j] = x;
      squares += x * x;
    }
    const factor = 1 / Math.sqrt(squares);
    for (let j = 0; j < dimensions; j++) into[j] *= factor;
    return into;
  };
}

/** A word of five to ten letters that is no English word but could be one. */
function madeUpWord(next) {
  let word = '';
  const syllables = 2 + Math.floor(next() * 3);
  for (let i = 0; i < syllables; i++) {
    word += 'bcdfghjklmnprstvwz'[Math.floor(next() * 18)] + 'aeiou'[Math.floor(next() * 5)];
    if (next() < 0.4) word += 'lmnrst'[Math.floor(next() * 6)];
  }
  return word;
}

/** Every third word is a noun of the concept table; the first ranks are made up, as function words are. */
function vocabulary() {
  const next = random(3);
  const { concepts } = JSON.parse(readFileSync(path.join(import.meta.dirname, '../models/concepts.json'), 'utf8'));
  const placed = new Map(Object.entries(PLACED_NOUNS).map(([noun, rank]) => [rank, noun]));
  const nouns = Object.keys(concepts).filter((word) => /^[a-z]{3,12}$/.test(word) && !(word in PLACED_NOUNS));
  for (let i = nouns.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [nouns[i], nouns[j]] = [nouns[j], nouns[i]];
  }
  const known = new Set(nouns);
  return Array.from({ length: VOCABULARY }, (_, i) => {
    if (placed.has(i + 1)) return placed.get(i + 1);
    if (i > 20 && i % 3 === 0 && nouns.length > 0) return nouns.pop();
    let word = madeUpWord(next);
    while (known.has(word)) word = madeUpWord(next);
    known.add(word);
    return word;
  });
}

/** Assets as the server stores them, without vectors. Call i gives the same asset in every process. */
export function assetSource(collection) {
  const words = vocabulary();
  const cumulative = new Float64Array(VOCABULARY);
  let total = 0;
  for (let i = 0; i < VOCABULARY; i++) cumulative[i] = total += 1 / (i + 1);
  const wordAt = (u) => {
    let low = 0;
    let high = VOCABULARY - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] < u * total) low = middle + 1;
      else high = middle;
    }
    return words[low];
  };
  return (number) => {
    const next = random(number + 1_000_003);
    next();
    const hex = number.toString(16).padStart(64, '0');
    const createdAt = new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString();
    return {
      id: `img_${number.toString(36).padStart(10, '0')}`,
      collection,
      kind: 'image',
      status: 'approved',
      objectKey: `${hex}.jpg`,
      sha256: hex,
      mediaType: 'image/jpeg',
      byteLength: 100_000 + number,
      width: 1600,
      height: 1200,
      name: `photo ${number}`,
      caption: Array.from({ length: CAPTION_WORDS }, () => wordAt(next())).join(' '),
      captionOrigin: 'given',
      tags: [],
      attributes: {
        shelf: `shelf ${number % 10}`,
        lot: number % 1000,
        season: ['spring', 'summer', 'autumn', 'winter'][Math.floor(next() * 4)],
        inStock: next() < 0.5,
        shotOn: createdAt.slice(0, 10),
      },
      source: `/base/photo-${number}.jpg`,
      seen: seenOf(next),
      createdAt,
      updatedAt: createdAt,
    };
  };
}

/** 64 classes around one, as neighbours in ImageNet's order are alike; probabilities fall off as 1 / rank^1.4. */
function seenOf(next) {
  const first = Math.floor(next() * 1000);
  const best = 0.1 + 0.8 * next();
  const classes = new Map([[first, best]]);
  while (classes.size < SEEN_CLASSES) {
    const isNear = next() < 0.7;
    const index = isNear ? (first + Math.floor((next() + next() - 1) * 100) + 1000) % 1000 : Math.floor(next() * 1000);
    if (!classes.has(index)) classes.set(index, Math.max(0.001, (1 - best) * 0.4 * classes.size ** -1.4));
  }
  const share = 0.3 + 0.6 * next();
  const from = Math.floor(next() * COLOURS.length);
  return {
    classes: [...classes],
    colours: [
      [COLOURS[from], share],
      [COLOURS[(from + 3) % COLOURS.length], (1 - share) * 0.7],
      [COLOURS[(from + 5) % COLOURS.length], (1 - share) * 0.3],
    ],
  };
}
