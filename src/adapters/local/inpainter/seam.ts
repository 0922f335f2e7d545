import { inChunks, type Pause } from './chunks.ts';
import { buildGrids, type GridSystem, solve } from './levelling.ts';
import { boxSum, localMeans } from './means.ts';
import { RADIUS } from './patchmatch.ts';
import type { Level } from './pyramid.ts';

/**
 * A seam is levelled over about this many pixels, or this part of the hole's depth where that is more: 30 alone left a visible contour in a
 * sky of 1080 rows. The pull of each pixel towards its copied colour, against the copied gradients, is 1 / reach squared.
 */
const LEAST_REACH = 30;
const REACH_PER_DEPTH = 0.3;
/**
 * The weight of a step between a copy and what it meets falls as exp(-(step / this)^2), in levels (root mean square of the channels): larger
 * steps are edges of the scene, and levelling them bleeds (seen at 24 with a slower fall). The step is that of means over squares of
 * 2 STEP_RADIUS + 1, so that grain does not count; single pixels count only from about EDGE_LEVELS.
 */
const SEAM_LEVELS = 17;
const STEP_RADIUS = 2;
const EDGE_LEVELS = 40;
/** Levelling changes no copied value by more levels than this: beyond it the gradients contradict each other, and colours would appear that nothing has. */
const MOST_CHANGE = 32;

/** Changes are averaged over squares of 2 CHANGE_RADIUS + 1 within the hole; 2 left more of the steps at the border (1.32 for 1.29). */
const CHANGE_RADIUS = 1;

/** A picture without its hole. */
export interface Completion {
  /** RGB. */
  pixels: Uint8Array;
  /** For each pixel the number of the known one that it was copied from; -1 for those that were known. */
  origins: Int32Array;
}

/** Where each hole pixel was copied from. */
interface Copies {
  width: number;
  height: number;
  /** Number of each hole pixel, in reading order; -1 for known pixels. */
  number: Int32Array;
  places: Int32Array;
  origins: Int32Array;
  /** Weight of a pixel's copied colour. */
  pull: number;
}

/**
 * Fills each hole pixel from the best patch centred there, then levels the seams: least squares over copied gradients and colours with the
 * known pixels fixed (screened Poisson equation, Bhat et al. 2008, "Fourier Analysis of the 2D Screened Poisson Equation for Gradient
 * Domain Problems"); the gradient across a seam is the mean of what both patches say. That mean takes away grain where neighbours come from different
 * places, so only the smoothed change is added to the copies. Measured on 50 holes in textures (high frequencies inside against outside; steps across the
 * border against those along it): not levelled 1.03 and 1.47, levelled .74 and 1.26, levelled and smoothed 1.04 and 1.27. The larger of both gradients
 * instead of their mean (Perez, Gangnet, Blake 2003) gave .85 and 1.22, and stains in skies.
 */
export async function copyPatches(level: Level, original: Uint8Array, pause: Pause): Promise<Completion> {
  const copies = await collect(level, pause);
  const out = Uint8Array.from(original);
  const means = await localMeans(original, level.hole, level, STEP_RADIUS, pause);
  const system = openSystem(copies);
  await inChunks(copies.places.length, pause, (from, to) => linkPixels(system, original, means, copies, from, to));
  const grids = await buildGrids(system, pause);
  const values = new Float32Array(copies.places.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < values.length; i++) values[i] = original[copies.origins[i] * 3 + channel];
    const right = new Float32Array(values.length);
    await inChunks(right.length, pause, (from, to) => wantDifferences(right, original, copies, system, channel, from, to));
    await solve(grids, values, right, pause);
    for (let i = 0; i < values.length; i++) values[i] -= original[copies.origins[i] * 3 + channel];
    const changes = smoothed(values, copies);
    for (let i = 0; i < values.length; i++) {
      const change = Math.max(-MOST_CHANGE, Math.min(MOST_CHANGE, changes[i]));
      out[copies.places[i] * 3 + channel] = Math.max(0, Math.min(255, Math.round(original[copies.origins[i] * 3 + channel] + change)));
    }
    await pause();
  }
  const origins = new Int32Array(level.hole.length).fill(-1);
  for (let i = 0; i < copies.places.length; i++) origins[copies.places[i]] = copies.origins[i];
  return { pixels: out, origins };
}

/** Means over the hole pixels around each. */
function smoothed(values: Float32Array, { width, height, places, number }: Copies): Float32Array {
  const sums = new Float32Array(number.length);
  const counts = new Float32Array(number.length);
  for (let i = 0; i < values.length; i++) {
    sums[places[i]] = values[i];
    counts[places[i]] = 1;
  }
  for (const plane of [sums, counts]) boxSum(plane, width, height, CHANGE_RADIUS);
  return Float32Array.from(places, (at) => sums[at] / counts[at]);
}

async function collect({ width, height, hole, nearest, depth }: Level, pause: Pause): Promise<Copies> {
  const number = new Int32Array(hole.length).fill(-1);
  const count = hole.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
  const places = new Int32Array(count);
  const origins = new Int32Array(count);
  let next = 0;
  await inChunks(hole.length, pause, (from, to) => {
    for (let at = from; at < to; at++) {
      if (hole[at] === 0) continue;
      const y = Math.floor(at / width);
      const centreY = Math.max(RADIUS, Math.min(height - RADIUS - 1, y));
      const centreX = Math.max(RADIUS, Math.min(width - RADIUS - 1, at - y * width));
      const centre = centreY * width + centreX;
      number[at] = next;
      places[next] = at;
      origins[next++] = nearest[centre] + at - centre;
    }
  });
  const deepest = depth.reduce((most, value) => Math.max(most, value), 0);
  await pause();
  const pull = 1 / Math.max(LEAST_REACH, REACH_PER_DEPTH * deepest) ** 2;
  return { width, height, number, places, origins, pull };
}

function openSystem({ width, places, pull }: Copies): GridSystem {
  const count = places.length;
  return {
    xs: places.map((at) => at % width),
    ys: places.map((at) => Math.floor(at / width)),
    links: new Int32Array(count * 4).fill(-1),
    weights: new Float32Array(count * 4),
    hold: new Float32Array(count).fill(pull),
  };
}

/** Links between neighbouring hole pixels; `hold` also has the links to known neighbours. */
function linkPixels(system: GridSystem, pixels: Uint8Array, means: Uint8Array, copies: Copies, from: number, to: number): void {
  const { places, origins, number } = copies;
  for (let i = from; i < to; i++) {
    for (let side = 0; side < 4; side++) {
      const step = stepTo(copies, places[i], side);
      if (step === 0) continue;
      const neighbour = number[places[i] + step];
      const here = beside(copies, origins[i], side);
      const there = neighbour < 0 ? places[i] + step : origins[neighbour];
      let weight = weightOf(pixels, means, here, there);
      // Both ways, so that the system is symmetric.
      if (neighbour >= 0) weight = (weight + weightOf(pixels, means, beside(copies, there, side ^ 1), origins[i])) / 2;
      system.links[i * 4 + side] = neighbour;
      system.weights[i * 4 + side] = weight;
      if (neighbour < 0) system.hold[i] += weight;
    }
  }
}

function weightOf(pixels: Uint8Array, means: Uint8Array, a: number, b: number): number {
  return Math.exp(-stepBetween(means, a, b) / SEAM_LEVELS ** 2) / (1 + stepBetween(pixels, a, b) / EDGE_LEVELS ** 2);
}

/** Mean square difference of the channels. */
function stepBetween(pixels: Uint8Array, a: number, b: number): number {
  let sum = 0;
  for (let c = 0; c < 3; c++) sum += (pixels[a * 3 + c] - pixels[b * 3 + c]) ** 2;
  return sum / 3;
}

function wantDifferences(right: Float32Array, pixels: Uint8Array, copies: Copies, system: GridSystem, channel: number, from: number, to: number): void {
  const { places, origins } = copies;
  for (let i = from; i < to; i++) {
    const copied = pixels[origins[i] * 3 + channel];
    right[i] = copies.pull * copied;
    for (let side = 0; side < 4; side++) {
      const step = stepTo(copies, places[i], side);
      if (step === 0) continue;
      const neighbour = system.links[i * 4 + side];
      const here = pixels[beside(copies, origins[i], side) * 3 + channel];
      const weight = system.weights[i * 4 + side];
      if (neighbour < 0) right[i] += weight * (pixels[(places[i] + step) * 3 + channel] + copied - here);
      else {
        const back = pixels[beside(copies, origins[neighbour], side ^ 1) * 3 + channel];
        right[i] += (weight * (copied - here + back - pixels[origins[neighbour] * 3 + channel])) / 2;
      }
    }
  }
}

/** Index step to the left, right, upper or lower neighbour (side 0 to 3), or 0 at the picture's edge. */
function stepTo({ width, height }: Copies, at: number, side: number): number {
  const y = Math.floor(at / width);
  const x = at - y * width;
  if (side === 0) return x > 0 ? -1 : 0;
  if (side === 1) return x < width - 1 ? 1 : 0;
  if (side === 2) return y > 0 ? -width : 0;
  return y < height - 1 ? width : 0;
}

/** The pixel beside an origin; at the picture's edge or the hole the origin itself (no gradient known). */
function beside(copies: Copies, origin: number, side: number): number {
  const next = origin + stepTo(copies, origin, side);
  return copies.number[next] >= 0 ? origin : next;
}
