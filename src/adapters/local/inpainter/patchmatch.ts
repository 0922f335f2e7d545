/** Patches are 7 x 7 pixels, as in Barnes et al. 2009 and Newson et al. 2017 (IPOL 7, "Non-Local Patch-Based Image Inpainting"). */
export const RADIUS = 3;
const ROW = (2 * RADIUS + 1) * 3;
const PATCH_PIXELS = (2 * RADIUS + 1) ** 2;

/**
 * Weight of the squared difference of a texture feature, per pixel of the patch (lambda of Newson et al. 2017). Compared at the patch centre
 * only and counted for all its pixels, because the features are averages that hardly change within a patch.
 */
export const TEXTURE_WEIGHT = 50;

/**
 * Cost, per pixel of the patch, of copying over a vertical distance of the hole's depth, growing with the square: on a ground seen in
 * perspective, in a sky and at a horizon pictures change with height and not along a row. Chosen by eye on photographs: 30 let water climb
 * into the sky behind a removed ship, 600 kept the horizon; forest, brick, road and bench looked the same with both.
 */
export const LOCALITY_WEIGHT = 600;

/** Mulberry32 (T. Ettinger, public domain): the same numbers for the same seed on every platform. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** An integer in [0, below). */
  integer(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  }
}

/** One picture with its nearest-neighbour field: for each target patch the source patch that is most like it. */
export interface Field {
  width: number;
  height: number;
  /** RGB. */
  pixels: Uint8Array;
  /** Two values a pixel: mean |horizontal| and |vertical| gradient around it. */
  texture: Uint8Array;
  /** 1 / (width x the vertical distance that counts as far), so that index differences become relative vertical distances. */
  localScale: number;
  /** 1 where a patch centred there may be copied: inside the picture and without an unknown pixel. */
  source: Uint8Array;
  /** Centres of all patches that touch the hole, in reading order. */
  targets: Int32Array;
  /** For each target centre the source centre, else -1. */
  nearest: Int32Array;
  /** For each target centre the distance to its source patch (sum of squares). */
  cost: Float32Array;
}

/** Sum of squared differences of two patches; stops at the end of the row that reaches `limit`. */
function patchCost(field: Field, a: number, b: number, limit: number): number {
  const { pixels, texture, width } = field;
  const across = texture[2 * a] - texture[2 * b];
  const down = texture[2 * a + 1] - texture[2 * b + 1];
  const rise = (b - a) * field.localScale;
  let sum = PATCH_PIXELS * (TEXTURE_WEIGHT * (across * across + down * down) + LOCALITY_WEIGHT * rise * rise);
  if (sum >= limit) return sum;
  const stride = width * 3;
  let p = (a - RADIUS * width - RADIUS) * 3;
  let q = (b - RADIUS * width - RADIUS) * 3;
  for (let row = -RADIUS; row <= RADIUS; row++) {
    for (let i = 0; i < ROW; i += 3) {
      const red = pixels[p + i] - pixels[q + i];
      const green = pixels[p + i + 1] - pixels[q + i + 1];
      const blue = pixels[p + i + 2] - pixels[q + i + 2];
      sum += red * red + green * green + blue * blue;
    }
    if (sum >= limit) return sum;
    p += stride;
    q += stride;
  }
  return sum;
}

/** Brings `cost` of the targets number `from` to `to` up to date after the pixels changed. */
export function measureCosts(field: Field, from: number, to: number): void {
  for (const target of field.targets.subarray(from, to)) field.cost[target] = patchCost(field, target, field.nearest[target], Number.POSITIVE_INFINITY);
}

/** How one pass over the targets runs. */
export interface SearchPass {
  /** Down and to the right, else up and to the left (Barnes et al. 2009 alternate). */
  forward: boolean;
  /** Half the side of the first random search window, in pixels; halved until it is under 1. */
  reach: number;
  random: Random;
}

/** Propagation and random search (Barnes et al. 2009, section 3.2) over the targets number `from` to `to` (in the order of the pass). */
export function searchTargets(field: Field, pass: SearchPass, from: number, to: number): void {
  const { width, height, source, targets, nearest, cost } = field;
  const step = pass.forward ? 1 : -1;
  for (let i = from; i < to; i++) {
    const target = targets[pass.forward ? i : targets.length - 1 - i];
    let best = nearest[target];
    let least = cost[target];
    for (const shift of [step, step * width]) {
      const neighbour = nearest[target - shift];
      const candidate = neighbour + shift;
      if (neighbour < 0 || candidate === best || source[candidate] !== 1) continue;
      const measured = patchCost(field, target, candidate, least);
      if (measured < least) {
        least = measured;
        best = candidate;
      }
    }
    for (let reach = pass.reach; reach >= 1; reach = reach >> 1) {
      const y = Math.floor(best / width);
      const x = best - y * width;
      const toX = x + pass.random.integer(2 * reach + 1) - reach;
      const toY = y + pass.random.integer(2 * reach + 1) - reach;
      if (toX < RADIUS || toY < RADIUS || toX >= width - RADIUS || toY >= height - RADIUS) continue;
      const candidate = toY * width + toX;
      if (source[candidate] !== 1 || candidate === best) continue;
      const measured = patchCost(field, target, candidate, least);
      if (measured < least) {
        least = measured;
        best = candidate;
      }
    }
    nearest[target] = best;
    cost[target] = least;
  }
}
