import { inChunks, type Pause } from './chunks.ts';

/**
 * Least squares over differences on a pixel grid: for each unknown `hold * value` plus the weighted differences to its up to four
 * neighbours equals `right`.
 */
export interface GridSystem {
  /** Position of each unknown, in grid cells. */
  xs: Int32Array;
  ys: Int32Array;
  /** Four a unknown (left, right, up, down): the neighbour's number, or -1. */
  links: Int32Array;
  /** Weight of each link; 0 where there is none. */
  weights: Float32Array;
  /** Weight of what holds the unknown in place: its own colour and fixed neighbours. */
  hold: Float32Array;
}

/** The system and its coarser versions, the finest first. */
export interface Grids {
  system: GridSystem;
  /** For each unknown the number of its block at the next coarser grid. */
  blocks: Int32Array;
  coarser: Grids | undefined;
}

/** Relaxation sweeps before and after each coarser grid, and the cycles: the error falls 10 to 20 times a cycle (measured: ramps over 64 x 40 and 300 x 300 unknowns). */
const SWEEPS = 2;
const CYCLES = 2;
/** Visits to each coarser grid a cycle (a W-cycle; with one, a V-cycle, the error fell 3 times). */
const VISITS = 2;
const COARSEST_UNKNOWNS = 16;
const COARSEST_SWEEPS = 30;
/** Unknowns between two pauses of a sweep: some 10 ms. */
const SWEEP_CHUNK = 262_144;

/** Joins 2 x 2 cells again and again. */
export async function buildGrids(system: GridSystem, pause: Pause): Promise<Grids> {
  const count = system.hold.length;
  const blocks = new Int32Array(count);
  if (count <= COARSEST_UNKNOWNS) return { system, blocks, coarser: undefined };
  const numbers = new Map<number, number>();
  await inChunks(count, pause, (from, to) => {
    for (let i = from; i < to; i++) {
      const key = (system.ys[i] >> 1) * 65536 + (system.xs[i] >> 1);
      const number = numbers.get(key) ?? numbers.size;
      if (number === numbers.size) numbers.set(key, number);
      blocks[i] = number;
    }
  });
  if (numbers.size === count) return { system, blocks, coarser: undefined };
  return { system, blocks, coarser: await buildGrids(await join(system, blocks, numbers.size, pause), pause) };
}

async function join(from: GridSystem, blocks: Int32Array, count: number, pause: Pause): Promise<GridSystem> {
  const to: GridSystem = {
    xs: new Int32Array(count),
    ys: new Int32Array(count),
    links: new Int32Array(count * 4).fill(-1),
    weights: new Float32Array(count * 4),
    hold: new Float32Array(count),
  };
  await inChunks(blocks.length, pause, (first, end) => joinCells(from, to, blocks, first, end));
  return to;
}

function joinCells(from: GridSystem, to: GridSystem, blocks: Int32Array, first: number, end: number): void {
  for (let i = first; i < end; i++) {
    const block = blocks[i];
    to.xs[block] = from.xs[i] >> 1;
    to.ys[block] = from.ys[i] >> 1;
    to.hold[block] += from.hold[i];
    for (let side = 0; side < 4; side++) {
      const link = from.links[i * 4 + side];
      if (link < 0 || blocks[link] === block) continue;
      to.links[block * 4 + side] = blocks[link];
      // Half: the centres of two blocks are two cells apart (over-correction for piecewise constant blocks, Braess 1995).
      to.weights[block * 4 + side] += from.weights[i * 4 + side] / 2;
    }
  }
}

/** Solves for `values` in place, from their present state, by multigrid W-cycles. */
export async function solve(grids: Grids, values: Float32Array, right: Float32Array, pause: Pause): Promise<void> {
  for (let cycle = 0; cycle < CYCLES; cycle++) await descend(grids, values, right, pause);
}

async function descend({ system, blocks, coarser }: Grids, values: Float32Array, right: Float32Array, pause: Pause): Promise<void> {
  const sweep = (into: Float32Array, wanted: Float32Array) => inChunks(into.length, pause, (from, to) => relax(system, into, wanted, from, to), SWEEP_CHUNK);
  if (!coarser) {
    for (let count = 0; count < COARSEST_SWEEPS; count++) relax(system, values, right, 0, values.length);
    return;
  }
  for (let count = 0; count < SWEEPS; count++) await sweep(values, right);
  const rest = new Float32Array(values.length);
  const joined = new Float32Array(coarser.system.hold.length);
  for (let i = 0; i < values.length; i++) {
    rest[i] = residual(system, values, right, i);
    joined[blocks[i]] += rest[i];
  }
  const coarse = new Float32Array(joined.length);
  for (let visit = 0; visit < VISITS; visit++) await descend(coarser, coarse, joined, pause);
  const correction = new Float32Array(blocks.length);
  for (let i = 0; i < correction.length; i++) correction[i] = coarse[blocks[i]];
  for (let count = 0; count < SWEEPS; count++) await sweep(correction, rest);
  const factor = bestFactor(system, correction, rest);
  for (let i = 0; i < values.length; i++) values[i] += factor * correction[i];
}

/** How much of a correction lowers the error most (exact line search), so that blocks joined over cut links cannot make it larger. */
function bestFactor(system: GridSystem, correction: Float32Array, rest: Float32Array): number {
  const none = new Float32Array(correction.length);
  let along = 0;
  let bend = 0;
  for (let i = 0; i < correction.length; i++) {
    along += correction[i] * rest[i];
    bend -= correction[i] * residual(system, correction, none, i);
  }
  return bend > 0 ? along / bend : 0;
}

function residual({ links, weights, hold }: GridSystem, values: Float32Array, right: Float32Array, i: number): number {
  let rest = right[i] - hold[i] * values[i];
  for (let side = i * 4; side < i * 4 + 4; side++) if (links[side] >= 0) rest -= weights[side] * (values[i] - values[links[side]]);
  return rest;
}

function relax({ links, weights, hold }: GridSystem, values: Float32Array, right: Float32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    let sum = right[i];
    let total = hold[i];
    for (let side = i * 4; side < i * 4 + 4; side++) {
      if (links[side] < 0) continue;
      sum += weights[side] * values[links[side]];
      total += weights[side];
    }
    values[i] = sum / total;
  }
}
