import { PAD, type Plane } from './planes.ts';
import { RESAMPLE_KERNEL_BASE64 } from './resample-kernel.ts';

/** For each output position along one axis: the first source index and `taps` weights that add up to `unit`. */
interface Axis {
  taps: number;
  first: Int32Array;
  weights: Int16Array;
}

/** Source pixels per output pixel that the 8-tap filter can take in: its support is 4 output pixels. */
export const MAX_STEP = 2;
const TAPS = 8;
const UNIT_X = 4096;
/** Q15; 1.0 itself does not fit into 16 bits. */
const UNIT_Y = 32767;

/** Catmull-Rom cubic (Catmull and Rom 1974; Keys 1981 with a = -1/2). */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

/** `places` is the number of weights stored for each position, at least `taps`; those beyond are 0. */
function buildAxis(count: number, origin: number, step: number, size: number, unit: number, places?: number): Axis {
  const stretch = Math.max(1, step);
  const taps = Math.min(TAPS, 2 * Math.ceil(2 * stretch));
  const slots = places ?? taps;
  const axis: Axis = { taps, first: new Int32Array(count), weights: new Int16Array(count * slots) };
  const raw = new Float64Array(taps);
  for (let index = 0; index < count; index++) {
    const position = origin + index * step;
    const first = Math.floor(position) - taps / 2 + 1;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      raw[tap] = cubic((first + tap - position) / stretch);
      sum += raw[tap];
    }
    let left = unit;
    let largest = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = Math.round((raw[tap] / sum) * unit);
      axis.weights[index * slots + tap] = weight;
      left -= weight;
      if (raw[tap] > raw[largest]) largest = tap;
    }
    axis.weights[index * slots + largest] += left;
    axis.first[index] = Math.min(Math.max(first, -PAD), size + PAD - taps);
  }
  return axis;
}

/** Where output sample 0 lies in the source plane, and how far apart output samples are (at most `MAX_STEP`). */
export interface Sampling {
  originX: number;
  originY: number;
  step: number;
}

interface Kernel {
  memory: WebAssembly.Memory;
  filter(src: number, first: number, weights: number, out: number, width: number): void;
  turn(src: number, stride: number, u: number, v: number, du: number, dv: number, maxU: number, maxV: number, table: number, out: number, width: number): void;
  mix(rows: number, stride: number, weights: number, taps: number, out: number, width: number): void;
}

let compiled: WebAssembly.Module | undefined;

function createKernel(byteLength: number): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(RESAMPLE_KERNEL_BASE64, 'base64'));
  const kernel = new WebAssembly.Instance(compiled).exports as unknown as Kernel;
  kernel.memory.grow(Math.ceil(byteLength / 65536));
  return kernel;
}

/**
 * Resamples an upright window of one plane at any sub-pixel position: two passes of Catmull-Rom, stretched when the window is larger than
 * the output, so it neither aliases nor jitters. Rows already filtered along x are kept while x does not change (tilts).
 */
export class WindowSampler {
  readonly #plane: Plane;
  readonly #width: number;
  readonly #height: number;
  /** Width of a row in the kernel: a multiple of 8. */
  readonly #columns: number;
  readonly #kernel: Kernel;
  readonly #offsets: { rows: number; first: number; weightsX: number; weightsY: number; out: number };
  readonly #stamps: Int32Array;
  #stamp = 0;
  #keyX = '';

  constructor(plane: Plane, width: number, height: number) {
    this.#plane = plane;
    this.#width = width;
    this.#height = height;
    const columns = Math.ceil(width / 8) * 8;
    this.#columns = columns;
    let end = Math.ceil(plane.data.length / 16) * 16 + 16;
    const reserve = (byteLength: number) => {
      const offset = end;
      end += Math.ceil(byteLength / 16) * 16;
      return offset;
    };
    const rowCount = plane.height + 2 * PAD;
    this.#offsets = {
      rows: reserve(rowCount * columns * 2),
      first: reserve(columns * 4),
      weightsX: reserve(columns * TAPS * 2),
      weightsY: reserve(height * TAPS * 2),
      out: reserve(height * columns),
    };
    this.#kernel = createKernel(end);
    new Uint8Array(this.#kernel.memory.buffer).set(plane.data);
    this.#stamps = new Int32Array(rowCount);
  }

  /** `out` has exactly the output's size. */
  sample({ originX, originY, step }: Sampling, out: Uint8ClampedArray): void {
    this.#aimX(originX, step);
    const { rows, first, weightsX, weightsY, out: result } = this.#offsets;
    const { memory, filter, mix } = this.#kernel;
    const columns = this.#columns;
    const axis = buildAxis(this.#height, originY, step, this.#plane.height, UNIT_Y);
    new Int16Array(memory.buffer, weightsY, axis.weights.length).set(axis.weights);
    for (let y = 0; y < this.#height; y++) {
      const top = axis.first[y] + PAD;
      for (let row = top; row < top + axis.taps; row++) {
        if (this.#stamps[row] === this.#stamp) continue;
        filter(row * this.#plane.stride + PAD, first, weightsX, rows + row * columns * 2, columns);
        this.#stamps[row] = this.#stamp;
      }
      mix(rows + top * columns * 2, columns * 2, weightsY + y * axis.taps * 2, axis.taps, result + y * columns, columns);
    }
    const drawn = new Uint8Array(memory.buffer, result, this.#height * columns);
    if (columns === this.#width) out.set(drawn);
    else for (let y = 0; y < this.#height; y++) out.set(drawn.subarray(y * columns, y * columns + this.#width), y * this.#width);
  }

  #aimX(originX: number, step: number): void {
    const key = `${originX}/${step}`;
    if (key === this.#keyX) return;
    this.#keyX = key;
    this.#stamp++;
    const axis = buildAxis(this.#columns, originX, step, this.#plane.width, UNIT_X, TAPS);
    const { buffer } = this.#kernel.memory;
    new Int32Array(buffer, this.#offsets.first, axis.first.length).set(axis.first);
    new Int16Array(buffer, this.#offsets.weightsX, axis.weights.length).set(axis.weights);
  }
}

const PHASES = 64;

/** Weights of 4 x 4 pixels (sum 4096) for 64 x 64 sub-pixel phases, each at the middle of its cell. */
const buildTable = () => {
  const table = new Int16Array(PHASES * PHASES * 16);
  const along = (phase: number) => [1, 0, -1, -2].map((tap) => cubic(tap + (phase + 0.5) / PHASES));
  for (let v = 0; v < PHASES; v++) {
    const down = along(v);
    for (let u = 0; u < PHASES; u++) {
      const weights = down.flatMap((y) => along(u).map((x) => Math.round(x * y * UNIT_X)));
      // The rounding rest goes to the pixel under the point.
      weights[(v < PHASES / 2 ? 4 : 8) + (u < PHASES / 2 ? 1 : 2)] += UNIT_X - weights.reduce((sum, weight) => sum + weight, 0);
      table.set(weights, (v * PHASES + u) * 16);
    }
  }
  return table;
};

/** Where a turned window lies: source position of output sample 0 and the source steps of one output column and row. */
export interface TurnedSampling {
  origin: readonly [number, number];
  alongX: readonly [number, number];
  alongY: readonly [number, number];
}

/**
 * Resamples a turned window of one plane with a 4 x 4 Catmull-Rom that is not stretched: the window should not be much larger than the
 * output. Positions are exact to 1/64 pixel; planes are at most 32767 pixels wide and high.
 */
export class TurnedSampler {
  readonly #plane: Plane;
  readonly #width: number;
  readonly #height: number;
  readonly #kernel: Kernel;
  readonly #table: number;
  readonly #out: number;

  constructor(plane: Plane, width: number, height: number) {
    this.#plane = plane;
    this.#width = width;
    this.#height = height;
    this.#table = Math.ceil(plane.data.length / 16) * 16 + 16;
    const table = buildTable();
    this.#out = this.#table + table.byteLength;
    this.#kernel = createKernel(this.#out + width * height);
    new Uint8Array(this.#kernel.memory.buffer).set(plane.data);
    new Int16Array(this.#kernel.memory.buffer, this.#table, table.length).set(table);
  }

  /** `out` has exactly the output's size. */
  sample({ origin, alongX, alongY }: TurnedSampling, out: Uint8ClampedArray): void {
    const { stride, width, height } = this.#plane;
    const { memory, turn } = this.#kernel;
    const fixed = (value: number) => Math.round(value * 65536);
    const source = (PAD - 1) * stride + PAD - 1;
    for (let y = 0; y < this.#height; y++) {
      const u = fixed(origin[0] + y * alongY[0]);
      const v = fixed(origin[1] + y * alongY[1]);
      const to = this.#out + y * this.#width;
      turn(source, stride, u, v, fixed(alongX[0]), fixed(alongX[1]), (width - 1) << 16, (height - 1) << 16, this.#table, to, this.#width);
    }
    out.set(new Uint8Array(memory.buffer, this.#out, this.#width * this.#height));
  }
}
