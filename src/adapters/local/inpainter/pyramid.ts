import { inChunks, type Pause } from './chunks.ts';
import { boxSum } from './means.ts';
import { type Field, RADIUS } from './patchmatch.ts';
import { dilate, distances } from './region.ts';

/** What is completed: RGB pixels, 1 where they are unknown, and 1 where they must not be copied from (a superset). */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
  hole: Uint8Array;
  forbidden: Uint8Array;
}

/** One scale of the picture, ready to be searched. */
export interface Level extends Field {
  hole: Uint8Array;
  /** Distance of each hole pixel to the nearest known one, in pixels of this level. */
  depth: Float32Array;
  /** Weight of the vote of a patch centred there: falls with the distance from the known area. */
  trust: Float32Array;
}

/** The coarsest scale is the one where the hole is no deeper than this (in pixels): there a 7 x 7 patch sees known pixels nearly everywhere. */
const COARSEST_DEPTH = 5;
/** The weight of a vote falls by this factor with every pixel from the known area (gamma of Wexler, Shechtman, Irani 2007, section 3.2), not to zero. */
const BORDER_FALLOFF = 1.3;
const LEAST_TRUST = 1e-9;
/** A scale is of use only while it still has this many pixels on its shorter side and this many patches to copy. */
const LEAST_SIDE = 20;
const LEAST_SOURCES = 64;

/** The picture at half size after half size, the finest first; empty where not even the finest has patches to copy. */
export async function buildPyramid(picture: Picture, depth: number, pause: Pause): Promise<Level[]> {
  const steps = Math.max(0, Math.ceil(Math.log2(depth / COARSEST_DEPTH)));
  const levels: Level[] = [];
  let scale: (Picture & { texture: Uint8Array }) | undefined = { ...picture, texture: await measureTexture(picture, 2 ** Math.max(1, steps - 1), pause) };
  for (let step = 0; step <= steps && scale; step++) {
    const level: Level = await openLevel(scale, depth / 2 ** step, pause);
    const sources = level.source.reduce((sum, value) => sum + value, 0);
    if (sources < (step === 0 ? 1 : LEAST_SOURCES) || level.targets.length === 0) break;
    levels.push(level);
    const next: Picture & { texture: Uint8Array } = await halve(scale, pause);
    scale = Math.min(next.width, next.height) < LEAST_SIDE ? undefined : next;
  }
  return levels;
}

async function openLevel(scale: Picture & { texture: Uint8Array }, far: number, pause: Pause): Promise<Level> {
  const { width, height, pixels, hole, forbidden, texture } = scale;
  const nearForbidden = dilate({ width, height, data: forbidden }, RADIUS);
  await pause();
  const nearHole = dilate({ width, height, data: hole }, RADIUS);
  await pause();
  const depth = distances({ width, height, data: hole });
  await pause();
  const source = new Uint8Array(width * height);
  const trust = new Float32Array(width * height);
  await inChunks(trust.length, pause, (from, to) => {
    for (let at = from; at < to; at++) trust[at] = depth[at] > 0 ? Math.max(LEAST_TRUST, BORDER_FALLOFF ** -depth[at]) : 1;
  });
  const found: number[] = [];
  for (let y = RADIUS; y < height - RADIUS; y++) {
    for (let x = RADIUS; x < width - RADIUS; x++) {
      const at = y * width + x;
      if (nearForbidden[at] === 0) source[at] = 1;
      if (nearHole[at] === 1) found.push(at);
    }
    await pause();
  }
  return {
    width,
    height,
    pixels: Uint8Array.from(pixels),
    texture: Uint8Array.from(texture),
    localScale: 1 / (width * Math.max(RADIUS, far)),
    source,
    targets: Int32Array.from(found),
    nearest: new Int32Array(width * height).fill(-1),
    cost: new Float32Array(width * height),
    hole,
    depth,
    trust,
  };
}

/** Means of the known pixels of each 2 x 2 block; a block with an unknown pixel is unknown, so nothing of the removed object leaks in. */
async function halve(from: Picture & { texture: Uint8Array }, pause: Pause): Promise<Picture & { texture: Uint8Array }> {
  const width = from.width >> 1;
  const height = from.height >> 1;
  const size = width * height;
  const to = {
    width,
    height,
    pixels: new Uint8Array(size * 3),
    hole: new Uint8Array(size),
    forbidden: new Uint8Array(size),
    texture: new Uint8Array(size * 2),
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const first = 2 * y * from.width + 2 * x;
      const block = [first, first + 1, first + from.width, first + from.width + 1];
      const at = y * width + x;
      to.hole[at] = block.some((pixel) => from.hole[pixel] > 0) ? 1 : 0;
      to.forbidden[at] = block.some((pixel) => from.forbidden[pixel] > 0) ? 1 : 0;
      const known = block.filter((pixel) => from.hole[pixel] === 0);
      average(from.pixels, to.pixels, known, at, 3);
      average(from.texture, to.texture, known, at, 2);
    }
    await pause();
  }
  return to;
}

function average(from: Uint8Array, to: Uint8Array, known: number[], at: number, channels: number): void {
  if (known.length === 0) return;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (const pixel of known) sum += from[pixel * channels + c];
    to[at * channels + c] = Math.round(sum / known.length);
  }
}

/**
 * Mean absolute gradients over known pixels in a square of `radius` (texture features of Newson et al. 2014, "Video Inpainting of Complex
 * Scenes", section 3.3): they keep grass and water from being replaced by smooth areas at coarse scales, where their detail is averaged away.
 */
async function measureTexture({ width, height, pixels, hole }: Picture, radius: number, pause: Pause): Promise<Uint8Array> {
  const out = new Uint8Array(width * height * 2);
  for (const [channel, step] of [
    [0, 1],
    [1, width],
  ]) {
    const gradient = new Float32Array(width * height);
    const weight = new Float32Array(width * height);
    for (let y = 0; y < height - channel; y++) {
      for (let x = 0; x < width - 1 + channel; x++) {
        const at = y * width + x;
        if (hole[at] > 0 || hole[at + step] > 0) continue;
        weight[at] = 1;
        gradient[at] = Math.abs(brightness(pixels, at) - brightness(pixels, at + step));
      }
      await pause();
    }
    boxSum(gradient, width, height, radius);
    await pause();
    boxSum(weight, width, height, radius);
    for (let at = 0; at < gradient.length; at++) out[at * 2 + channel] = weight[at] > 0 ? Math.min(255, Math.round(gradient[at] / weight[at])) : 0;
  }
  return out;
}

function brightness(pixels: Uint8Array, at: number): number {
  return 0.299 * pixels[at * 3] + 0.587 * pixels[at * 3 + 1] + 0.114 * pixels[at * 3 + 2];
}
