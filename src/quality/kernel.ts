import { BLOCK_KERNEL_BASE64 } from './block-kernel.ts';

/** The functions of block.wat; addresses are bytes in `memory`. */
export interface Kernel {
  memory: WebAssembly.Memory;
  search(before: number, after: number, x: number, y: number, shifts: number, count: number): number;
  gradients(from: number, to: number, rows: number, left: number, right: number, out: number): void;
  figures(picture: number, before: number, dark: number, cells: number, out: number): number;
  deviation(from: number, rows: number, chunks: number, pixels: number, sum: number): number;
  sum(from: number): number;
  difference(a: number, b: number, count: number): number;
  product(a: number, b: number, stride: number): number;
  luma(from: number, channels: number, pixels: number, out: number): void;
  means(from: number, width: number, rows: number, columns: number, count: number, out: number): void;
  totals(from: number, side: number, sums: number, squares: number): void;
  squares(a: number, b: number, count: number): number;
  edges(from: number, side: number, out: number): void;
  laplacian(from: number, width: number, rows: number, sums: number): void;
  correlate(values: number, data: number, width: number, rows: number, columns: number, side: number): number;
}

const PAGE_BYTES = 65_536;

let compiled: WebAssembly.Module | undefined;

/** An instance with a memory of its own of at least `byteLength` bytes. */
export function createKernel(byteLength: number): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(BLOCK_KERNEL_BASE64, 'base64'));
  const kernel = new WebAssembly.Instance(compiled).exports as unknown as Kernel;
  const missing = Math.ceil((byteLength - kernel.memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) kernel.memory.grow(missing);
  return kernel;
}
