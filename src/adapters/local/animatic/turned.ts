import { cubic } from './cubic.ts';
import { createKernel, type Kernel } from './kernel.ts';
import { PAD, type Plane } from './planes.ts';

const PHASES = 64;
const UNIT = 4096;

/** Weights of 4 x 4 pixels (sum 4096) for 64 x 64 sub-pixel phases, each at the middle of its cell. */
const buildTable = () => {
  const table = new Int16Array(PHASES * PHASES * 16);
  const along = (phase: number) => [1, 0, -1, -2].map((tap) => cubic(tap + (phase + 0.5) / PHASES));
  for (let v = 0; v < PHASES; v++) {
    const down = along(v);
    for (let u = 0; u < PHASES; u++) {
      const weights = down.flatMap((y) => along(u).map((x) => Math.round(x * y * UNIT)));
      // The rounding rest goes to the pixel under the point.
      weights[(v < PHASES / 2 ? 4 : 8) + (u < PHASES / 2 ? 1 : 2)] += UNIT - weights.reduce((sum, weight) => sum + weight, 0);
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
