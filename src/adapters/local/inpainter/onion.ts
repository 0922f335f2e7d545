import { LOCALITY_WEIGHT, RADIUS, TEXTURE_WEIGHT } from './patchmatch.ts';
import type { Level } from './pyramid.ts';

/** Comparisons of two patches that the first filling may take; beyond it only every n-th source is looked at. */
const MOST_COMPARISONS = 1_500_000;

/**
 * First filling of the coarsest scale, from the border inwards (Newson et al. 2017, section 3.5): each pixel is copied from the patch most
 * like what is already known around it. Also sets the matches of all targets.
 */
export async function onionPeel(level: Level, breathe: () => Promise<void>): Promise<void> {
  const { width, height, pixels, texture, hole, depth, nearest, source } = level;
  const known = hole.map((value) => 1 - value);
  const all: number[] = [];
  for (let at = 0; at < source.length; at++) if (source[at] === 1) all.push(at);
  const sources = thinOut(all, Math.floor(MOST_COMPARISONS / (level.targets.length + 1)));
  const order: number[] = [];
  for (let at = 0; at < hole.length; at++) if (hole[at] > 0) order.push(at);
  order.sort((a, b) => depth[a] - depth[b] || a - b);
  for (const at of order) {
    const y = Math.floor(at / width);
    const centreX = Math.max(RADIUS, Math.min(width - RADIUS - 1, at - y * width));
    const centreY = Math.max(RADIUS, Math.min(height - RADIUS - 1, y));
    const centre = centreY * width + centreX;
    const match = mostLike(level, known, centre, sources);
    const from = match + at - centre;
    pixels.copyWithin(at * 3, from * 3, from * 3 + 3);
    texture.copyWithin(at * 2, from * 2, from * 2 + 2);
    known[at] = 1;
    nearest[centre] = match;
    await breathe();
  }
  for (const target of level.targets) if (nearest[target] < 0) nearest[target] = mostLike(level, known, target, sources);
}

function thinOut(all: number[], most: number): number[] {
  const step = Math.max(1, Math.ceil(all.length / Math.max(1, most)));
  return step === 1 ? all : all.filter((_, i) => i % step === 0);
}

/** The source patch with the least sum of squares over the known pixels of the patch at `centre`. */
function mostLike(level: Level, known: Uint8Array, centre: number, sources: number[]): number {
  const { width, pixels, texture, localScale } = level;
  const offsets: number[] = [];
  for (let j = -RADIUS; j <= RADIUS; j++) {
    for (let i = -RADIUS; i <= RADIUS; i++) if (known[centre + j * width + i] === 1) offsets.push(j * width + i);
  }
  let best = sources[0];
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of sources) {
    let sum = LOCALITY_WEIGHT * offsets.length * ((candidate - centre) * localScale) ** 2;
    for (let k = 0; k < offsets.length && sum < least; k++) {
      const p = centre + offsets[k];
      const q = candidate + offsets[k];
      for (let c = 0; c < 3; c++) sum += (pixels[p * 3 + c] - pixels[q * 3 + c]) ** 2;
      for (let c = 0; c < 2; c++) sum += TEXTURE_WEIGHT * (texture[p * 2 + c] - texture[q * 2 + c]) ** 2;
    }
    if (sum < least) {
      least = sum;
      best = candidate;
    }
  }
  return best;
}
