import { inChunks, type Pause } from './chunks.ts';
import { onionPeel } from './onion.ts';
import { type Field, measureCosts, RADIUS, Random, searchTargets } from './patchmatch.ts';
import { buildPyramid, type Level, type Picture } from './pyramid.ts';
import { type Completion, copyPatches } from './seam.ts';

/** Called often during long work with the fraction done in [0, 1]; it may wait, and it throws to stop. */
export type Breathe = (fraction: number) => Promise<void>;

/** exp(-2 d / mean d) in steps of 1/32, because exp itself took most of the time of a vote; beyond the table the last value. */
const LIKENESS = Float32Array.from({ length: 256 }, (_, i) => Math.exp(-i / 32));
/** Mean change of a hole pixel's channels under which a scale has settled (0.1 in Newson et al. 2017). */
const SETTLED = 0.1;
/** Bounds of the voting rounds of one scale, and the number of target patches over which they are spread. */
const MOST_ROUNDS = 10;
const ROUND_BUDGET = 120_000;
/** Above this many target patches a scale only refines what the coarser ones found: half the side of its first random search window, in pixels. */
const MANY_TARGETS = 120_000;
const REFINING_REACH = 16;
/**
 * Above this many target patches a scale takes over what the coarser ones found and is not searched: offsets that hold at half the size hold at the
 * full one, and a border of 498 x 1280 pixels takes a third of the time.
 */
const MOST_TARGETS = 300_000;
/** Target patches handled between two breaths. */
const CHUNK = 4096;

/**
 * Fills the hole of a picture with texture of its known part: coarse to fine, at each scale PatchMatch search (Barnes, Shechtman, Finkelstein,
 * Goldman 2009) and voting (Wexler, Shechtman, Irani 2007) in turn until it settles; the finest scale takes the best patch instead of the
 * mean, which keeps grain. `depth` is the largest distance of a hole pixel to a known one. Returns a picture of the same size, or
 * `undefined` where the picture has no 7 x 7 patch without an unknown pixel.
 */
export async function complete(picture: Picture, depth: number, seed: number, breathe: Breathe): Promise<Completion | undefined> {
  const levels = await buildPyramid(picture, depth, () => breathe(0));
  if (levels.length === 0) return undefined;
  const random = new Random(seed);
  const clock = new Clock(levels, breathe);
  await onionPeel(levels[levels.length - 1], clock.pause);
  for (let i = levels.length - 1; i >= 0; i--) {
    const level = levels[i];
    const parent = levels[i + 1];
    if (parent) inherit(level, parent, random);
    if (parent && level.targets.length > MOST_TARGETS) continue;
    if (parent) await vote(level, true, clock.pause);
    await refine(level, random, clock);
  }
  return copyPatches(levels[0], picture.pixels, clock.pause);
}

/** Search and voting in turn. */
async function refine(level: Level, random: Random, clock: Clock): Promise<void> {
  const rounds = roundsOf(level);
  const reach = level.targets.length > MANY_TARGETS ? REFINING_REACH : Math.max(level.width, level.height);
  for (let round = 0; round < rounds; round++) {
    await inChunks(level.targets.length, clock.pause, (from, to) => measureCosts(level, from, to));
    for (const forward of [true, false]) {
      for (let from = 0; from < level.targets.length; from += CHUNK) {
        const to = Math.min(level.targets.length, from + CHUNK);
        searchTargets(level, { forward, reach, random }, from, to);
        await clock.tick(to - from);
      }
    }
    if ((await vote(level, false, clock.pause)) < SETTLED) {
      await clock.tick((rounds - round - 1) * 2 * level.targets.length);
      break;
    }
  }
}

function roundsOf(level: Field): number {
  return Math.max(1, Math.min(MOST_ROUNDS, Math.floor(ROUND_BUDGET / level.targets.length)));
}

/** Turns patches searched into the fraction done. */
class Clock {
  /** A breath without progress. */
  readonly pause: Pause = () => this.tick(0);
  readonly #breathe: Breathe;
  readonly #total: number;
  #done = 0;

  constructor(levels: Level[], breathe: Breathe) {
    this.#breathe = breathe;
    const searched = levels.filter((level, index) => level.targets.length <= MOST_TARGETS || index === levels.length - 1);
    this.#total = searched.reduce((sum, level) => sum + 2 * level.targets.length * roundsOf(level), 0);
  }

  tick(patches: number): Promise<void> {
    this.#done += patches;
    return this.#breathe(Math.min(1, this.#done / this.#total));
  }
}

/** Takes over the matches of the next coarser scale; where the doubled place cannot be copied, one beside it, else any. */
function inherit(level: Level, parent: Level, random: Random): void {
  const { width, source } = level;
  for (const target of level.targets) {
    const y = Math.floor(target / width);
    const x = target - y * width;
    const parentX = Math.max(RADIUS, Math.min(parent.width - RADIUS - 1, x >> 1));
    const parentY = Math.max(RADIUS, Math.min(parent.height - RADIUS - 1, y >> 1));
    const match = parent.nearest[parentY * parent.width + parentX];
    level.nearest[target] = match < 0 ? anySource(level, random) : doubled(match, x - 2 * parentX, y - 2 * parentY);
  }

  function doubled(match: number, offsetX: number, offsetY: number): number {
    const matchY = Math.floor(match / parent.width);
    const toX = 2 * (match - matchY * parent.width) + offsetX;
    const toY = 2 * matchY + offsetY;
    for (const [dx, dy] of NEARBY) {
      const candidate = (toY + dy) * width + toX + dx;
      if (toX + dx >= 0 && toX + dx < width && source[candidate] === 1) return candidate;
    }
    return anySource(level, random);
  }
}

const NEARBY = [
  [0, 0],
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
  [2, 0],
  [-2, 0],
  [0, 2],
  [0, -2],
];

function anySource(level: Field, random: Random): number {
  let at = random.integer(level.source.length);
  while (level.source[at] !== 1) at = at + 1 < level.source.length ? at + 1 : 0;
  return at;
}

/**
 * Sets each hole pixel to the weighted mean of what the patches over it say (Wexler et al. 2007, eq. 4), `even`: without the weight of
 * likeness. The scale of likeness is the mean distance of those patches. Returns the mean change of a channel.
 */
async function vote(level: Level, even: boolean, pause: Pause): Promise<number> {
  let change = 0;
  await inChunks(level.hole.length, pause, (from, to) => {
    change += voteFor(level, even, from, to);
  });
  return change / (3 * level.hole.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0));
}

/** The pixels number `from` to `to`; returns the sum of their changes. */
function voteFor(level: Level, even: boolean, first: number, end: number): number {
  const { width, height, hole, pixels, texture, nearest, cost, trust } = level;
  let change = 0;
  for (let at = first; at < end; at++) {
    if (hole[at] === 0) continue;
    const y = Math.floor(at / width);
    const x = at - y * width;
    const top = Math.max(RADIUS, y - RADIUS);
    const bottom = Math.min(height - RADIUS - 1, y + RADIUS);
    const left = Math.max(RADIUS, x - RADIUS);
    const right = Math.min(width - RADIUS - 1, x + RADIUS);
    let scale = 0;
    if (!even) {
      for (let j = top; j <= bottom; j++) for (let i = left; i <= right; i++) scale += cost[j * width + i];
      scale = (64 * (bottom - top + 1) * (right - left + 1)) / (scale + 1);
    }
    let [red, green, blue, across, down, total] = [0, 0, 0, 0, 0, 0];
    for (let j = top; j <= bottom; j++) {
      for (let i = left; i <= right; i++) {
        const centre = j * width + i;
        const from = nearest[centre] + at - centre;
        const weight = trust[centre] * LIKENESS[Math.min(255, Math.floor(cost[centre] * scale))];
        red += weight * pixels[from * 3];
        green += weight * pixels[from * 3 + 1];
        blue += weight * pixels[from * 3 + 2];
        across += weight * texture[from * 2];
        down += weight * texture[from * 2 + 1];
        total += weight;
      }
    }
    red = Math.round(red / total);
    green = Math.round(green / total);
    blue = Math.round(blue / total);
    change += Math.abs(red - pixels[at * 3]) + Math.abs(green - pixels[at * 3 + 1]) + Math.abs(blue - pixels[at * 3 + 2]);
    pixels[at * 3] = red;
    pixels[at * 3 + 1] = green;
    pixels[at * 3 + 2] = blue;
    texture[at * 2] = Math.round(across / total);
    texture[at * 2 + 1] = Math.round(down / total);
  }
  return change;
}
