import { copyFileSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openPorts } from '../dist/adapters/index.js';
import { loadConfig } from '../dist/config.js';
import { ingest, search } from '../dist/library/index.js';

const MAX_BYTES = 100_000_000;

/** A library on a temporary data folder, removed afterwards. */
export async function withBase(measure) {
  const folder = await mkdtemp(path.join(tmpdir(), 'vrag-retrieval-'));
  const ports = openPorts(loadConfig({ VRAG_HOME: path.join(folder, 'home'), VRAG_ALLOWED_DIRS: folder, VRAG_DEFAULT_DIRS: 'off' }));
  try {
    return await measure(new Base(ports, folder));
  } finally {
    await ports.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Base {
  ports;
  folder;
  #copies = 0;

  constructor(ports, folder) {
    this.ports = ports;
    this.folder = folder;
  }

  /** A path in the data folder's neighbourhood whose name says nothing. */
  neutralPath(extension) {
    const folder = path.join(this.folder, 'sources');
    mkdirSync(folder, { recursive: true });
    return path.join(folder, `p${String(++this.#copies).padStart(5, '0')}${extension}`);
  }

  /** Ingests a copy under a neutral name, with only the texts given here: what the file itself may say is taken out. */
  async add(file, collection, { caption, tags = [] } = {}) {
    const copy = this.neutralPath(path.extname(file));
    copyFileSync(file, copy);
    const texts = { caption: caption ?? '', tags, creator: '', licence: '' };
    const { asset } = await ingest(this.ports, { path: copy }, collection, texts, { maxBytes: MAX_BYTES });
    if (asset.caption !== caption || asset.tags.join() !== tags.join()) throw new Error(`${file}: has texts of its own: ${asset.caption}; ${asset.tags}`);
    return asset;
  }

  /** Ingests files one after another; what `of` returns for each becomes its id's entry. */
  async addAll(files, collection, options = () => ({})) {
    const idOf = new Map();
    for (const file of files) idOf.set(file, (await this.add(file, collection, options(file))).id);
    return idOf;
  }

  search(request) {
    return search(this.ports, { filter: {}, limit: 50, maxBytes: MAX_BYTES, ...request });
  }
}

/** Numbers 0..1 by seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = (random, list) => list[Math.floor(random() * list.length)];

/** Probability that a value of `high` is above one of `low` (area under the ROC curve). */
export function areaUnderCurve(high, low) {
  let wins = 0;
  for (const one of high) for (const other of low) wins += one > other ? 1 : one === other ? 0.5 : 0;
  return wins / (high.length * low.length);
}

/** Share of true, to three decimals. */
export const share = (list) => Math.round((1000 * list.filter(Boolean).length) / list.length) / 1000;

export const round = (value, digits = 4) => Math.round(value * 10 ** digits) / 10 ** digits;
