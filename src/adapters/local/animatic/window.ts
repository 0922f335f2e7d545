import { tapsFor, writeWeights } from './cubic.ts';
import { createKernel, type Kernel } from './kernel.ts';
import { PAD, type Plane } from './planes.ts';

/** Source pixels per output pixel that the 8-tap filter can take in: its support is 4 output pixels. */
export const MAX_STEP = 2;
const TAPS = 8;
const UNIT_X = 4096;
/** Q15; 1.0 itself does not fit into 16 bits. */
const UNIT_Y = 32767;
/** Sub-pixel phases along x. */
const PHASES = 256;
/** Positions along x may lie this far outside the plane. */
const OUTSIDE = 4;

/** Where output sample 0 lies in the source plane, and how far apart output samples are (at most `MAX_STEP`). */
export interface Sampling {
  originX: number;
  originY: number;
  step: number;
}

/** A window whose source rows lie each at their own place and scale along x, and whose output rows lie anywhere along y. */
export interface RowSampling {
  /** Source column of output sample 0 and the step to the next one, for each source row. */
  originX: Float64Array;
  stepX: Float64Array;
  /** Source row of each output row, rising. */
  rowsY: Float64Array;
}

/** Part of the output in its samples. */
export interface Part {
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * Resamples a window of one plane at any sub-pixel position: two passes of Catmull-Rom, stretched when the window is larger than the output,
 * so it neither aliases nor jitters. Positions along x are exact to 1/512 pixel. Rows already filtered along x are kept while x does not change (tilts).
 */
export class WindowSampler {
  readonly #plane: Plane;
  readonly #width: number;
  readonly #height: number;
  /** Width of a row in the kernel: a multiple of 8. */
  readonly #columns: number;
  readonly #kernel: Kernel;
  readonly #offsets: { rows: number; table: number; weightsY: number; out: number };
  readonly #stamps: Int32Array;
  #stamp = 0;
  #keyX = '';
  #stretch = 0;

  constructor(plane: Plane, width: number, height: number) {
    this.#plane = plane;
    this.#width = width;
    this.#height = height;
    this.#columns = Math.ceil(width / 8) * 8;
    let end = Math.ceil(plane.data.length / 16) * 16 + 16;
    const reserve = (byteLength: number) => {
      const offset = end;
      end += Math.ceil(byteLength / 16) * 16;
      return offset;
    };
    const rowCount = plane.height + 2 * PAD;
    this.#offsets = {
      rows: reserve(rowCount * this.#columns * 2),
      table: reserve(PHASES * TAPS * 2),
      weightsY: reserve(height * TAPS * 2),
      out: reserve(height * this.#columns),
    };
    this.#kernel = createKernel(end);
    new Uint8Array(this.#kernel.memory.buffer).set(plane.data);
    this.#stamps = new Int32Array(rowCount);
  }

  /** An upright window; `out` has exactly the output's size. */
  sample({ originX, originY, step }: Sampling, out: Uint8ClampedArray): void {
    const key = `${originX}/${step}`;
    if (key !== this.#keyX) this.#stamp++;
    this.#keyX = key;
    this.#setTable(step);
    const rowsY = Float64Array.from({ length: this.#height }, (_, y) => originY + y * step);
    const part = { left: 0, top: 0, width: this.#width, height: this.#height };
    this.#draw(
      () => originX,
      () => step,
      rowsY,
      part,
    );
    this.#copy(out);
  }

  /** A window with rows of their own; `out` has exactly the output's size. */
  sampleRows({ originX, stepX, rowsY }: RowSampling, out: Uint8ClampedArray): void {
    this.#stamp++;
    this.#keyX = '';
    this.#setTable(stepX.reduce((most, step) => Math.max(most, step), 0));
    const part = { left: 0, top: 0, width: this.#width, height: this.#height };
    const last = this.#plane.height - 1;
    const of = (values: Float64Array) => (row: number) => values[Math.min(Math.max(row, 0), last)];
    this.#draw(of(originX), of(stepX), rowsY, part);
    this.#copy(out);
  }

  /** A part of an upright window; returns its samples, `stride` bytes a row, valid until the next call. */
  samplePart({ originX, originY, step }: Sampling, part: Part): { data: Uint8Array; stride: number } {
    this.#stamp++;
    this.#keyX = '';
    this.#setTable(step);
    const rowsY = Float64Array.from({ length: part.height }, (_, y) => originY + (part.top + y) * step);
    this.#draw(
      () => originX + part.left * step,
      () => step,
      rowsY,
      part,
    );
    return { data: new Uint8Array(this.#kernel.memory.buffer, this.#offsets.out, part.height * this.#columns), stride: this.#columns };
  }

  #draw(originX: (row: number) => number, stepX: (row: number) => number, rowsY: Float64Array, part: Part): void {
    const { rows, table, weightsY, out } = this.#offsets;
    const { filter, filterInside, mix } = this.#kernel;
    const { stride, width } = this.#plane;
    const columns = this.#columns;
    const drawn = Math.ceil(part.width / 8) * 8;
    const { taps, first } = this.#aimY(rowsY);
    const maxU = (width - 1 + 2 * OUTSIDE) << 16;
    for (let y = 0; y < part.height; y++) {
      const top = first[y] + PAD;
      for (let row = top; row < top + taps; row++) {
        if (this.#stamps[row] === this.#stamp) continue;
        // Half a phase more, because phases are cut off, not rounded.
        const u = Math.round((originX(row - PAD) + OUTSIDE) * 65536) + 128;
        const du = Math.round(stepX(row - PAD) * 65536);
        const [src, to] = [row * stride + PAD - OUTSIDE - 3, rows + row * columns * 2];
        if (u >= 0 && u + du * (drawn - 1) <= maxU) filterInside(src, u, du, table, to, drawn);
        else filter(src, u, du, maxU, table, to, drawn);
        this.#stamps[row] = this.#stamp;
      }
      mix(rows + top * columns * 2, columns * 2, weightsY + y * taps * 2, taps, out + y * columns, drawn);
    }
  }

  /** Weights along y: for each output row the first source row and what each of `taps` rows adds. */
  #aimY(rowsY: Float64Array): { taps: number; first: Int32Array } {
    const count = rowsY.length;
    const stretchAt = (y: number) => {
      const [before, after] = [Math.max(0, y - 1), Math.min(count - 1, y + 1)];
      return Math.max(1, after > before ? (rowsY[after] - rowsY[before]) / (after - before) : 1);
    };
    const stretch = Float64Array.from({ length: count }, (_, y) => Math.min(stretchAt(y), MAX_STEP));
    const taps = tapsFor(
      stretch.reduce((most, value) => Math.max(most, value), 1),
      TAPS,
    );
    const first = new Int32Array(count);
    const weights = new Int16Array(this.#kernel.memory.buffer, this.#offsets.weightsY, count * taps);
    for (let y = 0; y < count; y++) {
      const from = Math.floor(rowsY[y]) - taps / 2 + 1;
      writeWeights(weights, y * taps, taps, from, rowsY[y], stretch[y], UNIT_Y);
      first[y] = Math.min(Math.max(from, -PAD), this.#plane.height + PAD - taps);
    }
    return { taps, first };
  }

  #setTable(step: number): void {
    const stretch = Math.min(Math.max(1, step), MAX_STEP);
    if (stretch === this.#stretch) return;
    this.#stretch = stretch;
    const table = new Int16Array(this.#kernel.memory.buffer, this.#offsets.table, PHASES * TAPS);
    for (let phase = 0; phase < PHASES; phase++) writeWeights(table, phase * TAPS, TAPS, 1 - TAPS / 2, phase / PHASES, stretch, UNIT_X);
  }

  #copy(out: Uint8ClampedArray): void {
    const columns = this.#columns;
    const drawn = new Uint8Array(this.#kernel.memory.buffer, this.#offsets.out, this.#height * columns);
    if (columns === this.#width) out.set(drawn);
    else for (let y = 0; y < this.#height; y++) out.set(drawn.subarray(y * columns, y * columns + this.#width), y * this.#width);
  }
}
