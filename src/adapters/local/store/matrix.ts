import { SCAN_KERNEL_BASE64 } from './scan-kernel.ts';
import { growTo, type KernelMemory, kernelMaker } from './wasm.ts';

/** The query's place is before, so vectors may have up to 32,768 components. */
const ROWS_AT = 65_536;
/** Bound of |row|₂ x |query|₂ in the kernel's int32 sums: |row|₂ <= 127 sqrt(d), so |query|₂ <= 2^31 / (127 sqrt(d)), here with 5 % to spare. */
const QUERY_LENGTH_LIMIT = 1.6e7;

interface Kernel extends KernelMemory {
  scan(row: number, query: number, scale: number, out: number, n: number, d: number): void;
}

const makeKernel = kernelMaker<Kernel>(SCAN_KERNEL_BASE64);

/**
 * Int8 copies of a collection's vectors in WebAssembly memory, with everything a scan needs beside them: row r stands for the vector `idOf[r]`
 * of the asset in slot `slotOf[r]`. `errorOf[r]` bounds how far the row's score can be from the score of its int16 code, for a unit query
 * (the length of the rounding residual, by Cauchy-Schwarz), so exact results need exact scores of few rows only.
 */
export class Matrix {
  readonly dimensions: number;
  count = 0;
  idOf = new Float64Array(0);
  slotOf = new Int32Array(0);
  /** NaN where the vector has no time. */
  atSecondsOf = new Float64Array(0);
  errorOf = new Float32Array(0);
  /** No row's error was ever larger. */
  largestError = 0;
  /** What `scan` wrote: approximate cosines. */
  scores = new Float32Array(0);
  readonly #width: number;
  readonly #kernel = makeKernel();
  #capacity = 0;
  #rows = new Int8Array(0);
  #scales = new Float32Array(0);
  /** Scores come out this many times too large. */
  #queryFactor = 1;

  constructor(dimensions: number) {
    this.dimensions = dimensions;
    this.#width = Math.ceil(dimensions / 16) * 16;
    this.#reserve(256);
  }

  append(id: number, slot: number, atSeconds: number | null, code: Int16Array, scale: number): void {
    const row = this.count;
    if (row === this.#capacity) this.#reserve(Math.ceil(this.#capacity * 1.5));
    const bytes = this.#rows;
    const start = row * this.#width;
    let residual = 0;
    for (let i = 0; i < code.length; i++) {
      const byte = (code[i] + 128) >> 8;
      const rest = code[i] - byte * 256;
      bytes[start + i] = byte;
      residual += rest * rest;
    }
    this.#scales[row] = scale * 256;
    this.errorOf[row] = scale * Math.sqrt(residual);
    this.largestError = Math.max(this.largestError, this.errorOf[row]);
    this.idOf[row] = id;
    this.slotOf[row] = slot;
    this.atSecondsOf[row] = atSeconds ?? Number.NaN;
    this.count++;
  }

  /** Drops the rows that are stale; the last rows take their places. */
  compact(isStale: (slot: number, id: number) => boolean): void {
    for (let row = 0; row < this.count; ) {
      if (!isStale(this.slotOf[row], this.idOf[row])) row++;
      else this.#move(--this.count, row);
    }
  }

  /** Writes the approximate cosine of every row whose slot is allowed into `scores`; returns how far rounding the query may move each. */
  scan(query: Float64Array, allowed: Uint8Array | undefined): number {
    const error = this.#setQuery(query);
    if (!allowed) this.#scanRows(0, this.count);
    else {
      for (let end = 0; end < this.count; end++) {
        const start = end;
        while (end < this.count && allowed[this.slotOf[end]]) end++;
        if (end > start) this.#scanRows(start, end);
      }
    }
    return error;
  }

  #setQuery(query: Float64Array): number {
    let largest = 0;
    for (const x of query) largest = Math.max(largest, Math.abs(x));
    const factor = Math.min(32_767 / (largest || 1), QUERY_LENGTH_LIMIT / Math.sqrt(this.#width));
    const code = new Int16Array(this.#kernel.memory.buffer, 0, this.#width);
    let squares = 0;
    for (let i = 0; i < query.length; i++) {
      code[i] = Math.round(query[i] * factor);
      squares += (query[i] - code[i] / factor) ** 2;
    }
    this.#queryFactor = factor;
    return Math.sqrt(squares);
  }

  #scanRows(start: number, end: number): void {
    const scalesAt = ROWS_AT + this.#capacity * this.#width;
    const scoresAt = scalesAt + this.#capacity * 4;
    this.#kernel.scan(ROWS_AT + start * this.#width, 0, scalesAt + start * 4, scoresAt + start * 4, end - start, this.#width);
    const factor = 1 / this.#queryFactor;
    for (let row = start; row < end; row++) this.scores[row] *= factor;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.#rows.copyWithin(to * this.#width, from * this.#width, (from + 1) * this.#width);
    for (const column of [this.#scales, this.errorOf, this.idOf, this.slotOf, this.atSecondsOf]) column[to] = column[from];
  }

  /** Layout: query | rows | scales | scores. Growing moves the scales; the scores are only valid right after a scan. */
  #reserve(capacity: number): void {
    const scales = this.#scales.slice(0, this.count);
    const scalesAt = ROWS_AT + capacity * this.#width;
    growTo(this.#kernel.memory, scalesAt + capacity * 8);
    const { buffer } = this.#kernel.memory;
    this.#capacity = capacity;
    this.#rows = new Int8Array(buffer, ROWS_AT, capacity * this.#width);
    this.#scales = new Float32Array(buffer, scalesAt, capacity);
    this.#scales.set(scales);
    this.scores = new Float32Array(buffer, scalesAt + capacity * 4, capacity);
    this.errorOf = grown(this.errorOf, new Float32Array(capacity));
    this.idOf = grown(this.idOf, new Float64Array(capacity));
    this.slotOf = grown(this.slotOf, new Int32Array(capacity));
    this.atSecondsOf = grown(this.atSecondsOf, new Float64Array(capacity));
  }
}

function grown<T extends Float32Array | Float64Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
